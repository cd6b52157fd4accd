"""What nobody may bring a site to do: log in somebody else, send people elsewhere, tell a secret, or tire out."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import get_resolver

from mockidp.browser import Callback
from mockidp.contract.files import provider_ids
from providers.django import limits, state
from providers.django.adapter import Adapter, adapter
from providers.django.models import Account, Token

from .site import admins
from .visitor import HOST, Visitor, query

LOGIN, BACK = "/accounts/github/login/", "/accounts/github/login/callback/"
SOME = ("github", "google", "apple", "twitter", "steam", "openid", "draugiem", "telegram", "persona")


def asked_the_provider(simulator) -> int:
    """How many requests the site itself made, beside what the browser did."""
    return sum(entry.step not in ("authorize", "") for login in simulator.world.journal for entry in login.entries)


# beginning


def test_a_link_begins_no_login_but_asks(install, visitor):
    install("github")
    page = visitor.client.get(LOGIN + "?next=/there/")
    assert page.templates[0].name == "providers/login.html"
    assert 'name="next" value="/there/"' in page.content.decode()
    assert state.KEY not in visitor.client.session


def test_a_link_begins_one_where_the_site_wants_that_but_never_a_connection(install, visitor, settings):
    settings.SOCIALACCOUNT_LOGIN_ON_GET = True
    install("github")
    assert visitor.client.get(LOGIN).status_code == 302
    visitor.client.force_login(get_user_model().objects.create(username="me"))
    page = visitor.client.get(LOGIN + "?process=connect")
    assert page.templates[0].name == "providers/login.html"


@pytest.mark.parametrize("path", [LOGIN, "/accounts/social/signup/", "/accounts/social/connections/",
                                  "/accounts/facebook/login/token/", "/accounts/social/confirm/x/"])  # fmt: skip
def test_another_sites_form_is_refused(path, install, simulator):
    install("github", "facebook")
    client = Client(enforce_csrf_checks=True, headers={"host": HOST})
    assert client.post(path, {"access_token": "x"}).status_code == 403


def test_our_own_form_is_taken(install, simulator):
    install("github")
    client = Client(enforce_csrf_checks=True, headers={"host": HOST})
    token = client.get(LOGIN).context["csrf_token"]
    assert client.post(LOGIN, {"csrfmiddlewaretoken": str(token)}).status_code == 302


@pytest.mark.parametrize("method", ["put", "delete", "head", "options", "patch"])
@pytest.mark.parametrize("path", [LOGIN, BACK, f"{BACK}finish/"])
def test_other_methods_do_nothing(method, path, install, visitor):
    install("github")
    callback = visitor.decide("github")
    assert getattr(visitor.client, method)(f"{path}?{urlsplit(callback.url).query}").status_code == 405
    assert visitor.bring(callback)["Location"] == "/home/"


# state, and whose it is


@pytest.mark.parametrize("provider", SOME)
def test_a_callback_in_another_browser_fails_and_asks_the_provider_nothing(provider, install, visitor, simulator):
    install(provider)
    callback = visitor.decide(provider)
    before = asked_the_provider(simulator)
    other = Visitor(simulator)
    other.page, other.action = visitor.page, visitor.action
    page = other.bring(callback)
    assert page.status_code == 400
    assert not other.logged_in
    assert asked_the_provider(simulator) == before
    assert Account.objects.count() == 0


@pytest.mark.parametrize("provider", SOME)
def test_nobody_is_logged_in_with_somebody_elses_answer(provider, install, visitor, simulator):
    """Login CSRF: the victim has a login of their own under way when the attacker's callback comes."""
    install(provider)
    attacker = Visitor(simulator)
    callback = attacker.decide(provider, "eve" if provider != "telegram" else "bob")
    visitor.begin(provider)
    before = asked_the_provider(simulator)
    visitor.page, visitor.action = attacker.page, attacker.action
    page = visitor.bring(callback)
    assert page.status_code == 400
    assert not visitor.logged_in
    assert asked_the_provider(simulator) == before


def test_somebody_elses_answer_does_not_end_a_login_that_is_under_way(install, visitor, simulator):
    install("github")
    mine = visitor.decide("github")
    visitor.bring(Visitor(simulator).decide("github", "eve"))
    assert visitor.bring(mine)["Location"] == "/home/"


@pytest.mark.parametrize("provider", SOME)
def test_a_callback_is_good_once(provider, install, visitor):
    install(provider)
    callback = visitor.decide(provider)
    assert visitor.bring(callback)["Location"] == "/home/"
    visitor.client.logout()
    assert visitor.bring(callback).status_code == 400
    assert not visitor.logged_in


