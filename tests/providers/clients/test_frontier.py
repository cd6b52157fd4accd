import pytest

BASE = "https://auth.frontierstore.net"
USER = {
    "customer_id": "9007199254740993",
    "email": "alice@example.com",
    "firstname": "Alice",
    "lastname": "Example",
    "platform": "frontier",
    "developer": None,
    "allowedDownloads": [{"product_sku": "FORC_FDEV_V_COBRA", "product_name": "x", "product_qty": "1"}],
}
ANSWER = {"access_token": "eyJ.f.t", "token_type": "Bearer", "expires_in": 14400, "refresh_token": "r" * 60}
WIRE = {
    "authorize": f"{BASE}/auth",
    "scope": "auth capi",
    "token": f"{BASE}/token",
    "answer": ANSWER,
    "api": [("GET", f"{BASE}/me", {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("frontier", **WIRE, begin={"audience": "frontier,steam"})
    assert code_login.sent["audience"] == "frontier,steam"
    assert (identity.uid, identity.first_name, identity.last_name) == ("9007199254740993", "Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_only_the_setting_says_that_addresses_are_verified(one_login):
    assert one_login("frontier", **WIRE, settings={"VERIFIED_EMAIL": True}).email_verified is True


@pytest.mark.parametrize("number", [9007199254740993, "9007199254740993"])
def test_a_customer_id_is_exact(one_login, number):
    api = [("GET", f"{BASE}/me", {"answer": {**USER, "customer_id": number, "email": ""}})]
    identity = one_login("frontier", **{**WIRE, "api": api})
    assert (identity.uid, identity.email) == ("9007199254740993", None)


def test_a_new_client_has_no_shared_key(one_login):
    identity = one_login("frontier", **WIRE, form={"client_secret": None}, client_secret=None)
    assert identity.uid == "9007199254740993"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(401, {"message": "An error occured.", "logref": "1f2e3d"})], "invalid_grant"),
        ([(400, {"error": "invalid_client"})], "invalid_client"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (401, {"message": "x", "logref": "1f2e3d"})], "invalid_token"),
        ([(200, ANSWER), (200, {"email": "alice@example.com"})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("frontier", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("frontier", "access_denied").code == "access_denied"
