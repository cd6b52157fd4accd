import pytest

BEGIN = {
    "login_hint": "alice",
    "force_confirm": "yes",
    "optional_scope": "login:avatar",
    "device_id": "device-1",
    "device_name": "x",
}
USER = {
    "id": "9007199254740993",
    "login": "alice",
    "client_id": "app-1",
    "psuid": "1.AAceCw.tbHgw5DtJ9_zeqPrk-Ba2w.qPWSRC5v2t2IaksPJgnge",
    "default_email": "alice@example.com",
    "emails": ["alice@example.com"],
    "default_avatar_id": "31804/BYkogAC6AoB17bN1HKRFAyKiM4-1",
    "is_avatar_empty": False,
    "birthday": None,
    "first_name": "Alice",
    "last_name": "Example",
    "display_name": "alice-e",
    "real_name": "Alice Example",
    "sex": None,
    "default_phone": None,
}
ANSWER = {
    "token_type": "bearer",
    "access_token": "y0_AgAAAAAAABCDEF",
    "expires_in": 31536000,
    "refresh_token": "1:GN686QVt0mmakDd9:A4pYuW9LGk0_UnlrMIWklk",
}


def wire(user=USER, **more):
    step = {"query": {"format": "json"}, "headers": {"Authorization": "OAuth y0_AgAAAAAAABCDEF"}, "answer": user}
    return {
        "authorize": "https://oauth.yandex.com/authorize",
        "scope": "login:info login:email",
        "token": "https://oauth.yandex.ru/token",
        "form": {"redirect_uri": None},
        "answer": ANSWER,
        "api": [("GET", "https://login.yandex.ru/info", step)],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("yandex", **wire(), begin=BEGIN)
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.emails[0].primary
    assert identity.picture == f"https://avatars.yandex.net/get-yapic/{USER['default_avatar_id']}/islands-200"


def test_without_a_real_name(one_login):
    assert one_login("yandex", **wire({**USER, "real_name": None})).name == "alice-e"


def test_the_caller_may_vouch_for_the_addresses(one_login):
    assert one_login("yandex", **wire(settings={"VERIFIED_EMAIL": True})).email_verified


@pytest.mark.parametrize(
    ("changes", "email"),
    [({"default_email": None}, "alice@example.com"), ({"default_email": None, "emails": []}, None)],
)
def test_the_address_is_the_default_or_the_first(one_login, changes, email):
    assert one_login("yandex", **wire({**USER, **changes})).email == email


@pytest.mark.parametrize("changes", [{"is_avatar_empty": True}, {"default_avatar_id": "../x"}])
def test_without_a_picture(one_login, changes):
    assert one_login("yandex", **wire({**USER, **changes})).picture is None


@pytest.mark.parametrize("client_id", ["app-2", "", 7])
def test_a_token_for_another_app_proves_nothing(code_refused, client_id):
    assert code_refused("yandex", **wire({**USER, "client_id": client_id})) == "wrong_audience"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "Code has expired"})], "invalid_grant"),
        ([(400, {"error": "bad_verification_code", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "Malformed Authorization header", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "Basic auth required", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), (401, "")], "invalid_token"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("yandex", *answers).code == code


@pytest.mark.parametrize("error", ["access_denied", "unauthorized_client"])
def test_what_comes_back_instead_of_a_code(declined, error):
    assert declined("yandex", error).code == error
