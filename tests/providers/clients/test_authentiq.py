import pytest

BASE = "https://connect.authentiq.io"
SECRET = "b7d0a1f25c934f6e8d2b0a1f25c934f6"
CLAIMS = {"iss": f"{BASE}/", "sub": "u_5QzT0wKcJg", "aud": ["app-1"], "azp": "app-1", "name": "Alice Example"}
USER = {
    "sub": "u_5QzT0wKcJg",
    "name": "Alice Example",
    "given_name": "Alice",
    "family_name": "Example",
    "preferred_username": "alice",
    "email": "alice@example.com",
    "email_verified": True,
    "zoneinfo": "Europe/Amsterdam",
}
WIRE = {
    "authorize": f"{BASE}/authorize",
    "scope": "openid aq:name email aq:push",
    "pkce": False,
    "token": f"{BASE}/token",
    "answer": {"access_token": "aq-t", "token_type": "bearer", "expires_in": 3600},
    "claims": CLAIMS,
    "algorithm": "HS256",
    "kid": None,
    "client_secret": SECRET,
    "api": [("GET", f"{BASE}/userinfo", {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("authentiq", **WIRE)
    assert (identity.uid, identity.username, identity.name) == ("u_5QzT0wKcJg", "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")


def test_an_id_token_signed_with_a_published_key(one_login):
    wire = {**WIRE, "algorithm": "RS256", "kid": "k1", "jwks": f"{BASE}/public-keys"}
    assert one_login("authentiq", **wire).uid == "u_5QzT0wKcJg"


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        ({"algorithm": "none", "signed_by": "-"}, "id_token_algorithm"),
        ({"signed_by": "another-secret-of-32-characters!!"}, "id_token_signature"),
        ({"claims": {**CLAIMS, "iss": BASE}}, "id_token_issuer"),
        ({"claims": None}, "id_token_missing"),
        ({"api": [("GET", f"{BASE}/userinfo", {"answer": {**USER, "sub": "other"}})]}, "sub_mismatch"),
    ],
)
def test_hostile_answers(one_login, refused, wire, code):
    if wire.get("algorithm") == "none":
        wire = {"claims": None, "answer": {**WIRE["answer"], "id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}}
    assert refused(one_login, "authentiq", **{**WIRE, **wire}).code == code


def test_no_or_an_unverified_email(one_login):
    bare = {"sub": "u_5QzT0wKcJg"}
    assert one_login("authentiq", **{**WIRE, "api": [("GET", f"{BASE}/userinfo", {"answer": bare})]}).email is None
    bob = {**USER, "email_verified": False}
    identity = one_login("authentiq", **{**WIRE, "api": [("GET", f"{BASE}/userinfo", {"answer": bob})]})
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_openid_is_always_asked_for(make, script, query):
    login = script.begin(make("authentiq", {"SCOPE": ["email~rs", "openid", "phone"]}))
    assert query(login.url)["scope"] == "openid email~rs phone"


def test_another_server(make, script, refused):
    login = script.begin(make("authentiq", {"PROVIDER_URL": "https://test.connect.authentiq.io/"}))
    assert login.url.startswith("https://test.connect.authentiq.io/authorize?")
    assert refused(make, "authentiq", {"PROVIDER_URL": "connect"}).code == "setting"


@pytest.mark.parametrize(
    ("status", "error", "code"), [(400, "invalid_grant", "invalid_grant"), (401, "invalid_client", "invalid_client")]
)
def test_refusals(error_after, status, error, code):
    assert error_after("authentiq", (status, {"error": error, "error_description": "x"})).code == code


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("authentiq"), "r").code == "refresh_unsupported"
