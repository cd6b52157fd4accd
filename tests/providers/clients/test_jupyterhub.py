import pytest

import providers

HUB = "https://hub.example"
USER = {
    "kind": "user",
    "name": "alice",
    "admin": False,
    "groups": ["class-a"],
    "session_id": None,
    "scopes": ["access:services!service=x", "read:users:name!user"],
    "token_id": "a17",
}
ANSWER = {
    "access_token": "a0eb0e17f0f14b5e8d7a3f7c2d9f4e",
    "expires_in": 1209600,
    "token_type": "Bearer",
    "scope": "access:services!service=x read:users:name!user",
}


def wire(base=HUB, user=USER, **more):
    return {
        "authorize": f"{base}/hub/api/oauth2/authorize",
        "scope": None,
        "token": f"{base}/hub/api/oauth2/token",
        "answer": ANSWER,
        "api": [("GET", f"{base}/hub/api/user", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("jupyterhub", **wire())
    assert (identity.uid, identity.username, identity.name) == ("alice", "alice", "alice")
    assert (identity.email, identity.email_verified) == (None, False)


def test_no_address_is_taken_from_the_claims_that_the_hub_keeps(one_login):
    user = {**USER, "email": "alice@example.com", "user_info": {"email": "alice@example.com"}}
    assert one_login("jupyterhub", **wire(user=user)).email is None


def test_the_hub_is_a_setting(one_login, refused):
    base = "http://localhost:8000/prefix"
    assert one_login("jupyterhub", **wire(base, settings={"API_URL": f"{base}/"})).uid == "alice"
    assert "API_URL" in str(refused(providers.get, "jupyterhub", client_id="a", client_secret="b"))


@pytest.mark.parametrize("value", ["hub.example", None, 7, ""])
def test_the_hub_must_be_a_url(make, refused, value):
    assert refused(make, "jupyterhub", {"API_URL": value}).code == "setting"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        (
            [(400, {"error": "invalid_request", "error_description": "Mismatching redirect URI."})],
            "redirect_uri_mismatch",
        ),
        ([(400, {"error": "invalid_request", "error_description": "Code verifier required."})], "invalid_request"),
        ([(200, ANSWER), (403, {"status": 403, "message": "Forbidden"})], "invalid_token"),
        ([(200, ANSWER), (403, {"status": 403, "message": None})], "invalid_token"),
        ([(200, ANSWER), (429, {"status": 429, "message": "x"})], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("jupyterhub", *answers).code == code


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("jupyterhub"), "x").code == "refresh_unsupported"


def test_an_error_on_the_callback(declined):
    assert declined("jupyterhub", "invalid_scope").code == "invalid_scope"
