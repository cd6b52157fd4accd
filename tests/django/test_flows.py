"""What a login comes to: a new user, a form, a connected account, a mail, or a page that says why not.

Run with DJANGO_TEST_USER=email too, where the site's users have no username but their address.
"""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpResponse

from mockidp.check.mock import Lab
from providers import Email, Identity
from providers.django import flows, signals
from providers.django.adapter import Adapter, Stop
from providers.django.models import Account, Address, Token
from providers.django.validators import BattletagUsernameValidator

from .site import EMAIL_USER, admins
from .visitor import HOST

BASIC = ("github", "google", "discord", "facebook", "twitter", "keycloak")
named = pytest.mark.skipif(EMAIL_USER, reason="these users have no username")


def make_user(email="", name="alice", password=None):
    model = get_user_model()
    user = model(**({"address": email} if EMAIL_USER else {"username": name, "email": email}))
    user.set_password(password) if password else user.set_unusable_password()
    user.save()
    return user


def address_of(user):
    return getattr(user, user.get_email_field_name())


class Rules(Adapter):
    """A site's own: replaced by the tests, one method at a time."""


@pytest.fixture
def rules(settings, monkeypatch):
    settings.SOCIALACCOUNT_ADAPTER = f"{__name__}.Rules"

    def replace(name, function):
        monkeypatch.setattr(Rules, name, function, raising=False)

    return replace


# signing up


def test_the_next_page_is_the_one_that_was_asked_for(install, visitor):
    install("github")
    assert visitor.login("github", next="/there/?a=1")["Location"] == "/there/?a=1"


def test_with_a_form_for_everybody_if_the_site_wants_that(install, visitor, settings):
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    install("github")
    page = visitor.login("github", next="/there/")
    assert page.templates[0].name == "providers/signup.html"
    assert get_user_model().objects.count() == 0
    data = {"username": "somebody", "email": "alice@example.com"}
    done = visitor.client.post("/accounts/social/signup/", data)
    assert done["Location"] == "/there/"
    user = Account.objects.get().user
    assert EMAIL_USER or user.username == "somebody"
    assert Address.objects.get(primary=True).verified  # the provider's own address keeps what the provider says of it
    assert Token.objects.get().access.startswith("gho_")
    assert visitor.client.post("/accounts/social/signup/", data)["Location"] == "/home/"  # and is over
    assert get_user_model().objects.count() == 1


def test_another_address_in_the_form_is_not_verified_by_the_provider(install, visitor, settings):
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    install("github")
    visitor.login("github")
    visitor.client.post("/accounts/social/signup/", {"username": "x", "email": "victim@example.com"})
    assert [(row.email, row.verified) for row in Address.objects.all()] == [("victim@example.com", False)]


def test_who_has_no_address_is_asked_where_one_is_required(install, visitor, settings):
    settings.SOCIALACCOUNT_EMAIL_REQUIRED = True
    install("github")
    page = visitor.login("github", "carol")
    assert page.templates[0].name == "providers/signup.html"
    wrong = visitor.client.post("/accounts/social/signup/", {"username": "carol", "email": ""})
    assert wrong.context["form"].errors.keys() == {"email"}
    right = visitor.client.post("/accounts/social/signup/", {"username": "carol", "email": "carol@example.org"})
    assert right["Location"] == "/home/"
    assert address_of(Account.objects.get().user) == "carol@example.org"


@named
def test_who_has_no_address_needs_none_elsewhere(install, visitor):
    install("github")
    assert visitor.login("github", "carol")["Location"] == "/home/"
    assert (Account.objects.get().user.email, Address.objects.count()) == ("", 0)


@pytest.mark.skipif(not EMAIL_USER, reason="of users whose address is their name")
def test_who_has_no_address_is_asked_where_it_is_the_username(install, visitor):
    install("github")
    page = visitor.login("github", "carol")
    assert list(page.context["form"].fields) == ["email"]
    taken = make_user("taken@example.org")
    again = visitor.client.post("/accounts/social/signup/", {"email": "taken@example.org"})
    assert again.context["form"].errors.keys() == {"email"}
    assert visitor.client.post("/accounts/social/signup/", {"email": "carol@example.org"})["Location"] == "/home/"
    assert Account.objects.get().user != taken


