"""Everybody's first login, at every provider, through the site's own URLs."""

from __future__ import annotations

import json
import time

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from mockidp.browser import browse
from mockidp.check.mock import Lab
from mockidp.contract.files import provider_ids
from providers.django.models import Account, Address, App, Token

from .visitor import HOST, Visitor, row

WALK = {"telegram": {"extra": {"way": "widget_redirect"}}}  # how the contract is walked where there are several ways
WITHOUT_TOKEN = {"openid", "persona", "steam"}
# By the shape of their answers: REST, OpenID Connect, a posted answer, OAuth 1.0a, an answer of several addresses.
SOME = ("github", "google", "apple", "twitter", "keycloak", "discord", "telegram", "steam")
PEOPLE = [
    *("bob", "carol", "eve", "robin", "mateo", "jordan", "ursula", "maxine", "mallory", "surya", "pedro", "sunny"),
    *("nils", "ling", "amal", "olena", "priya", "haruka", "minseo", "zofie", "niran", "eleni", "ilker", "thuy"),
    *("person-1", "person-77777"),
]
URLS = {  # as the seed document has them: what sites have registered at the providers
    "github": "/accounts/github/login/callback/",
    "500px": "/accounts/500px/login/callback/",
    "amazon_cognito": "/accounts/amazon-cognito/login/callback/",
    "twentythreeandme": "/accounts/23andme/login/callback/",
    "windowslive": "/accounts/windowslive/login/callback/",
    "linkedin_oauth2": "/accounts/linkedin_oauth2/login/callback/",
    "openid": "/accounts/openid/callback/",
    "apple": "/accounts/apple/login/callback/",
}


def in_the_contract(provider: str, person: str):
    """The identity by the contract's own map: another reading, by other code, than the client's."""
    return Lab(provider).walk(person, **WALK.get(provider, {})).run()


def check_rows(provider: str, person: str):
    told = in_the_contract(provider, person)
    account = Account.objects.get()
    assert (account.provider, account.uid) == (provider, told["uid"])
    emails = {row.email: row.verified for row in Address.objects.filter(user=account.user)}
    assert emails.get(told["email"]) == (told["email_verified"] if told["email"] else None)
    assert getattr(account.user, account.user.get_email_field_name()) == (told["email"] or "")
    primary = [row.email for row in Address.objects.filter(user=account.user, primary=True)]
    assert primary == ([told["email"]] if told["email"] else [])
    return account


@pytest.mark.parametrize("provider", provider_ids())
def test_alice_logs_in_and_her_rows_are_those_of_the_contract(provider, install, visitor):
    install(provider)
    answer = visitor.login(provider)
    assert (answer.status_code, answer.get("Location")) == (302, "/home/"), answer.content[:3000].decode()
    assert visitor.logged_in
    account = check_rows(provider, "alice")
    token = Token.objects.filter(account=account).first()
    assert (token is not None) == (provider not in WITHOUT_TOKEN)
    assert token is None or token.access
    assert get_user_model().objects.count() == 1


@pytest.mark.parametrize("provider", provider_ids())
def test_a_second_login_finds_the_same_user(provider, install, visitor):
    install(provider)
    first = visitor.login(provider)
    user = visitor.client.session["_auth_user_id"]
    visitor.client.logout()
    assert visitor.login(provider)["Location"] == first["Location"]
    assert visitor.client.session["_auth_user_id"] == user
    assert (Account.objects.count(), get_user_model().objects.count()) == (1, 1)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("provider", SOME)
def test_everybody_of_the_cast_has_an_account_that_is_theirs(provider, person, install, visitor):
    install(provider)
    answer = visitor.login(provider, person)
    assert (answer.status_code, answer.get("Location")) == (302, "/home/"), answer.content[:3000].decode()
    account = check_rows(provider, person)
    account.user.full_clean(exclude=["password", "last_name", "first_name"])


@pytest.mark.parametrize("provider", ["github", "google", "apple", "twitter", "steam", "openid"])
def test_an_app_of_the_database_does_as_well(provider, simulator, install, visitor, settings):
    install(provider)
    app = settings.SOCIALACCOUNT_PROVIDERS[provider].pop("APP")
    App.objects.create(provider=provider, name="ours", **app)
    assert visitor.login(provider)["Location"] == "/home/"
    check_rows(provider, "alice")
    assert {token.app.name for token in Token.objects.all()} <= {"ours"}
    assert Token.objects.filter(app=None).count() == 0


@pytest.mark.parametrize(("provider", "path"), URLS.items())
def test_the_callback_urls_are_those_that_sites_have_registered(provider, path, install, visitor):
    assert reverse(f"{provider}_callback") == path
    install(provider)
    assert visitor.decide(provider).url.startswith(f"http://{HOST}{path}")


def test_apples_post_goes_round_to_where_the_session_is(install, visitor):
    install("apple")
    callback = visitor.decide("apple")
    assert callback.method == "POST"
    here = callback.url.removeprefix(f"http://{HOST}")
    answer = visitor.post_from_elsewhere(here, callback.form)
    assert (answer.status_code, answer["Location"]) == (303, "/accounts/apple/login/callback/finish/")
    cookie = answer.cookies["providers_callback"]
    assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Lax", True, answer["Location"])
    assert "sessionid" not in answer.cookies  # which would replace the one that the login began in
    assert callback.form["code"] not in cookie.value
    done = visitor.client.get(answer["Location"])
    assert done["Location"] == "/home/"
    assert not visitor.client.cookies["providers_callback"].value  # and is gone
    assert visitor.client.get(answer["Location"]).status_code == 400


