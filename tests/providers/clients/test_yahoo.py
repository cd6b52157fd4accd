import pytest

BASE = "https://api.login.yahoo.com"
CLAIMS = {
    "iss": BASE,
    "sub": "FSVIDUW3D7FSVIDUW3D72F2F00",
    "name": "Alice E",
    "email": "alice@yahoo.example",
    "email_verified": True,
}
USER = {
    "sub": "FSVIDUW3D7FSVIDUW3D72F2F00",
    "name": "Alice Example",
    "given_name": "Alice",
    "family_name": "Example",
    "preferred_username": "alice",
    "email": "alice@example.com",
    "email_verified": True,
    "picture": "https://s.yimg.example/a.png",
    "locale": "en-US",
    "birthdate": "1990",
    "profile_images": {"image32": "https://s.yimg.example/32.png"},
}
ANSWER = {"access_token": "Jzxbkqqcvjqik2IMxGFEE1cuaos--", "token_type": "bearer", "expires_in": 3600}
ANSWER["refresh_token"] = "AOiRUlJn"
WIRE = {
    "authorize": f"{BASE}/oauth2/request_auth",
    "scope": "openid profile email",
    "pkce": False,
    "basic": True,
    "token": f"{BASE}/oauth2/get_token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "algorithm": "ES256",
    "jwks": f"{BASE}/openid/v1/certs",
    "api": [("GET", f"{BASE}/openid/v1/userinfo", {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("yahoo", **WIRE, begin={"language": "fr-fr"})
    assert code_login.sent["language"] == "fr-fr"
    assert (identity.uid, identity.username) == ("FSVIDUW3D7FSVIDUW3D72F2F00", "alice")
    assert (identity.name, identity.first_name, identity.last_name) == ("Alice Example", "Alice", "Example")
    assert (identity.email, identity.email_verified, identity.picture) == ("alice@example.com", True, USER["picture"])


def test_an_id_token_by_rsa(one_login):
    assert one_login("yahoo", **{**WIRE, "algorithm": "RS256"}).uid == "FSVIDUW3D7FSVIDUW3D72F2F00"


@pytest.mark.parametrize(("email", "verified"), [("bob@example.com", False), (None, None)])
def test_an_unverified_or_missing_email(one_login, email, verified):
    user = {**USER, "email": email, "email_verified": verified}
    identity = one_login("yahoo", **{**WIRE, "api": [("GET", f"{BASE}/openid/v1/userinfo", {"answer": user})]})
    assert (identity.email, identity.email_verified) == (email, False)


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        ({"claims": {**CLAIMS, "iss": "https://login.yahoo.com"}}, "id_token_issuer"),
        ({"claims": {**CLAIMS, "nonce": "x"}}, "id_token_nonce"),
        ({"claims": {**CLAIMS, "at_hash": "x"}}, "id_token_at_hash"),
        ({"api": [("GET", f"{BASE}/openid/v1/userinfo", {"answer": {**USER, "sub": "X"}})]}, "sub_mismatch"),
    ],
)
def test_hostile_answers(code_refused, wire, code):
    assert code_refused("yahoo", **{**WIRE, **wire}) == code


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, "INVALID_GRANT", "invalid_grant"),
        (400, "invalid_grant", "invalid_grant"),
        (401, "INVALID_CLIENT_SECRET", "invalid_client"),
        (400, "INVALID_CLIENT", "invalid_client"),
        *[(400, f"PARAMETER_{word}", "invalid_request") for word in ("ABSENT", "REJECTED")],
        *[(400, f"INVALID_{word}", "invalid_request") for word in ("REQUEST", "PARAM", "INPUT")],
        (400, "UNSUPPORTED_REDIRECT_URI", "redirect_uri_mismatch"),
        (400, "INVALID_CLIENT_SECRET", "invalid_client"),
        (400, "INVALID_REDIRECT_URI", "redirect_uri_mismatch"),
        (401, "INVALID_CALLBACK", "redirect_uri_mismatch"),
        (400, "UNSUPPORTED_GRANT_TYPE", "unsupported_grant_type"),
        (400, "INVALID_REFRESH_TOKEN", "invalid_grant"),
        (401, "TOKEN_EXPIRED", "invalid_grant"),
        (403, "ACCOUNT_NOT_AUTHORIZED", "account_suspended"),
        (500, "ACCESS_TOKEN_GENERATION_FAILED", "server_error"),
        (400, "ERROR_HANDLING_REQUEST", "token_refused"),
    ],
)
def test_refusals(error_after, status, error, code):
    assert error_after("yahoo", (status, {"error": error, "error_description": "x"})).code == code


def test_a_refresh_repeats_the_redirect_uri(make, script, refused):
    yahoo, callback = make("yahoo"), "https://app.example/cb"
    form = {"grant_type": "refresh_token", "refresh_token": "r", "redirect_uri": callback}
    script.expect("POST", WIRE["token"], form=form, answer=ANSWER)
    assert script.refresh(yahoo, "r", redirect_uri=callback).refresh == "AOiRUlJn"
    assert refused(script.refresh, yahoo, "r").code == "parameter_missing"


def test_a_user_who_declines(declined):
    assert declined("yahoo", "access_denied").code == "access_denied"
