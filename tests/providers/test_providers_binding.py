"""A callback that does not belong to the session reaches no endpoint, whatever is wrong with it."""

import json

import pytest

from providers import DeniedByUser, LoginError, ProviderUnavailable, StateMismatch

OAUTH2 = ["apple", "facebook", "github", "google", "keycloak", "nextcloud", "weixin"]
ALL = [*OAUTH2, "shopify", "steam", "telegram"]


def begun(script, provider):
    return script.begin(provider, **({"shop": "petstore"} if provider.id == "shopify" else {})).session


@pytest.fixture
def login(script, make):
    """A provider and the session of a login begun there; a script that expects no request at all."""

    def login(name, **kwargs):
        provider = make(name, **kwargs)
        return provider, begun(script, provider)

    return login


def good(session, name):
    if name == "steam":
        return {"state": session["state"], "openid.mode": "id_res", "openid.return_to": session["return_to"]}
    if name == "telegram":
        return {"state": session["state"], "id": "1", "auth_date": "1", "hash": "0" * 64}
    return {"state": session["state"], "code": "c0de"}


@pytest.mark.parametrize("name", ALL)
def test_a_callback_without_state_is_refused(login, script, refused, name):
    provider, session = login(name)
    callback = good(session, name)
    callback.pop("state")
    callback.pop("openid.return_to", None)
    assert refused(script.finish, provider, session, callback).code == "state_missing"
    assert session["used"] is False


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("wrong", ["x", "{}x", "{}é", "\ud800"])
def test_an_altered_state_is_refused(login, script, refused, name, wrong):
    provider, session = login(name)
    callback = {**good(session, name), "state": wrong.format(session["state"])}
    error = refused(script.finish, provider, session, callback)
    assert (type(error), error.code) == (StateMismatch, "callback_malformed" if wrong == "\ud800" else "state_mismatch")
    assert session["used"] is False


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("same", [True, False])
def test_a_state_that_comes_twice_is_refused(login, script, refused, name, same):
    provider, session = login(name)
    callback = [*good(session, name).items(), ("state", session["state"] if same else "other")]
    assert refused(script.finish, provider, session, callback).code == "duplicate_parameter"


@pytest.mark.parametrize("name", OAUTH2)
@pytest.mark.parametrize("extra", [("code", "c0de"), ("code", ""), ("iss", "x"), ("id_token", "y"), ("error", "z")])
def test_a_security_parameter_that_comes_twice_is_refused(login, script, refused, name, extra):
    provider, session = login(name)
    callback = [*good(session, name).items(), extra, extra]
    assert refused(script.finish, provider, session, callback).code == "duplicate_parameter"


@pytest.mark.parametrize("name", OAUTH2)
def test_a_code_together_with_an_error_is_refused(login, script, refused, name):
    provider, session = login(name)
    callback = {**good(session, name), "error": "access_denied"}
    assert refused(script.finish, provider, session, callback).code == "code_and_error"


@pytest.mark.parametrize("name", [one for one in OAUTH2 if one != "weixin"])
def test_a_callback_without_code_is_refused(login, script, refused, name):
    provider, session = login(name)
    assert refused(script.finish, provider, session, {"state": session["state"], "code": ""}).code == "code_missing"


def test_weixin_said_no_with_a_callback_without_code(login, script, refused):
    provider, session = login("weixin")
    error = refused(script.finish, provider, session, {"state": session["state"]})
    assert (type(error), error.code) == (DeniedByUser, "access_denied")


@pytest.mark.parametrize("name", ALL)
def test_a_session_is_good_once(login, script, refused, name):
    provider, session = login(name)
    session = json.loads(json.dumps(session))
    declined = {"state": session["state"], "error": "access_denied", "openid.mode": "cancel", "code": ""}
    if name in ("steam", "telegram"):
        declined.pop("code")
    if name != "steam":
        declined.pop("openid.mode")
    refused(script.finish, provider, session, declined)
    assert session["used"] is True
    assert refused(script.finish, provider, session, good(session, name)).code == "session_used"


@pytest.mark.parametrize("name", ALL)
def test_a_session_of_another_provider_is_refused(login, script, refused, name):
    provider, session = login(name)
    _, other = login("github" if name != "github" else "google")
    assert refused(script.finish, provider, other, good(session, name)).code == "session_of_other_provider"


