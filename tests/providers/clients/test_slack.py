import pytest

SLACK = "https://slack.com"
CLAIMS = {
    "iss": SLACK,
    "sub": "U0R7MFMJM",
    "auth_time": 1_789_999_900,
    "https://slack.com/team_id": "T0R7GR000",
    "https://slack.com/user_id": "U0R7MFMJM",
    "email": "alice@example.com",
    "email_verified": True,
    "date_email_verified": 1_600_000_000,
    "locale": "en-US",
    "name": "Alice Example",
    "given_name": "Alice",
    "family_name": "Example",
    "picture": "https://secure.gravatar.example/a.jpg",
    "https://slack.com/team_name": "Example Inc",
    "https://slack.com/team_image_default": True,
}
ANSWER = {"ok": True, "access_token": "xoxp-1234", "token_type": "Bearer", "state": ""}
WIRE = {
    "authorize": f"{SLACK}/openid/connect/authorize",
    "scope": "openid profile email",
    "token": f"{SLACK}/api/openid.connect.token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": f"{SLACK}/openid/connect/keys",
}


def test_a_login(code_login):
    identity = code_login("slack", **WIRE, begin={"team": "T0R7GR000"})
    assert code_login.sent["team"] == "T0R7GR000"
    assert (identity.uid, identity.name, identity.picture) == (
        "T0R7GR000_U0R7MFMJM",
        "Alice Example",
        CLAIMS["picture"],
    )
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)


@pytest.mark.parametrize(("email", "verified"), [("bob@example.com", False), (None, None)])
def test_an_unverified_or_missing_email(one_login, email, verified):
    identity = one_login("slack", **{**WIRE, "claims": {**CLAIMS, "email": email, "email_verified": verified}})
    assert (identity.email, identity.email_verified) == (email, False)


def test_userinfo_tells_the_same_without_openid(one_login):
    user = {**CLAIMS, "ok": True}
    wire = {**WIRE, "settings": {"SCOPE": ["profile"]}, "scope": "profile", "claims": None, "jwks": None}
    identity = one_login("slack", **wire, api=[("POST", f"{SLACK}/api/openid.connect.userInfo", {"answer": user})])
    assert identity.uid == "T0R7GR000_U0R7MFMJM"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://slack.example"}, "id_token_issuer"),
        ({"aud": "25259531569.1115258246291"}, "id_token_audience"),
        ({"nonce": "x"}, "id_token_nonce"),
        ({"nonce": None}, "id_token_nonce"),
        ({"at_hash": "x"}, "id_token_at_hash"),
        ({"https://slack.com/team_id": None}, "uid_missing"),
        ({"https://slack.com/user_id": ""}, "uid_missing"),
        ({"https://slack.com/team_id": 7}, "uid_missing"),
    ],
)
def test_hostile_answers(code_refused, changes, code):
    assert code_refused("slack", **{**WIRE, "claims": {**CLAIMS, **changes}}) == code


def no(error):
    return (200, {"ok": False, "error": error})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("invalid_code", "invalid_grant"),
        ("code_already_used", "invalid_grant"),
        ("invalid_refresh_token", "invalid_grant"),
        ("oauth_authorization_url_mismatch", "invalid_grant"),
        ("invalid_client_id", "invalid_client"),
        ("bad_client_secret", "invalid_client"),
        ("bad_redirect_uri", "redirect_uri_mismatch"),
        ("invalid_grant_type", "unsupported_grant_type"),
        ("service_unavailable", "server_error"),
        ("unsupported_grant_type", "unsupported_grant_type"),
        ("preview_feature_not_available", "token_refused"),
    ],
)
def test_token_errors_are_http_200(error_after, error, code):
    assert error_after("slack", no(error)).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("not_authed", "invalid_token"),
        ("invalid_auth", "invalid_token"),
        ("token_revoked", "invalid_token"),
        ("token_expired", "invalid_token"),
        ("account_inactive", "account_suspended"),
        ("missing_scope", "insufficient_scope"),
        ("fatal_error", "server_error"),
        ("ratelimited", "rate_limited"),
    ],
)
def test_userinfo_errors_are_http_200(error_after, error, code):
    assert error_after("slack", (200, ANSWER), no(error), settings={"SCOPE": ["profile"]}).code == code


def test_a_user_who_declines(declined):
    assert declined("slack", "access_denied").code == "access_denied"
