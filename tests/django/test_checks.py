"""`manage.py check`: each mistake in the settings is found, with the nearest right name."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from providers.django import conf

APP = {"client_id": "a", "secret": "the-secret-of-the-app"}


def found() -> list[tuple[str, str]]:
    """Ids, and texts with their hints."""
    rows = checks.run_checks(include_deployment_checks=False)
    return [(row.id, f"{row.msg} | {row.hint or ''}") for row in rows if row.id.startswith("providers.")]


def rows(**providers: Any) -> dict[str, Any]:
    return {"SOCIALACCOUNT_PROVIDERS": providers}


def test_a_right_site_has_nothing_to_tell(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "github": {"APP": APP, "SCOPE": ["user"]},
        "google": {"APPS": [APP, {**APP, "client_id": "b", "settings": {"SCOPE": ["email"]}}]},
        "amazon_cognito": {"DOMAIN": "https://pool.example.com"},
        "salesforce": {"SCOPE": ["openid"]},
        "telegram": {"TOKEN": "4711:token"},
        "23andme": {},
    }
    assert found() == []


@pytest.mark.parametrize(
    ("values", "kind", "told"),
    [
        (rows(googel={}), "E005", ("no provider 'googel'", "did you mean 'google'?")),
        (rows(github={"GITHB_URL": "https://x.example.com"}), "E008", ("['github']", "did you mean 'GITHUB_URL'?")),
        (rows(keycloak={"KEYCLOAK_RELM": "m"}), "E008", ("'KEYCLOAK_RELM'", "did you mean 'KEYCLOAK_REALM'?")),
        (rows(github={"APPP": APP}), "E008", ("'APPP'", "did you mean 'APP'?")),
        (rows(github={"scope": ["a"]}), "E008", ("'scope'", "did you mean 'SCOPE'?")),
        (rows(github={"SCOPE": "user"}), "E008", ("SCOPE must be a list of strings",)),
        (rows(github={"GITHUB_URL": "github.example.com"}), "E008", ("GITHUB_URL must be an absolute",)),
        (rows(battlenet={"REGION": "uk"}), "E008", ("REGION must be",)),
        (rows(facebook={"METHOD": "jssdk"}), "E008", ("METHOD must be one of oauth2, js_sdk",)),
        (rows(okta={"SCOPE": ["openid"]}), "W016", ("OKTA_BASE_URL is needed", "database")),
        (rows(okta={"APP": APP}), "E008", ("OKTA_BASE_URL is needed",)),
        (rows(github={"APP": {**APP, "client_idd": "a"}}), "E012", ("no 'client_idd'", "did you mean 'client_id'?")),
        (rows(github={"APP": {**APP, "GITHB_URL": "a"}}), "E012", ("no 'GITHB_URL'",)),
        (rows(github={"APP": {"client_id": "a"}}), "E008", ("client_secret is missing",)),
        (rows(github={"APP": {**APP, "client_id": 4711, "secret": ""}}), "E008", ("client_secret is missing",)),
        (rows(stackexchange={"APP": APP}), "E008", ("key is missing",)),
        (rows(github={"APP": ["a", "b"]}), "E007", ("no dictionary",)),
        (rows(github={"APPS": APP}), "E007", ("no list", "take APP")),
        (rows(github={"APPS": [APP, APP]}), "E016", ("same client_id",)),
        (rows(github={"APP": {**APP, "settings": ["x"]}}), "E007", ("settings of an app are no dictionary",)),
        (rows(github=["SCOPE"]), "E006", ("no dictionary",)),
        ({"SOCIALACCOUNT_PROVIDERS": ["github"]}, "E004", ("no dictionary",)),
        (
            {"SOCIALACCOUNT_PROVIDERS": {"23andme": {}, "twentythreeandme": {}}},
            "E015",
            ("which are one provider",),
        ),
        (rows(facebook={"LOCALE_FUNC": "path.to.callable"}), "W018", ("LOCALE_FUNC", "takes the request")),
        (
            rows(apple={"APP": {**APP, "key": "T", "certificate_key": "no key"}}),
            "W017",
            ("['apple']", "the private key cannot be read"),
        ),
        ({"SOCIALACCOUNT_EMAIL_VERIFICATION": "mandatry"}, "E002", ("did you mean 'mandatory'?",)),
        ({"SOCIALACCOUNT_QUERY_EMAIL": "False"}, "E009", ("SOCIALACCOUNT_QUERY_EMAIL must be True or False",)),
        ({"SOCIALACCOUNT_STORE_TOKENS": 1}, "E009", ("SOCIALACCOUNT_STORE_TOKENS must be",)),
        ({"SOCIALACCOUNT_STORE_TOKEN": True}, "W001", ("did you mean 'SOCIALACCOUNT_STORE_TOKENS'?",)),
        ({"SOCIALACOUNT_PROVIDERS": {}}, "W002", ("did you mean 'SOCIALACCOUNT_PROVIDERS'?",)),
        ({"SOCIALACCOUNT_ADAPTER": "site.adapter.Adapter"}, "E003", ("SOCIALACCOUNT_ADAPTER cannot be used",)),
        ({"SOCIALACCOUNT_RATE_LIMITS": {"logins": 3}}, "E014", ("no 'logins'", "did you mean 'login'?")),
        ({"SOCIALACCOUNT_RATE_LIMITS": {"login": "3/m"}}, "E014", ("must be a number",)),
        ({"SOCIALACCOUNT_RATE_LIMITS": True}, "E014", ("no dictionary",)),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, "E013", ("leave it at 'Lax'",)),
        ({"ROOT_URLCONF": "django.contrib.auth.urls"}, "W019", ("are not included", "include(")),
    ],
)
def test_a_mistake_is_told(values: dict[str, Any], kind: str, told: tuple[str, ...], settings: Any) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    messages = [text for known, text in found() if known == f"providers.{kind}"]
    assert len(messages) == 1, found()
    assert all(part in messages[0] for part in told), messages
    assert "the-secret-of-the-app" not in str(found())


@pytest.mark.parametrize(
    ("left_out", "kind"),
    [
        ("SessionMiddleware", "E011"),
        ("AuthenticationMiddleware", "E011"),
        ("MessageMiddleware", "E011"),
        ("CsrfViewMiddleware", "W011"),
    ],
)
def test_a_middleware_that_is_missing_is_told(left_out: str, kind: str, settings: Any) -> None:
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if left_out not in path]
    assert [(known, left_out in text) for known, text in found()] == [(f"providers.{kind}", True)]


def test_a_key_of_apple_that_is_one_is_no_matter(settings: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    settings.SOCIALACCOUNT_PROVIDERS = {"apple": {"APP": {**APP, "key": "T", "certificate_key": key.decode()}}}
    assert found() == []


def test_several_mistakes_are_told_at_once_and_the_command_fails(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"googel": {}, "gitlab": {"GITLB_URL": "x"}, "github": {"APP": {"id": "x"}}}
    with pytest.raises(SystemCheckError) as told:
        call_command("check", stderr=StringIO())
    assert all(f"providers.{kind}" in str(told.value) for kind in ("E005", "E008", "E012"))


def test_a_login_that_a_link_begins_is_told_for_deployment_only(settings: Any) -> None:
    settings.SOCIALACCOUNT_LOGIN_ON_GET = True
    assert found() == []
    deployed = checks.run_checks(include_deployment_checks=True)
    assert "providers.W020" in [row.id for row in deployed]


@pytest.mark.parametrize(("value", "meant"), [(True, "mandatory"), (False, "none"), ("optional", "optional")])
def test_email_verification_may_be_yes_or_no(value: Any, meant: str, settings: Any) -> None:
    settings.SOCIALACCOUNT_EMAIL_VERIFICATION = value
    assert conf.get("EMAIL_VERIFICATION") == meant
    assert found() == []
