import pytest

BASE = "https://cilogon.org"
CLAIMS = {
    "iss": BASE,
    "sub": "http://cilogon.org/serverA/users/12345",
    "email": "alice@example.edu",
    "given_name": "Alice",
    "family_name": "Example",
    "name": "Alice Example",
    "idp": "https://idp.example.edu/shibboleth",
    "idp_name": "Example University",
    "eppn": "alice@example.edu",
    "affiliation": "staff@example.edu;member@example.edu",
    "auth_time": 1_789_999_990,
    "jti": "https://cilogon.org/oauth2/idToken/1",
}
ANSWER = {"access_token": "NB2HI4DTHIXS6", "token_type": "Bearer", "expires_in": 900}
WIRE = {
    "authorize": f"{BASE}/authorize",
    "scope": "openid email profile org.cilogon.userinfo",
    "token": f"{BASE}/oauth2/token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": f"{BASE}/oauth2/certs",
}


def test_a_login(code_login):
    identity = code_login("cilogon", **WIRE, begin={"selected_idp": "https://idp.example.edu/shibboleth"})
    assert code_login.sent["selected_idp"] == "https://idp.example.edu/shibboleth"
    assert (identity.uid, identity.username) == ("http://cilogon.org/serverA/users/12345", "alice@example.edu")
    assert (identity.name, identity.first_name, identity.last_name) == ("Alice Example", "Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.edu", False)
    assert identity.raw["id_token"]["idp_name"] == "Example University"


@pytest.mark.parametrize("changes", [{"email": None}, {"email": "a@example.edu", "email_verified": True}])
def test_nothing_says_that_an_address_is_verified(one_login, changes):
    identity = one_login("cilogon", **{**WIRE, "claims": {**CLAIMS, **changes}})
    assert (identity.email, identity.email_verified) == (changes["email"], False)


def test_without_openid_it_is_userinfo_that_tells(one_login):
    user = {"sub": CLAIMS["sub"], "iss": BASE, "aud": "app-1", "preferred_username": "alice"}
    wire = {**WIRE, "settings": {"SCOPE": ["profile"]}, "scope": "profile", "claims": None, "jwks": None}
    identity = one_login("cilogon", **wire, api=[("GET", f"{BASE}/oauth2/userinfo", {"answer": user})])
    assert (identity.uid, identity.username) == (CLAIMS["sub"], "alice")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://test.cilogon.org"}, "id_token_issuer"),
        ({"aud": "cilogon:/client_id/other"}, "id_token_audience"),
        ({"nonce": "n"}, "id_token_nonce"),
        ({"exp": 1_789_999_000}, "id_token_expired"),
    ],
)
def test_an_id_token_of_elsewhere_is_refused(code_refused, changes, code):
    assert code_refused("cilogon", **{**WIRE, "claims": {**CLAIMS, **changes}}) == code


def words(error):
    return {"error": error, "error_description": "some words", "state": "x"}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, words("invalid_grant"))], "invalid_grant"),
        ([(400, words("unauthorized_client"))], "unauthorized_client"),
        ([(400, words("request_not_supported"))], "unsupported_grant_type"),
        ([(401, 'error="unauthorized_client"\nerror_description="incorrect+secret"')], "invalid_client"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("cilogon", *answers).code == code


@pytest.mark.parametrize(("status", "body"), [(401, ""), (302, "")])
def test_userinfo_refuses_or_sends_away(error_after, status, body):
    error = error_after("cilogon", (200, ANSWER), (status, body), settings={"SCOPE": ["profile"]})
    assert (error.code, error.step) == ("invalid_token", "userinfo")


def test_a_user_who_declines(declined):
    assert declined("cilogon", "access_denied").code == "access_denied"