def test_the_form_expires_and_belongs_to_its_browser(install, visitor, settings, monkeypatch, simulator):
    from providers.django import pending

    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    install("github")
    visitor.login("github")
    other = type(visitor)(simulator)
    assert other.client.get("/accounts/social/signup/")["Location"] == "/home/"
    later = pending.time.time() + 3601
    monkeypatch.setattr(pending, "time", SimpleNamespace(time=lambda: later))
    data = {"username": "late", "email": "alice@example.com"}
    assert visitor.client.post("/accounts/social/signup/", data)["Location"] == "/home/"
    assert get_user_model().objects.count() == 0


def test_no_token_is_readable_in_the_session_of_a_form(install, visitor, settings):
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    install("github")
    visitor.login("github")
    kept = str(dict(visitor.client.session))
    assert "providers_signup" in kept
    assert "gho_" not in kept
    assert "alice" not in kept


@pytest.mark.parametrize("engine", ["signed_cookies", "cache", "db"])
def test_the_form_works_with_every_kind_of_session(engine, install, visitor, settings):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    install("github")
    visitor.login("github")
    assert all(len(cookie.value) < 4000 for cookie in visitor.client.cookies.values())
    data = {"username": "somebody", "email": "alice@example.com"}
    assert visitor.client.post("/accounts/social/signup/", data)["Location"] == "/home/"
    assert visitor.logged_in


def test_a_closed_site_takes_nobody_new_and_lets_the_others_in(install, visitor, rules):
    install("github")
    visitor.login("github")
    visitor.client.logout()
    rules("is_open_for_signup", lambda *_: False)
    page = visitor.login("github", "bob")
    assert (page.status_code, page.templates[0].name) == (403, "providers/closed.html")
    assert visitor.login("github")["Location"] == "/home/"
    assert Account.objects.count() == 1


def test_a_site_that_closes_meanwhile_closes_the_form(install, visitor, rules, settings):
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    install("github")
    visitor.login("github")
    rules("is_open_for_signup", lambda *_: False)
    data = {"username": "somebody", "email": "alice@example.com"}
    assert visitor.client.post("/accounts/social/signup/", data).status_code == 403
    assert get_user_model().objects.count() == 0


@pytest.mark.parametrize(("engine", "raw", "kept"), [
    ("signed_cookies", 5000, False), ("signed_cookies", 100, True), ("db", 5000, True), ("db", 100_000, False),
])  # fmt: skip
def test_what_waits_for_the_form_fits_into_the_session(engine, raw, kept, settings, rf_request):
    from providers.django import pending

    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    told = identity(raw={"userinfo": "x" * raw})
    pending.put(rf_request, told, "mockidp", "/there/")
    assert len(rf_request.session[pending.KEY]) < (2500 if engine == "signed_cookies" else 100_000)
    found, mark, onward = pending.get(rf_request)
    assert (found.uid, found.emails, mark, onward) == (told.uid, told.emails, "mockidp", "/there/")
    assert bool(found.raw) == kept


# usernames and names


@named
def test_a_username_that_is_taken_gets_a_number(install, visitor):
    install("github")
    make_user(name="Alice-Archer")
    make_user(name="alice-archer2")
    visitor.login("github")
    assert Account.objects.get().user.username == "alice-archer3"


@named
def test_a_username_that_is_taken_in_the_form_is_refused(install, visitor, settings):
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    make_user(name="taken")
    install("github")
    visitor.login("github")
    page = visitor.client.post("/accounts/social/signup/", {"username": "TAKEN", "email": "alice@example.com"})
    assert page.context["form"].errors.keys() == {"username"}