def test_an_answer_for_one_provider_is_none_for_another(install, visitor):
    install("github", "google")
    callback = visitor.decide("github")
    wrong = Callback(callback.url.replace("github", "google"))
    assert visitor.bring(wrong).status_code == 400
    assert visitor.bring(callback)["Location"] == "/home/"


def test_two_tabs_may_log_in_at_a_time_in_any_order(install, visitor):
    install("github", "google")
    first = visitor.decide("github", next="/there/")
    second = visitor.decide("github", "bob")
    third = visitor.decide("google", "robin")
    assert visitor.bring(second)["Location"] == "/home/"
    assert visitor.bring(first).status_code in (302, 400)  # Django ends the session of whoever was logged in before
    assert visitor.bring(third).status_code in (302, 400)


def test_a_login_in_another_tab_keeps_the_first_one_s_way_on(install, visitor):
    install("github")
    first = visitor.decide("github", next="/there/")
    visitor.decide("github", next="/home/")
    assert visitor.bring(first)["Location"] == "/there/"


def test_what_is_under_way_takes_little_room_and_the_oldest_goes_first(install, visitor):
    install("github")
    callbacks = [visitor.decide("github", next=f"/{'x' * 900}") for _ in range(12)]
    kept = visitor.client.session[state.KEY]
    assert 1 <= len(kept) < state.MOST
    assert len(str(kept)) < state.LARGEST * 1.1
    assert visitor.bring(callbacks[0]).status_code == 400
    assert visitor.bring(callbacks[-1]).status_code == 302


def test_a_login_that_was_begun_too_long_ago_is_forgotten(install, visitor):
    install("github")
    old = visitor.decide("github")
    session = visitor.client.session
    session[state.KEY][0]["session"]["created"] -= 3700
    session.save()
    visitor.begin("github")
    assert len(visitor.client.session[state.KEY]) == 1
    assert visitor.bring(old).status_code == 400


@pytest.mark.parametrize("provider", provider_ids())
def test_a_callback_that_nobody_asked_for_is_refused_everywhere(provider, install, visitor, simulator):
    install(provider)
    path = get_resolver().reverse(f"{provider}_callback")
    said = {"code": "c", "state": "s", "oauth_token": "t", "oauth_verifier": "v", "openid.mode": "id_res"}
    for answer in (visitor.client.get(f"/{path}", said), visitor.follow(visitor.client.post(f"/{path}", said))):
        assert answer.status_code == 400
    assert asked_the_provider(simulator) == 0


@pytest.mark.parametrize("extra", ["", "?", "?code=", "?state=", "?error=access_denied", "?code=1&code=2", "?%ff=%ff",
                                   "?state=%00", "?" + "a=1&" * 400, "?state=" + "x" * 5000,
                                   "?oauth_token[]=1"])  # fmt: skip
@pytest.mark.parametrize("provider", ["github", "twitter", "openid", "telegram", "apple"])
def test_nonsense_is_answered_with_a_page(provider, extra, install, visitor):
    install(provider)
    visitor.begin(provider)
    path = get_resolver().reverse(f"{provider}_callback")
    assert visitor.client.get(f"/{path}{extra}").status_code in (200, 400)
    assert not visitor.logged_in


# where the browser goes on


@pytest.mark.parametrize("evil", [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example", "http:evil",
    "javascript:alert(1)", "https:///evil.example", f"http://{HOST}@evil.example/", f"http://{HOST}.evil.example/",
    "/%0d%0aSet-Cookie:x=1\r\nX: 1", "\thttps://evil.example", " //evil.example", "data:text/html,x",
    "//evil%00.example",
    "http://evil.example\\@127.0.0.1:8000/", "x" * 3000, "\0/", "https://127.0.0.1:8000:evil/", "ftp://127.0.0.1:8000/",
])  # fmt: skip
def test_nobody_is_sent_to_another_site(evil, install, visitor):
    install("github")
    answer = visitor.login("github", next=evil)
    target = answer["Location"]
    assert urlsplit(target).netloc in ("", HOST)
    assert target == "/home/" or not target.startswith(("//", "/\\", "\\"))
    assert "evil" not in urlsplit(target).netloc
    assert "\r" not in target


def test_a_page_of_this_site_may_be_named_in_full(install, visitor):
    install("github")
    assert visitor.login("github", next=f"http://{HOST}/there/")["Location"] == f"http://{HOST}/there/"


def test_a_secure_site_sends_nobody_to_an_insecure_page(install, visitor):
    request = RequestFactory().get("/", secure=True, headers={"host": HOST})
    assert adapter().next_url(request, f"http://{HOST}/there/") == "/home/"
    assert adapter().next_url(request, f"https://{HOST}/there/") == f"https://{HOST}/there/"


# sessions


