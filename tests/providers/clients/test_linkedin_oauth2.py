import pytest

LINKEDIN = "https://www.linkedin.com/oauth"
CLAIMS = {
    "iss": LINKEDIN,
    "sub": "782bbtaQ",
    "name": "Alice Example",
    "given_name": "Alice",
    "family_name": "Example",
    "picture": "https://media.licdn.example/a.png",
    "email": "alice@example.com",
    "email_verified": "true",
    "locale": "en_US",
    "nonce": None,
    "at_hash": None,
}
ANSWER = {"access_token": "AQXdSP_W41", "expires_in": 5183999, "scope": "email,openid,profile", "token_type": "Bearer"}
WIRE = {
    "authorize": f"{LINKEDIN}/v2/authorization",
    "scope": "openid profile email",
    "pkce": False,
    "token": f"{LINKEDIN}/v2/accessToken",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": f"{LINKEDIN}/openid/jwks",
}


def test_a_login(code_login):
    identity = code_login("linkedin_oauth2", **WIRE)
    assert (identity.uid, identity.name, identity.picture) == ("782bbtaQ", "Alice Example", CLAIMS["picture"])
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)


@pytest.mark.parametrize(
    ("email", "flag", "verified"),
    [
        ("b@example.com", "false", False),
        ("b@example.com", False, False),
        ("b@example.com", True, True),
        (None, None, False),
    ],
)
def test_flags_are_words_in_the_id_token(one_login, email, flag, verified):
    identity = one_login("linkedin_oauth2", **{**WIRE, "claims": {**CLAIMS, "email": email, "email_verified": flag}})
    assert (identity.email, identity.email_verified) == (email, verified)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://www.linkedin.com"}, "id_token_issuer"),
        ({"aud": "x"}, "id_token_audience"),
        ({"nonce": "another"}, "id_token_nonce"),
    ],
)
def test_an_id_token_of_elsewhere_is_refused(code_refused, changes, code):
    assert code_refused("linkedin_oauth2", **{**WIRE, "claims": {**CLAIMS, **changes}}) == code


def test_headers_are_added_to_every_call(one_login, make, refused):
    user = {"sub": "782bbtaQ", "email_verified": False, "email": "b@example.com", "locale": {"country": "US"}}
    wire = {**WIRE, "settings": {"SCOPE": ["email"], "HEADERS": {"x-li-src": "msdk"}}, "scope": "email"}
    wire |= {"claims": None, "jwks": None}
    call = ("GET", "https://api.linkedin.com/v2/userinfo", {"headers": {"x-li-src": "msdk"}, "answer": user})
    identity = one_login("linkedin_oauth2", **wire, api=[call])
    assert (identity.uid, identity.email_verified) == ("782bbtaQ", False)
    assert refused(make, "linkedin_oauth2", {"HEADERS": {"a": 1}}).code == "setting"
    assert refused(make, "linkedin_oauth2", {"HEADERS": "a"}).code == "setting"


def size(width, method, place):
    still = {"com.linkedin.digitalmedia.mediaartifact.StillImage": {"displaySize": {"width": width, "height": width}}}
    return {"authorizationMethod": method, "data": still, "identifiers": [{"identifier": place}]}


NAME = {"localized": {"de_DE": "Alicia", "en_US": "Alice"}, "preferredLocale": {"country": "US", "language": "en"}}
ME = {
    "id": "yrZCpj2Z12",
    "firstName": NAME,
    "lastName": {"localized": {"fr_FR": "Exemple"}, "preferredLocale": {"country": "XX", "language": "xx"}},
    "profilePicture": {
        "displayImage": "urn:li:digitalmediaAsset:C5603",
        "displayImage~": {"elements": [size(100.0, "PUBLIC", "p100"), size(200.0, "PUBLIC", "p200"), "odd"]},
    },
}
OLD = ["r_liteprofile", "r_emailaddress"]


def old_wire(settings, fields, me=ME):
    query = {"projection": f"({fields})"}
    address = {"elements": [{"handle": "urn:li:emailAddress:1", "handle~": {"emailAddress": "alice@example.com"}}]}
    emails = {"q": "members", "projection": "(elements*(handle~))"}
    return {
        **WIRE,
        "settings": {"SCOPE": OLD, **settings},
        "scope": "r_liteprofile r_emailaddress",
        "claims": None,
        "jwks": None,
        "api": [
            ("GET", "https://api.linkedin.com/v2/me", {"query": query, "answer": me}),
            ("GET", "https://api.linkedin.com/v2/emailAddress", {"query": emails, "answer": address}),
        ],
    }


def test_an_app_of_before_2023(code_login):
    identity = code_login("linkedin_oauth2", **old_wire({}, "id,firstName,lastName"))
    assert (identity.uid, identity.name) == ("yrZCpj2Z12", "Alice Exemple")
    assert (identity.first_name, identity.last_name) == ("Alice", "Exemple")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


@pytest.mark.parametrize(
    ("wanted", "picture"),
    [
        ({}, "p100"),
        ({"display_size_w_h": 200.0}, "p200"),
        ({"display_size_w_h": 200.0, "authorization_method": "PUBLIC"}, "p200"),
        ({"display_size_w_h": 800.0}, None),
        ({"authorization_method": "X"}, None),
    ],
)
def test_the_picture_of_a_size(one_login, wanted, picture):
    fields = ["id", "profilePicture(displayImage~:playableStreams)"]
    settings = {"PROFILE_FIELDS": fields, "PROFILEPICTURE": wanted}
    identity = one_login("linkedin_oauth2", **old_wire(settings, ",".join(fields)))
    assert identity.picture == picture


def test_names_may_be_plain_or_absent(one_login):
    me = {"id": "x", "firstName": "Alice", "lastName": {"localized": {}}}
    identity = one_login("linkedin_oauth2", **old_wire({}, "id,firstName,lastName", me))
    assert (identity.name, identity.last_name) == ("Alice", None)


@pytest.mark.parametrize("settings", [{"PROFILE_FIELDS": "id"}, {"PROFILEPICTURE": ["x"]}])
def test_settings_of_another_type_are_refused(make, refused, settings):
    assert refused(make, "linkedin_oauth2", settings).code == "setting"


def li(status, number, code):
    return (status, {"status": status, "serviceErrorCode": number, "code": code, "message": "x"})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_request", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "invalid_redirect_uri", "error_description": "x"})], "redirect_uri_mismatch"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), li(401, 65601, "REVOKED_ACCESS_TOKEN")], "invalid_token"),
        ([(200, ANSWER), li(403, 100, "ACCESS_DENIED")], "insufficient_scope"),
        ([(200, ANSWER), li(429, 101, "TOO_MANY")], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("linkedin_oauth2", *answers, settings={"SCOPE": ["email"]}).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("user_cancelled_login", "access_denied"),
        ("user_cancelled_authorize", "access_denied"),
        ("unauthorized_scope_error", "invalid_scope"),
    ],
)
def test_errors_at_the_callback(declined, error, code):
    assert declined("linkedin_oauth2", error).code == code


def test_the_number_of_an_error_is_kept(error_after):
    error = error_after("linkedin_oauth2", (200, ANSWER), li(401, 65602, "EXPIRED"), settings={"SCOPE": ["email"]})
    assert (error.code, error.detail) == ("invalid_token", "65602")
