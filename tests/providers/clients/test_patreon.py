import pytest

API = "https://www.patreon.com/api/oauth2"
ATTRIBUTES = {
    "email": "alice@example.com",
    "first_name": "Alice",
    "last_name": "Example",
    "full_name": "Alice Example",
    "image_url": "https://c8.patreon.example/a",
    "is_email_verified": True,
    "url": "https://www.patreon.com/alice",
    "vanity": "alice",
}
ANSWER = {
    "access_token": "p-t",
    "refresh_token": "p-r",
    "expires_in": 2678400,
    "scope": "users",
    "token_type": "Bearer",
}


def user(**changes):
    attributes = {**ATTRIBUTES, **changes}
    return {"data": {"type": "user", "id": "9007199254740993", "attributes": attributes}, "links": {"self": "x"}}


def wire(scope, *api, **more):
    return {
        "authorize": "https://www.patreon.com/oauth2/authorize",
        "scope": scope,
        "pkce": False,
        "token": f"{API}/token",
        "answer": ANSWER,
        "api": api,
        **more,
    }


V1 = "pledges-to-me users my-campaign"
V2 = "identity identity[email] campaigns campaigns.members"
CURRENT = f"{API}/api/current_user"
IDENTITY = f"{API}/v2/identity"
FIELDS = {
    "include": "memberships",
    "fields[user]": "email,first_name,full_name,image_url,is_email_verified,last_name,url,vanity",
}
JSON_API = "application/vnd.api+json"


def test_a_login(code_login):
    identity = code_login("patreon", **wire(V1, ("GET", CURRENT, {"answer": user(), "kind": JSON_API})))
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.first_name, identity.last_name, identity.picture) == ("Alice", "Example", ATTRIBUTES["image_url"])
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)


def member(number):
    body = user()
    body["data"]["relationships"] = {"memberships": {"data": [{"type": "member", "id": number}] if number else []}}
    return body


def test_version_2_also_asks_for_the_membership(code_login):
    number = "03ca69c3-ebea-4b9a-8fac-e4a837873254"
    tiers = {"data": {"id": number, "type": "member"}, "included": [{"type": "tier", "attributes": {"title": "Gold"}}]}
    query = {"include": "currently_entitled_tiers", "fields[tier]": "title"}
    api = [
        ("GET", IDENTITY, {"query": FIELDS, "answer": member(number), "kind": JSON_API}),
        ("GET", f"{API}/v2/members/{number}", {"query": query, "answer": tiers, "kind": JSON_API}),
    ]
    identity = code_login("patreon", **wire(V2, *api, settings={"VERSION": "v2"}))
    assert (identity.uid, identity.email_verified) == ("9007199254740993", True)
    assert identity.raw["member"]["included"][0]["attributes"]["title"] == "Gold"


@pytest.mark.parametrize("number", [None, "../../secret", "a?b", ""])
def test_without_a_membership_nothing_more_is_asked(one_login, number):
    api = ("GET", IDENTITY, {"query": FIELDS, "answer": member(number)})
    assert "member" not in one_login("patreon", **wire(V2, api, settings={"VERSION": "v2"})).raw


def test_scope_replaces_that_of_either_version(one_login):
    api = ("GET", IDENTITY, {"query": FIELDS, "answer": user()})
    settings = {"VERSION": "v2", "SCOPE": ["identity"]}
    assert one_login("patreon", **wire("identity", api, settings=settings)).uid == "9007199254740993"


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({"is_email_verified": False}, "alice@example.com"),
        ({"email": None}, None),
        ({"vanity": None}, "alice@example.com"),
    ],
)
def test_an_unverified_or_missing_email(one_login, changes, email):
    identity = one_login("patreon", **wire(V1, ("GET", CURRENT, {"answer": user(**changes)})))
    assert (identity.email, identity.email_verified) == (email, changes == {"vanity": None})


@pytest.mark.parametrize("version", ["2", "V2", 2, None])
def test_another_version_is_refused(make, refused, version):
    assert refused(make, "patreon", {"VERSION": version}).code == "setting"


def fault(status, name, code=None):
    row = {"code": code, "code_name": name, "detail": "x", "id": "u", "status": str(status), "title": "x"}
    return (status, {"errors": [row]}, JSON_API)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(401, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "access_denied"})], "access_denied"),
        ([(200, ANSWER), fault(401, "Unauthorized", 1)], "invalid_token"),
        ([(200, ANSWER), fault(403, "OAuthClientViewForbidden")], "insufficient_scope"),
        ([(200, ANSWER), fault(429, "RequestThrottled")], "rate_limited"),
        ([(200, ANSWER), (401, "<html>", "text/html")], "invalid_token"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("patreon", *answers).code == code
