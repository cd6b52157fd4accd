"""The form for what a provider did not tell, and the one for an OpenID."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from providers import Email, Identity

from . import conf, flows


class OpenIDForm(forms.Form):
    """An identifier or the address of a server, with or without https://."""

    openid = forms.URLField(
        label=_("Your OpenID"),
        max_length=2000,
        assume_scheme="https",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
    )

    @property
    def servers(self) -> list[dict[str, Any]]:
        """Those that the settings offer: `id`, `name`, `openid_url`."""
        return list(conf.row("openid").get("SERVERS") or ())


class SignupForm(forms.Form):
    """Username and address. An address that the provider verified cannot be changed without losing that."""

    username = forms.CharField(
        label=_("Username"), widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"})
    )
    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def __init__(self, data: Any, *, identity: Identity, user: Any) -> None:
        self._identity, self._user = identity, user
        super().__init__(data, initial={"username": user.get_username(), "email": identity.email or ""})
        by_email = flows.named_by_email()
        if by_email:
            del self.fields["username"]
        wanted = conf.get("EMAIL_REQUIRED") or by_email or conf.get("EMAIL_VERIFICATION") == "mandatory"
        self.fields["email"].required = bool(wanted)

    def clean_username(self) -> str:
        model, name = get_user_model(), str(self.cleaned_data["username"])
        field = model._meta.get_field(model.USERNAME_FIELD)
        name = model.normalize_username(name)
        field.run_validators(name)
        if len(name) > (field.max_length or 254):
            raise forms.ValidationError(_("That name is too long."))
        if model._default_manager.filter(**{f"{model.USERNAME_FIELD}__iexact": name}).exists():
            raise forms.ValidationError(_("That name is taken."))
        return name

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if email and flows.is_taken(email):
            raise forms.ValidationError(
                _("There is an account with this address. Log in as you did before, and connect from there.")
            )
        return email

    def identity(self) -> Identity:
        """The identity with the address that was chosen: unverified, unless it is the provider's own."""
        email = self.cleaned_data.get("email") or None
        told = self._identity
        if email == told.email:
            return told
        kept = tuple(item for item in told.emails if item.address == email)
        verified = any(item.verified for item in kept)
        emails = kept or ((Email(email, False, True),) if email else ())
        return replace(told, email=email, email_verified=verified, emails=emails)

    def filled(self) -> Any:
        """The user with what was chosen."""
        if "username" in self.cleaned_data:
            setattr(self._user, get_user_model().USERNAME_FIELD, self.cleaned_data["username"])
        setattr(self._user, get_user_model().get_email_field_name(), self.cleaned_data.get("email") or "")
        return self._user