@named
@pytest.mark.parametrize("wish", ["x" * 400, "😀", "<b>ann</b>", "ann\0", "-", "名前", "a b", "..", "a" * 149 + "é"])
def test_whatever_somebody_is_called_the_username_is_valid_and_free(wish, rf_request):
    make_user(name=wish.replace("\0", "")[:150])
    identity = flows.storable(Identity("github", "7", username=wish, name=wish, first_name=wish, last_name=wish))
    outcome = flows.complete(rf_request, identity, None)
    outcome.user.full_clean(exclude=["password"])
    assert outcome.kind == "logged_in"


@pytest.fixture
def rf_request():
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import RequestFactory

    request = RequestFactory().get("/", headers={"host": HOST})
    request.session, request.user = SessionStore(), AnonymousUser()
    return request


def identity(uid="7", email="new@example.com", verified=True, **more):
    emails = (Email(email, verified, True),) if email else ()
    return Identity("github", uid, email=email, email_verified=verified, emails=emails, **more)


@pytest.mark.parametrize("bad", ["a\0b", "half \ud83d", "\0"])
def test_what_a_database_cannot_hold_is_left_out(bad, rf_request):
    told = identity(username=bad, name=bad, raw={"userinfo": {bad: [bad, {"x": bad}]}})
    outcome = flows.complete(rf_request, told, None)
    account = Account.objects.get()
    assert outcome.kind == "logged_in"
    assert "\0" not in str(account.raw) + account.username


@pytest.mark.parametrize("uid", ["a\0b", "x" * 256, "half \ud83d"])
def test_an_id_that_cannot_be_stored_exactly_is_nobodys(uid, rf_request):
    from providers import IdentityUnusable

    with pytest.raises(IdentityUnusable):
        flows.complete(rf_request, identity(uid), None)
    assert Account.objects.count() == 0


@pytest.mark.parametrize("email", ["no-address", "a@b", "x" * 250 + "@example.com", "a b@example.com", "ann@[::1"])
def test_an_address_that_is_none_counts_as_none(email, rf_request):
    outcome = flows.complete(rf_request, identity(email=email), None)
    assert outcome.kind == ("signup" if EMAIL_USER else "logged_in")
    assert Address.objects.count() == 0


@named
def test_battletags_are_usernames_where_the_site_takes_them(install, visitor, monkeypatch):
    field = get_user_model()._meta.get_field("username")
    monkeypatch.setattr(field, "validators", [BattletagUsernameValidator()])
    install("battlenet")
    visitor.login("battlenet")
    told = Lab("battlenet").walk("alice").run()["username"]
    assert "#" in told
    assert Account.objects.get().user.username == told


@pytest.mark.parametrize("name", ["Alice#1234", "alice", "Éowyn#1", "山田#12345", "a.b@c+d-e_f"])
def test_a_battletag_is_valid(name):
    BattletagUsernameValidator()(name)


@pytest.mark.parametrize("name", ["", "#1234", "Alice#", "Alice#12#3", "Alice#12a", "a b#1", "<b>#1", "Alice#1\n"])
def test_what_is_no_battletag_is_refused(name):
    with pytest.raises(ValidationError):
        BattletagUsernameValidator()(name)


# the same address


@pytest.mark.parametrize("provider", BASIC)
def test_eve_does_not_get_into_alices_account(provider, install, visitor):
    install("google", provider)
    visitor.login("google")
    alice = Account.objects.get(provider="google").user
    visitor.client.logout()
    page = visitor.login(provider, "eve")
    assert Account.objects.filter(user=alice).count() == 1
    assert Address.objects.get(email="alice@example.com").user == alice
    told = Lab(provider).walk("eve").run()
    if told["email"] or EMAIL_USER:  # she is asked for an address of her own
        assert page.templates[0].name == "providers/signup.html"
        assert not visitor.logged_in
        data = {"username": "eve", "email": "Alice@Example.com"}
        assert visitor.client.post("/accounts/social/signup/", data).context["form"].errors.keys() == {"email"}
        data["email"] = "eve@example.com"
        assert visitor.client.post("/accounts/social/signup/", data)["Location"] == "/home/"
    assert visitor.client.session["_auth_user_id"] != str(alice.pk)
    assert address_of(alice) == "alice@example.com"


