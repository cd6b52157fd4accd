import base64

import pytest

LOGIN = "https://login.eveonline.com"
OWNER = "8PmzCeTKb4VFUDrHLc/AeZXDSWM="
CLAIMS = {
    "scp": "publicData",
    "jti": "998e12c7-3241-43c5-8355-2c48822e0a1b",
    "kid": "JWT-Signature-Key",
    "sub": "CHARACTER:EVE:9007199254740993",
    "azp": "app-1",
    "tenant": "tranquility",
    "tier": "live",
    "region": "world",
    "aud": ["app-1", "EVE Online"],
    "name": "Alice Example",
    "owner": OWNER,
    "iat": 1_790_000_000,
    "exp": 1_790_001_200,
    "iss": LOGIN,
}
BASIC = "Basic " + base64.b64encode(b"app-1:s3cret-of-the-app").decode()


def logs_in(script, make, token, keys=None):
    eve = make("eveonline")
    login = script.begin(eve)
    form = {"grant_type": "authorization_code", "code": "c0de", "code_verifier": login.session["verifier"]}
    answer = {"access_token": token, "expires_in": 1199, "token_type": "Bearer", "refresh_token": "gEyuYF_rf"}
    headers = {"Authorization": BASIC}
    script.expect("POST", f"{LOGIN}/v2/oauth/token", form=form, headers=headers, answer=answer)
    if keys:
        script.expect("GET", f"{LOGIN}/oauth/jwks", answer={"keys": keys})
    return login, script.finish(eve, login.session, {"state": login.session["state"], "code": "c0de"})


def test_a_login(any_script, make, query, sign, keys, jwk):
    token = sign(CLAIMS, kid="JWT-Signature-Key")
    login, identity = logs_in(any_script, make, token, [jwk(keys.signing, "JWT-Signature-Key")])
    any_script.done()
    sent = query(login.url)
    assert login.url.startswith(f"{LOGIN}/v2/oauth/authorize?")
    assert (sent["scope"], "nonce" in sent) == ("publicData", False)
    assert (identity.uid, identity.name, identity.email) == (OWNER, "Alice Example", None)
    assert identity.raw["access_token"]["sub"] == "CHARACTER:EVE:9007199254740993"
    assert identity.token.refresh == "gEyuYF_rf"


def test_both_forms_of_the_issuer_are_seen(script, make, sign, keys, jwk):
    token = sign({**CLAIMS, "iss": "login.eveonline.com"}, kid="JWT-Signature-Key")
    assert logs_in(script, make, token, [jwk(keys.signing, "JWT-Signature-Key")])[1].uid == OWNER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://login.evepc.163.com"}, "id_token_issuer"),
        ({"aud": ["other-app", "EVE Online"], "azp": "other-app"}, "id_token_audience"),
        ({"azp": "other-app"}, "id_token_authorized_party"),
        ({"aud": ["app-1"]}, "id_token_audience"),
        ({"aud": "app-1"}, "id_token_audience"),
        ({"aud": "EVE Online"}, "id_token_audience"),
        ({"sub": "CORPORATION:EVE:1"}, "id_token_audience"),
        ({"exp": 1_789_990_000}, "id_token_expired"),
        ({"owner": None}, "uid_missing"),
    ],
)
def test_a_token_of_elsewhere_is_refused(script, make, refused, sign, keys, jwk, changes, code):
    token = sign({**CLAIMS, **changes})
    error = refused(logs_in, script, make, token, [jwk(keys.signing)])
    assert error.code == code
    assert "id_token" not in error.sentence
    assert code == "uid_missing" or "access token" in error.sentence


def test_a_signature_by_another_key_is_refused(script, make, refused, sign, keys, jwk):
    token = sign(CLAIMS, keys.other)
    assert refused(logs_in, script, make, token, [jwk(keys.signing)]).code == "id_token_signature"


@pytest.mark.parametrize("token", ["opaque-of-v1", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_a_token_that_proves_nothing_is_refused(script, make, refused, token):
    assert refused(logs_in, script, make, token).code in ("id_token_malformed", "id_token_algorithm")


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, "invalid_client", "invalid_client"),
        (400, "invalid_grant", "invalid_grant"),
        (400, "invalid_request", "invalid_request"),
    ],
)
def test_refusals(error_after, status, error, code):
    assert error_after("eveonline", (status, {"error": error, "error_description": "x"})).code == code


def test_a_user_who_declines(declined):
    assert declined("eveonline", "access_denied").code == "access_denied"
