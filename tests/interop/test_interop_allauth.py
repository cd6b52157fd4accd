"""The outside judge of eleven providers and a realm: django-allauth, as it comes from the package index.

It logs in at the simulator and must read what the contract says is there, but for `THEIRS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.browser import Callback, NoCallbackError, browse
from mockidp.check.mock import Lab
from mockidp.mounts.responses_mount import mocked
from mockidp.simulator import Simulator
from mockidp.world import World

from .allauth_site import OPENID, STATELESS, configure
from .openid_fetcher import fetching

pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning"),  # the judge's own; ours are errors everywhere else
    pytest.mark.filterwarnings("default::PendingDeprecationWarning"),
]

BUTTONS = {
    "apple": "apple/login/",
    "facebook": "facebook/login/",
    "github": "github/login/",
    "google": "google/login/",
    "keycloak": "oidc/keycloak/login/",
    "nextcloud": "nextcloud/login/",
    "openid": f"openid/login/?openid={OPENID}",
    "shopify": "shopify/login/?shop=mockidp",
    "steam": "steam/login/",
    "telegram": "telegram/login/",
    "twitter": "twitter/login/",
    "weixin": "weixin/login/",
}
PEOPLE = ("alice", "bob", "carol")
WALK = {"telegram": {"extra": {"way": "widget_redirect"}}}  # how to walk the contract where there are several ways

# What allauth reads otherwise than the contract has it: field, person (or everybody), its value, and its reason.
THEIRS: dict[tuple[str, str, str], tuple[Any, str]] = {
    ("twitter", "email_verified", "alice"): (
        False,
        "never takes an address of Twitter's for verified, though Twitter tells verified ones only",
    ),
    ("github", "email", "bob"): (
        "69273224+bob-baumann@users.noreply.github.com",
        "lists every address that GitHub has, GitHub's own included, and prefers a verified one to the primary one",
    ),
    ("github", "email_verified", "bob"): (True, "as for the address: it is GitHub's own"),
    ("openid", "name", "bob"): (
        ("Robert", "Baumann"),
        "asks for first and last name by Attribute Exchange and prefers them to the full name",
    ),
    ("nextcloud", "name", ""): (("", ""), "takes the display name for a username and has no name then"),
}
# Where the answer to a person who says no is not allauth's page "cancelled".
DENIED = {
    "apple": (401, "does not know the word user_cancelled_authorize and shows its page for any other error"),
    "telegram": (401, "does not know tgAuthResult=false and takes it for garbage"),
    "nextcloud": (None, "Nextcloud has no way to say no: the app hears nothing"),
    "shopify": (None, "Shopify shows its own page and sends nobody back"),
    "weixin": (None, "Weixin sends nobody back"),
}


@pytest.fixture(scope="session")
def site() -> None:
    configure()


@pytest.fixture
def empty(site: None) -> None:
    """No accounts, and nothing of an earlier login in the cache."""
    from django.core.cache import cache
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)
    cache.clear()


@pytest.fixture
def simulator(empty: None) -> Iterator[Simulator]:
    simulator = Simulator()
    with mocked(simulator), fetching(simulator):
        yield simulator


class Visitor:
    """A browser with its cookies, at the site and at the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        from django.test import Client

        self.simulator, self.client = simulator, Client(headers={"host": "127.0.0.1"})

    def login(self, path: str, person: str, deny: bool = False) -> Any:
        """Press the button, decide at the provider, come back; the last page, or the redirect home."""
        begun = self.client.post(f"/accounts/{path}")
        assert begun.status_code == 302, begun.content[:2000].decode()
        return self.bring(browse(self.simulator.handle, begun["Location"], person=person, deny=deny))

    def bring(self, callback: Callback) -> Any:
        parts = urlsplit(callback.url)
        here = f"{parts.path}?{parts.query}"
        answer = self.client.post(here, dict(callback.form)) if callback.method == "POST" else self.client.get(here)
        if parts.fragment and answer.status_code == 200:  # a page whose script posts it
            answer = self.client.post(here, dict(parse_qsl(parts.fragment)))
        return self.home(answer)

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
    }


def in_the_contract(provider: str, person: str, **options: Any) -> dict[str, Any]:
    told = Lab(provider).walk(person, **{**WALK.get(provider, {}), **options}).run()
    first, _, last = (told["name"] or "").partition(" ")
    names = (told["first_name"] or first, told["last_name"] or last)
    return {"uid": told["uid"], "email": told["email"], "email_verified": told["email_verified"], "name": names}


