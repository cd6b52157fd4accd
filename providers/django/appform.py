"""The form of an app in the admin: the provider's own words, and secrets that go in and never come out."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from providers import ids
from providers.registry import kind_of

from . import labels
from .models import App

SECRETS = ("secret", "certificate_key")
ORDER = (
    *("provider", "name", "client_id", "secret", "remove_secret", "key", "certificate_key", "remove_certificate_key"),
    *("settings", "realm", "sites"),
)
# Settings of a provider that are secrets: their place is a field that is encrypted.
SECRET_SETTINGS = {
    "TOKEN": "secret",
    "certificate_key": "certificate_key",
    "secret": "secret",
    "client_secret": "secret",
}


@cache
def names() -> tuple[tuple[str, str], ...]:
    """Every provider by its name; those that share one are told apart by their ids."""
    rows = [(provider, kind_of(provider).name) for provider in ids()]
    often = Counter(name for _id, name in rows)
    told = [(provider, f"{name} ({provider})" if often[name] > 1 else name) for provider, name in rows]
    return tuple(sorted(told, key=lambda row: row[1].casefold()))


class SecretInput(forms.PasswordInput):
    """Shows that there is one by a placeholder, never what it is."""

    def __init__(self) -> None:
        super().__init__(render_value=False, attrs={"autocomplete": "new-password", "class": "vTextField"})


class SecretText(forms.Textarea):
    """The same for a key of several lines."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false", "rows": 6, "class": "vLargeTextField"})

    def format_value(self, value: Any) -> str:
        return ""


class AppForm(forms.ModelForm):
    """A secret that is left empty stays as it is; a box removes it."""

    remove_secret = forms.BooleanField(required=False, label=_("Remove it"))
    remove_certificate_key = forms.BooleanField(required=False, label=_("Remove it"))

    class Meta:
        model = App
        fields = ("provider", "name", "client_id", "secret", "key", "certificate_key", "settings", "realm", "sites")
        widgets = {"secret": SecretInput, "certificate_key": SecretText}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._stored = {name: getattr(self.instance, name) for name in SECRETS}
        for name in SECRETS:
            self.initial.pop(name, None)  # so that nothing of it can get into a page
        provider = self.instance.provider or self.data.get("provider") or self.initial.get("provider") or ""
        provider = provider if provider in ids() else ""
        if "provider" in self.fields:
            self.fields["provider"].choices = [("", "---------"), *names()]
        if self.instance.pk:
            self._freeze_provider()
        for name in ("client_id", "secret", "key", "certificate_key"):
            if name in self.fields:
                self._describe(name, provider)
        self.order_fields(ORDER)
        if "settings" in self.fields and provider:
            self.fields["settings"].help_text = _known_settings(provider)

    def _freeze_provider(self) -> None:
        if "provider" in self.fields:
            self.fields["provider"].disabled = True
        for name in SECRETS:
            there = bool(self._stored[name]) or hasattr(self._stored[name], "stored")
            if not there:
                self.fields.pop(f"remove_{name}", None)
            elif name in self.fields:
                told = _("There is one. Leave this empty to keep it.")
                if hasattr(self._stored[name], "stored"):
                    told = _("There is one that cannot be read with the present SECRET_KEY. Enter it anew.")
                self.fields[name].help_text = told
                self.fields[name].widget.attrs["placeholder"] = "••••••••"

    def _describe(self, name: str, provider: str) -> None:
        field = self.fields[name]
        if not provider:
            return
        label = labels.words(provider).of(name)
        if label:
            field.label = label
            if f"remove_{name}" in self.fields:
                self.fields[f"remove_{name}"].label = _("Remove the stored %(label)s") % {"label": label}
        elif not getattr(self.instance, name, "") and not hasattr(getattr(self.instance, name, ""), "stored"):
            del self.fields[name]  # this provider has none
            self.fields.pop(f"remove_{name}", None)

    def clean_client_id(self) -> str:
        return str(self.cleaned_data["client_id"]).strip()

    def clean_key(self) -> str:
        return str(self.cleaned_data["key"]).strip()

    def clean_secret(self) -> str:
        return self._kept("secret")

    def clean_certificate_key(self) -> str:
        return self._kept("certificate_key")

    def _kept(self, name: str) -> str:
        """What was entered, or what is stored. Copied secrets come with spaces around them."""
        given = str(self.cleaned_data.get(name) or "").strip()
        return given or self._stored[name]

    def clean_settings(self) -> dict[str, Any]:
        given = self.cleaned_data.get("settings") or {}
        if not isinstance(given, dict):
            raise forms.ValidationError(_("The settings are a JSON object, such as {}."))
        for name in given:
            if name in SECRET_SETTINGS:
                word = _("private key") if SECRET_SETTINGS[name] == "certificate_key" else _("secret")
                text = _("%(name)s is a secret: enter it as the %(word)s above, where it is encrypted.")
                raise forms.ValidationError(text % {"name": name, "word": word})
            if name == "APP":
                raise forms.ValidationError(_("APP belongs into the settings file; here its fields are above."))
        return dict(given)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in SECRETS:
            if cleaned.get(f"remove_{name}"):
                cleaned[name] = ""
        return cleaned


def _known_settings(provider: str) -> str:
    names = sorted(set(kind_of(provider).settings) - {"APP", *SECRET_SETTINGS})
    return _("A JSON object. This provider has: %(names)s.") % {"names": ", ".join(names)}
