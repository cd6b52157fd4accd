import pytest

USER = {
    "id": "4x25quk",
    "name": "alice_example",
    "created": 1_438_220_000.0,
    "created_utc": 1_438_191_200.0,
    "oauth_client_id": "app-1",
    "icon_img": "https://styles.redditmedia.example/a.png?width=256&s=b7",
    "snoovatar_img": "",
    "has_verified_email": True,
    "is_suspended": False,
    "over_18": False,
    "link_karma": 7,
    "subreddit": {"display_name": "u_alice_example", "title": "Alice"},
}
ANSWER = {"access_token": "12345-tok", "token_type": "bearer", "expires_in": 86400, "scope": "identity"}
ME = "https://oauth.reddit.com/api/v1/me"
WIRE = {
    "authorize": "https://www.reddit.com/api/v1/authorize",
    "scope": "identity",
    "pkce": False,
    "basic": True,
    "token": "https://www.reddit.com/api/v1/access_token",
    "answer": ANSWER,
}


def me(**headers):
    return [
        (
            "GET",
            ME,
            {"query": {"raw_json": "1"}, "headers": {"Authorization": "bearer 12345-tok", **headers}, "answer": USER},
        )
    ]


def test_a_login(code_login):
    identity = code_login("reddit", **WIRE, api=me(), settings={"AUTH_PARAMS": {"duration": "permanent"}})
    assert code_login.sent["duration"] == "permanent"
    assert (identity.uid, identity.username) == ("alice_example", "alice_example")
    assert (identity.email, identity.email_verified, identity.picture) == (None, False, USER["icon_img"])


def test_the_user_agent_is_sent_at_every_step(make):
    import httpx

    seen, answers = [], iter([ANSWER, USER])

    def handle(request):
        seen.append(request.headers["user-agent"])
        return httpx.Response(200, json=next(answers))

    reddit = make("reddit", {"USER_AGENT": "web:app.example:v1 (by /u/alice)"})
    session = reddit.begin(redirect_uri="https://app.example/cb").session
    client = httpx.Client(transport=httpx.MockTransport(handle))
    reddit.finish(session, {"state": session["state"], "code": "c"}, http=client)
    assert seen == ["web:app.example:v1 (by /u/alice)"] * 2


@pytest.mark.parametrize("agent", ["", 7, None])
def test_a_user_agent_of_another_type_is_refused(make, refused, agent):
    assert refused(make, "reddit", {"USER_AGENT": agent}).code == "setting"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(200, {"error": "invalid_grant"})], "invalid_grant"),
        ([(200, {"error": "invalid_request"})], "invalid_request"),
        ([(200, {"error": "unsupported_grant_type"})], "unsupported_grant_type"),
        ([(200, {"error": "unauthorized_client", "error_description": "x"})], "unauthorized_client"),
        ([(401, {"message": "Unauthorized", "error": 401})], "invalid_client"),
        ([(400, {"message": "Bad Request", "error": 400})], "invalid_grant"),
        ([(429, {"message": "Too Many Requests", "error": 429})], "rate_limited"),
        ([(429, "<html>whoa there</html>", "text/html")], "rate_limited"),
        ([(200, ANSWER), (401, {"message": "Unauthorized", "error": 401})], "invalid_token"),
        ([(200, ANSWER), (403, {"message": "Forbidden", "error": 403})], "insufficient_scope"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("reddit", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("reddit", "access_denied").code == "access_denied"
