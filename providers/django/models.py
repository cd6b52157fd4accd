"""Apps, accounts, addresses and tokens. What is a secret is encrypted in the database: see `crypto`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from providers import Identity, Misconfigured, Provider, ids
from providers import get as get_provider
from providers.settings import is_address

from . import conf
from .fields import SecretField, Unreadable

INLINE_KEYS = frozenset(
    {"client_id", "secret", "client_secret", "key", "certificate_key", "settings", "name", "provider_id", "realm"}
)


def provider_choices() -> list[tuple[str, str]]:
    """Every provider, for forms; their names are in their modules, which would have to be loaded."""
    return [(name, name) for name in ids()]


class App(models.Model):
    """The site as a provider knows it: what was registered there.

    `key` and `certificate_key` are what few providers have beside id and secret; `settings` go over those of
    SOCIALACCOUNT_PROVIDERS. Without `sites` an app is every site's. `realm` tells the servers of one provider apart
    (two Keycloaks): people are known by realm and id, since each server gives out its own ids.
    """

    provider = models.CharField(_("provider"), max_length=30, choices=provider_choices)
    name = models.CharField(_("name"), max_length=60)
    client_id = models.CharField(_("client id"), max_length=191, blank=True, default="")
    secret = SecretField(_("secret"))
    key = models.CharField(_("key"), max_length=191, blank=True, default="")
    certificate_key = SecretField(_("private key"))
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    realm = models.CharField(_("realm"), max_length=60, blank=True, default="")
    sites = models.ManyToManyField("sites.Site", blank=True, verbose_name=_("sites"))

    class Meta:
        verbose_name, verbose_name_plural = _("app"), _("apps")
        ordering = ("provider", "name", "pk")

    def __str__(self) -> str:
        return f"{self.name} ({self.provider})"

    def clean(self) -> None:
        """ValidationError with the client's own words for what is wrong with these credentials and settings."""
        try:
            self.client()
        except Misconfigured as wrong:
            raise ValidationError(wrong.sentence) from None
        others = [inline(self.provider, row) for row in conf.inline_apps(self.provider)]
        others += App.objects.filter(provider=self.provider).exclude(pk=self.pk)
        if mixed([*others, self]):
            raise ValidationError(
                {"realm": _("Another app here is at another server. Give each server its own realm.")}
            )

    def server(self) -> tuple[tuple[str, str], ...]:
        """Where this app's people are, as far as settings say it: names and values. Misconfigured as for `client`."""
        client = self.client()
        kind = type(client)
        told = " ".join(text for part in kind.__mro__ for text in vars(part).values() if isinstance(text, str))
        named = set(re.findall(r"\{([A-Z][A-Z0-9_]*)\}", told))
        named |= {name for name, setting in kind.settings.items() if is_address(setting)}
        return tuple((name, str(client.values[name])) for name in sorted(named & client.values.keys()))

    def client(self) -> Provider:
        """The login client of this app. Misconfigured where it cannot be one."""
        unreadable = [name for name in ("secret", "certificate_key") if isinstance(getattr(self, name), Unreadable)]
        if unreadable:
            sentence = f"the stored {unreadable[0]} cannot be read; put the former SECRET_KEY into SECRET_KEY_FALLBACKS"
            raise Misconfigured(sentence, provider=self.provider, step="configure", code="unreadable_secret")
        row = {**conf.row(self.provider), **(self.settings or {})}
        own = row.pop("certificate_key", "")
        return get_provider(
            self.provider,
            client_id=self.client_id or None,
            client_secret=self.secret or None,
            key=self.key or None,
            certificate_key=self.certificate_key or own or None,
            settings=row,
        )


def mixed(apps: Iterable[App]) -> bool:
    """Whether people of two servers would be taken for each other: apps of one realm that are at different ones."""
    servers: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for app in apps:
        with suppress(Misconfigured):  # one that cannot be used lets nobody in
            servers.setdefault(app.realm, set()).add(app.server())
    return any(len(found) > 1 for found in servers.values())


