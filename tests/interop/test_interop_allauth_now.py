"""What only the current django-allauth can do: tokens of a software kit, modes of OpenID, forged identity tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from mockidp.browser import browse
from mockidp.simulator import Simulator
from mockidp.world import World

from .allauth_judge import OPENID, STATELESS
from .allauth_site import JUDGE
from .allauth_visitor import PEOPLE, Visitor, account, in_the_contract, nobody, read_by_allauth, theirs
from .openid_fetcher import fetching

pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning"),  # the judge's own; ours are errors everywhere else
    pytest.mark.filterwarnings("default::PendingDeprecationWarning"),
]


@pytest.mark.parametrize("fault", ["wrong_key", "alg_none", "wrong_aud", "wrong_iss", "id_token_expired"])
def test_allauth_refuses_an_identity_token_that_apple_did_not_make(simulator: Simulator, fault: str) -> None:
    simulator.world.faults.add(fault, provider="apple")
    assert Visitor(simulator).login("apple/login/", "alice").status_code == 401
    assert nobody()


def test_allauth_keeps_the_name_that_apple_tells_at_the_first_login_only(simulator: Simulator) -> None:
    for _ in range(2):
        found = account(Visitor(simulator).login("apple/login/", "alice"))
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
        account_of = account(Visitor(simulator).login(JUDGE.button("shopify"), person))
        told = in_the_contract("shopify", person, extra={"grant_mode": "per-user"})
        assert read_by_allauth(account_of) == told
        account_of.user.delete()
