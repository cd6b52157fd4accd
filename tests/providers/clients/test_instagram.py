import pytest

ANSWER = {"access_token": "IGQVJtoken", "user_id": 17841405793187218}
USER = {"id": "17841405793187218", "username": "alice"}


def wire(user=USER, **more):
    step = {"query": {"fields": "id,username"}, "answer": user}
    return {
        "authorize": "https://api.instagram.com/oauth/authorize",
        "scope": "user_profile",
        "pkce": False,
        "token": "https://api.instagram.com/oauth/access_token",
        "answer": ANSWER,
        "api": [("GET", "https://graph.instagram.com/me", step)],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("instagram", **wire())
    assert (identity.uid, identity.username, identity.name) == ("17841405793187218", "alice", None)
    assert (identity.email, identity.email_verified) == (None, False)


def test_commas_join_scopes(one_login):
    two = wire(settings={"SCOPE": ["user_profile", "user_media"]}, scope="user_profile,user_media")
    assert one_login("instagram", **two).uid == "17841405793187218"


def test_the_end_of_the_address_is_no_part_of_the_code(make, script):
    instagram = make("instagram")
    session = script.begin(instagram).session
    form = {"grant_type": "authorization_code", "code": "AQBx", "redirect_uri": "https://app.example/cb"}
    form |= {"client_id": "app-1", "client_secret": "s3cret-of-the-app"}
    script.expect("POST", "https://api.instagram.com/oauth/access_token", form=form, answer=ANSWER)
    script.expect("GET", "https://graph.instagram.com/me", query={"fields": "id,username"}, answer=USER)
    arrived = f"https://app.example/cb?code=AQBx&state={session['state']}#_"
    assert script.finish(instagram, session, arrived).username == "alice"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Matching code was not found or was already used.", "invalid_grant"),
        ("Invalid authorization code", "invalid_grant"),
        ("This authorization code has been used", "invalid_grant"),
        ("Invalid platform app", "invalid_client"),
        ("Invalid Client Secret", "invalid_client"),
        ("Missing required field code", "token_refused"),
        ("Something new", "token_refused"),
        (None, "token_refused"),
    ],
)
def test_token_errors_tell_in_words(error_after, words, code):
    body = {"error_type": "OAuthException", "code": 400, "error_message": words}
    assert error_after("instagram", (400, body)).code == code


@pytest.mark.parametrize(
    ("status", "number", "code"),
    [
        (400, 190, "invalid_token"),
        (400, 104, "invalid_token"),
        (400, 10, "insufficient_scope"),
        (403, 4, "rate_limited"),
    ],
)
def test_userinfo_errors_are_those_of_graph(error_after, status, number, code):
    body = {"error": {"message": "x", "type": "OAuthException", "code": number, "fbtrace_id": "x"}}
    assert error_after("instagram", (200, ANSWER), (status, body)).code == code


def test_a_user_who_declines(error_after):
    refusal = {"error": "access_denied", "error_reason": "user_denied", "error_description": "x"}
    assert error_after("instagram", drop=("code",), **refusal).code == "access_denied"
