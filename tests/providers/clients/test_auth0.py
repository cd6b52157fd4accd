import pytest

TENANT = "https://tenant.eu.auth0.com"
CLAIMS = {
    "iss": f"{TENANT}/",
    "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
    "name": "Alice Example",
    "given_name": "Alice",
    "family_name": "Example",
    "nickname": "alice",
    "picture": "https://s.gravatar.com/avatar/x.png",
    "email": "alice@example.com",
    "email_verified": True,
    "updated_at": "2026-05-01T10:00:00.000Z",
}
ANSWER = {"access_token": "v4.local.t", "token_type": "Bearer", "expires_in": 86400}
WIRE = {
    "authorize": f"{TENANT}/authorize",
    "scope": "openid profile email",
    "token": f"{TENANT}/oauth/token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": f"{TENANT}/.well-known/jwks.json",
}


def test_a_login(code_login):
    identity = code_login("auth0", **WIRE, begin={"connection": "github", "audience": "https://api.example.com"})
    assert (code_login.sent["connection"], code_login.sent["audience"]) == ("github", "https://api.example.com")
    assert (identity.uid, identity.username, identity.name) == (CLAIMS["sub"], "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert (identity.first_name, identity.last_name, identity.picture) == ("Alice", "Example", CLAIMS["picture"])


@pytest.mark.parametrize(("email", "verified"), [("bob@example.com", False), (None, None)])
def test_an_unverified_or_missing_email(one_login, email, verified):
    identity = one_login("auth0", **{**WIRE, "claims": {**CLAIMS, "email": email, "email_verified": verified}})
    assert (identity.email, identity.email_verified) == (email, False)


def test_without_openid_it_is_userinfo_that_tells(one_login):
    user = {name: CLAIMS[name] for name in ("sub", "name", "email", "email_verified")}
    wire = {**WIRE, "settings": {"SCOPE": ["email"]}, "scope": "email", "claims": None, "jwks": None}
    identity = one_login("auth0", **wire, api=[("GET", f"{TENANT}/userinfo", {"answer": user})])
    assert (identity.uid, identity.email_verified) == (CLAIMS["sub"], True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": TENANT}, "id_token_issuer"),
        ({"iss": "https://other.eu.auth0.com/"}, "id_token_issuer"),
        ({"aud": "app-2"}, "id_token_audience"),
        ({"nonce": "another"}, "id_token_nonce"),
        ({"nonce": None}, "id_token_nonce"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "id_token_at_hash"),
    ],
)
def test_an_id_token_of_elsewhere_is_refused(code_refused, changes, code):
    assert code_refused("auth0", **{**WIRE, "claims": {**CLAIMS, **changes}}) == code


def test_a_tenant_that_signs_with_the_secret_is_refused(code_refused):
    wire = {**WIRE, "algorithm": "HS256", "client_secret": "0123456789abcdef0123456789abcdef", "jwks": None}
    assert code_refused("auth0", **wire) == "id_token_algorithm"


def test_a_signature_by_another_key_is_refused(code_refused, keys):
    assert code_refused("auth0", **WIRE, signed_by=keys.other) == "id_token_signature"


def test_the_tenant_may_have_a_domain_of_its_own(make, script, refused):
    login = script.begin(make("auth0", {"AUTH0_URL": "https://login.example.com/"}))
    assert login.url.startswith("https://login.example.com/authorize?")
    assert refused(make, "auth0", {"AUTH0_URL": "tenant.auth0.com"}).code == "setting"
    import providers

    assert "AUTH0_URL" in str(refused(providers.get, "auth0", client_id="a", client_secret="b"))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"error": "invalid_grant", "error_description": "Invalid authorization code"}, "invalid_grant"),
        (401, {"error": "invalid_client", "error_description": "x"}, "invalid_client"),
        (403, {"error": "unauthorized_client", "error_description": "x"}, "unauthorized_client"),
        (403, {"error": "mfa_required", "error_description": "x", "mfa_token": "y"}, "interaction_required"),
        (429, {"error": "too_many_requests", "error_description": "x"}, "rate_limited"),
    ],
)
def test_refusals(error_after, status, body, code):
    assert error_after("auth0", (status, body)).code == code


@pytest.mark.parametrize(
    ("error", "code"), [("access_denied", "access_denied"), ("unauthorized", "access_denied"), ("x", "token_refused")]
)
def test_an_action_of_the_tenant_may_refuse(declined, error, code):
    assert declined("auth0", error).code == code