@pytest.mark.parametrize("known", ["user", "address"])
def test_a_verified_address_does_not_join_either(known, install, visitor):
    user = make_user("alice@example.com" if known == "user" else "other@example.com", name="before")
    if known == "address":
        Address.objects.create(user=user, email="alice@example.com", verified=True)
    install("github")
    page = visitor.login("github")
    assert page.templates[0].name == "providers/signup.html"
    assert (Account.objects.count(), visitor.logged_in) == (0, False)


@pytest.mark.parametrize(("person", "here", "joined"), [
    ("alice", True, True), ("alice", False, False), ("alice", None, False), ("eve", True, False),
])  # fmt: skip
def test_an_adapter_may_join_what_both_sides_have_verified(person, here, joined, install, visitor, rules):
    rules("may_join", lambda *_: True)
    user = make_user("alice@example.com", name="before")
    if here is not None:
        Address.objects.create(user=user, email="Alice@example.com", verified=here)
    install("github")
    visitor.login("github", person)
    assert Account.objects.filter(user=user).exists() == joined
    assert visitor.logged_in == joined


def test_nobody_is_joined_to_who_was_locked_out(install, visitor, rules):
    rules("may_join", lambda *_: True)
    user = make_user("alice@example.com", name="before")
    Address.objects.create(user=user, email="alice@example.com", verified=True)
    get_user_model().objects.update(is_active=False)
    install("github")
    visitor.login("github")
    assert (Account.objects.count(), visitor.logged_in) == (0, False)


def test_an_address_that_only_looks_alike_to_a_database_owns_nothing():
    user = make_user("mike@example.org", name="mike")
    Address.objects.create(user=user, email="mike@example.org", verified=True)
    assert flows.owner_of("MIKE@example.org") == user
    assert flows.owner_of("m\u0131ke@example.org") is None  # a dotless i, which upper() makes an I


def test_an_address_of_somebody_else_is_left_out_of_a_connected_account(install, visitor):
    other = make_user("alice@example.com", name="other")
    me = make_user("me@example.com", name="me", password="x")
    visitor.client.force_login(me)
    install("github")
    visitor.login("github", process="connect")
    assert Account.objects.get().user == me
    assert not Address.objects.filter(email="alice@example.com").exists()
    assert address_of(other) == "alice@example.com"


# connect and disconnect


def test_connecting_adds_an_account_and_says_so(install, visitor):
    install("github", "google")
    visitor.login("github")
    user = Account.objects.get().user
    answer = visitor.login("google", process="connect")
    assert answer.templates[0].name == "providers/connections.html"
    assert "connected" in answer.content.decode()
    assert {row.provider for row in user.provider_accounts.all()} == {"github", "google"}
    assert get_user_model().objects.count() == 1


def test_somebody_may_have_several_accounts_of_one_provider(install, visitor):
    install("github")
    visitor.login("github")
    visitor.login("github", "bob", process="connect")
    user = get_user_model().objects.get()
    assert user.provider_accounts.count() == 2
    visitor.client.logout()
    visitor.login("github", "bob")
    assert visitor.client.session["_auth_user_id"] == str(user.pk)


def test_connecting_an_account_of_somebody_else_is_refused(install, visitor):
    install("github")
    visitor.login("github")
    visitor.client.logout()
    me = make_user("me@example.com", name="me", password="x")
    visitor.client.force_login(me)
    page = visitor.login("github", process="connect")
    assert "somebody else" in page.content.decode()
    assert not me.provider_accounts.exists()
    assert visitor.client.session["_auth_user_id"] == str(me.pk)


