import pytest

CLAIMS = {
    "iss": "https://oauth.platform.intuit.com/op/v1",
    "sub": "1182d6ec-2a1f-4aa3-af3f-bb3b95db45af",
    "aud": ["app-1"],
    "realmid": "9130347798120106",
    "auth_time": 1_789_999_000,
    "nonce": None,
    "at_hash": None,
}
USER = {
    "sub": "1182d6ec-2a1f-4aa3-af3f-bb3b95db45af",
    "email": "alice@example.com",
    "emailVerified": True,
    "givenName": "Alice",
    "familyName": "Example",
    "phoneNumber": "+1 5550100",
    "phoneNumberVerified": False,
    "address": {"streetAddress": "1 Main St", "locality": "X", "region": "CA", "postalCode": "1", "country": "US"},
}
ANSWER = {
    "access_token": "eyJlbmMiOiJBMTI4",
    "refresh_token": "AB11x",
    "token_type": "bearer",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 8726400,
}
SCOPE = "openid com.intuit.quickbooks.accounting profile phone email"
ACCOUNTS = "https://accounts.platform.intuit.com/v1/openid_connect/userinfo"
WIRE = {
    "authorize": "https://appcenter.intuit.com/connect/oauth2",
    "scope": SCOPE,
    "pkce": False,
    "basic": True,
    "token": "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
    "answer": ANSWER,
    "claims": CLAIMS,
    "jwks": "https://oauth.platform.intuit.com/op/v1/jwks",
    "api": [("GET", ACCOUNTS, {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("quickbooks", **WIRE, callback={"realmId": "9130347798120106"})
    assert (identity.uid, identity.first_name, identity.last_name) == (USER["sub"], "Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert identity.raw["realmId"] == "9130347798120106"


def test_another_company_than_the_id_tokens_is_refused(code_refused):
    assert code_refused("quickbooks", **WIRE, callback={"realmId": "1"}) == "realm_mismatch"


def test_there_may_be_no_company(one_login):
    assert "realmId" not in one_login("quickbooks", **WIRE).raw
    wire = {**WIRE, "claims": {**CLAIMS, "realmid": None}}
    assert one_login("quickbooks", **wire, callback={"realmId": "1"}).raw["realmId"] == "1"


@pytest.mark.parametrize(("email", "verified"), [("bob@example.com", False), ("bob@example.com", "true"), (None, None)])
def test_an_unverified_or_missing_email(one_login, email, verified):
    user = {**USER, "email": email, "emailVerified": verified}
    identity = one_login("quickbooks", **{**WIRE, "api": [("GET", ACCOUNTS, {"answer": user})]})
    assert (identity.email, identity.email_verified) == (email, False)


def test_the_sandbox_has_another_userinfo(one_login, make, refused):
    place = "https://sandbox-accounts.platform.intuit.com/v1/openid_connect/userinfo"
    wire = {**WIRE, "settings": {"SANDBOX": True}, "api": [("GET", place, {"answer": USER})]}
    assert one_login("quickbooks", **wire).uid == USER["sub"]
    assert refused(make, "quickbooks", {"SANDBOX": "true"}).code == "setting"


def test_profile_fields_are_the_only_ones_kept(one_login, make, refused):
    identity = one_login("quickbooks", **WIRE, settings={"PROFILE_FIELDS": ["givenName", "email"]})
    assert (identity.uid, identity.first_name, identity.last_name) == (USER["sub"], "Alice", None)
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert refused(make, "quickbooks", {"PROFILE_FIELDS": "email"}).code == "setting"


def test_an_entry_of_scope_may_hold_several(make, script, query):
    login = script.begin(make("quickbooks", {"SCOPE": ["openid email", "com.intuit.quickbooks.payment email"]}))
    assert query(login.url)["scope"] == "openid email com.intuit.quickbooks.payment"


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        ({"claims": {**CLAIMS, "iss": "https://oauth.platform.intuit.com"}}, "id_token_issuer"),
        ({"claims": {**CLAIMS, "aud": ["app-2"]}}, "id_token_audience"),
        ({"claims": {**CLAIMS, "nonce": "another"}}, "id_token_nonce"),
        ({"claims": None, "jwks": None}, "id_token_missing"),
        ({"api": [("GET", ACCOUNTS, {"answer": {**USER, "sub": "x"}})]}, "sub_mismatch"),
    ],
)
def test_hostile_answers(code_refused, wire, code):
    assert code_refused("quickbooks", **{**WIRE, **wire}) == code


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (401, {"code": "AuthenticationFailed"})], "invalid_token"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("quickbooks", *answers, settings={"SCOPE": ["profile"]}).code == code
