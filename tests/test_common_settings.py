"""SCOPE, AUTH_PARAMS and VERIFIED_EMAIL at every provider that has them: each changes the wire or the identity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

import providers
from mockidp.browser import browse
from mockidp.check.mock import Lab
from mockidp.contract.files import provider_ids
from mockidp.mounts.responses_mount import mocked
from providers.adapter import CREDENTIALS, PARAMETERS
from providers.registry import kind_of

CALLBACK = "http://127.0.0.1:8000/callback"
# The seed document names none of the three here; a client of the family takes SCOPE and makes nothing of it.
WITHOUT = {"draugiem", "openid", "persona", "steam"}
IDS = [provider for provider in provider_ids() if provider not in WITHOUT]
# Where bob's address reaches the client although it is not verified, so that the setting has something to say.
TOLD = [
    provider for provider in IDS if (told := Lab(provider).walk("bob").run())["email"] and not told["email_verified"]
]


class Login:
    """Our client of one provider, with the ready-made app's credentials and settings, and some settings more."""

    def __init__(self, provider: str, settings: dict[str, Any]) -> None:
        self.lab = Lab(provider)
        app, declared = self.lab.world.apps.ready(provider), kind_of(provider).settings
        facts = {"client_id": app.client_id, "client_secret": app.client_secret, **app.facts}
        usual = {
            name: value
            for name, value in self.lab.wire.settings.items()
            if name in declared and isinstance(declared[name].default, str | None)
        }
        keys = {CREDENTIALS[name]: value for name, value in facts.items() if name in CREDENTIALS and value}
        self.client = providers.get(provider, settings={**usual, **settings}, **keys)
        told = {**{name.lower(): value for name, value in self.lab.wire.settings.items()}, **facts}
        self.asked = {name: told[name] for name in PARAMETERS if name in told and name in self.client.parameters}

    @contextmanager
    def begun(self) -> Iterator[tuple[Any, requests.Session, list[str]]]:
        """The login begun; the session that it goes on with; and all that was sent or is to be sent by a browser."""
        with mocked(self.lab.simulator) as mock, requests.Session() as http:
            login = self.client.begin(redirect_uri=CALLBACK, http=http, **self.asked)
            form = json.dumps(login.form.fields) if login.form else ""
            sent = [f"{call.request.url} {call.request.body!r} {call.request.headers}" for call in mock.calls]
            yield login, http, [login.url, form, *sent]

    def identity(self, person: str) -> providers.Identity:
        with self.begun() as (login, http, _):
            where = (login.form.action, login.form.fields) if login.form else (login.url, None)
            callback = browse(self.lab.send, where[0], person=person, post=where[1])
            posted = dict(callback.form) if callback.form else callback.url
            found: providers.Identity = self.client.finish(login.session, posted, http=http)
            return found


@pytest.mark.parametrize("provider", IDS)
def test_what_scope_names_is_asked_for(provider: str) -> None:
    with Login(provider, {"SCOPE": ["zz-one", "zz-two"]}).begun() as (_, _, sent):
        assert [text for text in sent if "zz-one" in text and "zz-two" in text]
    with Login(provider, {}).begun() as (_, _, sent):
        assert not [text for text in sent if "zz-one" in text]


@pytest.mark.parametrize("provider", IDS)
def test_auth_params_travel_with_the_authorize_request(provider: str) -> None:
    with Login(provider, {"AUTH_PARAMS": {"zz-param": "zz-value"}}).begun() as (login, _, sent):
        where = "\n".join(sent[:2]) if login.form else login.url
        assert "zz-param" in where
        assert "zz-value" in where


@pytest.mark.parametrize("provider", TOLD)
def test_verified_email_takes_an_address_for_verified(provider: str) -> None:
    assert [Login(provider, {"VERIFIED_EMAIL": say}).identity("bob").email_verified for say in (False, True)] == [
        False,
        True,
    ]


def test_most_providers_tell_an_address_that_is_not_verified() -> None:
    assert len(TOLD) > 50
