"""A person with a browser at a site that runs django-allauth, and what the library made of a login."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mockidp.browser import Callback, browse
from mockidp.check.mock import Lab
from mockidp.simulator import Simulator

from .allauth_site import JUDGE

PEOPLE = ("alice", "bob", "carol")
WALK = {"telegram": {"extra": {"way": "widget_redirect"}}}  # how to walk the contract where there are several ways


class Visitor:
    """A browser with its cookies, at the site and at the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        from django.test import Client

        self.simulator, self.client = simulator, Client(headers={"host": "127.0.0.1"})

    def login(self, path: str, person: str, deny: bool = False) -> Any:
        """Press the button, decide at the provider, come back; the last page, or the redirect home."""
        url = path if path.startswith("https://") else self.begin(path)
        return self.bring(browse(self.simulator.handle, url, person=person, deny=deny))

    def begin(self, path: str) -> str:
        begun = self.client.post(f"/accounts/{path}")
        assert begun.status_code == 302, begun.content[:2000].decode()
        return str(begun["Location"])

    def bring(self, callback: Callback) -> Any:
        parts = urlsplit(callback.url)
        here = f"{parts.path}?{parts.query}"
        answer = self.client.post(here, dict(callback.form)) if callback.method == "POST" else self.client.get(here)
        if parts.fragment and answer.status_code == 200:  # a page whose script posts it
            answer = self.client.post(here, dict(parse_qsl(parts.fragment)))
        return self.home(answer)

    @property
    def logged_in(self) -> bool:
        from django.contrib.auth import SESSION_KEY

        return SESSION_KEY in self.client.session

    def home(self, answer: Any) -> Any:
        while answer.status_code in (301, 302) and answer["Location"] != "/":
            answer = self.client.get(answer["Location"])
        return answer


def account(answer: Any) -> Any:
    from allauth.socialaccount.models import SocialAccount

    assert answer.status_code == 302, answer.content[:4000].decode()
    return SocialAccount.objects.get()


def addresses(user: Any) -> list[tuple[str, bool]]:
    from allauth.account.models import EmailAddress

    return [(row.email, row.verified) for row in EmailAddress.objects.filter(user=user).order_by("-primary", "pk")]


def nobody() -> bool:
    from django.contrib.auth import get_user_model

    return not get_user_model().objects.exists()


def read_by_allauth(found: Any) -> dict[str, Any]:
    email, verified = next(iter(addresses(found.user)), (None, False))
    return {
        "uid": found.uid,
        "email": email,
        "email_verified": verified,
        "name": (found.user.first_name, found.user.last_name),
        "user.email": found.user.email,
    }


def in_the_contract(provider: str, person: str, **options: Any) -> dict[str, Any]:
    told = Lab(provider, date=JUDGE.date).walk(person, **{**WALK.get(provider, {}), **options}).run()
    first, _, last = (told["name"] or "").partition(" ")
    names = (told["first_name"] or first, told["last_name"] or last)
    fields = {name: told[name] for name in ("uid", "email", "email_verified")}
    return {**fields, "name": names, "user.email": told["email"] or ""}


def theirs(provider: str, person: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with what allauth is known to make of them."""
    known = {
        name: value
        for (of, name, who), (value, _) in JUDGE.theirs.items()
        if of == provider and (not who or person in who.split())
    }
    fields = {**fields, "user.email": known.get("email", fields["email"]) or ""}
    redundant = [name for name, value in known.items() if value == fields[name]]
    assert not redundant, f"no difference any more: {redundant}"
    return {**fields, **known}
