import pytest

ACCOUNT = "acct_1032D82eZvKYlo2C"
BEGIN = {"stripe_landing": "login", "always_prompt": "true"}
USER = {
    "id": ACCOUNT,
    "object": "account",
    "business_profile": {"mcc": None, "name": "Example Shop", "support_email": "help@example.com", "url": None},
    "capabilities": {"card_payments": "active"},
    "charges_enabled": True,
    "controller": {"type": "account"},
    "country": "US",
    "created": 1385798567,
    "default_currency": "usd",
    "details_submitted": True,
    "email": "alice@example.com",
    "metadata": {},
    "payouts_enabled": True,
    "settings": {"dashboard": {"display_name": "Example Inc", "timezone": "Etc/UTC"}},
    "type": "standard",
}
ANSWER = {
    "access_token": "sk_test_x",
    "scope": "read_only",
    "livemode": False,
    "token_type": "bearer",
    "refresh_token": "rt_x",
    "stripe_user_id": ACCOUNT,
    "stripe_publishable_key": "pk_test_x",
}


def wire(user=USER, **more):
    return {
        "authorize": "https://connect.stripe.com/oauth/authorize",
        "scope": "read_only",
        "pkce": False,
        "token": "https://connect.stripe.com/oauth/token",
        "form": {"client_id": None, "redirect_uri": None},
        "answer": ANSWER,
        "api": [("GET", f"https://api.stripe.com/v1/accounts/{ACCOUNT}", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("stripe", **wire(), begin=BEGIN, callback={"scope": "read_only"})
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.name) == (ACCOUNT, "Example Inc")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"settings": None}, "Example Shop"),
        ({"settings": None, "business_profile": None, "display_name": "Old Name"}, "Old Name"),
        ({"settings": None, "business_profile": None}, None),
    ],
)
def test_where_the_name_is(one_login, changes, name):
    assert one_login("stripe", **wire({**USER, **changes})).name == name


def test_without_an_email(one_login):
    assert one_login("stripe", **wire({**USER, "email": None})).email is None


def test_read_and_write(one_login):
    assert one_login("stripe", **wire(settings={"SCOPE": ["read_write"]}, scope="read_write")).uid == ACCOUNT


def test_a_refresh_takes_the_secret_alone(script, make):
    form = {"grant_type": "refresh_token", "refresh_token": "rt_x", "client_secret": "s3cret-of-the-app"}
    script.expect("POST", "https://connect.stripe.com/oauth/token", form=form, answer=ANSWER)
    assert script.refresh(make("stripe"), "rt_x").access == "sk_test_x"


@pytest.mark.parametrize("account", ["../charges", "acct_", "acct_1/x", None, 7])
def test_a_token_that_names_no_account(error_after, account):
    assert error_after("stripe", (200, {**ANSWER, "stripe_user_id": account})).code == "bad_response"


def test_another_account_than_the_tokens(code_refused):
    assert code_refused("stripe", **wire({**USER, "id": "acct_other"})) == "sub_mismatch"


def fault(status, kind, code=None):
    return (status, {"error": {"type": kind, "message": "x", **({"code": code} if code else {})}})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "invalid_scope", "error_description": "x"})], "invalid_scope"),
        ([(200, ANSWER), fault(401, "invalid_request_error")], "invalid_token"),
        ([(200, ANSWER), fault(403, "invalid_request_error", "account_invalid")], "insufficient_scope"),
        ([(200, ANSWER), fault(429, "invalid_request_error", "rate_limit")], "rate_limited"),
        ([(200, ANSWER), fault(500, "api_error")], "server_error"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("stripe", *answers).code == code


@pytest.mark.parametrize("code", [None, "account_invalid"])
def test_an_error_of_the_api_keeps_its_own_word(error_after, code):
    error = error_after("stripe", (200, ANSWER), fault(403, "invalid_request_error", code))
    assert error.detail == (code or "invalid_request_error")


@pytest.mark.parametrize(
    ("error", "code"), [("access_denied", "access_denied"), ("invalid_redirect_uri", "redirect_uri_mismatch")]
)
def test_what_comes_back_instead_of_a_code(declined, error, code):
    assert declined("stripe", error).code == code
