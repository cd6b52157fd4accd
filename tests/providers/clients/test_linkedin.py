import pytest

OAUTH = "https://api.linkedin.com/uas/oauth"
REQUEST = (200, "oauth_token=req&oauth_token_secret=req-sec&oauth_callback_confirmed=true&oauth_expires_in=599")
ACCESS = (200, "oauth_token=acc&oauth_token_secret=acc-sec&oauth_expires_in=5184000")
FIELDS = "id,first-name,last-name,email-address,picture-url,picture-urls::(original),public-profile-url"
XML = "text/xml;charset=UTF-8"
PERSON = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<person><id>aB-3_x</id><first-name>Alice</first-name><last-name>Exämple</last-name>
<email-address>alice@example.com</email-address><picture-urls total="1"><picture-url>https://pic.example/1
</picture-url></picture-urls><public-profile-url>https://www.example.com/in/a</public-profile-url></person>"""


def whole_login(oauth1, make, settings=None, fields=FIELDS, headers=None, person=PERSON, scope=None):
    linkedin = make("linkedin", settings)
    asked = {"scope": scope or "r_basicprofile r_emailaddress"}
    login = oauth1.begin(linkedin, f"{OAUTH}/requestToken", query=asked, answer=REQUEST[1])
    assert login.url == "https://www.linkedin.com/uas/oauth/authenticate?oauth_token=req"
    oauth1.expect("POST", f"{OAUTH}/accessToken", answer=ACCESS[1])
    profile = f"https://api.linkedin.com/v1/people/~:({fields})"
    oauth1.expect("GET", profile, headers=headers, answer=person, kind=XML)
    return oauth1.done(linkedin, login, secrets=["", "req-sec", "acc-sec"])


def test_a_login(oauth1, make):
    identity = whole_login(oauth1, make)
    assert (identity.uid, identity.first_name, identity.last_name) == ("aB-3_x", "Alice", "Exämple")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/1"


def test_settings_choose_fields_headers_and_scope(oauth1, make):
    settings = {
        "PROFILE_FIELDS": ["id", "formatted-name"],
        "HEADERS": {"x-li-src": "msdk"},
        "SCOPE": ["r_basicprofile"],
    }
    person = "<person><id>7</id><formatted-name>A. E.</formatted-name></person>"
    identity = whole_login(
        oauth1, make, settings, "id,formatted-name", {"x-li-src": "msdk"}, person, scope="r_basicprofile"
    )
    assert (identity.uid, identity.name, identity.email) == ("7", "A. E.", None)


@pytest.mark.parametrize("settings", [{"PROFILE_FIELDS": "id"}, {"HEADERS": ["x"]}, {"HEADERS": {"x-li-src": 1}}])
def test_settings_of_another_type(make, refused, settings):
    assert refused(make, "linkedin", settings).code == "setting"


def error_page(status, message):
    fields = f"<status>{status}</status><timestamp>1</timestamp><request-id>A</request-id><error-code>0</error-code>"
    return status, f"<error>{fields}<message>{message}</message></error>", XML


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(401, "oauth_problem=signature_invalid&oauth_problem_advice=x")], "invalid_client", "request_token"),
        ([(401, "oauth_problem=timestamp_refused")], "invalid_request", "request_token"),
        ([(401, "oauth_problem=consumer_key_unknown")], "invalid_client", "request_token"),
        ([REQUEST, (401, "oauth_problem=token_rejected")], "invalid_grant", "token"),
        ([REQUEST, (401, "oauth_problem=permission_denied")], "unauthorized_client", "token"),
        ([REQUEST, (400, "oauth_problem=parameter_absent&oauth_parameters_absent=x")], "invalid_request", "token"),
        ([REQUEST, ACCESS, error_page(401, "[unauthorized]. The token is expired")], "invalid_token", "userinfo"),
        ([REQUEST, ACCESS, error_page(403, "Access to x denied")], "insufficient_scope", "userinfo"),
        ([REQUEST, ACCESS, error_page(403, "Throttle limit for calls to this is reached")], "rate_limited", "userinfo"),
        ([REQUEST, ACCESS, (200, "<person></person>", XML)], "bad_response", "userinfo"),
        ([REQUEST, ACCESS, (200, "<person><first-name>A</first-name></person>", XML)], "uid_missing", "userinfo"),
        ([REQUEST, ACCESS, (200, '<!DOCTYPE a [<!ENTITY b "c">]><person><id>&b;</id></person>', XML)],
         "bad_response", "userinfo"),
        ([REQUEST, ACCESS, (200, '{"id": "7"}', "application/json")], "bad_response", "userinfo"),
    ],
)  # fmt: skip
def test_refusals(error_after, answers, code, step):
    error = error_after("linkedin", *answers)
    assert (error.code, error.step) == (code, step)


@pytest.mark.parametrize(("problem", "code"), [("user_refused", "access_denied"), ("other", "token_refused")])
def test_a_refusal_has_no_token_and_leaves_the_session_open(script, make, refused, problem, code):
    linkedin = make("linkedin")
    query = {"scope": "r_basicprofile r_emailaddress"}
    session = script.expect("POST", f"{OAUTH}/requestToken", query=query, answer=REQUEST[1]).begin(linkedin).session
    assert refused(script.finish, linkedin, session, {"oauth_problem": problem}).code == code
    assert session["used"] is False
    wrong = {"oauth_problem": problem, "oauth_token": "another"}
    assert refused(script.finish, linkedin, session, wrong).code == "state_mismatch"
    twice = [("oauth_problem", problem), ("oauth_problem", problem)]
    assert refused(script.finish, linkedin, session, twice).code == "duplicate_parameter"