def inline(provider: str, row: dict[str, Any]) -> App:
    """An app of the settings as a row that is in no database."""
    more = {name: value for name, value in row.items() if name not in INLINE_KEYS}
    return App(
        provider=provider,
        name=str(row.get("name") or provider),
        client_id=str(row.get("client_id") or ""),
        secret=str(row.get("secret") or row.get("client_secret") or ""),
        key=str(row.get("key") or ""),
        certificate_key=str(row.get("certificate_key") or ""),
        realm=str(row.get("realm") or ""),
        settings={**more, **dict(row.get("settings") or {})},
    )


class Account(models.Model):
    """Somebody's account at a provider, and whose it is here. `uid` is exact; `raw` the provider's bodies by step.

    `realm` is that of the app: whoever has an id at one server is nobody at another.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="provider_accounts", verbose_name=_("user")
    )
    provider = models.CharField(_("provider"), max_length=30)
    realm = models.CharField(_("realm"), max_length=60, blank=True, default="")
    uid = models.CharField(_("id at the provider"), max_length=255)
    username = models.CharField(_("username there"), max_length=255, blank=True, default="")
    raw = models.JSONField(_("what the provider told"), default=dict, blank=True)
    joined = models.DateTimeField(_("connected"), default=timezone.now, editable=False)
    last_login = models.DateTimeField(_("last login"), default=timezone.now, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("account"), _("accounts")
        constraints = [models.UniqueConstraint(fields=("provider", "realm", "uid"), name="providers_account_once")]
        ordering = ("provider", "pk")

    def __str__(self) -> str:
        return f"{self.username or self.uid} ({self.provider})"


class Address(models.Model):
    """An e-mail address of somebody. One that is verified belongs to nobody else."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="provider_addresses", verbose_name=_("user")
    )
    email = models.EmailField(_("address"), max_length=254)
    verified = models.BooleanField(_("verified"), default=False)
    primary = models.BooleanField(_("primary"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("e-mail address"), _("e-mail addresses")
        constraints = [
            models.UniqueConstraint(fields=("user", "email"), name="providers_address_once"),
            models.UniqueConstraint(
                models.functions.Lower("email"), condition=models.Q(verified=True), name="providers_verified_once"
            ),
        ]
        ordering = ("-primary", "pk")

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """ValidationError where it is verified for somebody else, whatever fields a form shows."""
        others = Address.objects.filter(email__iexact=self.email, verified=True).exclude(pk=self.pk)
        if self.verified and others.exists():
            raise ValidationError(_("This address is verified for somebody else."))


class Token(models.Model):
    """What a provider issued for an account. `secret` is OAuth 1.0a's or a refresh token."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="token", verbose_name=_("account"))
    app = models.ForeignKey(App, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("app"))
    access = SecretField(_("access token"))
    refresh = SecretField(_("refresh token"))
    secret = SecretField(_("token secret"))
    scope = models.TextField(_("scope"), blank=True, default="")
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    stored = models.DateTimeField(_("stored"), auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("token"), _("tokens")

    def __str__(self) -> str:
        return f"token of {self.account_id}"

    @classmethod
    def keep(cls, account: Account, app: App | None, identity: Identity) -> Token | None:
        """Store what a login brought; a refresh token that does not come again is kept."""
        token = identity.token
        if token is None:
            return None
        expires = None
        if token.expires_at is not None:
            expires = datetime.datetime.fromtimestamp(token.expires_at, datetime.UTC)
        values = {
            "app": app if app is not None and app.pk else None,
            "access": token.access,
            "secret": token.secret or "",
            "scope": token.scope or "",
            "expires": expires,
        }
        if token.refresh:
            values["refresh"] = token.refresh
        return cls.objects.update_or_create(account=account, defaults=values)[0]
