import pytest

VK = "https://id.vk.ru"
USER = {
    "user_id": "9007199254740993",
    "first_name": "Alice",
    "last_name": "Example",
    "avatar": "https://pp.userapi.example/a.jpg",
    "email": "alice@example.com",
    "phone": "79990000000",
    "sex": 1,
    "verified": True,
    "birthday": "01.01.2000",
}
ANSWER = {
    "access_token": "vk2.a.t",
    "refresh_token": "vk2.a.r",
    "id_token": "eyJ.of.vk",
    "token_type": "Bearer",
    "expires_in": 3600,
    "user_id": 9007199254740993,
    "state": "x",
    "scope": "vkid.personal_info email",
}
CALLBACK = {"device_id": "dev-1", "type": "code_v2", "expires_in": "600", "ext_id": "e"}


@pytest.fixture
def vk_login(any_script, make, query):
    """A login at VK ID, whose token step carries a fresh state."""

    def run(user=USER, callback=CALLBACK):
        vk = make("vk", client_secret=None)
        login = any_script.begin(vk)
        assert login.url.startswith(f"{VK}/authorize?")
        sent = query(login.url)
        assert (sent["scope"], sent["code_challenge_method"]) == ("vkid.personal_info email", "S256")
        assert len(sent["state"]) >= 32
        form = {
            "grant_type": "authorization_code",
            "code": "c0de",
            "redirect_uri": "https://app.example/cb",
            "code_verifier": login.session["verifier"],
            "client_id": "app-1",
            "device_id": "dev-1",
            "state": Fresh(sent["state"]),
        }
        any_script.expect("POST", f"{VK}/oauth2/auth", form=form, answer=ANSWER)
        form = {"access_token": "vk2.a.t", "client_id": "app-1"}
        no_header = {"Authorization": None}
        any_script.expect("POST", f"{VK}/oauth2/user_info", form=form, headers=no_header, answer={"user": user})
        identity = any_script.finish(vk, login.session, {"state": sent["state"], "code": "c0de", **callback})
        any_script.done()
        return identity

    return run


class Fresh:
    """Equal to any text of 32 characters or more but this one."""

    def __init__(self, used):
        self.used = used

    def __eq__(self, other):
        return isinstance(other, str) and len(other) >= 32 and other != self.used

    __hash__ = None


def test_a_login(vk_login):
    identity = vk_login()
    assert (identity.uid, identity.name) == ("9007199254740993", "Alice Example")
    assert (identity.first_name, identity.last_name, identity.picture) == ("Alice", "Example", USER["avatar"])
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.raw["device_id"] == "dev-1"


def test_there_may_be_no_email_and_no_name(vk_login):
    identity = vk_login({"user_id": "7"})
    assert (identity.uid, identity.email, identity.name) == ("7", None, None)


def test_a_refresh_needs_the_device(make, script, refused):
    vk = make("vk")
    form = {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "app-1", "device_id": "dev-1"}
    script.expect("POST", f"{VK}/oauth2/auth", form={**form, "state": Fresh("")}, answer=ANSWER)
    assert script.refresh(vk, "r", device_id="dev-1").refresh == "vk2.a.r"
    assert refused(script.refresh, vk, "r").code == "parameter_missing"


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        ({}, "device_id_missing"),
        ({"device_id": ""}, "device_id_missing"),
        ({"error": "access_denied"}, "code_and_error"),
    ],
)
def test_a_callback_without_device(error_after, callback, code):
    assert error_after("vk", **callback).code == code


def test_a_device_that_comes_twice(make, script, refused):
    vk = make("vk")
    session = script.begin(vk).session
    callback = [("state", session["state"]), ("code", "c"), ("device_id", "a"), ("device_id", "b")]
    assert refused(script.finish, vk, session, callback).code == "duplicate_parameter"


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("answers", "error", "code"),
    [
        ([], "invalid_grant", "invalid_grant"),
        ([], "invalid_request", "invalid_request"),
        ([], "invalid_client", "invalid_client"),
        ([(200, ANSWER)], "invalid_token", "invalid_token"),
    ],
)
def test_errors_whatever_their_status(error_after, status, answers, error, code):
    body = {"error": error, "error_description": "x", "state": "y"}
    assert error_after("vk", *answers, (status, body), device_id="d").code == code


@pytest.mark.parametrize("body", [{"user": {}}, {"user": {"user_id": None}}, {}])
def test_a_profile_without_user(error_after, body):
    assert error_after("vk", (200, ANSWER), (200, body), device_id="d").code == "uid_missing"


def test_a_user_who_declines(declined):
    assert declined("vk", "access_denied").code == "access_denied"
