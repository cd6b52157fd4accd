import pytest

API = "https://api.23andme.com"
USER = {
    "id": "a42e94634e3f7683",
    "email": "alice@example.com",
    "profiles": [{"id": "c4480ba411939067", "genotyped": True}],
}
ANSWER = {
    "access_token": "89822b93d2fb4d6e8e1a3d0e1a3d0e1a",
    "token_type": "bearer",
    "expires_in": 86400,
    "refresh_token": "33c53cd7bb4b4d6e8e1a3d0e1a3d0e1a",
    "scope": "basic email",
}


def wire(user=USER, query=None, **more):
    step = {"query": {"email": "true"} if query is None else query, "answer": user}
    return {
        "authorize": f"{API}/authorize/",
        "scope": "basic email",
        "token": f"{API}/token/",
        "answer": ANSWER,
        "api": [("GET", f"{API}/1/user/", step)],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("twentythreeandme", **wire(), begin={"select_profile": "true"})
    assert code_login.sent["select_profile"] == "true"
    assert "code_challenge_method" not in code_login.sent
    assert identity.raw["userinfo"]["profiles"][0]["genotyped"]
    assert (identity.uid, identity.name) == ("a42e94634e3f7683", None)
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_without_the_scope_no_email_is_asked_for(one_login):
    user = {name: value for name, value in USER.items() if name != "email"}
    narrow = wire(user, query={}, settings={"SCOPE": ["basic"]}, scope="basic")
    assert one_login("twentythreeandme", **narrow).email is None


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "invalid_scope", "error_description": "x"})], "invalid_scope"),
        ([(200, ANSWER), (401, {"error": "invalid_request", "error_description": "x"})], "invalid_token"),
        ([(200, ANSWER), (403, {"error": "invalid_scope", "error_description": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (200, [])], "bad_response"),
        ([(200, ANSWER), (200, {"profiles": []})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    error = error_after("twentythreeandme", *answers)
    assert (error.code, error.step) == (code, "token" if len(answers) == 1 else "userinfo")


def test_a_user_who_declines(declined):
    assert declined("twentythreeandme", "access_denied").code == "access_denied"
