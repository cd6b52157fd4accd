"""Each way in which a provider says no, and what the caller hears."""

import json
import pickle

import pytest

from providers import IdentityUnusable, Misconfigured, ProviderUnavailable, TokenRefused

JSON, HTML, FORM, TEXT = (
    "application/json",
    "text/html; charset=UTF-8",
    "application/x-www-form-urlencoded",
    "text/plain",
)
SECRET = "s3cret-of-the-app"


class Anything:
    """A script whose answers matter and whose requests are checked elsewhere."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def client(self):
        import httpx

        def handle(request):
            status, body, kind, *headers = self.answers.pop(0)
            if not isinstance(body, str | bytes):
                body = json.dumps(body)
            content = body.encode() if isinstance(body, str) else body
            return httpx.Response(
                status, content=content, headers={"Content-Type": kind, **(headers[0] if headers else {})}
            )

        return httpx.Client(transport=httpx.MockTransport(handle))


@pytest.fixture
def answers_to(make, refused, now):
    """The error of a login whose steps are answered like this."""

    def run(name, *answers, settings=None):
        provider = make(name, settings)
        other = Anything(*answers)
        session = provider.begin(
            redirect_uri="https://app.example/cb", **({"shop": "petstore"} if name == "shopify" else {})
        ).session
        callback = {"state": session["state"], "code": "c0de"}
        if name == "shopify":
            import hashlib
            import hmac
            from urllib.parse import urlencode

            callback |= {"shop": "petstore.myshopify.com", "timestamp": str(now)}
            signed = urlencode(sorted(callback.items())).encode()
            callback["hmac"] = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        error = refused(provider.finish, session, callback, http=other.client())
        assert not other.answers
        assert error.provider == name
        assert SECRET not in f"{error!r} {error} {error.detail}"
        assert "c0de" not in f"{error!r} {error} {error.detail}"
        return error

    return run


def graph(code, subcode=None):
    error = {"message": "…", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    return {"error": error if subcode is None else {**error, "error_subcode": subcode}}


TOKEN_ERRORS = [
    ("google", 400, {"error": 7.5}, JSON, "token_refused", TokenRefused),
    ("google", 200, {"error": True, "access_token": "t"}, JSON, "token_refused", TokenRefused),
    ("google", 200, {"error": {"a": 1}, "access_token": "t"}, JSON, "token_refused", TokenRefused),
    ("github", 200, {"error": "bad_verification_code"}, JSON, "invalid_grant", TokenRefused),
    ("github", 200, "error=bad_verification_code&error_description=x", FORM, "invalid_grant", TokenRefused),
    ("github", 200, {"error": "incorrect_client_credentials"}, JSON, "invalid_client", Misconfigured),
    ("github", 200, {"error": "redirect_uri_mismatch"}, JSON, "redirect_uri_mismatch", Misconfigured),
    ("github", 200, {"error": "unverified_user_email"}, JSON, "unverified_user_email", IdentityUnusable),
    (
        "google",
        400,
        {"error": "invalid_grant", "error_description": "Bad Request"},
        JSON,
        "invalid_grant",
        TokenRefused,
    ),
    ("google", 400, {"error": "redirect_uri_mismatch"}, JSON, "redirect_uri_mismatch", Misconfigured),
    ("google", 401, {"error": "invalid_client"}, JSON, "invalid_client", Misconfigured),
    ("google", 401, {"error": "unauthorized_client"}, JSON, "unauthorized_client", Misconfigured),
    ("apple", 400, {"error": "invalid_grant"}, JSON, "invalid_grant", TokenRefused),
    ("apple", 400, {"error": "invalid_client"}, JSON, "invalid_client", Misconfigured),
    ("shopify", 400, {"error": "invalid_request", "error_description": "x"}, JSON, "invalid_grant", TokenRefused),
    ("shopify", 406, {"error": "invalid_request"}, JSON, "invalid_grant", TokenRefused),
    ("shopify", 400, {"error": "invalid_client"}, JSON, "invalid_client", Misconfigured),
    ("shopify", 400, "<html><title>Oauth error", HTML, "bad_response", ProviderUnavailable),
    ("facebook", 400, graph(100), JSON, "invalid_grant", TokenRefused),
    ("facebook", 400, graph(100, 36009), JSON, "invalid_grant", TokenRefused),
    ("facebook", 400, graph(100, 36008), JSON, "redirect_uri_mismatch", Misconfigured),
    ("facebook", 400, graph(101), JSON, "invalid_client", Misconfigured),
    ("facebook", 400, graph(1), JSON, "invalid_client", Misconfigured),
    ("facebook", 500, graph(1), JSON, "server_error", ProviderUnavailable),
    ("facebook", 403, graph(4), JSON, "rate_limited", ProviderUnavailable),
    ("weixin", 200, {"errcode": 40029, "errmsg": "invalid code, rid: x"}, TEXT, "invalid_grant", TokenRefused),
    ("weixin", 200, {"errcode": 40163, "errmsg": "x"}, TEXT, "invalid_grant", TokenRefused),
    ("weixin", 200, {"errcode": 40125, "errmsg": "x"}, TEXT, "invalid_client", Misconfigured),
    ("weixin", 200, {"errcode": 40001, "errmsg": "x"}, TEXT, "invalid_client", Misconfigured),
    ("weixin", 200, {"errcode": 40002, "errmsg": "x"}, TEXT, "unsupported_grant_type", Misconfigured),
    ("weixin", 200, {"errcode": -1, "errmsg": "system error"}, TEXT, "server_error", ProviderUnavailable),
    ("weixin", 200, {"errcode": 45011, "errmsg": "x"}, TEXT, "rate_limited", ProviderUnavailable),
    ("weixin", 200, {"errcode": 99999, "errmsg": "x"}, TEXT, "token_refused", TokenRefused),
    ("nextcloud", 400, {"error": "invalid_request"}, JSON, "invalid_grant", TokenRefused),
    ("nextcloud", 400, {"error": "invalid_grant"}, JSON, "invalid_grant", TokenRefused),
    ("nextcloud", 400, {"error": "invalid_client"}, JSON, "invalid_client", Misconfigured),
    (
        "keycloak",
        400,
        {"error": "invalid_grant", "error_description": "Code not valid"},
        JSON,
        "invalid_grant",
        TokenRefused,
    ),
    ("keycloak", 401, {"error": "unauthorized_client"}, JSON, "invalid_client", Misconfigured),
    ("keycloak", 403, {"error": "access_denied"}, JSON, "access_denied", TokenRefused),
]
ANY_TOKEN_ERROR = [
    (401, "", TEXT, "invalid_client", Misconfigured),
    (429, "", TEXT, "rate_limited", ProviderUnavailable),
    (500, "<html>", HTML, "server_error", ProviderUnavailable),
    (503, {"error": "temporarily_unavailable"}, JSON, "server_error", ProviderUnavailable),
    (200, "", JSON, "bad_response", ProviderUnavailable),
    (200, "<html>", HTML, "bad_response", ProviderUnavailable),
    (200, "{", JSON, "bad_response", ProviderUnavailable),
    (200, "[]", JSON, "bad_response", ProviderUnavailable),
    (200, {}, JSON, "bad_response", ProviderUnavailable),
    (200, {"access_token": "t"}, HTML, "bad_response", ProviderUnavailable),
    (200, {"access_token": ""}, JSON, "bad_response", ProviderUnavailable),
    (200, {"access_token": None}, JSON, "bad_response", ProviderUnavailable),
    (200, {"access_token": 7}, JSON, "bad_response", ProviderUnavailable),
    (200, {"access_token": "a\r\nX: y"}, JSON, "bad_response", ProviderUnavailable),
    (200, {"access_token": "\ud800"}, JSON, "bad_response", ProviderUnavailable),
    (200, b"\xff\xfe", JSON, "bad_response", ProviderUnavailable),
    (302, "", TEXT, "bad_response", ProviderUnavailable),
    (404, "Not Found", TEXT, "bad_response", ProviderUnavailable),
]


@pytest.mark.parametrize(
    ("name", "status", "body", "kind", "code", "error_type"),
    TOKEN_ERRORS,
    ids=[f"{one[0]}-{one[1]}-{str(one[2])[:60]}" for one in TOKEN_ERRORS],
)
def test_a_refusal_at_the_token_step_keeps_its_meaning(answers_to, name, status, body, kind, code, error_type):
    error = answers_to(name, (status, body, kind))
    assert (error.code, type(error), error.step) == (code, error_type, "token")


@pytest.mark.parametrize(
    "name", ["apple", "facebook", "github", "google", "keycloak", "nextcloud", "shopify", "weixin"]
)
@pytest.mark.parametrize(("status", "body", "kind", "code", "error_type"), ANY_TOKEN_ERROR)
def test_an_unreadable_token_answer_is_the_providers_fault(answers_to, name, status, body, kind, code, error_type):
    error = answers_to(name, (status, body, kind))
    assert (error.code, type(error), error.step) == (code, error_type, "token")


TOKENS = {
    "github": {"access_token": "gho_t"},
    "facebook": {"access_token": "EAA"},
    "shopify": {"access_token": "shpat_t"},
    "weixin": {"access_token": "9_t", "openid": "oX"},
    "nextcloud": {"access_token": "t", "user_id": "al"},
    "keycloak": {"access_token": "t"},
    "google": {"access_token": "t"},
}
WITHOUT_OPENID = {"keycloak": {"SCOPE": ["email"]}, "google": {"SCOPE": ["email"]}}
BEARER = 'Bearer realm="master", error="{}", error_description="x"'
USERINFO_ERRORS = [
    ("github", 200, [], JSON, {}, "bad_response", ProviderUnavailable),
    ("google", 200, [{"sub": "1"}], JSON, {}, "bad_response", ProviderUnavailable),
    ("keycloak", 400, {"error": "invalid_token"}, JSON, {}, "invalid_token", TokenRefused),
    ("keycloak", 400, "", TEXT, {"WWW-Authenticate": BEARER.format("made_up")}, "bad_response", ProviderUnavailable),
    ("keycloak", 404, {"error": "Realm does not exist"}, JSON, {}, "token_refused", TokenRefused),
    ("keycloak", 400, {"message": "x"}, JSON, {}, "invalid_request", TokenRefused),
    ("keycloak", 404, {"message": "x"}, JSON, {}, "bad_response", ProviderUnavailable),
    ("keycloak", 403, {"message": "x"}, HTML, {}, "bad_response", ProviderUnavailable),
    ("github", 401, {"message": "x"}, JSON, {"X-RateLimit-Remaining": "0"}, "invalid_token", TokenRefused),
    ("github", 401, {"message": "Bad credentials"}, JSON, {}, "invalid_token", TokenRefused),
    ("github", 403, {"message": "x"}, JSON, {"X-RateLimit-Remaining": "0"}, "rate_limited", ProviderUnavailable),
    ("github", 403, {"message": "x"}, JSON, {"Retry-After": "7"}, "rate_limited", ProviderUnavailable),
    ("github", 403, {"message": "x"}, JSON, {}, "insufficient_scope", TokenRefused),
    ("github", 403, "<html>", HTML, {}, "bad_response", ProviderUnavailable),
    (
        "google",
        401,
        {"error": "invalid_request", "error_description": "Invalid Credentials"},
        JSON,
        {},
        "invalid_token",
        TokenRefused,
    ),
    ("google", 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}, JSON, {}, "invalid_token", TokenRefused),
    (
        "google",
        403,
        {"error": {"code": 403, "status": "PERMISSION_DENIED"}},
        JSON,
        {},
        "insufficient_scope",
        TokenRefused,
    ),
    ("google", 403, {"error": {"errors": [], "code": 403}}, JSON, {}, "insufficient_scope", TokenRefused),
    ("shopify", 401, {"errors": "[API] Invalid API key or access token"}, JSON, {}, "invalid_token", TokenRefused),
    (
        "shopify",
        403,
        {"errors": "[API] This action requires merchant approval"},
        JSON,
        {},
        "insufficient_scope",
        TokenRefused,
    ),
    ("shopify", 402, {"errors": "x"}, JSON, {}, "account_suspended", IdentityUnusable),
    ("shopify", 429, {"errors": "x"}, JSON, {"Retry-After": "2.0"}, "rate_limited", ProviderUnavailable),
    ("facebook", 400, graph(190), JSON, {}, "invalid_token", TokenRefused),
    ("facebook", 400, graph(190, 463), JSON, {}, "invalid_token", TokenRefused),
    ("facebook", 401, graph(190, 458), JSON, {}, "invalid_token", TokenRefused),
    ("facebook", 400, graph(2500), JSON, {}, "invalid_token", TokenRefused),
    ("facebook", 403, graph(10), JSON, {}, "insufficient_scope", TokenRefused),
    ("facebook", 400, graph(230), JSON, {}, "insufficient_scope", TokenRefused),
    ("facebook", 403, graph(4), JSON, {}, "rate_limited", ProviderUnavailable),
    ("facebook", 400, graph(17), JSON, {}, "rate_limited", ProviderUnavailable),
    ("facebook", 500, graph(2), JSON, {}, "server_error", ProviderUnavailable),
    ("facebook", 200, graph(190), JSON, {}, "invalid_token", TokenRefused),
    ("weixin", 200, {"errcode": 48001, "errmsg": "api unauthorized"}, TEXT, {}, "insufficient_scope", TokenRefused),
    ("weixin", 200, {"errcode": 40001, "errmsg": "x"}, TEXT, {}, "invalid_token", TokenRefused),
    ("weixin", 200, {"errcode": 42001, "errmsg": "x"}, TEXT, {}, "invalid_token", TokenRefused),
    ("weixin", 200, {"errcode": 40003, "errmsg": "x"}, TEXT, {}, "invalid_token", TokenRefused),
    ("weixin", 200, {"openid": "oOther"}, TEXT, {}, "sub_mismatch", IdentityUnusable),
    (
        "nextcloud",
        401,
        {"ocs": {"meta": {"status": "failure", "statuscode": 997}, "data": []}},
        JSON,
        {},
        "invalid_token",
        TokenRefused,
    ),
    (
        "nextcloud",
        200,
        {"ocs": {"meta": {"statuscode": 404, "message": "x"}, "data": []}},
        JSON,
        {},
        "not_found",
        IdentityUnusable,
    ),
    (
        "nextcloud",
        200,
        {"ocs": {"meta": {"statuscode": 998}, "data": []}},
        JSON,
        {},
        "insufficient_scope",
        TokenRefused,
    ),
    (
        "nextcloud",
        200,
        "<ocs><meta><statuscode>404</statuscode></meta><data/></ocs>",
        "text/xml",
        {},
        "not_found",
        IdentityUnusable,
    ),
    (
        "nextcloud",
        200,
        '<!DOCTYPE a [<!ENTITY b "c">]><ocs><meta><statuscode>100</statuscode></meta></ocs>',
        "application/xml",
        {},
        "bad_response",
        ProviderUnavailable,
    ),
    ("keycloak", 401, "", TEXT, {"WWW-Authenticate": BEARER.format("invalid_token")}, "invalid_token", TokenRefused),
    (
        "keycloak",
        403,
        "",
        TEXT,
        {"WWW-Authenticate": BEARER.format("insufficient_scope")},
        "insufficient_scope",
        TokenRefused,
    ),
    (
        "keycloak",
        400,
        "",
        TEXT,
        {"WWW-Authenticate": BEARER.format("invalid_request")},
        "invalid_request",
        TokenRefused,
    ),
]
ANY_USERINFO_ERROR = [
    (401, "", TEXT, "invalid_token"),
    (401, "<html>", HTML, "invalid_token"),
    (429, "<html>", HTML, "rate_limited"),
    (502, "<html>", HTML, "server_error"),
    (200, "<html>", HTML, "bad_response"),
    (200, "", JSON, "bad_response"),
    (200, '{"id": NaN}', JSON, "bad_response"),
    (200, "7", JSON, "bad_response"),
    (200, "[" * 100_000, JSON, "bad_response"),
    (302, "", TEXT, "bad_response"),
    (404, "<html>", HTML, "bad_response"),
]


@pytest.mark.parametrize(
    ("name", "status", "body", "kind", "headers", "code", "error_type"),
    USERINFO_ERRORS,
    ids=[f"{one[0]}-{one[1]}-{str(one[2])[:60]}" for one in USERINFO_ERRORS],
)
def test_a_refusal_at_the_userinfo_step_keeps_its_meaning(
    answers_to, name, status, body, kind, headers, code, error_type
):
    error = answers_to(
        name, (200, TOKENS[name], JSON), (status, body, kind, headers), settings=WITHOUT_OPENID.get(name)
    )
    assert (error.code, type(error), error.step) == (code, error_type, "userinfo")
    assert error.retry_after == (float(headers["Retry-After"]) if "Retry-After" in headers else None)
    assert TOKENS[name]["access_token"] not in str(error).split()


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize(("status", "body", "kind", "code"), ANY_USERINFO_ERROR)
def test_an_unreadable_profile_is_told_apart(answers_to, name, status, body, kind, code):
    if name == "github" and status == 404:
        code = "insufficient_scope"  # GitHub's way to say so
    error = answers_to(name, (200, TOKENS[name], JSON), (status, body, kind), settings=WITHOUT_OPENID.get(name))
    assert (error.code, error.step) == (code, "userinfo")


@pytest.mark.parametrize(
    ("status", "code"), [(404, "insufficient_scope"), (403, "insufficient_scope"), (401, "invalid_token")]
)
def test_github_without_the_scope_for_emails_says_so(answers_to, status, code):
    rows = (status, {"message": "Not Found", "status": str(status)}, JSON)
    error = answers_to("github", (200, TOKENS["github"], JSON), (200, {"id": 1}, JSON), rows)
    assert (error.code, error.step) == (code, "emails")


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "error_type"),
    [
        (401, {"errors": [{"code": 32, "message": "x"}]}, JSON, "invalid_client", Misconfigured),
        (403, {"errors": [{"code": 415, "message": "x"}]}, JSON, "redirect_uri_mismatch", Misconfigured),
        (
            403,
            '<?xml version="1.0"?><errors><error code="415">x</error></errors>',
            "application/xml",
            "redirect_uri_mismatch",
            Misconfigured,
        ),
        (429, "", TEXT, "rate_limited", ProviderUnavailable),
        (503, "", TEXT, "server_error", ProviderUnavailable),
        (500, "<html>", HTML, "server_error", ProviderUnavailable),
        (200, "<html>", HTML, "bad_response", ProviderUnavailable),
    ],
)
def test_twitter_refuses_a_request_token(make, refused, status, body, kind, code, error_type):
    other = Anything((status, body, kind))
    error = refused(make("twitter").begin, redirect_uri="https://app.example/cb", http=other.client())
    assert (error.code, type(error), error.step) == (code, error_type, "request_token")


REQUEST_TOKEN = (200, "oauth_token=req&oauth_token_secret=req-sec&oauth_callback_confirmed=true", HTML)
ACCESS_TOKEN = (200, "oauth_token=7-acc&oauth_token_secret=acc-sec", HTML)


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        (
            [(401, "Error processing your OAuth request: Invalid oauth_verifier parameter", HTML)],
            "invalid_grant",
            "token",
        ),
        ([(401, "Reverse auth credentials are invalid", HTML)], "invalid_grant", "token"),
        ([ACCESS_TOKEN, (401, {"errors": [{"code": 89, "message": "x"}]}, JSON)], "invalid_token", "userinfo"),
        ([ACCESS_TOKEN, (400, {"errors": [{"code": 215, "message": "x"}]}, JSON)], "invalid_token", "userinfo"),
        ([ACCESS_TOKEN, (429, {"errors": [{"code": 88, "message": "x"}]}, JSON)], "rate_limited", "userinfo"),
        ([ACCESS_TOKEN, (403, {"errors": [{"code": 453, "message": "x"}]}, JSON)], "insufficient_scope", "userinfo"),
        ([ACCESS_TOKEN, (403, {"errors": [{"code": 326, "message": "x"}]}, JSON)], "account_suspended", "userinfo"),
        ([ACCESS_TOKEN, (200, {"id": True, "id_str": ""}, JSON)], "uid_missing", "userinfo"),
    ],
)
def test_twitter_refuses_after_the_callback(make, refused, answers, code, step):
    other = Anything(REQUEST_TOKEN, *answers)
    client, twitter = other.client(), make("twitter")
    session = twitter.begin(redirect_uri="https://app.example/cb", http=client).session
    error = refused(twitter.finish, session, "oauth_token=req&oauth_verifier=ver", http=client)
    assert (error.code, error.step) == (code, step)
    assert not {"req-sec", "acc-sec", "7-acc", "ver"} & set(str(error).replace("'", " ").split())


@pytest.mark.parametrize(
    ("echo", "kept"),
    [
        ("s3cret-of-the-app", None),
        ("c0de", None),
        ("some_new_error", "some_new_error"),
        ("NEW_ERROR", "NEW_ERROR"),
        ("opaqueValue", None),
        ("x" * 65, None),
        ("a=b", None),
    ],
)
def test_an_echoed_secret_is_no_detail(answers_to, echo, kept):
    error = answers_to("google", (400, {"error": echo}, JSON))
    assert (error.code, error.detail) == ("token_refused", kept)


@pytest.mark.parametrize("user_id", [None, "", 7, ["a"]])
def test_nextcloud_must_name_the_user(answers_to, user_id):
    error = answers_to("nextcloud", (200, {"access_token": "t", "user_id": user_id}, JSON))
    assert (error.code, error.step) == ("bad_response", "token")


@pytest.mark.parametrize("openid", [None, "", 7, "\ud800"])
def test_weixin_must_name_the_user(answers_to, openid):
    error = answers_to("weixin", (200, {"access_token": "t", "openid": openid}, JSON))
    assert (error.code, error.step) == ("bad_response", "token")


@pytest.mark.parametrize("name", ["google", "shopify"])
@pytest.mark.parametrize("part", ["whole", "part"])
def test_an_echo_that_looks_like_an_error_value_is_no_detail_either(make, refused, now, name, part):
    """google sends a form, shopify JSON; the code is made of letters only, as error values are."""
    provider, code = make(name), "letters_only"
    provider.check_callback = lambda session, callback: None
    echo = code if part == "whole" else f"bad_{code}"
    session = provider.begin(
        redirect_uri="https://app.example/cb", **({"shop": "petstore"} if name == "shopify" else {})
    ).session
    client = Anything((400, {"error": echo}, JSON)).client()
    error = refused(provider.finish, session, {"state": session["state"], "code": code}, http=client)
    assert (error.code, error.detail) == ("token_refused", None)
    assert code not in str(error)


@pytest.mark.parametrize(("number", "kept"), [(40029, "40029"), (10**6, None), (True, None)])
def test_a_short_number_is_a_detail(answers_to, number, kept):
    assert answers_to("weixin", (200, {"errcode": number}, TEXT)).detail == kept


def test_an_error_says_what_where_and_what_next(answers_to):
    error = answers_to("github", (200, {"error": "bad_verification_code"}, JSON))
    assert str(error) == (
        "github, token: the code or refresh token is wrong, expired or used before; start a new login "
        "(invalid_grant, bad_verification_code)"
    )
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.code, copy.detail) == (type(error), str(error), error.code, error.detail)
