"""Several servers of one provider: an id counts at the server that gave it out, and nowhere else.

Whoever runs a Keycloak chooses its ids. If they counted everywhere, its owner could be anybody at the site.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core import checks
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory

from providers import Identity
from providers.django import flows, lookup
from providers.django.models import Account, App

from .site import EMAIL_USER
from .visitor import HOST

OURS, THEIRS = "https://sso.example.com/auth", "https://partner.example.org/auth"
UID = "3c1f0a52-7c3e-4d0e-9f3c-1d2e3f405162"


def app(url: str = OURS, client_id: str = "one", realm: str = "", **settings: str) -> dict[str, Any]:
    own = {"KEYCLOAK_URL": url, "KEYCLOAK_REALM": "main", **settings}
    return {"client_id": client_id, "secret": "the-secret", "realm": realm, "settings": own}


def rf():
    request = RequestFactory().get("/", headers={"host": HOST})
    request.session, request.user = SessionStore(), AnonymousUser()
    return request


def come(realm: str, username: str) -> flows.Outcome:
    """Somebody has proved an id at the server of that realm."""
    identity = Identity("keycloak", UID, username=username, email=f"{username}@example.com")
    return flows.complete(rf(), identity, App(provider="keycloak", realm=realm))


def told() -> list[str]:
    return [row.id for row in checks.run_checks() if row.id == "providers.E021"]


def test_the_same_id_at_two_servers_is_two_people():
    alice, mallory = come("ours", "alice"), come("partner", "mallory")
    assert alice.user.pk != mallory.user.pk
    assert come("ours", "alice").user.pk == alice.user.pk
    assert sorted(Account.objects.values_list("realm", "uid")) == [("ours", UID), ("partner", UID)]


def test_an_id_is_there_once_a_realm():
    alice = come("ours", "alice")
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(user=alice.user, provider="keycloak", realm="ours", uid=UID)


@pytest.mark.parametrize(
    "apps",
    [
        [app(), app(THEIRS, "two")],
        [app(realm="a"), app(THEIRS, "two", realm="a")],
        [app(), app(OURS, "two", KEYCLOAK_REALM="partner")],
    ],
    ids=["two servers", "two in one realm", "two realms of one Keycloak"],
)
def test_apps_at_several_servers_let_nobody_in(apps, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {"keycloak": {"APPS": apps}}
    answer = Client(headers={"host": HOST}).post("/accounts/keycloak/login/", {"app": "one"})
    assert answer.status_code == 404
    assert told() == ["providers.E021"]
    with pytest.raises(lookup.NotSetUp) as refused:
        lookup.app_of(rf(), "keycloak", "two")  # nor is a login finished that was begun before
    assert refused.value.code == "several_servers"


@pytest.mark.parametrize(
    "apps",
    [
        [app(realm="ours"), app(THEIRS, "two", realm="partner")],
        [app(), app(OURS, "two")],
        [app(), app(THEIRS, "two", realm="partner")],
    ],
    ids=["a realm each", "one server", "the first without"],
)
def test_a_realm_for_each_server_is_enough(apps, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {"keycloak": {"APPS": apps}}
    assert told() == []
    assert lookup.app_for(rf(), "keycloak", "two").realm == apps[1]["realm"]


def test_the_database_and_the_settings_are_looked_at_together(settings):
    settings.SOCIALACCOUNT_PROVIDERS = {"keycloak": {"APP": app()}}
    more = App(provider="keycloak", name="Partner", client_id="two", secret="s", settings=dict(app(THEIRS)["settings"]))
    with pytest.raises(ValidationError) as refused:
        more.full_clean()
    assert list(refused.value.message_dict) == ["realm"]
    more.realm = "partner"
    more.full_clean()
    more.save()
    assert lookup.app_for(rf(), "keycloak", "two").pk == more.pk
    App.objects.update(realm="")  # past the form
    with pytest.raises(lookup.NotSetUp):
        lookup.app_for(rf(), "keycloak", "two")


def test_what_changes_nothing_about_the_server_needs_no_realm(settings):
    settings.SOCIALACCOUNT_PROVIDERS = {
        "github": {"APPS": [
            {"client_id": "a", "secret": "s"},
            {"client_id": "b", "secret": "s", "settings": {"SCOPE": ["repo"]}},
        ]}
    }  # fmt: skip
    assert told() == []
    assert lookup.app_for(rf(), "github", "b").client_id == "b"


@pytest.mark.skipif(EMAIL_USER, reason="a user without a username is named by the address")
def test_a_login_at_the_site_is_in_the_realm_of_its_app(visitor, install, settings):
    install("keycloak")
    settings.SOCIALACCOUNT_PROVIDERS["keycloak"]["APP"]["realm"] = "staff"
    visitor.login("keycloak")
    assert visitor.logged_in
    assert Account.objects.get().realm == "staff"