def test_nobody_connects_without_being_logged_in(install, visitor):
    install("github")
    answer = visitor.client.post("/accounts/github/login/", {"process": "connect"})
    assert answer["Location"].startswith("/enter/?next=")


def test_a_connection_that_another_user_ends_is_refused(install, visitor):
    install("github")
    visitor.client.force_login(make_user("one@example.com", name="one"))
    callback = visitor.decide("github", process="connect")
    kept = visitor.client.session["providers_logins"]
    visitor.client.force_login(make_user("two@example.com", name="two"))
    session = visitor.client.session
    session["providers_logins"] = kept  # Django has thrown it away: were it still here, it would not count
    session.save()
    assert visitor.bring(callback).status_code == 400
    assert Account.objects.count() == 0


def test_the_last_way_in_is_not_taken_away(install, visitor):
    install("github", "google")
    visitor.login("github")
    one = Account.objects.get()
    page = visitor.client.post("/accounts/social/connections/", {"account": one.pk}, follow=True)
    assert "only way in" in page.content.decode()
    visitor.login("google", process="connect")
    visitor.client.post("/accounts/social/connections/", {"account": one.pk})
    assert [row.provider for row in Account.objects.all()] == ["google"]
    assert not Token.objects.filter(account__provider="github").exists()


def test_with_a_password_every_account_may_go(install, visitor):
    user = make_user("me@example.com", name="me", password="x")
    visitor.client.force_login(user)
    install("github")
    visitor.login("github", process="connect")
    visitor.client.post("/accounts/social/connections/", {"account": Account.objects.get().pk})
    assert Account.objects.count() == 0


@pytest.mark.parametrize("asked", ["", "x", "-1", "999999999999999999999", "٣", "0"])
def test_an_account_that_is_not_mine_is_not_found(asked, install, visitor):
    visitor.client.force_login(make_user("me@example.com", name="me", password="x"))
    assert visitor.client.post("/accounts/social/connections/", {"account": asked}).status_code == 404


def test_nobody_disconnects_what_is_somebody_elses(install, visitor):
    install("github")
    visitor.login("github")
    account = Account.objects.get()
    visitor.client.force_login(make_user("me@example.com", name="me", password="x"))
    assert visitor.client.post("/accounts/social/connections/", {"account": account.pk}).status_code == 404
    assert Account.objects.count() == 1


# addresses that have to be verified


def test_a_verified_address_needs_no_mail(install, visitor, settings):
    settings.SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory"
    install("github")
    assert visitor.login("github")["Location"] == "/home/"
    assert mail.outbox == []


def test_an_unverified_address_has_to_be_confirmed_by_the_mailed_link(install, visitor, settings):
    settings.SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory"
    install("github")
    page = visitor.login("github", "bob")
    assert "providers/unverified.html" in [template.name for template in page.templates]
    assert "bob@example.org" in page.content.decode()
    assert not visitor.logged_in
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]
    link = re.search(r"http://\S+", mail.outbox[0].body)[0].removeprefix(f"http://{HOST}")
    shown = visitor.client.get(link)
    assert "GitHub" in shown.content.decode()  # whose account it is
    assert not visitor.logged_in  # a mail program that opens links does nothing
    assert not Address.objects.get(primary=True).verified
    assert visitor.client.post(link)["Location"] == "/home/"
    assert Address.objects.get(primary=True).verified
    assert visitor.logged_in
    visitor.client.logout()
    assert visitor.client.get(link).templates[0].name == "providers/confirmed.html"  # there is nothing to do any more
    assert visitor.client.post(link).templates[0].name == "providers/confirmed.html"  # the link logs in once
    assert not visitor.logged_in
    assert visitor.login("github", "bob")["Location"] == "/home/"


def test_the_link_logs_in_no_other_browser(install, visitor, settings, simulator):
    settings.SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory"
    install("github")
    visitor.login("github", "eve")  # with alice's address
    link = re.search(r"http://\S+", mail.outbox[0].body)[0].removeprefix(f"http://{HOST}")
    alice = type(visitor)(simulator)
    assert alice.client.post(link).templates[0].name == "providers/confirmed.html"
    assert not alice.logged_in


