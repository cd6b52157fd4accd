import pytest

USER = {
    "user_id": "amzn1.account.K2LI23KL2LK2",
    "email": "alice@example.com",
    "name": "Alice Example",
    "postal_code": None,
}
ANSWER = {
    "access_token": "Atza|IQEBLjAsAhRmHjNgHpi0U",
    "token_type": "bearer",
    "expires_in": 3600,
    "refresh_token": "Atzr|IQEBLzAtAhRPpMJxdwVz2",
}


def wire(user=USER, **more):
    return {
        "authorize": "https://www.amazon.com/ap/oa",
        "scope": "profile",
        "token": "https://api.amazon.com/auth/o2/token",
        "answer": ANSWER,
        "api": [("GET", "https://api.amazon.com/user/profile", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    data = '{"profile": {"essential": false}}'
    identity = code_login("amazon", **wire(), begin={"scope_data": data}, callback={"scope": "profile"})
    assert code_login.sent["scope_data"] == data
    assert (identity.uid, identity.name) == ("amzn1.account.K2LI23KL2LK2", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_a_scope_that_gives_the_uid_alone(one_login):
    narrow = wire({"user_id": USER["user_id"]}, settings={"SCOPE": ["profile:user_id"]}, scope="profile:user_id")
    identity = one_login("amazon", **narrow)
    assert (identity.uid, identity.email, identity.name) == (USER["user_id"], None, None)


def no(status, error):
    return (status, {"error": error, "error_description": "x", "request_id": "bef0c2f8"})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([no(400, "invalid_grant")], "invalid_grant"),
        ([no(401, "invalid_client")], "invalid_client"),
        ([no(400, "unauthorized_client")], "unauthorized_client"),
        ([no(500, "ServerError")], "server_error"),
        ([(200, ANSWER), no(400, "invalid_token")], "invalid_token"),
        ([(200, ANSWER), no(400, "invalid_request")], "invalid_request"),
        ([(200, ANSWER), no(401, "insufficient_scope")], "insufficient_scope"),
        ([(200, ANSWER), no(500, "ServerError")], "server_error"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("amazon", *answers).code == code


@pytest.mark.parametrize("error", ["access_denied", "invalid_scope"])
def test_what_comes_back_instead_of_a_code(declined, error):
    assert declined("amazon", error).code == error
