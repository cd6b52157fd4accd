import pytest

import providers

ORG = "https://dev-1.okta.com"
CLAIMS = {
    "iss": ORG,
    "sub": "00u1a2b3c4D5E6f7G8h9",
    "ver": 1,
    "jti": "ID.x",
    "amr": ["pwd"],
    "idp": "00o1",
    "name": "Alice Example",
    "email": "alice@example.com",
    "preferred_username": "alice@example.com",
}
USER = {
    "sub": "00u1a2b3c4D5E6f7G8h9",
    "name": "Alice Example",
    "locale": "en_US",
    "email": "alice@example.com",
    "email_verified": True,
    "preferred_username": "alice.login@example.com",
    "given_name": "Alice",
    "family_name": "Example",
    "zoneinfo": "Europe/Paris",
    "updated_at": 1_700_000_000,
}
ANSWER = {
    "access_token": "eyJ.a.c",
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "openid profile email offline_access",
    "refresh_token": "r" * 43,
}
WIRE = {
    "authorize": f"{ORG}/oauth2/v1/authorize",
    "scope": "openid profile email offline_access",
    "token": f"{ORG}/oauth2/v1/token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": f"{ORG}/oauth2/v1/keys",
    "api": [("GET", f"{ORG}/oauth2/v1/userinfo", {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("okta", **WIRE, begin={"idp": "0oa62bfdiumsUndnZ0h7"})
    assert code_login.sent["idp"] == "0oa62bfdiumsUndnZ0h7"
    assert (identity.uid, identity.username) == ("00u1a2b3c4D5E6f7G8h9", "alice.login@example.com")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert (identity.name, identity.first_name, identity.last_name) == ("Alice Example", "Alice", "Example")


@pytest.mark.parametrize(("email", "verified"), [("bob@example.com", False), (None, None)])
def test_the_word_on_an_address_is_userinfos(one_login, email, verified):
    user = {**USER, "email": email, "email_verified": verified}
    wire = {**WIRE, "claims": {**CLAIMS, "email_verified": True}}
    identity = one_login("okta", **{**wire, "api": [("GET", f"{ORG}/oauth2/v1/userinfo", {"answer": user})]})
    assert (identity.email, identity.email_verified) == (email, False)


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        ({"claims": {**CLAIMS, "iss": f"{ORG}/oauth2/default"}}, "id_token_issuer"),
        ({"claims": {**CLAIMS, "iss": "https://dev-2.okta.com"}}, "id_token_issuer"),
        ({"claims": {**CLAIMS, "nonce": "x"}}, "id_token_nonce"),
        ({"api": [("GET", f"{ORG}/oauth2/v1/userinfo", {"answer": {**USER, "sub": "00uother"}})]}, "sub_mismatch"),
    ],
)
def test_hostile_answers(code_refused, wire, code):
    assert code_refused("okta", **{**WIRE, **wire}) == code


@pytest.mark.parametrize("value", ["https://dev-1.okta.com", "dev-1.okta.com/", "", "a b", "x@y", 7, None])
def test_the_host_is_bare(make, refused, value):
    assert refused(make, "okta", {"OKTA_BASE_URL": value}).code == "setting"


def test_the_host_is_a_setting(make, script, refused):
    login = script.begin(make("okta", {"OKTA_BASE_URL": "login.example.com:8443"}))
    assert login.url.startswith("https://login.example.com:8443/oauth2/v1/authorize?")
    assert "OKTA_BASE_URL" in str(refused(providers.get, "okta", client_id="a", client_secret="b"))


LIMIT = {"errorCode": "E0000047", "errorSummary": "x", "errorLink": "E0000047", "errorId": "oae", "errorCauses": []}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "invalid_scope", "error_description": "x"})], "invalid_scope"),
        ([(429, LIMIT)], "rate_limited"),
        ([(200, ANSWER), (401, "")], "invalid_token"),
        ([(200, ANSWER), (429, LIMIT)], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("okta", *answers, settings={"SCOPE": ["profile"]}).code == code
