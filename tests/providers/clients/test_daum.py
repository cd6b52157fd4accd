import pytest

USER = {
    "id": 9007199254740993,
    "userid": 9007199254740993,
    "nickname": "앨리스",
    "imagePath": "https://pic.example/small.jpg",
    "bigImagePath": "https://pic.example/big.jpg",
    "openProfile": True,
}
ANSWER = {"access_token": "a1" * 32, "token_type": "bearer", "expires_in": 3600, "refresh_token": "b1" * 32}


def wire(user=USER):
    body = {"code": 200, "message": "OK", "result": user}
    return {
        "authorize": "https://apis.daum.net/oauth2/authorize",
        "scope": None,
        "pkce": False,
        "token": "https://apis.daum.net/oauth2/token",
        "answer": ANSWER,
        "api": [("GET", "https://apis.daum.net/user/v1/show.json", {"answer": body})],
    }


def test_a_login(code_login):
    identity = code_login("daum", **wire())
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "앨리스", "앨리스")
    assert (identity.email, identity.picture) == (None, "https://pic.example/big.jpg")


@pytest.mark.parametrize("missing", ["id", "userid"])
def test_either_name_of_the_number(one_login, missing):
    user = {name: value for name, value in USER.items() if name not in (missing, "bigImagePath")}
    identity = one_login("daum", **wire(user))
    assert (identity.uid, identity.picture) == ("9007199254740993", "https://pic.example/small.jpg")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (401, "")], "invalid_token"),
        ([(200, ANSWER), (200, {"code": 200, "message": "OK", "result": {}})], "uid_missing"),
        ([(200, ANSWER), (200, {"code": 200, "result": {"id": 1.5}})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("daum", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("daum", "access_denied").code == "access_denied"