def test_who_asks_again_at_once_is_sent_no_second_mail(install, visitor, settings):
    settings.SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory"
    install("github")
    for _ in range(3):
        visitor.login("github", "bob")
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("token", ["x", "x:y:z", "W10:1abc:sig"])
def test_a_link_that_was_made_up_does_nothing(token, visitor):
    answer = visitor.client.post(f"/accounts/social/confirm/{token}/")
    assert (answer.status_code, answer.templates[0].name) == (400, "providers/confirm_failed.html")


@pytest.mark.parametrize("value", ["none", "optional", False])
def test_elsewhere_nobody_is_kept_out_for_an_unverified_address(value, install, visitor, settings):
    settings.SOCIALACCOUNT_EMAIL_VERIFICATION = value
    install("github")
    assert visitor.login("github", "bob")["Location"] == "/home/"
    assert [(row.email, row.verified) for row in Address.objects.filter(primary=True)] == [("bob@example.org", False)]


# what is asked for and what is kept


@pytest.mark.parametrize("provider", ["github", "google", "facebook", "discord", "gitlab", "linkedin_oauth2", "line"])
def test_without_query_email_no_scope_names_it(provider, install, visitor, settings):
    from .visitor import query

    settings.SOCIALACCOUNT_QUERY_EMAIL = False
    install(provider)
    url, _ = visitor.begin(provider)
    assert "email" not in query(url).get("scope", "")
    settings.SOCIALACCOUNT_QUERY_EMAIL = True
    url, _ = visitor.begin(provider)
    assert "email" in query(url).get("scope", "") or provider in ("gitlab",)


@named
@pytest.mark.parametrize("provider", ["github", "google", "facebook", "discord"])
def test_without_query_email_the_login_works(provider, install, visitor, settings):
    settings.SOCIALACCOUNT_QUERY_EMAIL = False
    install(provider)
    assert visitor.login(provider)["Location"] == "/home/"


def test_a_redirect_tells_the_hooks_who_it_is_and_changes_nothing(install, visitor):
    told = []

    def hear(sender, identity, account, **more):
        told.append((identity.email, account))

    install("github")
    signals.before_login.connect(hear)
    try:
        answer = visitor.login("github", process="redirect", next="/back/?x=1")
    finally:
        signals.before_login.disconnect(hear)
    assert answer["Location"] == "/back/?x=1"
    assert told == [("alice@example.com", None)]
    assert not visitor.logged_in
    assert (Account.objects.count(), Token.objects.count(), get_user_model().objects.count()) == (0, 0, 0)


def test_a_scope_that_the_site_has_chosen_stays(install, visitor, settings):
    from .visitor import query

    settings.SOCIALACCOUNT_QUERY_EMAIL = False
    install("github", SCOPE=["user:email", "repo"])
    assert query(visitor.begin("github")[0])["scope"] == "user:email repo"


def test_a_login_may_ask_for_more_and_may_not_weaken_itself(install, visitor):
    from .visitor import query

    install("github")
    url, _ = visitor.begin("github", scope="repo,gist", auth_params="prompt=select_account")
    assert query(url)["scope"].split() == ["user:email", "repo", "gist"]
    assert query(url)["prompt"] == "select_account"
    for name in ("redirect_uri", "state", "client_id", "code_challenge", "response_type"):
        answer = visitor.client.post("/accounts/github/login/", {"auth_params": f"{name}=https://evil.example"})
        assert answer.status_code == 400


def test_tokens_are_kept_only_where_they_are_wanted(install, visitor, settings):
    settings.SOCIALACCOUNT_STORE_TOKENS = False
    install("github", "twitter")
    visitor.login("github")
    visitor.login("twitter", "carol", process="connect")
    assert (Account.objects.count(), Token.objects.count()) == (2, 0)