def test_the_session_has_another_key_after_a_login(install, visitor):
    install("github")
    visitor.begin("github")
    before = visitor.client.session.session_key
    visitor.login("github")
    after = visitor.client.session.session_key
    assert before != after
    visitor.login("github")  # again, the same person
    assert visitor.client.session.session_key != after


def test_nothing_of_a_login_is_left_in_the_session(install, visitor):
    install("github")
    visitor.login("github")
    assert set(visitor.client.session.keys()) <= {
        *("_auth_user_id", "_auth_user_backend", "_auth_user_hash"),
        state.KEY,
    }
    assert not visitor.client.session.get(state.KEY)


def test_headers_of_a_proxy_count_only_as_django_is_told(install, visitor, settings):
    install("github")
    told = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"}
    answer = visitor.client.post(LOGIN, headers=told)
    assert query(answer["Location"])["redirect_uri"] == f"http://{HOST}{BACK}"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    answer = visitor.client.post(LOGIN, headers=told)
    assert query(answer["Location"])["redirect_uri"] == f"https://{HOST}{BACK}"


def test_a_host_that_is_not_allowed_begins_nothing(install, visitor):
    install("github")
    assert visitor.client.post(LOGIN, headers={"host": "evil.example"}).status_code == 400


# how often


def test_who_begins_too_often_has_to_wait(install, visitor, settings):
    settings.SOCIALACCOUNT_RATE_LIMITS = {"login": 2}
    install("github")
    assert [visitor.client.post(LOGIN).status_code for _ in range(4)] == [302, 302, 429, 429]
    assert visitor.client.post(LOGIN)["Retry-After"] == "60"
    assert visitor.client.post(LOGIN, REMOTE_ADDR="10.0.0.9").status_code == 302  # somebody else
    assert visitor.client.post(LOGIN, headers={"X-Forwarded-For": "10.0.0.8"}).status_code == 429


def test_callbacks_and_forms_have_limits_too(install, visitor, settings):
    settings.SOCIALACCOUNT_RATE_LIMITS = {"callback": 1, "signup": 1}
    install("github")
    assert [visitor.client.get(BACK + "?code=1&state=2").status_code for _ in range(2)] == [400, 429]
    assert [visitor.client.get("/accounts/social/signup/").status_code for _ in range(2)] == [302, 429]


def test_limits_end_where_the_site_says_so(install, visitor, settings):
    settings.SOCIALACCOUNT_RATE_LIMITS = False
    install("github")
    assert {visitor.client.post(LOGIN).status_code for _ in range(70)} == {302}


@pytest.mark.parametrize(("one", "other", "together"), [
    ("10.0.0.1", "10.0.0.2", False), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
    ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
])  # fmt: skip
def test_an_address_is_a_customer_s(one, other, together, settings):
    settings.SOCIALACCOUNT_RATE_LIMITS = {"login": 1}
    assert not limits.exceeded(RequestFactory().get("/", REMOTE_ADDR=one), "login")
    assert limits.exceeded(RequestFactory().get("/", REMOTE_ADDR=other), "login") == together


def test_a_server_behind_a_socket_counts_nobody_until_the_adapter_knows(settings):
    settings.SOCIALACCOUNT_RATE_LIMITS = {"login": 1}
    request = RequestFactory().get("/", REMOTE_ADDR="", headers={"X-Forwarded-For": "9.9.9.9"})
    assert [limits.exceeded(request, "login") for _ in range(3)] == [False] * 3
    settings.SOCIALACCOUNT_ADAPTER = f"{__name__}.BehindProxy"
    assert [limits.exceeded(request, "login") for _ in range(2)] == [False, True]


class BehindProxy(Adapter):
    def client_address(self, request):
        return request.headers["X-Forwarded-For"].rpartition(",")[2].strip()


# secrets


class Breaking(Adapter):
    def before_login(self, request, identity, account):
        raise RuntimeError("broken by the site")


@pytest.fixture
def mails(settings):
    """What Django mails to the site's people about an error, with every detail it has."""
    settings.ADMINS = admins
    logger = logging.getLogger("django.request")
    from django.utils.log import AdminEmailHandler

    handler = AdminEmailHandler(include_html=True)
    handler.setLevel(logging.ERROR)
    logger.addHandler(handler)
    yield lambda: "".join(f"{m.subject}{m.body}{m.alternatives}" for m in mail.outbox)
    logger.removeHandler(handler)


def secrets_of(callback, simulator, provider):
    app = simulator.world.apps.ready(provider)
    told = [value for name, value in {**callback.params, **callback.fragment}.items() if name not in ("iss", "scope")]
    return [value for value in (*told, app.client_secret) if len(value) > 12 and not value.startswith("http")]