@pytest.mark.parametrize(("age", "code"), [(3601, "session_expired"), (-61, "session_expired"), (3600, "code_missing")])
def test_a_session_is_good_for_an_hour(script, make, refused, now, age, code):
    github = make("github")
    session = script.begin(github).session
    later = make("github", clock=lambda: now + age)
    assert refused(script.finish, later, session, {"state": session["state"]}).code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda s: s.clear(), "session_missing"),
        (lambda s: s.update(provider=None), "session_missing"),
        (lambda s: s.update(created="now"), "session_invalid"),
        (lambda s: s.update(created=True), "session_invalid"),
        (lambda s: s.update(used=0), "session_used"),
        (lambda s: s.pop("used"), "session_used"),
        (lambda s: s.update(state=None), "session_invalid"),
        (lambda s: s.update(verifier=7), "session_invalid"),
        (lambda s: s.pop("redirect_uri"), "session_invalid"),
    ],
)
def test_a_damaged_session_is_refused(login, script, refused, change, code):
    provider, session = login("github")
    callback = good(session, "github")
    change(session)
    assert refused(script.finish, provider, session, callback).code == code


@pytest.mark.parametrize("session", [None, "x", [], 7])
def test_what_is_no_session_is_refused(make, script, refused, session):
    assert refused(script.finish, make("github"), session, "code=1").code == "session_missing"


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("github", {"openid.mode": "id_res"}),
        ("google", {"oauth_token": "x"}),
        ("nextcloud", {"oauth_verifier": "x"}),
        ("steam", {"code": "x"}),
        ("steam", {"oauth_token": "x"}),
        ("telegram", {"code": "x"}),
        ("telegram", {"openid.sig": "x"}),
    ],
)
def test_parameters_of_another_protocol_are_refused(login, script, refused, name, extra):
    provider, session = login(name)
    error = refused(script.finish, provider, session, {**good(session, name), **extra})
    assert (type(error), error.code) == (StateMismatch, "foreign_parameter")


@pytest.mark.parametrize("extra", [{"hash": "x"}, {"tgAuthResult": "x"}])
def test_telegram_by_openid_connect_takes_no_widget_result(script, make, refused, extra):
    telegram = make("telegram", {})
    session = script.begin(telegram).session
    callback = {"state": session["state"], "code": "c", **extra}
    assert refused(script.finish, telegram, session, callback).code == "foreign_parameter"


@pytest.mark.parametrize(
    ("name", "iss"),
    [
        ("github", "https://github.com"),
        ("github", "https://evil.example/login/oauth"),
        ("google", "https://accounts.google.com/"),
        ("keycloak", "https://kc.example/auth/realms/other"),
    ],
)
def test_a_callback_of_another_issuer_is_refused(login, script, refused, name, iss):
    provider, session = login(name)
    assert refused(script.finish, provider, session, {**good(session, name), "iss": iss}).code == "wrong_issuer"


@pytest.mark.parametrize(
    ("name", "error", "code", "kind"),
    [
        *[(name, "access_denied", "access_denied", DeniedByUser) for name in OAUTH2],
        ("apple", "user_cancelled_authorize", "access_denied", DeniedByUser),
        ("google", "interaction_required", "interaction_required", LoginError),
        ("github", "redirect_uri_mismatch", "redirect_uri_mismatch", LoginError),
        ("github", "application_suspended", "token_refused", LoginError),
        ("keycloak", "temporarily_unavailable", "temporarily_unavailable", ProviderUnavailable),
        ("nextcloud", "unsupported_response_type", "unsupported_response_type", LoginError),
    ],
)
def test_an_error_on_the_callback_keeps_its_meaning(login, script, refused, name, error, code, kind):
    provider, session = login(name)
    raised = refused(script.finish, provider, session, {"state": session["state"], "error": error})
    assert (raised.code, raised.step, raised.detail, raised.provider) == (code, "authorize", error, name)
    assert isinstance(raised, kind)


# twitter: bound by the request token

REQUEST_TOKEN = "oauth_token=req&oauth_token_secret=sec&oauth_callback_confirmed=true"


@pytest.fixture
def twitter(script, make):
    provider = make("twitter")
    script.expect("POST", "https://api.x.com/oauth/request_token", answer=REQUEST_TOKEN, kind="text/html")
    return provider, script.begin(provider).session


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        ("oauth_token=other&oauth_verifier=v", "state_mismatch"),
        ("oauth_verifier=v", "state_missing"),
        ("oauth_token=req", "code_missing"),
        ("oauth_token=req&oauth_token=req&oauth_verifier=v", "duplicate_parameter"),
        ("oauth_token=req&oauth_verifier=v&oauth_verifier=w", "duplicate_parameter"),
        ("oauth_token=req&oauth_verifier=v&denied=req", "code_and_error"),
        ("denied=other", "state_mismatch"),
        ("denied=req", "access_denied"),
        ("oauth_token=req&oauth_verifier=v&code=c", "foreign_parameter"),
        ("oauth_token=req&oauth_verifier=v&openid.mode=id_res", "foreign_parameter"),
    ],
)
def test_twitter_takes_only_its_own_callback(twitter, script, refused, callback, code):
    provider, session = twitter
    assert refused(script.finish, provider, session, callback).code == code
    script.done()


