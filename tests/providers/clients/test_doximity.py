import pytest

ISSUER = "https://auth.doximity.com"
SUB = "9d0c8f1e-3c2f-4a4b-8c6d-b0a2b6a66e3a"
BEGIN = {"theme": "dark", "prompt": "login", "display": "popup", "login_hint": "a", "acr_values": "2"}
CLAIMS = {
    "iss": ISSUER,
    "sub": SUB,
    "aud": [ISSUER, "app-1"],
    "azp": "app-1",
    "auth_time": 1_789_999_900,
    "acr": 1,
    "sid": "x",
    "name": "Alice Example, MD",
    "given_name": "Alice",
    "family_name": "Example",
    "credentials": "MD",
    "specialty": "Radiology",
    "profile_photo_url": "https://pic.example/alice.jpg",
    "primary_email": "alice@example.com",
    "emails": ["alice@example.com"],
}
ANSWER = {
    "access_token": "d" * 88,
    "token_type": "bearer",
    "expires_in": 1800,
    "refresh_token": "dox-r",
    "scope": "openid profile:read:basic profile:read:email",
}
WIRE = {
    "authorize": f"{ISSUER}/oauth/authorize",
    "scope": "openid profile:read:basic profile:read:email",
    "basic": True,
    "token": f"{ISSUER}/oauth/token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": f"{ISSUER}/.well-known/jwks.json",
}


def test_a_login(code_login):
    identity = code_login("doximity", **WIRE, begin=BEGIN)
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.name, identity.username) == (SUB, "Alice Example, MD", None)
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/alice.jpg"


def test_without_an_email(one_login):
    claims = {**CLAIMS, "primary_email": None, "emails": None}
    assert one_login("doximity", **{**WIRE, "claims": claims}).email is None


def test_claims_that_it_does_not_document_count_for_nothing(one_login):
    claims = {**CLAIMS, "email": "x@example.com", "email_verified": True, "preferred_username": "alice"}
    identity = one_login("doximity", **{**WIRE, "claims": claims})
    assert (identity.email, identity.email_verified, identity.username) == ("alice@example.com", False, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://auth.doximity.example"}, "id_token_issuer"),
        ({"aud": [ISSUER, "app-2"]}, "id_token_audience"),
        ({"azp": "app-2"}, "id_token_authorized_party"),
        ({"azp": None}, "id_token_authorized_party"),
        ({"nonce": "x"}, "id_token_nonce"),
        ({"nonce": None}, "id_token_nonce"),
        ({"exp": 1}, "id_token_expired"),
    ],
)
def test_hostile_answers(code_refused, changes, code):
    assert code_refused("doximity", **{**WIRE, "claims": {**CLAIMS, **changes}}) == code


def test_without_openid_nothing_is_proven(error_after):
    assert error_after("doximity", (200, ANSWER), settings={"SCOPE": ["profile:read:basic"]}).code == "id_token_missing"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, {"error": "invalid_grant", "error_description": "x"}), "invalid_grant"),
        ((401, {"error": "invalid_client", "error_description": "x"}), "invalid_client"),
        ((429, ""), "rate_limited"),
    ],
)
def test_refusals(error_after, answer, code):
    assert error_after("doximity", answer).code == code


def test_a_user_who_declines(declined):
    assert declined("doximity", "access_denied").code == "access_denied"
