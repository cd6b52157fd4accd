import pytest

SITE = "https://www.openstreetmap.org/oauth2"
DETAILS = "https://api.openstreetmap.org/api/0.6/user/details.json"
TOKEN = {"access_token": "t0k", "token_type": "Bearer", "scope": "read_prefs", "created_at": 1790000000}
USER = {
    "id": 2**53 + 1,
    "display_name": "alice",
    "account_created": "2012-05-01T10:00:00Z",
    "description": "",
    "social_links": [],
    "contributor_terms": {"agreed": True, "pd": False},
    "img": {"href": "https://pic.example/1"},
    "roles": [],
    "changesets": {"count": 3},
    "traces": {"count": 0},
    "blocks": {"received": {"count": 0, "active": 0}},
    "messages": {"received": {"count": 0, "unread": 0}, "sent": {"count": 0}},
}


def wrapped(**changes):
    user = {name: value for name, value in {**USER, **changes}.items() if value is not None}
    return {"version": "0.6", "generator": "OpenStreetMap server", "copyright": "c", "license": "l", "user": user}


@pytest.mark.parametrize("email", [None, "alice@example.com"])
def test_a_login(any_script, make, query, email):
    osm = make("openstreetmap")
    login = any_script.begin(osm, prompt="login", allow_signup="false", scope=["read_email"] if email else [])
    sent = query(login.url)
    assert login.url.startswith(f"{SITE}/authorize?")
    assert sent["scope"] == ("read_prefs read_email" if email else "read_prefs")
    assert sent["allow_signup"] == "false"
    assert (sent["response_type"], sent["code_challenge_method"], sent["prompt"]) == ("code", "S256", "login")
    form = {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://app.example/cb",
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
        "code_verifier": login.session["verifier"],
    }
    any_script.expect("POST", f"{SITE}/token", form=form, answer=TOKEN)
    any_script.expect("GET", DETAILS, headers={"Authorization": "Bearer t0k"}, answer=wrapped(email=email))
    identity = any_script.finish(osm, login.session, {"state": login.session["state"], "code": "c0de"})
    any_script.done()
    assert (identity.uid, identity.username, identity.name) == (str(2**53 + 1), "alice", None)
    assert (identity.email, identity.email_verified) == (email, False)
    assert (identity.picture, identity.token.expires_at) == ("https://pic.example/1", None)


def test_a_token_never_expires_and_is_not_refreshed(make, script, refused):
    assert refused(script.refresh, make("openstreetmap"), "old").code == "refresh_unsupported"


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant", "token"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client", "token"),
        ([(400, {"error": "unsupported_grant_type"})], "unsupported_grant_type", "token"),
        ([(415, {})], "bad_response", "token"),
        ([(200, TOKEN), (401, "Couldn't authenticate you")], "invalid_token", "userinfo"),
        ([(200, TOKEN), (403, "The user has not permitted this")], "insufficient_scope", "userinfo"),
        ([(200, TOKEN), (403, "Your access to the API has been blocked.")], "account_suspended", "userinfo"),
        ([(200, TOKEN), (403, "Your access is temporarily suspended.")], "account_suspended", "userinfo"),
        ([(200, TOKEN), (503, "offline")], "server_error", "userinfo"),
        ([(200, TOKEN), (200, wrapped(id=True))], "uid_missing", "userinfo"),
        ([(200, TOKEN), (200, "<osm/>", "application/xml")], "bad_response", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("openstreetmap", *answers)
    assert (error.code, error.step) == (code, step)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "access_denied"),
        ("invalid_scope", "invalid_scope"),
        ("invalid_code_challenge_method", "invalid_request"),
    ],
)
def test_refusals_on_the_callback(script, make, refused, error, code):
    osm = make("openstreetmap")
    session = script.begin(osm).session
    callback = {"error": error, "error_description": "in words", "state": session["state"]}
    assert refused(script.finish, osm, session, callback).code == code