def test_a_login_tells_anew_what_changed(install, visitor, simulator):
    install("github")
    visitor.login("github")
    Account.objects.update(username="before", raw={}, last_login="2000-01-01T00:00:00Z")
    before = Token.objects.get().access
    visitor.login("github")
    account = Account.objects.get()
    assert account.username == Lab("github").walk("alice").run()["username"]
    assert account.raw
    assert account.last_login.year > 2000
    assert Token.objects.get().access != before


def test_a_renamed_person_is_the_same_user(install, visitor):
    install("github")
    visitor.login("github", "jordan")
    user = Account.objects.get().user
    Account.objects.update(username="jordan-byrne")
    visitor.client.logout()
    visitor.login("github", "jordan")
    assert visitor.client.session["_auth_user_id"] == str(user.pk)
    assert Account.objects.get().username == "jordan-kelly"


def test_a_deleted_account_logs_nobody_in(install, visitor):
    install("github")
    page = visitor.login("github", "ghost")
    assert (page.status_code, page.templates[0].name) == (400, "providers/error.html")
    assert get_user_model().objects.count() == 0


def test_who_was_locked_out_here_stays_out(install, visitor):
    install("github")
    visitor.login("github")
    visitor.client.logout()
    get_user_model().objects.update(is_active=False)
    assert visitor.login("github").status_code == 403
    assert not visitor.logged_in


