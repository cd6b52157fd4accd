import base64

import pytest

USER = {
    "id": "900719925474099301",
    "handle": "Alice Example",
    "img_url": "https://pic.example/alice.png",
    "email": "alice@example.com",
}
ANSWER = {
    "access_token": "figu_x",
    "token_type": "bearer",
    "expires_in": 7776000,
    "refresh_token": "figur_x",
    "user_id_string": "900719925474099301",
}


def wire(user=USER, **more):
    return {
        "authorize": "https://www.figma.com/oauth",
        "scope": "current_user:read",
        "basic": True,
        "token": "https://api.figma.com/v1/oauth/token",
        "answer": ANSWER,
        "api": [("GET", "https://api.figma.com/v1/me", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("figma", **wire())
    assert (identity.uid, identity.username, identity.name) == ("900719925474099301", None, "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/alice.png"


def test_without_an_email(one_login):
    assert one_login("figma", **wire({**USER, "email": ""})).email is None


def test_two_scopes(one_login):
    two = wire(settings={"SCOPE": ["current_user:read", "file_content:read"]})
    assert one_login("figma", **{**two, "scope": "current_user:read file_content:read"}).name == "Alice Example"


def test_a_refresh_has_its_own_address_and_one_field(script, make):
    header = "Basic " + base64.b64encode(b"app-1:s3cret-of-the-app").decode()
    answer = {"access_token": "figu_y", "token_type": "bearer", "expires_in": 7776000}
    url, form = "https://api.figma.com/v1/oauth/refresh", {"refresh_token": "figur_x"}
    script.expect("POST", url, form=form, headers={"Authorization": header}, answer=answer)
    token = script.refresh(make("figma"), "figur_x")
    assert (token.access, token.refresh) == ("figu_y", "figur_x")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": True, "status": 400, "message": "x", "i18n": None})], "token_refused"),
        ([(401, {"error": True, "status": 401, "message": "x", "i18n": None})], "invalid_client"),
        ([(200, ANSWER), (403, {"status": 403, "err": "Invalid token"})], "invalid_token"),
        ([(200, ANSWER), (403, {"status": 403, "err": "Token expired"})], "invalid_token"),
        ([(200, ANSWER), (403, {"status": 403, "err": "Invalid scope"})], "insufficient_scope"),
        ([(200, ANSWER), (429, {"status": 429, "err": "Rate limit exceeded"})], "rate_limited"),
        ([(200, ANSWER), (500, {"status": 500, "err": "x"})], "server_error"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("figma", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("figma", "access_denied").code == "access_denied"