@pytest.mark.parametrize("provider", ["github", "google", "apple", "twitter", "openid"])
def test_a_mail_about_an_error_tells_no_secret(provider, install, visitor, simulator, settings, mails, caplog):
    settings.SOCIALACCOUNT_ADAPTER = f"{__name__}.Breaking"
    install(provider)
    visitor.client.raise_request_exception = False
    callback = visitor.decide(provider)
    answer = visitor.bring(callback)
    assert answer.status_code == 500
    assert "broken by the site" in mails()
    assert "/callback/" in mails()
    hidden = [*secrets_of(callback, simulator, provider), visitor.client.cookies["sessionid"].value]
    assert hidden[1:]
    for value in (*hidden, "gho_", "ya29."):
        assert value not in mails(), value
        assert value not in caplog.text


def test_a_form_s_error_tells_no_secret_either(install, visitor, settings, mails, monkeypatch):
    from providers.django import flows

    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    install("github")
    visitor.login("github")
    monkeypatch.setattr(flows, "sign_up", lambda *_: 1 / 0)
    visitor.client.raise_request_exception = False
    visitor.client.post("/accounts/social/signup/", {"username": "private-name", "email": "private@example.com"})
    assert "ZeroDivisionError" in mails()
    for value in ("gho_", "private-name", "private@example.com", visitor.client.cookies["sessionid"].value):
        assert value not in mails()


@pytest.mark.parametrize("step", ["token", "userinfo"])
@pytest.mark.parametrize("fault", ["server_error", "html_error", "truncated", "empty_body", "rate_limited", "denied",
                                   "expired_token", "error:bad_verification_code"])  # fmt: skip
def test_pages_logs_and_mails_of_a_failed_login_tell_no_secret(fault, step, install, visitor, simulator, caplog, mails):
    install("github")
    where = {"denied": "", "expired_token": "", "error:bad_verification_code": "token"}.get(fault, step)
    simulator.world.faults.add(fault, provider="github", step=where)
    caplog.set_level(logging.DEBUG)
    page = visitor.login("github")
    assert not visitor.logged_in
    text = page.content.decode() + caplog.text + mails()
    for value in ("gho_", "mockidp-secret", "Traceback", visitor.client.cookies["sessionid"].value):
        assert value not in text
    assert page.templates[0].name in ("providers/error.html", "providers/cancelled.html")
    assert "GitHub" in page.content.decode()


def test_a_wrong_secret_is_the_sites_own_mistake_and_is_not_shown(install, visitor, settings, caplog):
    install("github")
    settings.SOCIALACCOUNT_PROVIDERS["github"]["APP"]["secret"] = "a-wrong-secret-of-this-site"
    page = visitor.login("github")
    assert page.status_code == 500
    assert "not set up correctly" in page.content.decode()
    assert "invalid_client" in caplog.text
    assert "a-wrong-secret" not in page.content.decode() + caplog.text


@pytest.mark.parametrize("told", ["<script>alert(1)</script>", "line\nanother", "access_denied<b>", "x" * 900])
def test_what_a_callback_says_gets_into_no_page_and_no_log(told, install, visitor, caplog):
    install("github")
    url, _ = visitor.begin("github")
    answer = visitor.client.get(BACK, {"error": told, "state": query(url)["state"], "error_description": told})
    assert answer.status_code == 400
    assert told not in answer.content.decode()
    assert told not in caplog.text


def test_tokens_are_encrypted_in_the_database_and_hidden_in_texts(install, visitor):
    from django.db import connection

    install("github")
    visitor.login("github")
    with connection.cursor() as cursor:
        cursor.execute("SELECT access FROM providers_django_token")
        stored = cursor.fetchone()[0]
    token = Token.objects.get()
    assert token.access not in stored
    assert token.access not in f"{token} {token!r} {token.account!r}"


def test_a_raw_profile_holds_no_token(install, visitor):
    for provider in ("github", "google", "twitter", "facebook"):
        install(provider)
        visitor.login(provider, "alice" if provider == "github" else "carol")
        visitor.client.logout()
    for account in Account.objects.all():
        token = Token.objects.get(account=account)
        assert token.access not in str(account.raw)
        assert not token.refresh or token.refresh not in str(account.raw)


def test_pages_of_a_login_are_kept_by_no_cache(install, visitor):
    install("github")
    for answer in (visitor.client.get(LOGIN), visitor.client.post(LOGIN), visitor.client.get(BACK + "?code=1")):
        assert "no-store" in answer["Cache-Control"]


def test_an_error_in_development_shows_what_there_is(settings):
    from providers.django.discreet import Discreet

    request = RequestFactory().post("/?a=1", {"name": "value"})
    settings.DEBUG = True
    assert Discreet().get_post_parameters(request)["name"] == "value"
    settings.DEBUG = False
    assert Discreet().get_post_parameters(request)["name"] != "value"