def test_a_cookie_that_somebody_wrote_is_no_answer(install, visitor):
    install("apple")
    callback = visitor.decide("apple")
    made_up = json.dumps(["apple", int(time.time()), list(callback.form.items())])
    visitor.client.cookies["providers_callback"] = made_up
    assert visitor.client.get("/accounts/apple/login/callback/finish/").status_code == 400


def test_a_provider_may_post_without_our_csrf_token(install, simulator):
    visitor = Visitor(simulator, enforce_csrf_checks=True)
    install("apple")
    page = visitor.client.get("/accounts/apple/login/")
    begun = visitor.client.post("/accounts/apple/login/", {"csrfmiddlewaretoken": str(page.context["csrf_token"])})
    callback = browse(simulator.handle, begun["Location"], person="alice")
    here = callback.url.removeprefix(f"http://{HOST}")
    large = visitor.post_from_elsewhere(here, {**callback.form, "more": "x" * 5000})
    assert visitor.client.post(large.context["action"], large.context["fields"])["Location"] == "/home/"


def test_an_answer_that_is_too_large_for_a_cookie_goes_round_in_a_page(install, visitor):
    install("apple")
    callback = visitor.decide("apple")
    here = callback.url.removeprefix(f"http://{HOST}")
    answer = visitor.post_from_elsewhere(here, {**callback.form, "more": "x" * 5000})
    assert answer.status_code == 200
    assert answer.templates[0].name == "providers/post.html"
    assert callback.form["code"] not in answer.content.decode()
    fields = answer.context["fields"]
    assert visitor.client.post(answer.context["action"], fields)["Location"] == "/home/"


def test_what_is_posted_to_finish_without_having_been_to_the_callback_is_nothing(install, visitor):
    install("apple")
    callback = visitor.decide("apple")
    answer = visitor.client.post("/accounts/apple/login/callback/finish/", callback.form)
    assert answer.status_code == 400
    assert not visitor.logged_in


@pytest.mark.parametrize("stateless", [True, False])
def test_openid_with_and_without_an_association(stateless, install, simulator, visitor):
    url = simulator.world.wire("openid").settings["OPENID_URL"]
    install("openid", SERVERS=[{"id": "one", "name": "One", "openid_url": url, "stateless": stateless}])
    assert visitor.login("openid")["Location"] == "/home/"
    steps = {entry.step for login in simulator.world.journal for entry in login.entries}
    assert ("check_authentication" in steps) == stateless
    assert ("associate" in steps) != stateless


@pytest.mark.parametrize("openid", ["", "not an address", "javascript:alert(1)", "=xri"])
def test_the_form_for_an_openid_says_what_is_wrong(openid, install, visitor):
    answer = visitor.client.post("/accounts/openid/login/", {"openid": openid})
    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_telegrams_fragment_is_posted_by_a_page_and_keeps_its_state(install, simulator, settings, visitor):
    token = simulator.world.apps.ready("telegram").facts["token"]
    settings.SOCIALACCOUNT_PROVIDERS = {"telegram": {"APP": {"client_id": token.split(":")[0], "secret": token}}}
    callback = visitor.decide("telegram")
    assert callback.fragment
    page = visitor.client.get(callback.path)
    assert page.templates[0].name == "providers/fragment.html"
    assert "location.pathname + location.search" in page.content.decode()  # the state is in the query
    assert visitor.client.post(callback.path, callback.fragment)["Location"] == "/home/"
    assert Account.objects.get().uid == in_the_contract("telegram", "alice")["uid"]


def test_facebooks_sdk_logs_in_by_a_token_of_this_app_only(install, simulator, visitor, settings):
    install("facebook", METHOD="js_sdk")
    lab = Lab("facebook")
    lab.world, lab.simulator, lab.send = simulator.world, simulator, simulator.handle
    walk = lab.walk("alice")
    lab.until(walk, "userinfo")
    token = walk.values["access_token"]
    answer = visitor.client.post("/accounts/facebook/login/token/", {"access_token": token, "next": "/there/"})
    assert answer["Location"] == "/there/"
    assert Account.objects.get().uid == in_the_contract("facebook", "alice")["uid"]
    other = simulator.world.apps.register("facebook", client_id="other", client_secret="s", loopback=True)
    settings.SOCIALACCOUNT_PROVIDERS["facebook"]["APP"] = {"client_id": other.client_id, "secret": "s"}
    visitor.client.logout()
    assert visitor.client.post("/accounts/facebook/login/token/", {"access_token": token}).status_code == 400
    assert not visitor.logged_in
    assert visitor.client.get("/accounts/facebook/login/token/").status_code == 405


def test_a_shop_chooses_its_own_host(install, visitor):
    install("shopify")
    url, _ = visitor.begin("shopify")
    assert url.split("/")[2].endswith(".myshopify.com")
    wrong = visitor.client.post("/accounts/shopify/login/", {"shop": "evil.example/x"})
    assert wrong.status_code == 400
    assert not wrong.context["ours"]  # a stranger's mistake is no alarm for the site


@pytest.mark.parametrize(("region", "host"), [("", "oauth.battle.net"), ("cn", "www.battlenet.com.cn")])
def test_a_region_chooses_the_host_and_comes_back_to_it(region, host, install, simulator, visitor):
    install("battlenet")
    url, _ = visitor.begin("battlenet", region=region)
    assert url.split("/")[2] == host
    assert visitor.bring(browse(simulator.handle, url, person="alice"))["Location"] == "/home/"
    assert Account.objects.get().uid.endswith("-cn") == bool(region)


def test_an_unknown_region_is_the_visitors_mistake(install, visitor):
    install("battlenet")
    assert visitor.client.post("/accounts/battlenet/login/", {"region": "moon"}).status_code == 400


def test_the_row_of_a_provider_is_what_the_simulator_has(simulator):
    assert row(simulator, "github")["APP"] == {"client_id": "mockidp", "secret": "mockidp-secret"}
