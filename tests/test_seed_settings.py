"""Every setting of the seed document, at every provider, by its own name: on both sides, and in what is shown."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import providers
from mockidp.cli import cli
from mockidp.contract import load
from providers.registry import kind_of

COMMON = ("SCOPE", "AUTH_PARAMS", "VERIFIED_EMAIL")
# What the providers page of django-allauth of 2021-11-15 names beside the common three, and its code reads.
OWN = {
    "agave": ("API_URL",),
    "amazon_cognito": ("DOMAIN",),
    "apple": ("APP",),
    "auth0": ("AUTH0_URL",),
    "authentiq": ("PROVIDER_URL",),
    "battlenet": ("REGION",),
    "dwolla": ("ENVIROMENT",),
    "edx": ("EDX_URL",),
    "evernote": ("EVERNOTE_HOSTNAME",),
    "facebook": (
        "METHOD",
        "SDK_URL",
        "INIT_PARAMS",
        "FIELDS",
        "EXCHANGE_TOKEN",
        "LOCALE_FUNC",
        "VERSION",
        "AUTHORIZE_URL",
    ),
    "feishu": ("AUTHORIZE_URL",),
    "flickr": ("PROFILE_FIELDS",),
    "fxa": (
        "OAUTH_ENDPOINT",
        "PROFILE_ENDPOINT",
    ),
    "gitea": ("GITEA_URL",),
    "github": ("GITHUB_URL",),
    "gitlab": ("GITLAB_URL",),
    "jupyterhub": ("API_URL",),
    "keycloak": (
        "KEYCLOAK_URL",
        "KEYCLOAK_URL_ALT",
        "KEYCLOAK_REALM",
    ),
    "linkedin": (
        "PROFILE_FIELDS",
        "HEADERS",
    ),
    "linkedin_oauth2": (
        "PROFILE_FIELDS",
        "HEADERS",
        "PROFILEPICTURE",
    ),
    "microsoft": ("tenant",),
    "netiq": ("NETIQ_URL",),
    "nextcloud": ("SERVER",),
    "okta": ("OKTA_BASE_URL",),
    "openid": (
        "SERVERS",
        "REALM",
    ),
    "orcid": (
        "BASE_DOMAIN",
        "MEMBER_API",
    ),
    "patreon": ("VERSION",),
    "paypal": ("MODE",),
    "persona": (
        "AUDIENCE",
        "REQUEST_PARAMETERS",
    ),
    "pinterest": (
        "PINTEREST_URL",
        "PINTEREST_VERSION",
    ),
    "quickbooks": (
        "SANDBOX",
        "PROFILE_FIELDS",
    ),
    "reddit": ("USER_AGENT",),
    "sharefile": (
        "SUBDOMAIN",
        "APICP",
        "DEFAULT_URL",
    ),
    "shopify": ("IS_EMBEDDED",),
    "stackexchange": ("SITE",),
    "telegram": ("TOKEN",),
    "trainingpeaks": ("USE_PRODUCTION",),
    "untappd": ("USER_AGENT",),
    "weixin": ("AUTHORIZE_URL",),
}
WITHOUT_COMMON = (
    "draugiem",
    "openid",
    "persona",
    "steam",
    "telegram",
)


def declared(provider: str) -> set[str]:
    """The settings that our client takes."""
    return set(kind_of(provider).settings)


@pytest.fixture(scope="module")
def shown() -> dict[str, list[str]]:
    done = CliRunner().invoke(cli, ["list", "--json"])
    assert done.exit_code == 0, done.output
    return {row["id"]: row["settings"] for row in json.loads(done.output)}


def test_there_are_the_ninety_three_of_the_seed_and_a_generic_one(shown: dict[str, list[str]]) -> None:
    assert len(shown.keys() - {"openid_connect"}) == 93
    assert list(shown) == sorted(providers.ids())


@pytest.mark.parametrize("provider", OWN)
def test_a_setting_of_its_own_is_known_to_both_sides(shown: dict[str, list[str]], provider: str) -> None:
    assert [name for name in OWN[provider] if name not in shown[provider]] == []
    assert [name for name in OWN[provider] if name not in declared(provider)] == []


def test_the_common_three_are_known_to_both_sides_wherever_there_is_a_scope_to_ask_for(
    shown: dict[str, list[str]],
) -> None:
    wanting = {
        (provider, name)
        for provider in shown
        for name in COMMON
        if provider not in WITHOUT_COMMON and not (name in shown[provider] and name in declared(provider))
    }
    assert wanting == set()


def test_what_a_setting_does_is_told() -> None:
    untold = []
    for provider in providers.ids():
        wire = load(provider).at()
        told = {name: row.about for name, row in wire.spec.settings.items()} | dict(wire.client.settings)
        untold += [(provider, name) for name, about in told.items() if len(str(about).split()) < 3]
    assert untold == []
