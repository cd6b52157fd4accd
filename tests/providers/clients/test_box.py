import httpx
import pytest

USER = {
    "type": "user",
    "id": "9007199254740993",
    "name": "Alice Example",
    "login": "alice@example.com",
    "created_at": "2012-12-12T10:53:43-08:00",
    "modified_at": "2026-01-12T10:53:43-08:00",
    "language": "en",
    "timezone": "Africa/Bujumbura",
    "space_amount": 11345156112,
    "space_used": 1237009912,
    "max_upload_size": 2147483648,
    "status": "active",
    "job_title": "",
    "phone": "",
    "address": "",
    "avatar_url": "https://www.box.com/api/avatar/large/181216415",
    "notification_email": {"email": "notifications@example.com", "is_confirmed": True},
}
ANSWER = {
    "access_token": "c3FIOG9vSGV4VHo4QzAyg5T1JvNnJoZ3ExaVNyQWw6WjRsanRKZG5lQk9qUE1BVQ",
    "expires_in": 3600,
    "token_type": "bearer",
    "refresh_token": "c3FIOG9vSGV4VHo4QzAyg5T1JvNnJoZ3ExaVNyQWw6WjRsanRKZG5lQk9qUE1BVP",
    "restricted_to": [],
}


def wire(user=USER, **more):
    return {
        "authorize": "https://account.box.com/api/oauth2/authorize",
        "scope": None,
        "pkce": False,
        "token": "https://api.box.com/oauth2/token",
        "form": {"redirect_uri": None},
        "answer": ANSWER,
        "api": [("GET", "https://api.box.com/2.0/users/me", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("box", **wire())
    assert (identity.uid, identity.username, identity.name) == (
        "9007199254740993",
        "alice@example.com",
        "Alice Example",
    )
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == USER["avatar_url"]


@pytest.mark.parametrize("login", [None, "", "alice"])
def test_a_login_name_that_is_no_address(one_login, login):
    assert one_login("box", **wire({**USER, "login": login})).email is None


def test_a_scope(one_login):
    assert one_login("box", **wire(settings={"SCOPE": ["root_readonly", "x"]}, scope="root_readonly x")).uid


def no(status, code):
    return (status, {"type": "error", "status": status, "code": code, "message": "x", "request_id": "x"})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), (401, "")], "invalid_token"),
        ([(200, ANSWER), no(401, "unauthorized")], "invalid_token"),
        ([(200, ANSWER), no(403, "access_denied_insufficient_permissions")], "insufficient_scope"),
        ([(200, ANSWER), no(403, "insufficient_scope")], "insufficient_scope"),
        ([(200, ANSWER), no(429, "rate_limit_exceeded")], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("box", *answers).code == code


def test_a_bad_token_is_an_empty_401_that_names_no_type(make, refused):
    left = [httpx.Response(200, json=ANSWER), httpx.Response(401, headers={"WWW-Authenticate": "Bearer"})]
    client = httpx.Client(transport=httpx.MockTransport(lambda _: left.pop(0)))
    box = make("box")
    session = box.begin(redirect_uri="https://app.example/cb").session
    assert refused(box.finish, session, {"state": session["state"], "code": "x"}, http=client).code == "invalid_token"


def test_a_user_who_declines(declined):
    assert declined("box", "access_denied").code == "access_denied"