def test_a_user_is_known_by_whatever_backend_the_site_has(install, visitor, settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    install("github")
    visitor.login("github")
    assert "nobody" not in visitor.client.get("/home/").content.decode()


# two at once


def test_the_same_account_made_in_two_tabs_is_one(rf_request, monkeypatch):
    first = flows.complete(rf_request, identity(), None)
    _looks_too_early(monkeypatch)
    monkeypatch.setattr(flows, "lacking", lambda told: set())
    outcome = flows.complete(rf_request, identity(), None)
    assert (outcome.kind, outcome.user) == ("logged_in", first.user)
    assert (Account.objects.count(), get_user_model().objects.count()) == (1, 1)


def _looks_too_early(monkeypatch):
    """The first look at the accounts is before the other tab is done."""
    found, looks = flows._account_of, []

    def look(*told):
        looks.append(told)
        return found(*told) if len(looks) > 1 else None

    monkeypatch.setattr(flows, "_account_of", look)


def test_the_same_account_connected_in_two_tabs_is_one(rf_request, monkeypatch):
    rf_request.user = make_user("me@example.com", name="me")
    flows.complete(rf_request, identity(), None, flows.CONNECT)
    _looks_too_early(monkeypatch)
    assert flows.complete(rf_request, identity(), None, flows.CONNECT).kind == "connected"
    assert Account.objects.count() == 1


@named
def test_a_username_that_is_taken_at_the_last_moment_leads_to_the_form(rf_request, monkeypatch):
    make_user(name="alice-archer")
    monkeypatch.setattr(Adapter, "_free", lambda self, user, name: name)
    outcome = flows.complete(rf_request, identity(username="alice-archer"), None)
    assert (outcome.kind, outcome.missing) == ("signup", {"username"})
    assert Account.objects.count() == 0


def test_an_address_that_is_taken_at_the_last_moment_is_left_out(monkeypatch):
    Address.objects.create(user=make_user("a@example.com", name="a"), email="x@example.com", verified=True)
    me = make_user("b@example.com", name="b")
    monkeypatch.setattr(flows, "is_taken", lambda *_, **__: False)
    assert flows.add_address(me, "X@example.com", verified=True) is None


# signals and the adapter


def test_signals_tell_of_every_turn(install, visitor):
    told = []
    receivers = []
    for name in ("before_login", "signed_up", "logged_in", "connected", "disconnected", "failed"):

        def receiver(sender, name=name, **more):
            assert sender is Account
            assert "request" in more
            told.append((name, more))

        getattr(signals, name).connect(receiver)
        receivers.append((getattr(signals, name), receiver))
    try:
        install("github", "google")
        visitor.login("github")
        visitor.login("google", process="connect")
        visitor.client.post("/accounts/social/connections/", {"account": Account.objects.first().pk})
        visitor.login("github", deny=True)
    finally:
        for signal, receiver in receivers:
            signal.disconnect(receiver)
    names = [name for name, _ in told]
    assert names == ["before_login", "signed_up", "logged_in", "before_login", "connected", "disconnected", "failed"]
    assert told[0][1]["account"] is None
    assert told[-1][1]["error"].code == "access_denied"


@pytest.mark.parametrize("method", ["before_login", "is_open_for_signup", "may_sign_up_at_once", "new_user"])
def test_an_adapter_can_answer_otherwise_and_nothing_is_kept(method, install, visitor, rules):
    def stop(*_):
        raise Stop(HttpResponse("not today", status=418))

    rules(method, stop)
    install("github")
    assert visitor.login("github").content == b"not today"
    assert (Account.objects.count(), get_user_model().objects.count(), visitor.logged_in) == (0, 0, False)


def test_a_receiver_that_stops_a_sign_up_leaves_nothing_behind(install, visitor):
    def stop(sender, **_):
        raise Stop(HttpResponse("not today", status=418))

    signals.signed_up.connect(stop)
    try:
        install("github")
        assert visitor.login("github").status_code == 418
    finally:
        signals.signed_up.disconnect(stop)
    assert (Account.objects.count(), get_user_model().objects.count(), visitor.logged_in) == (0, 0, False)


def test_an_error_of_the_sites_own_receiver_is_not_taken_for_a_collision(install, visitor):
    def break_(sender, **_):
        raise IntegrityError("the site's own")

    signals.signed_up.connect(break_)
    try:
        install("github")
        with pytest.raises(IntegrityError, match="own"):
            visitor.login("github")
    finally:
        signals.signed_up.disconnect(break_)


def test_a_permission_that_is_denied_is_a_page(install, visitor, rules):
    from django.core.exceptions import PermissionDenied

    def deny(*_):
        raise PermissionDenied("secret reason")

    rules("before_login", deny)
    install("github")
    page = visitor.login("github")
    assert page.status_code == 403
    assert b"secret reason" not in page.content


@named
def test_an_adapter_fills_the_user(install, visitor, rules):
    def populate(self, user, identity):
        Adapter.populate(self, user, identity)
        user.last_name = f"of {identity.provider}"

    rules("populate", populate)
    install("github")
    visitor.login("github")
    assert get_user_model().objects.get().last_name == "of github"


# no


@pytest.mark.parametrize("provider", ["github", "google", "twitter", "steam", "apple"])
def test_who_says_no_is_told_that_nothing_happened(provider, install, visitor):
    install(provider)
    page = visitor.login(provider, deny=True)
    assert page.templates[0].name == "providers/cancelled.html"
    assert get_user_model().objects.count() == 0


def test_a_provider_that_is_not_set_up_is_not_found_and_alarms_nobody(visitor, settings):
    settings.ADMINS = admins
    page = visitor.client.post("/accounts/github/login/")
    assert page.status_code == 404
    assert mail.outbox == []


def test_of_several_apps_one_has_to_be_named(install, visitor, settings, simulator):
    from .visitor import query, row

    one = row(simulator, "github")["APP"]
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": [one, {**one, "client_id": "other"}]}}
    assert visitor.client.post("/accounts/github/login/").status_code == 404
    assert query(visitor.begin("github", app="other")[0])["client_id"] == "other"
    assert visitor.login("github", app="mockidp")["Location"] == "/home/"


def test_an_app_that_goes_while_somebody_is_away_ends_the_login(install, visitor, settings):
    install("github")
    callback = visitor.decide("github")
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APP": {"client_id": "another", "secret": "x"}}}
    assert visitor.bring(callback).status_code == 404
