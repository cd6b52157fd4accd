import pytest

ID = "0000-0001-2345-678X"
BEGIN = {
    "prompt": "login",
    "max_age": "60",
    "lang": "en",
    "show_login": "true",
    "email": "a@example.com",
    "orcid": ID,
    "given_names": "Alice",
    "family_names": "Example",
}
RECORD = {
    "orcid-identifier": {"uri": f"https://orcid.org/{ID}", "path": ID, "host": "orcid.org"},
    "preferences": {"locale": "en"},
    "history": {"creation-method": "DIRECT", "claimed": True, "verified-email": True, "verified-primary-email": True},
    "person": {
        "last-modified-date": None,
        "name": {
            "created-date": {"value": 1460757617078},
            "given-names": {"value": "Alice"},
            "family-name": {"value": "Example"},
            "credit-name": None,
            "source": None,
            "visibility": "public",
            "path": ID,
        },
        "emails": {
            "email": [
                {"email": "old@example.com", "verified": False, "primary": False, "visibility": "public"},
                {"email": "alice@example.com", "verified": True, "primary": True, "visibility": "public"},
            ],
            "path": f"/{ID}/email",
        },
        "path": f"/{ID}/person",
    },
    "activities-summary": {"path": f"/{ID}/activities"},
    "path": f"/{ID}",
}
ANSWER = {
    "access_token": "f5af9f51-07e6-4332-8f1a-c0c11c1e3728",
    "token_type": "bearer",
    "refresh_token": "f725f747-3a65-49f6-a231-3e8944ce464d",
    "expires_in": 631138518,
    "scope": "/authenticate",
    "name": "Alice Example",
    "orcid": ID,
}


def wire(record=RECORD, answer=ANSWER, domain="orcid.org", api="pub", token=None, **more):
    headers = {"Accept": "application/orcid+json", "Authorization": token}
    step = {"answer": record, "headers": headers, "kind": "application/orcid+json;charset=UTF-8"}
    return {
        "authorize": f"https://{domain}/oauth/authorize",
        "scope": "/authenticate",
        "pkce": False,
        "token": f"https://{domain}/oauth/token",
        "answer": answer,
        "api": [("GET", f"https://{api}.{domain}/v3.0/{ID}/record", step)],
        **more,
    }


def without(*path):
    record = {**RECORD, "person": {**RECORD["person"], path[0]: path[1]}}
    return {"record": record}


def test_a_login(code_login):
    identity = code_login("orcid", **wire(), begin=BEGIN)
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.name) == (ID, "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert [one.verified for one in identity.emails] == [False, True]


def test_the_sandbox(one_login):
    assert one_login("orcid", **wire(domain="sandbox.orcid.org", settings={"BASE_DOMAIN": "sandbox.orcid.org"})).uid


def test_the_members_api_gets_the_token(one_login):
    member = wire(api="api", token=f"Bearer {ANSWER['access_token']}", settings={"MEMBER_API": True})
    assert one_login("orcid", **member).uid == ID


@pytest.mark.parametrize(
    "settings",
    [{"MEMBER_API": "yes"}, {"MEMBER_API": 1}, {"BASE_DOMAIN": "https://orcid.org"}, {"BASE_DOMAIN": None}],
)
def test_settings_of_another_type(make, refused, settings):
    assert refused(make, "orcid", settings).code == "setting"


@pytest.mark.parametrize(
    ("emails", "email"),
    [
        ({"email": []}, None),
        ({"email": [{"email": "bob@example.com", "verified": False, "primary": True}]}, "bob@example.com"),
        ({}, None),
    ],
)
def test_an_unverified_or_hidden_email(one_login, emails, email):
    identity = one_login("orcid", **wire(**without("emails", emails)))
    assert (identity.email, identity.email_verified) == (email, False)


def test_a_hidden_name(one_login):
    identity = one_login("orcid", **wire(**without("name", None), answer={**ANSWER, "name": None}))
    assert (identity.name, identity.first_name) == (None, None)


@pytest.mark.parametrize("orcid", ["../x", "0000-0001-2345-678Y", "0000-0001-2345-6789/..", None, 7, ""])
def test_a_token_without_a_real_id(error_after, orcid):
    assert error_after("orcid", (200, {**ANSWER, "orcid": orcid})).code == "bad_response"


def test_the_record_of_somebody_else(code_refused):
    record = {**RECORD, "orcid-identifier": {"path": "0000-0002-0000-0000"}}
    assert code_refused("orcid", **wire(record)) == "sub_mismatch"


def fault(status, number):
    return (status, {"response-code": status, "developer-message": "x", "user-message": "x", "error-code": number})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "Reused authorization code: x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "Client not found: x"})], "invalid_client"),
        ([(200, ANSWER), (401, {"error": "invalid_token", "error_description": "x"})], "invalid_token"),
        ([(200, ANSWER), fault(404, 9016)], "not_found"),
        ([(200, ANSWER), fault(301, 9007)], "not_found"),
        ([(200, ANSWER), fault(401, 9017)], "insufficient_scope"),
        ([(200, ANSWER), fault(403, 9039)], "insufficient_scope"),
        ([(200, ANSWER), fault(409, 9018)], "account_suspended"),
        ([(200, ANSWER), fault(409, 9044)], "account_suspended"),
        ([(200, ANSWER), (429, "x")], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("orcid", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("orcid", "access_denied").code == "access_denied"