def test_twitter_finishes_a_session_once(twitter, script, refused):
    provider, session = twitter
    assert isinstance(refused(script.finish, provider, session, "denied=req"), DeniedByUser)
    assert refused(script.finish, provider, session, "oauth_token=req&oauth_verifier=v").code == "session_used"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("oauth_token=req&oauth_token_secret=sec", "bad_response"),
        ("oauth_token=req&oauth_token_secret=sec&oauth_callback_confirmed=false", "bad_response"),
        ("oauth_token=req&oauth_callback_confirmed=true", "bad_response"),
        ("oauth_token=a&oauth_token=b&oauth_token_secret=sec&oauth_callback_confirmed=true", "bad_response"),
        ("", "bad_response"),
        ("<html>", "bad_response"),
    ],
)
def test_a_request_token_must_be_complete(script, make, refused, answer, code):
    script.expect("POST", "https://api.x.com/oauth/request_token", answer=answer, kind="text/html")
    assert refused(script.begin, make("twitter")).code == code


# shopify: bound by state, hmac, shop and time


def signed(session, now, secret="s3cret-of-the-app", **changes):
    import hashlib
    import hmac
    from urllib.parse import urlencode

    params = {
        "code": "c0de",
        "shop": "petstore.myshopify.com",
        "state": session["state"],
        "timestamp": str(now),
        **changes,
    }
    mac = hmac.new(secret.encode(), urlencode(sorted(params.items())).encode(), hashlib.sha256).hexdigest()
    return {**params, "hmac": mac}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "another"}, "hmac_mismatch"),
        ({"shop": "evil.myshopify.com"}, "shop_mismatch"),
        ({"shop": "petstore.myshopify.com.evil.example"}, "shop_mismatch"),
        ({"timestamp": "1"}, "callback_expired"),
        ({"timestamp": "soon"}, "callback_expired"),
    ],
)
def test_shopify_takes_only_its_own_callback(login, script, refused, now, change, code):
    provider, session = login("shopify")
    assert refused(script.finish, provider, session, signed(session, now, **change)).code == code


@pytest.mark.parametrize("change", [{"hmac": ""}, {"hmac": "0" * 64}, {"host": "added"}, {"timestamp": "1789999999"}])
def test_shopify_notices_what_was_changed_after_signing(login, script, refused, now, change):
    provider, session = login("shopify")
    assert refused(script.finish, provider, session, {**signed(session, now), **change}).code == "hmac_mismatch"


@pytest.mark.parametrize(
    "shop", [None, "", "evil.example", "a.b", "a/b", "a#", "petstore.myshopify.com.evil.example", "-x", "a\nb", "é", 7]
)
def test_shopify_takes_only_a_shop_name(script, make, refused, shop):
    assert refused(script.begin, make("shopify"), shop=shop).code == "shop"


# telegram: bound by state, hash and age


def test_telegram_refuses_a_login_that_is_old_altered_or_denied(script, make, refused, now):
    import base64
    import hashlib
    import hmac

    def callback(session, when=now, **changes):
        fields = {"id": "99", "auth_date": str(when)}
        lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
        key = hashlib.sha256(b"4242:bot-token-of-a-test").digest()
        digest = hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()
        return {"state": session["state"], **fields, "hash": digest, **changes}

    def code(make_callback, settings=None):
        provider = make("telegram", None if settings is None else {"TOKEN": "4242:bot-token-of-a-test", **settings})
        session = script.begin(provider).session
        return refused(script.finish, provider, session, make_callback(session)).code

    assert code(lambda s: callback(s, id="98")) == "bad_signature"
    assert code(lambda s: callback(s, username="root")) == "bad_signature"
    assert code(lambda s: callback(s, hash="")) == "bad_signature"
    assert code(lambda s: callback(s, when=now - 31)) == "expired"
    assert code(lambda s: callback(s, when=now + 61)) == "expired"
    assert code(lambda s: callback(s, when=now - 100), {"auth_date_validity": 99}) == "expired"
    assert code(lambda s: callback(s, when=now - 100), {"AUTH_PARAMS": {"auth_date_validity": 99}}) == "expired"
    provider = make("telegram", {"TOKEN": "4242:bot-token-of-a-test", "AUTH_PARAMS": {"auth_date_validity": 100}})
    session = script.begin(provider).session
    assert script.finish(provider, session, callback(session, when=now - 100)).uid == "99"
    packed = base64.urlsafe_b64encode(b"false").decode()
    assert code(lambda s: {"state": s["state"], "tgAuthResult": packed}) == "access_denied"
    for junk in ("!", "e30", "W10=", base64.urlsafe_b64encode(b'{"id": true}').decode(), "bnVsbA"):
        assert code(lambda s, junk=junk: {"state": s["state"], "tgAuthResult": junk}) in (
            "callback_malformed",
            "bad_signature",
        )