def theirs(provider: str, person: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with what allauth is known to make of them."""
    known = {name: value for (of, name, who), (value, _) in THEIRS.items() if of == provider and who in ("", person)}
    redundant = [name for name, value in known.items() if value == fields[name]]
    assert not redundant, f"no difference any more: {redundant}"
    return {**fields, **known}


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("provider", BUTTONS)
def test_allauth_reads_what_the_contract_says(simulator: Simulator, provider: str, person: str) -> None:
    found = account(Visitor(simulator).login(BUTTONS[provider], person))
    assert read_by_allauth(found) == theirs(provider, person, in_the_contract(provider, person))
    assert found.user.email == (read_by_allauth(found)["email"] or "")


@pytest.mark.parametrize("provider", BUTTONS)
def test_allauth_logs_nobody_in_who_says_no(simulator: Simulator, provider: str) -> None:
    status, _ = DENIED.get(provider, (200, ""))
    visitor = Visitor(simulator)
    if status is None:
        with pytest.raises(NoCallbackError):
            visitor.login(BUTTONS[provider], "dave", deny=True)
    else:
        answer = visitor.login(BUTTONS[provider], "dave", deny=True)
        page = "socialaccount/login_cancelled.html" if status == 200 else "socialaccount/authentication_error.html"
        assert (answer.status_code, answer.templates[0].name) == (status, page)
    assert nobody()


@pytest.mark.parametrize("fault", ["wrong_key", "alg_none", "wrong_aud", "wrong_iss", "id_token_expired"])
def test_allauth_refuses_an_identity_token_that_apple_did_not_make(simulator: Simulator, fault: str) -> None:
    simulator.world.faults.add(fault, provider="apple")
    assert Visitor(simulator).login(BUTTONS["apple"], "alice").status_code == 401
    assert nobody()


def test_allauth_keeps_the_name_that_apple_tells_at_the_first_login_only(simulator: Simulator) -> None:
    for _ in range(2):
        found = account(Visitor(simulator).login(BUTTONS["apple"], "alice"))
        assert found.user.get_full_name() == "Alice Archer"


@pytest.mark.parametrize("stateless", [False, True], ids=["association", "stateless"])
def test_allauth_logs_in_at_an_openid_server_in_both_modes(empty: None, stateless: bool) -> None:
    url = STATELESS if stateless else OPENID
    simulator = Simulator(World(settings={"openid": {"OPENID_URL": url}}))
    with fetching(simulator):
        found = account(Visitor(simulator).login(f"openid/login/?openid={url}", "alice"))
    assert found.uid == f"{url}/id/alice-archer"
    assert found.extra_data == ({} if stateless else {"phone": "+447700900101"})
    asked = {entry.step for login in simulator.world.journal for entry in login.entries}
    assert ("associate" in asked, "check_authentication" in asked) == (not stateless, stateless)


@pytest.fixture
def facebook_settings(monkeypatch: pytest.MonkeyPatch, site: None) -> dict[str, Any]:
    from django.conf import settings

    changed: dict[str, Any] = {}
    monkeypatch.setitem(settings.SOCIALACCOUNT_PROVIDERS, "facebook", changed)
    return changed


@pytest.fixture
def facebook_app(empty: None, facebook_settings: dict[str, Any]) -> None:
    """The app as a row: allauth cannot keep the token of an app that stands in the settings when the SDK brings it."""
    from allauth.socialaccount.models import SocialApp

    SocialApp.objects.create(provider="facebook", client_id="mockidp", secret=World().app("facebook").client_secret)


def token_of_the_sdk(simulator: Simulator, person: str) -> str:
    """What the JavaScript SDK gets: an access token in the fragment, with no code and no secret."""
    query = {"client_id": "mockidp", "redirect_uri": "http://127.0.0.1/", "response_type": "token", "scope": "email"}
    dialog = f"https://www.facebook.com/v19.0/dialog/oauth?{urlencode(query)}"
    return browse(simulator.handle, dialog, person=person).fragment["access_token"]


@pytest.mark.parametrize("exchange", [False, True], ids=["as it is", "exchanged"])
@pytest.mark.parametrize("person", PEOPLE)
def test_allauth_logs_in_with_a_token_of_facebooks_sdk(
    simulator: Simulator, facebook_app: None, facebook_settings: dict[str, Any], person: str, exchange: bool
) -> None:
    facebook_settings["EXCHANGE_TOKEN"] = exchange
    visitor, token = Visitor(simulator), token_of_the_sdk(simulator, person)
    found = account(visitor.home(visitor.client.post("/accounts/facebook/login/token/", {"access_token": token})))
    assert read_by_allauth(found) == theirs("facebook", person, in_the_contract("facebook", person))
    assert (found.socialtoken_set.get().token == token) is not exchange


def test_allauth_refuses_a_facebook_token_that_was_made_up(simulator: Simulator, facebook_app: None) -> None:
    answer = Visitor(simulator).client.post("/accounts/facebook/login/token/", {"access_token": "EAAmadeup"})
    assert answer.templates[0].name == "socialaccount/authentication_error.html"
    assert nobody()


def test_allauth_tells_the_users_of_one_shop_apart_if_asked(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    per_user = {**settings.SOCIALACCOUNT_PROVIDERS["shopify"], "AUTH_PARAMS": {"grant_options[]": "per-user"}}
    monkeypatch.setitem(settings.SOCIALACCOUNT_PROVIDERS, "shopify", per_user)
    for person in PEOPLE[:2]:
        account_of = account(Visitor(simulator).login(BUTTONS["shopify"], person))
        told = in_the_contract("shopify", person, extra={"grant_mode": "per-user"})
        assert read_by_allauth(account_of) == told
        account_of.user.delete()
