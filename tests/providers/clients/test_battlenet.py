import pytest

WORLD = "https://oauth.battle.net"
CHINA = "https://www.battlenet.com.cn/oauth"
USER = {"sub": "9007199254740993", "id": 9007199254740993, "battletag": "Alice#1234"}
ANSWER = {
    "access_token": "USVb1nGO9kwQlhNRRnI4iWVy2UV5j7M6h7",
    "token_type": "bearer",
    "expires_in": 86399,
    "scope": "",
    "sub": "9007199254740993",
}


def wire(base, user=USER):
    return {
        "authorize": f"{base}/authorize",
        "scope": None,
        "pkce": False,
        "basic": True,
        "token": f"{base}/token",
        "answer": ANSWER,
        "api": [("GET", f"{base}/userinfo", {"answer": user})],
    }


def test_a_login(code_login):
    identity = code_login("battlenet", **wire(WORLD))
    assert (identity.uid, identity.username, identity.email) == ("9007199254740993", "Alice#1234", None)
    assert "region" not in code_login.sent


@pytest.mark.parametrize("region", ["us", "eu", "kr", "tw", "apac", "sea"])
def test_one_host_serves_the_world(one_login, region):
    assert one_login("battlenet", **wire(WORLD), settings={"REGION": region}).uid == "9007199254740993"


@pytest.mark.parametrize(
    ("settings", "begin"), [({"REGION": "cn"}, {}), ({}, {"region": "cn"}), ({"REGION": "eu"}, {"region": "cn"})]
)
def test_china_has_its_own_host_and_uids(one_login, settings, begin):
    identity = one_login("battlenet", **wire(CHINA), settings=settings, begin=begin)
    assert identity.uid == "9007199254740993-cn"


def test_the_login_may_leave_china(one_login):
    identity = one_login("battlenet", **wire(WORLD), settings={"REGION": "cn"}, begin={"region": "eu"})
    assert identity.uid == "9007199254740993"


def test_an_account_without_battletag(one_login):
    assert one_login("battlenet", **wire(WORLD, {"sub": "7", "id": 7})).username is None


@pytest.mark.parametrize("region", ["EU", "xx", "../x", 7, True])
def test_another_region_is_refused(make, script, refused, region):
    assert refused(make, "battlenet", {"REGION": region}).code == "setting"
    assert refused(script.begin, make("battlenet"), region=region).code == "region"


def test_the_region_of_the_session_is_checked(make, script, refused):
    battlenet = make("battlenet")
    session = script.begin(battlenet).session
    session["region"] = "evil.example/"
    assert refused(script.finish, battlenet, session, {"state": session["state"], "code": "c"}).code == "region"


def test_a_refresh_is_told_the_region(make, script):
    form = {"grant_type": "refresh_token", "refresh_token": "r"}
    script.expect("POST", f"{CHINA}/token", form=form, answer=ANSWER)
    assert script.refresh(make("battlenet"), "r", region="cn").refresh == "r"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(401, {"error": "unauthorized", "error_description": "Bad client credentials"})], "invalid_client"),
        ([(200, ANSWER), (401, {"error": "invalid_token", "error_description": "x"})], "invalid_token"),
        ([(200, ANSWER), (403, {"code": 403, "type": "BLZWEBAPI00000403", "detail": "x"})], "account_suspended"),
        ([(200, ANSWER), (200, {"sub": "7"})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("battlenet", *answers).code == code


@pytest.mark.parametrize("number", [True, 7.5, None, ""])
def test_a_uid_of_china_is_exact_too(error_after, number):
    answers = [(200, ANSWER), (200, {"id": number})]
    assert error_after("battlenet", *answers, settings={"REGION": "cn"}).code == "uid_missing"


def test_a_user_who_declines(declined):
    assert declined("battlenet", "access_denied").code == "access_denied"
