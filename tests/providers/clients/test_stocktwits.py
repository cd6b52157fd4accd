import pytest

API = "https://api.stocktwits.com/api/2"
USER = {
    "id": 9007199254740993,
    "username": "alice",
    "name": "Alice Example",
    "avatar_url": "http://pic.example/a.png",
    "avatar_url_ssl": "https://pic.example/a.png",
    "join_date": "2010-02-08",
    "official": False,
}
ANSWER = {"user_id": 9007199254740993, "access_token": "st-t", "scope": "read", "username": "alice"}


@pytest.fixture
def login(any_script, make):
    def login(user=USER, settings=None, **begin):
        provider = make("stocktwits", settings)
        begun = any_script.begin(provider, **begin)
        body = {"grant_type": "authorization_code", "code": "c0de", "redirect_uri": "https://app.example/cb"}
        body |= {"client_id": "app-1", "client_secret": "s3cret-of-the-app"}
        any_script.expect("POST", f"{API}/oauth/token", body=body, answer=ANSWER)
        answer = {"response": {"status": 200}, "user": user}
        bearer = {"Authorization": "Bearer st-t"}
        any_script.expect("GET", f"{API}/account/verify.json", headers=bearer, answer=answer)
        state = begun.session["state"]
        identity = any_script.finish(provider, begun.session, {"state": state, "code": "c0de"})
        any_script.done()
        return begun.url, identity

    return login


def test_a_login(login, query):
    url, identity = login(prompt="1")
    assert url.startswith(f"{API}/oauth/authorize?")
    assert {"prompt": "1", "scope": "read"}.items() <= query(url).items()
    assert "code_challenge" not in query(url)
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.email, identity.picture) == (None, "https://pic.example/a.png")


def test_commas_join_scopes(login, query):
    url, _ = login(settings={"SCOPE": ["read", "watch_lists"]})
    assert query(url)["scope"] == "read,watch_lists"


@pytest.mark.parametrize("number", [9007199254740992, "9007199254740993", None])
def test_another_user_than_the_tokens(refused, login, number):
    error = refused(login, {**USER, "id": number})
    assert (error.code, error.step) == ("sub_mismatch", "userinfo")


SENTENCE = {"response": {"status": 401}, "errors": [{"message": "x y"}]}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, SENTENCE)], "token_refused"),
        ([(401, SENTENCE)], "invalid_client"),
        ([(200, SENTENCE)], "token_refused"),
        ([(200, ANSWER), (401, SENTENCE)], "invalid_token"),
        ([(200, ANSWER), (403, SENTENCE)], "insufficient_scope"),
        ([(200, ANSWER), (429, SENTENCE)], "rate_limited"),
        ([(200, ANSWER), (200, SENTENCE)], "token_refused"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("stocktwits", *answers).code == code


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("stocktwits"), "x").code == "refresh_unsupported"


def test_a_user_who_declines(declined):
    assert declined("stocktwits", "access_denied").code == "access_denied"
