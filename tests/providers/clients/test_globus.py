import pytest

BASE = "https://auth.globus.org"
CLAIMS = {
    "iss": BASE,
    "sub": "3d8f9a4e-2f5b-4a0e-8c2d-1b9e6a7c5d10",
    "name": "Alice Example",
    "preferred_username": "alice@example.edu",
    "email": "alice@example.com",
    "organization": "Example University",
    "identity_provider": "41143743-f3c8-4d60-bbdb-eeecaba85bd9",
    "identity_provider_display_name": "Globus ID",
    "last_authentication": 1_789_999_000,
}
ANSWER = {
    "access_token": "Ag" + "x" * 89,
    "scope": "email openid profile",
    "expires_in": 172800,
    "token_type": "Bearer",
    "resource_server": "auth.globus.org",
    "state": "_default",
    "refresh_token": "Agr",
    "other_tokens": [],
}
WIRE = {
    "authorize": f"{BASE}/v2/oauth2/authorize",
    "scope": "openid profile email offline_access",
    "basic": True,
    "token": f"{BASE}/v2/oauth2/token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "algorithm": "RS512",
    "kid": None,
    "jwks": f"{BASE}/jwk.json",
}


def test_a_login(code_login, now):
    identity = code_login("globus", **WIRE)
    assert (identity.uid, identity.username) == (CLAIMS["sub"], "alice@example.edu")
    assert (identity.name, identity.email, identity.email_verified) == ("Alice Example", "alice@example.com", False)
    assert (identity.token.refresh, identity.token.expires_at) == ("Agr", now + 172800)


def test_name_and_email_may_be_null(one_login, make):
    claims = {**CLAIMS, "name": None, "email": None}
    identity = one_login("globus", **{**WIRE, "claims": claims})
    assert (identity.name, identity.email) == (None, None)


def test_without_openid_it_is_userinfo_that_tells(one_login):
    user = {name: CLAIMS[name] for name in ("sub", "name", "preferred_username", "email")}
    wire = {**WIRE, "settings": {"SCOPE": ["email"]}, "scope": "email", "claims": None, "jwks": None}
    identity = one_login("globus", **wire, api=[("GET", f"{BASE}/v2/oauth2/userinfo", {"answer": user})])
    assert (identity.uid, identity.email) == (CLAIMS["sub"], "alice@example.com")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://auth.example.org"}, "id_token_issuer"),
        ({"aud": "x"}, "id_token_audience"),
        ({"nonce": "x"}, "id_token_nonce"),
    ],
)
def test_an_id_token_of_elsewhere_is_refused(code_refused, changes, code):
    assert code_refused("globus", **{**WIRE, "claims": {**CLAIMS, **changes}}) == code


def test_a_signature_by_another_key_is_refused(code_refused, keys):
    assert code_refused("globus", **WIRE, signed_by=keys.other) == "id_token_signature"


def globus_error(status, code, word, title):
    row = {"status": str(status), "id": "a0", "code": code, "title": title, "detail": "x"}
    return (status, {"errors": [row], "error": word, "error_description": title})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(401, {"error": "invalid_grant"})], "invalid_grant"),
        ([globus_error(401, "UNAUTHORIZED", "unauthorized", "Unauthorized")], "invalid_client"),
        ([(400, {"error": "anything", "errors": []})], "invalid_request"),
        ([(400, {"error": "unsupported_grant_type", "errors": []})], "unsupported_grant_type"),
        ([(200, ANSWER), globus_error(401, "UNAUTHORIZED", "unauthorized", "Unauthorized")], "invalid_token"),
        ([(200, ANSWER), globus_error(403, "FORBIDDEN", "forbidden", "Forbidden")], "insufficient_scope"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("globus", *answers, settings={"SCOPE": ["profile"]}).code == code


def test_a_user_who_declines(declined):
    assert declined("globus", "access_denied").code == "access_denied"
