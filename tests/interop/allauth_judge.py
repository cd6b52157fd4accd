"""What a release of django-allauth is told to log in everywhere, and what it is known to make of the answers."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from mockidp.apps import App

OPENID, STATELESS = "https://openid.example.org", "https://stateless.example.org"
SPLIT = "splits the full name and reads no other"
CERTAIN = "takes every address for verified"
UNREAD = "does not read whether an address is verified"
VERIFIER = "knows no refusal but Twitter's `denied`, and asks for a token without a verifier"


@dataclass(frozen=True)
class Judge:
    """One release of the library.

    `settings` are rows of SOCIALACCOUNT_PROVIDERS, `modules` the packages of providers that are called otherwise than
    our ids, `buttons` the login URLs that are not `<id>/login/`, or what the provider's own script opens where that is
    the button. `absent` are the ids that the release does not have.

    `theirs` is what it reads otherwise than the contract has it: field, persons (or everybody), its value, its reason.
    `denied` is where the answer to a person who says no is not the page "cancelled": the status, or None where the
    provider sends nobody back. `stored` are the apps that are rows of the database. `broken` are the providers at which
    this release can log nobody in, `stumbles` the people whom it cannot log in at one, with the reason.
    """

    date: datetime.date | None
    settings: dict[str, dict[str, Any]]
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    stumbles: dict[tuple[str, str], str] = field(default_factory=dict)
    theirs: dict[tuple[str, str, str], tuple[Any, str]] = field(default_factory=dict)
    denied: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    site: dict[str, Any] = field(default_factory=dict)
    apps: tuple[str, ...] = ()
    middleware: tuple[str, ...] = ()

    def button(self, provider: str) -> str:
        """The path of the login below /accounts/, or a URL of the provider's."""
        return self.buttons.get(provider, f"{provider}/login/")


def by_person(provider: str, field: str, reason: str, **values: Any) -> dict[tuple[str, str, str], tuple[Any, str]]:
    """Rows of `theirs` with another value for everybody."""
    return {(provider, field, person): (value, reason) for person, value in values.items()}


NAMELESS = {
    "box": "asks for a member `display_name`; Box calls it name",
    "daum": "reads no name",
    "digitalocean": "reads no name",
    "fxa": "reads no name",
    "gitea": "asks for a member `name`; Gitea calls it full_name",
    "naver": "reads no name",
    "quickbooks": "hands the names on under keys that its own adapter does not know",
    "stocktwits": "hands the name on under a key that its own adapter does not know",
    "stripe": "asks for a member `display_name`, where Stripe had it until February 2019",
    "trello": "asks for a member `name`; Trello calls it fullName",
    "twentythreeandme": "reads no name",
    "vimeo_oauth2": "hands the name on under a key that its own adapter does not know",
}
UNVERIFIED = {
    **dict.fromkeys(
        ("auth0", "bitbucket_oauth2", "digitalocean", "dropbox", "gitlab", "orcid", "paypal", "quickbooks"),
        UNREAD,
    ),
    "patreon": "asks for the profile without is_email_verified",
    "twitch": "takes no address for verified, though Twitch tells no other",
    "twitter": "takes no address for verified, though Twitter tells no other",
}
BOTH: dict[tuple[str, str, str], tuple[Any, str]] = {  # the rows of `theirs` that both releases have
    **{(provider, "name", ""): (("", ""), reason) for provider, reason in NAMELESS.items()},
    **{(provider, "email_verified", "alice"): (False, reason) for provider, reason in UNVERIFIED.items()},
    **{
        (provider, "email_verified", "alice bob"): (True, CERTAIN)
        for provider in ("frontier", "naver", "untappd", "yandex")
    },
    **{(provider, "name", "bob"): (("Bob", "Baumann"), SPLIT) for provider in ("auth0", "dropbox", "sharefile")},
    **{
        (provider, "name", person): ((username, ""), "takes the username for the name")
        for provider in ("discord", "jupyterhub")
        for person, username in {"alice": "alice-archer", "bob": "bob-baumann", "carol": "carol-chevalier"}.items()
    },
    ("box", "email", "alice bob"): (None, "asks for a member `email`; Box calls it login"),
    ("mailchimp", "email", "alice bob"): (None, "reads no address"),
    ("microsoft", "email", "carol"): (
        "carol-chevalier@example.onmicrosoft.com",
        "takes the name of the account for an address where there is none",
    ),
    ("openid", "name", "bob"): (
        ("Robert", "Baumann"),
        "asks for first and last name by Attribute Exchange and prefers them to the full name",
    ),
    ("twentythreeandme", "email", "alice bob"): (None, "does not ask the profile for the address"),
    ("vimeo_oauth2", "email", "alice bob"): (None, "reads no address"),
}


def plain(app: App) -> dict[str, Any]:
    return {"client_id": app.client_id, "secret": app.client_secret, "key": app.facts.get("key", "")}


def apple(app: App) -> dict[str, Any]:
    return {
        "client_id": app.client_id,
        "secret": app.facts["key_id"],
        "key": app.facts["team_id"],
        "certificate_key": app.facts["certificate_key"],
    }
