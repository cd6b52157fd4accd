"""What the seed document shows as code works as it stands: in a settings file and in a template."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import unquote_plus

import pytest
import responses
from django.core import checks
from django.template import Context, Template
from django.test import Client, RequestFactory

from providers.django.models import App

from .seed_examples import SETTINGS, TEMPLATES, Example
from .visitor import HOST, PATHS, onward

LOCAL = {"host": HOST}
WITHOUT_APP = {"apple", "openid", "persona"}  # their credentials are in the example, or there are none
# The host that the browser is sent to, where the example names it or it follows from what the example says.
HOSTS = {
    "agave": "api.tacc.utexas.edu",
    "amazon_cognito": "%3Cdomain-prefix%3E.auth.us-east-1.amazoncognito.com",
    "apple": "appleid.apple.com",
    "auth0": "your.auth0domain.auth0.com",
    "dwolla": "sandbox.dwolla.com",
    "edx": "openedx.local",
    "evernote": "evernote.com",
    "fxa": "oauth.accounts.firefox.com",
    "gitea": "your.gitea-server.domain",
    "github-enterprise": "your.github-server.domain",
    "gitlab": "your.gitlab.server.tld",
    "jupyterhub": "jupyterhub.example.com",
    "keycloak": "keycloak.custom",
    "netiq": "my.identity.provider.example.org",
    "nextcloud": "nextcloud.example.org",
    "okta": "example.okta.com",
    "openid-attributes": "mojeid.cz",
    "openid-servers": "me.yahoo.com",
    "openid-stateless": "steamcommunity.com",
    "orcid": "sandbox.orcid.org",
    "weixin": "open.weixin.qq.com",
}
SCOPES = {  # what has to be asked for, by the provider's own delimiter
    "authentiq": {"openid", "email", "aq:name"},  # without openid there would be no identity
    "battlenet": {"wow.profile", "sc2.profile"},
    "digitalocean": {"read", "write"},
    "dwolla": {"Send|Transactions|Funding|AccountInfoFull"},
    "edmodo": {"basic", "read_groups", "read_connections", "read_user_email", "create_messages", "write_library_items"},
    "exist": {"read+write"},
    "frontier": {"auth", "capi"},
    "github-scope": {"user", "repo", "read:org"},
    "gitlab": {"api"},
    "pinterest": {"read_public,read_relationships"},
    "reddit": {"identity", "submit"},
    "trainingpeaks": {"athlete:profile"},
    "weixin": {"snsapi_base"},
    "ynab": set(),
}
XRDS = """<?xml version="1.0"?><xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)"><XRD><Service>
<Type>http://specs.openid.net/auth/2.0/server</Type><URI>{url}</URI></Service></XRD></xrds:XRDS>"""


@pytest.fixture
def load(settings: Any) -> Any:
    """Put an example into the settings as Python reads it."""

    def load(example: Example) -> dict[str, Any]:
        names: dict[str, Any] = {}
        exec(example.text, names)
        for name, value in names.items():
            if name.isupper():
                setattr(settings, name, value)
        return names

    return load


def register(example: Example) -> None:
    """The app that the document has entered in the admin."""
    if example.provider not in WITHOUT_APP:
        ours = {"client_id": "mockidp", "secret": "mockidp-secret", "key": "a key"}
        App.objects.create(provider=example.provider, name="ours", **ours)


def press(example: Example, **data: str) -> str:
    """Press the button; where the browser is sent to."""
    path = f"/accounts/{PATHS.get(example.provider, f'{example.provider}/login/')}"
    return onward(Client(headers=LOCAL).post(path, data))[0]


def test_every_example_is_here() -> None:
    rows = [example for example in SETTINGS if "SOCIALACCOUNT_PROVIDERS" in example.text]
    assert (len(rows), len({example.name for example in SETTINGS}), len(TEMPLATES)) == (52, len(SETTINGS), 4)


@pytest.mark.parametrize("example", SETTINGS, ids=lambda example: example.name)
def test_the_checks_have_no_error_for_it(example: Example, load: Any) -> None:
    load(example)
    assert [str(found) for found in checks.run_checks() if found.level >= checks.ERROR] == []


