import pytest

USER = {
    "id": "32742776abcDEF-_xyz",
    "nickname": "앨리스",
    "name": "Alice Example",
    "email": "alice@example.com",
    "gender": "F",
    "age": "20-29",
    "birthday": "10-01",
    "profile_image": "https://pic.example/alice.png",
    "birthyear": "1999",
    "mobile": "010-0000-0000",
}
ANSWER = {
    "access_token": "AAAAQosjWDJieBiQZc3to9YQp6HDLvrmyKC+6+iZ3gq7qrkqf50ljZC+Lgoqrg==",
    "refresh_token": "c8ceMEJisO4Se7uGisHoX0f5JEii7JnipglQipkOn5Zp3tyP7dHQoP0zNKHUq2gY",
    "token_type": "bearer",
    "expires_in": "3600",
}
ME = "https://openapi.naver.com/v1/nid/me"


class Wire:
    """The login; its token step repeats a state that is known once it has begun."""

    def __init__(self, script, make):
        self.script, self.provider = script, make("naver")

    def __call__(self, user=USER, **begin):
        login = self.script.begin(self.provider, **begin)
        state, url = login.session["state"], login.url
        form = {"grant_type": "authorization_code", "code": "c0de", "redirect_uri": "https://app.example/cb"}
        form |= {"client_id": "app-1", "client_secret": "s3cret-of-the-app", "state": state}
        self.script.expect("POST", "https://nid.naver.com/oauth2.0/token", form=form, answer=ANSWER)
        bearer = {"Authorization": f"Bearer {ANSWER['access_token']}"}
        answer = {"resultcode": "00", "message": "success", "response": user}
        self.script.expect("GET", ME, headers=bearer, answer=answer)
        identity = self.script.finish(self.provider, login.session, {"state": state, "code": "c0de"})
        self.script.done()
        return url, identity


def test_a_login(any_script, make, query, now):
    url, identity = Wire(any_script, make)(auth_type="reprompt")
    sent = query(url)
    assert url.startswith("https://nid.naver.com/oauth2.0/authorize?")
    assert set(sent) == {"client_id", "redirect_uri", "response_type", "state", "auth_type"}
    assert (identity.uid, identity.username, identity.name) == (USER["id"], "앨리스", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/alice.png"
    assert identity.token.expires_at == now + 3600


def test_old_numbers_and_a_user_who_gives_little(script, make):
    _, identity = Wire(script, make)({"id": "9007199254740993", "nickname": "앨리스"})
    assert (identity.uid, identity.email, identity.name) == ("9007199254740993", None, "앨리스")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {"error": "invalid_request", "error_description": "no valid data in session"}), "invalid_grant"),
        ((200, {"error": "invalid_request", "error_description": "x"}), "invalid_request"),
        ((200, {"error": "invalid_client", "error_description": "x"}), "invalid_client"),
        ((200, {"error": "unauthorized_client", "error_description": "x"}), "unauthorized_client"),
        ((503, {"error": "temporarily_unavailable", "error_description": "x"}), "server_error"),
    ],
)
def test_token_errors_are_mostly_http_200(error_after, answer, code):
    assert error_after("naver", answer).code == code


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"resultcode": "024", "message": "x"}, "invalid_token"),
        (401, {"resultcode": "028", "message": "x"}, "invalid_token"),
        (401, {"errorMessage": "x", "errorCode": "024"}, "invalid_token"),
        (200, {"resultcode": "024", "message": "x"}, "invalid_token"),
        (200, {"resultcode": "028", "message": "x"}, "invalid_token"),
        (403, {"resultcode": "403", "message": "x"}, "insufficient_scope"),
        (404, {"resultcode": "404", "message": "x"}, "not_found"),
        (429, {"errorMessage": "x", "errorCode": "012"}, "rate_limited"),
        (200, {"resultcode": "00", "message": "success"}, "uid_missing"),
    ],
)
def test_userinfo_errors(error_after, status, body, code):
    assert error_after("naver", (200, ANSWER), (status, body)).code == code


def test_a_user_who_declines(declined):
    assert declined("naver", "access_denied").code == "access_denied"
