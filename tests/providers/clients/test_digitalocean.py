import pytest

UUID = "b6fr89dbf6d9156cace5f3c78dc9851d957381ef"
ACCOUNT = {
    "droplet_limit": 25,
    "floating_ip_limit": 5,
    "email": "alice@example.com",
    "name": "Alice Example",
    "uuid": UUID,
    "email_verified": True,
    "status": "active",
    "status_message": "",
    "team": {"uuid": "5df3e3004a17e242b7c20ca6c9fc25b701a47ece", "name": "My Team"},
}
ANSWER = {
    "access_token": "doo_v1_547cac21118ae7a5f2a4",
    "token_type": "bearer",
    "expires_in": 2592000,
    "refresh_token": "dor_v1_00a3aae641658d5f2a4",
    "scope": "read",
    "info": {"name": "Alice Example", "email": "alice@example.com", "uuid": UUID},
}


def wire(account=ACCOUNT, **more):
    return {
        "authorize": "https://cloud.digitalocean.com/v1/oauth/authorize",
        "scope": None,
        "pkce": False,
        "token": "https://cloud.digitalocean.com/v1/oauth/token",
        "answer": ANSWER,
        "api": [("GET", "https://api.digitalocean.com/v2/account", {"answer": {"account": account}})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("digitalocean", **wire(), begin={"prompt": "none", "i": UUID[:6]})
    assert (code_login.sent["prompt"], code_login.sent["i"]) == ("none", "b6fr89")
    assert (identity.uid, identity.name, identity.username) == (UUID, "Alice Example", None)
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({"email_verified": False}, "alice@example.com"),
        ({"email_verified": "true"}, "alice@example.com"),
        ({"email": None}, None),
    ],
)
def test_an_unverified_or_missing_email(one_login, changes, email):
    identity = one_login("digitalocean", **wire({**ACCOUNT, **changes}))
    assert (identity.email, identity.email_verified) == (email, False)


def test_a_narrower_scope(one_login):
    narrow = wire(settings={"SCOPE": ["account:read"]}, scope="account:read")
    assert one_login("digitalocean", **narrow).uid == UUID


def test_a_refresh(script, make):
    form = {"grant_type": "refresh_token", "refresh_token": "old", "client_id": "app-1"}
    form["client_secret"] = "s3cret-of-the-app"
    script.expect("POST", "https://cloud.digitalocean.com/v1/oauth/token", form=form, answer=ANSWER)
    assert script.refresh(make("digitalocean"), "old").refresh == ANSWER["refresh_token"]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(401, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), (401, {"id": "unauthorized", "message": "x"})], "invalid_token"),
        ([(200, ANSWER), (403, {"id": "forbidden", "message": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (429, {"id": "too_many_requests", "message": "x"})], "rate_limited"),
        ([(200, ANSWER), (500, {"id": "server_error", "message": "x"})], "server_error"),
        ([(200, ANSWER), (200, {"account": {}})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("digitalocean", *answers).code == code


@pytest.mark.parametrize("error", ["access_denied", "login_required", "consent_required"])
def test_what_comes_back_instead_of_a_code(declined, error):
    assert declined("digitalocean", error).code == error