@pytest.mark.parametrize(
    "example",
    [example for example in SETTINGS if example.provider not in ("openid", "persona", "linkedin")],
    ids=lambda example: example.name,
)
def test_a_login_begins_with_it(example: Example, load: Any, simulator: Any) -> None:
    load(example)
    register(example)
    url = press(example, **({"shop": "petstore"} if example.provider == "shopify" else {}))
    host = url.partition("://")[2].partition("/")[0]
    assert url.startswith("https://")
    assert host == HOSTS.get(example.name, host)
    scope = re.search(r"[?&]scope=([^&]*)", url)
    if example.name in SCOPES:
        assert set(unquote_plus(scope[1]).split() if scope else ()) == SCOPES[example.name]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("facebook", {"auth_type=reauthenticate"}),
        ("flickr", {"perms=write"}),
        ("google", {"access_type=online"}),
        ("reddit", {"duration=permanent"}),
        ("shopify-per-user", {"grant_options%5B%5D=per-user"}),
        ("trello", {"scope=read%2Cwrite"}),
    ],
)
def test_its_parameters_reach_the_provider(name: str, wanted: set[str], load: Any, simulator: Any) -> None:
    example = next(example for example in SETTINGS if example.name == name)
    load(example)
    register(example)
    query = press(example, **({"shop": "petstore"} if example.provider == "shopify" else {})).partition("?")[2]
    assert wanted <= set(query.split("&"))


@pytest.mark.parametrize("name", ["linkedin", "linkedin-headers"])
def test_linkedin_of_old_asks_for_its_scope_with_the_request_token(name: str, load: Any) -> None:
    example = next(example for example in SETTINGS if example.name == name)
    load(example)
    register(example)
    with responses.RequestsMock() as mock:
        mock.post(
            re.compile(r"https://api\.linkedin\.com/uas/oauth/requestToken"),
            body="oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true",
        )
        assert "oauth_token=t" in press(example)
        asked = mock.calls[0].request
    if name == "linkedin":
        assert "scope=r_basicprofile%20r_emailaddress" in asked.url.replace("+", "%20")
    else:
        assert App.objects.get().client().values["HEADERS"] == {"x-li-src": "msdk"}


@pytest.mark.parametrize("name", ["openid-servers", "openid-attributes", "openid-stateless"])
def test_the_openid_page_offers_its_servers_and_each_button_begins_a_login(name: str, load: Any) -> None:
    example = next(example for example in SETTINGS if example.name == name)
    load(example)
    page = Client(headers=LOCAL).get("/accounts/openid/login/").content.decode()
    buttons = dict(re.findall(r'name="openid" value="([^"]+)".*?<button[^>]*>([^<]+)<', page))
    told = re.findall(r"name='([^']+)'", example.text)
    assert list(buttons.values()) == told
    assert list(buttons) == re.findall(r"openid_url='([^']+)'", example.text)
    for address in buttons:
        endpoint = f"{address.rstrip('/')}/endpoint"
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            mock.get(re.compile(re.escape(address.rstrip("/")) + "/?$"), body=XRDS.format(url=endpoint),
                     content_type="application/xrds+xml")  # fmt: skip
            mock.post(endpoint, status=400, body="ns:http://specs.openid.net/auth/2.0\nerror:no\n")
            url = press(example, openid=address)
            asked = [call.request.method for call in mock.calls]
        assert url.startswith(f"{endpoint}?")
        assert ("POST" in asked) is (name != "openid-stateless")  # an association is made, or not
        assert ("axschema.org%2FbirthDate" in url) is (name == "openid-attributes")


@pytest.mark.parametrize("name", ["persona", "persona-parameters"])
def test_persona_shows_its_own_page(name: str, load: Any) -> None:
    example = next(example for example in SETTINGS if example.name == name)
    load(example)
    page = Client(headers=LOCAL).post("/accounts/persona/login/").content.decode()
    assert "navigator.id" in page
    assert ("siteName" in page) is (name == "persona-parameters")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_renders_to_the_link(name: str, settings: Any) -> None:
    source, link = TEMPLATES[name]
    settings.SOCIALACCOUNT_PROVIDERS = {"facebook": {"APP": {"client_id": "42", "secret": "shh"}}}
    page = Template(source).render(Context({"request": RequestFactory().get("/")}))
    assert unescape(re.findall(r'<a href="([^"]*)"', page)[0]) == link
    assert ("connect.facebook.net/en_US/sdk.js" in page) is (name == "facebook-sdk")
    assert "shh" not in page


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.startswith("facebook")])
def test_the_link_of_a_template_begins_a_login_by_itself(name: str, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"facebook": {"APP": {"client_id": "42", "secret": "shh"}}}
    client = Client(headers=LOCAL)
    page = client.get(TEMPLATES[name][1]).content.decode()
    assert '<form method="post"' in page
    assert client.post(TEMPLATES[name][1])["Location"].startswith("https://www.facebook.com/")
