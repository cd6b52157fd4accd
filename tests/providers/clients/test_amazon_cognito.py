import pytest

POOL = "https://pool.auth.eu-west-1.amazoncognito.com"
USER = {
    "sub": "7d8f3a52-0c1e-4a07-9f41-2f0a52b1c6aa",
    "username": "alice",
    "email": "alice@example.com",
    "email_verified": "true",
    "given_name": "Alice",
    "family_name": "Example",
    "name": "Alice Example",
    "picture": "https://img.example.com/a.png",
    "updated_at": "1700000000",
}
WIRE = {
    "authorize": f"{POOL}/oauth2/authorize",
    "scope": "openid profile email",
    "token": f"{POOL}/oauth2/token",
    "answer": {"access_token": "eyJ.a.c", "id_token": "eyJ.i.d", "refresh_token": "eyJ.r", "token_type": "Bearer",
               "expires_in": 3600},
    "api": [("GET", f"{POOL}/oauth2/userInfo", {"answer": USER})],
}  # fmt: skip


def test_a_login(code_login):
    identity = code_login("amazon_cognito", **WIRE)
    assert (identity.uid, identity.username, identity.name) == (USER["sub"], "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert (identity.first_name, identity.last_name, identity.picture) == ("Alice", "Example", USER["picture"])
    assert "id_token" not in identity.raw["token"]


@pytest.mark.parametrize(
    ("flag", "verified"),
    [("true", True), (True, True), ("false", False), (False, False), ("True", False), (None, False)],
)
def test_flags_are_words(one_login, flag, verified):
    api = [("GET", f"{POOL}/oauth2/userInfo", {"answer": {**USER, "email_verified": flag}})]
    assert one_login("amazon_cognito", **{**WIRE, "api": api}).email_verified is verified


def test_there_may_be_no_email(one_login):
    api = [("GET", f"{POOL}/oauth2/userInfo", {"answer": {"sub": "s", "username": "carol"}})]
    assert one_login("amazon_cognito", **{**WIRE, "api": api}).email is None


def test_a_domain_of_ones_own(make, script):
    login = script.begin(make("amazon_cognito", {"DOMAIN": "https://login.example.com/"}))
    assert login.url.startswith("https://login.example.com/oauth2/authorize?")


@pytest.mark.parametrize("domain", [None, "login.example.com", 7])
def test_the_domain_is_needed_with_its_scheme(refused, make, domain):
    assert refused(make, "amazon_cognito", {"DOMAIN": domain}).code == "setting"
    import providers

    error = refused(providers.get, "amazon_cognito", client_id="a", client_secret="b")
    assert "DOMAIN" in str(error)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(400, {"error": "invalid_client"})], "invalid_client"),
        ([(400, {"error": "unauthorized_client"})], "unauthorized_client"),
        ([(200, WIRE["answer"]), (401, {"error": "invalid_token", "error_description": "x"})], "invalid_token"),
        ([(200, WIRE["answer"]), (400, {"error": "invalid_request"})], "invalid_request"),
        ([(200, WIRE["answer"]), (200, {"username": "alice"})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("amazon_cognito", *answers).code == code


@pytest.mark.parametrize("error", ["access_denied", "user_cancelled_authorize"])
def test_a_refusal_at_cognito_or_at_the_provider_behind_it(declined, error):
    assert declined("amazon_cognito", error).code == "access_denied"
