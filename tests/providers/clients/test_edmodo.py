import pytest

API = "https://api.edmodo.com"
MINE = f"{API}/users/9007199254740993"
USER = {
    "url": MINE,
    "id": 9007199254740993,
    "type": "teacher",
    "username": "alice",
    "user_title": None,
    "first_name": "Alice",
    "last_name": "Example",
    "locale": "en",
    "timezone": "America/Los_Angeles",
    "utc_offset": -28800,
    "gender": None,
    "premium": False,
    "school": {"url": f"{API}/schools/1", "id": 1},
    "verified_institution_member": True,
    "coppa_verified": False,
    "subjects": None,
    "avatars": {"small": "https://pic.example/s.jpg", "large": "https://pic.example/l.jpg"},
    "email": "alice@example.com",
}
ANSWER = {"access_token": "edmodo-t", "token_type": "Bearer", "expires_in": 7200, "refresh_token": "edmodo-r"}


def wire(user=USER, place=MINE, **more):
    moved = {"status": 302, "extra": {"Location": place}}
    return {
        "authorize": f"{API}/oauth/authorize",
        "scope": "basic read_user_email",
        "pkce": False,
        "token": f"{API}/oauth/token",
        "answer": ANSWER,
        "api": [("GET", f"{API}/users/me", moved), ("GET", place, {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("edmodo", **wire())
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.raw["userinfo"]["school"]["id"] == 1
    assert identity.picture == "https://pic.example/l.jpg"


def test_a_student_has_no_email(one_login):
    user = {name: value for name, value in USER.items() if name != "email"}
    student = wire({**user, "type": "student"}, settings={"SCOPE": ["basic"]}, scope="basic")
    assert one_login("edmodo", **student).email is None


def test_an_answer_at_once(one_login):
    assert one_login("edmodo", **wire(api=[("GET", f"{API}/users/me", {"answer": USER})])).uid == "9007199254740993"


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/users/1", "http://api.edmodo.com/users/1", f"{API}.evil.example/users/1", f"{API}/users/x"],
)
def test_the_token_follows_no_other_redirect(code_refused, place):
    moved = {"status": 302, "extra": {"Location": place}}
    assert code_refused("edmodo", **wire(api=[("GET", f"{API}/users/me", moved)])) == "bad_response"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (401, {"error": "x"})], "invalid_token"),
        ([(200, ANSWER), (429, "")], "rate_limited"),
        ([(200, ANSWER), (200, {"type": "teacher"})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    error = error_after("edmodo", *answers)
    assert (error.code, error.step) == (code, ["token", "userinfo"][len(answers) - 1])


def test_a_user_who_declines(declined):
    assert declined("edmodo", "access_denied").code == "access_denied"
