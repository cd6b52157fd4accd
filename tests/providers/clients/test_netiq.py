import pytest

import providers

BASE = "https://login.example.org/nidp/oauth/nam"
CLAIMS = {"iss": BASE, "sub": "51e1d7a3f4b14b4e8d6c", "acr": "secure/name/password/uri", "at_hash": None}
USER = {
    "sub": "51e1d7a3f4b14b4e8d6c",
    "acr": "secure/name/password/uri",
    "preferred_username": "aexample",
    "email": "alice@example.org",
    "nickname": "alice",
    "name": "Alice Example",
    "given_name": "Alice",
    "family_name": "Example",
    "website": "https://example.org/alice",
}
ANSWER = {"access_token": "eyJlbmMi.a", "token_type": "bearer", "expires_in": 180, "refresh_token": "eyJ.r"}
WIRE = {
    "authorize": f"{BASE}/authz",
    "scope": "openid profile email",
    "token": f"{BASE}/token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": f"{BASE}/keys",
    "api": [("GET", f"{BASE}/userinfo", {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("netiq", **WIRE, begin={"resourceServer": "rs-1"})
    assert code_login.sent["resourceServer"] == "rs-1"
    assert (identity.uid, identity.username, identity.name) == (USER["sub"], "aexample", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.org", False)
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")


def test_a_site_may_map_nothing_but_sub(one_login):
    api = [("GET", f"{BASE}/userinfo", {"answer": {"sub": USER["sub"]}})]
    identity = one_login("netiq", **{**WIRE, "api": api})
    assert (identity.uid, identity.email, identity.username) == (USER["sub"], None, None)


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        ({"claims": {**CLAIMS, "iss": "https://login.example.org"}}, "id_token_issuer"),
        ({"claims": {**CLAIMS, "nonce": "x"}}, "id_token_nonce"),
        ({"claims": None, "jwks": None}, "id_token_missing"),
        ({"api": [("GET", f"{BASE}/userinfo", {"answer": {**USER, "sub": "another"}})]}, "sub_mismatch"),
    ],
)
def test_hostile_answers(code_refused, wire, code):
    assert code_refused("netiq", **{**WIRE, **wire}) == code


def test_the_server_is_a_setting(make, script, refused):
    login = script.begin(make("netiq", {"NETIQ_URL": "https://am.example.net/"}))
    assert login.url.startswith("https://am.example.net/nidp/oauth/nam/authz?")
    assert refused(make, "netiq", {"NETIQ_URL": 7}).code == "setting"
    assert "NETIQ_URL" in str(refused(providers.get, "netiq", client_id="a", client_secret="b"))


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), (401, {"error": "invalid_token", "error_description": "x"})], "invalid_token"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("netiq", *answers, settings={"SCOPE": ["profile"]}).code == code
