"""Whatever a provider or a browser sends, the caller hears LoginError, and no secret is in it."""

import json

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import providers
from providers.identity import Email, choose_email, email_text, pick, text, uid_text
from providers.oauth2 import seconds

NOW = 1_790_000_000
SECRET, CODE, ACCESS, REFRESH = "secretOfTheApp", "codeOfTheLogin", "accessOfTheUser", "refreshOfTheUser"
HIDDEN = (SECRET, CODE, ACCESS, REFRESH)
KNOWN = ["github", "google", "facebook", "shopify", "weixin", "nextcloud", "keycloak"]
SETTINGS = {
    "keycloak": {"KEYCLOAK_URL": "https://kc.example", "KEYCLOAK_REALM": "m", "SCOPE": ["email"]},
    "google": {"SCOPE": ["email"]},
}

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
words = st.sampled_from(
    [
        "error",
        "errors",
        "errcode",
        "code",
        "status",
        "id",
        "sub",
        "openid",
        "user_id",
        "email",
        "primary",
        "verified",
        "data",
        "ocs",
        "meta",
        "statuscode",
        "shop",
        "associated_user",
        "access_token",
        "id_token",
        "expires_in",
        "refresh_token",
        "ok",
    ]
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(HIDDEN),
    st.sampled_from(["a@b.example", "invalid_grant", "\ud800", "", "0", "a\nb"]),
)
bodies = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=3), inner, max_size=5),
    max_leaves=12,
)
statuses = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 429, 500])
kinds = st.sampled_from(
    ["application/json", "text/plain", "text/html", "application/x-www-form-urlencoded", "text/xml", ""]
)


def get(name):
    return providers.get(name, client_id="app-1", client_secret=SECRET, settings=SETTINGS.get(name), clock=lambda: NOW)


def client(answers):
    rest = iter(answers)

    def handle(_):
        status, body, kind = next(rest, (200, b"{}", "application/json"))
        return httpx.Response(status, content=body, headers={"Content-Type": kind})

    return httpx.Client(transport=httpx.MockTransport(handle))


def encoded(body):
    return json.dumps(body).encode()


def finish(name, answers):
    provider = get(name)
    shop = {"shop": "petstore"} if name == "shopify" else {}
    session = provider.begin(redirect_uri="https://app.example/cb", **shop).session
    callback = {"state": session["state"], "code": CODE}
    if name == "shopify":
        provider.check_callback = lambda session, callback: None
    try:
        identity = provider.finish(session, callback, http=client(answers))
    except providers.LoginError as caught:
        error = caught
    else:
        return checked(identity)
    for hidden in (*HIDDEN, session["state"], session.get("verifier", "?")):
        assert hidden not in f"{error} {error!r} {error.detail} {error.args}"
    return error


def checked(identity):
    assert isinstance(identity.uid, str)
    assert identity.uid.strip()
    assert not {hidden for hidden in (ACCESS, REFRESH) if hidden in repr(identity.token)}
    identity.uid.encode()
    return identity


TOKEN = {
    "access_token": ACCESS,
    "refresh_token": REFRESH,
    "openid": "oX",
    "user_id": "u",
    "scope": "s",
    "associated_user": {},
}


@pytest.mark.parametrize("name", KNOWN)
@quick
@given(status=statuses, body=bodies, kind=kinds)
@example(
    status=200, body={"access_token": ACCESS, "expires_in": float("inf"), "id_token": "a.b.c"}, kind="application/json"
)
@example(status=400, body={"error": SECRET}, kind="application/json")
@example(status=400, body={"error": {"code": CODE}}, kind="application/json")
def test_any_token_answer_is_an_identity_or_a_login_error(name, status, body, kind):
    finish(name, [(status, encoded(body), kind)])


@pytest.mark.parametrize("name", KNOWN)
@quick
@given(status=statuses, body=bodies, rows=bodies, kind=kinds)
@example(status=400, body={"error": ACCESS}, rows=[], kind="application/json")
@example(status=400, body={"error": REFRESH}, rows=[], kind="application/json")
@example(
    status=200,
    body={"id": 1, "ocs": {"meta": {"statuscode": 100}, "data": []}},
    rows=[[], 1, {}],
    kind="application/json",
)
def test_any_profile_is_an_identity_or_a_login_error(name, status, body, rows, kind):
    finish(name, [(200, encoded(TOKEN), "application/json"), (status, encoded(body), kind), (200, encoded(rows), kind)])


@pytest.mark.parametrize("name", KNOWN)
@quick
@given(data=st.binary(max_size=40), kind=kinds)
def test_any_bytes_are_an_identity_or_a_login_error(name, data, kind):
    finish(name, [(200, data, kind)])
    finish(name, [(200, encoded(TOKEN), "application/json"), (200, data, kind)])


@quick
@given(
    claims=st.dictionaries(
        st.sampled_from(["iss", "aud", "azp", "sub", "exp", "iat", "nbf", "nonce", "at_hash"]), bodies
    )
)
def test_any_claims_are_accepted_or_unusable(claims):
    from providers import id_token

    try:
        id_token.check_claims(claims, issuers=("i",), audiences=("a",), now=NOW)
        id_token.check_nonce(claims, "n", required=True)
        id_token.check_hash(claims, "at_hash", "t", "RS256")
    except id_token.UnusableError:
        return
    assert (claims["iss"], claims["nonce"]) == ("i", "n")


@quick
@given(
    keys=bodies
    | st.fixed_dictionaries(
        {
            "keys": st.lists(
                bodies | st.fixed_dictionaries({"kty": st.just("RSA"), "n": leaves, "e": leaves, "kid": st.just("k")})
            )
        }
    )
)
def test_any_jwks_has_the_key_or_not(keys):
    from providers import id_token

    assert id_token.find_key(keys, {"alg": "RS256", "kid": "k"}) is None


@pytest.mark.parametrize("name", [*KNOWN, "steam", "telegram"])
@quick
@given(
    pairs=st.lists(
        st.tuples(
            words
            | st.sampled_from(
                [
                    "state",
                    "code",
                    "iss",
                    "hash",
                    "openid.mode",
                    "openid.signed",
                    "openid.return_to",
                    "tgAuthResult",
                    "auth_date",
                    "hmac",
                    "denied",
                ]
            ),
            st.text(max_size=6) | st.just("STATE"),
        )
    ),
    change=st.dictionaries(
        st.sampled_from(["created", "state", "used", "provider", "verifier", "scope", "shop", "nonce"]),
        leaves,
        max_size=2,
    ),
)
def test_any_callback_and_session_give_a_login_error(name, pairs, change):
    provider = get(name) if name != "telegram" else providers.get(name, client_secret=f"1:{SECRET}", clock=lambda: NOW)
    shop = {"shop": "petstore"} if name == "shopify" else {}
    session = provider.begin(redirect_uri="https://app.example/cb", **shop).session
    callback = [(name, session["state"] if value == "STATE" else value) for name, value in pairs]
    session.update(change)
    with pytest.raises(providers.LoginError) as caught:
        provider.finish(session, callback, http=client([(400, b"{}", "application/json")]))
    assert SECRET not in str(caught.value)


@quick
@given(value=leaves | bodies)
def test_only_exact_texts_and_integers_are_uids(value):
    uid = uid_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        assert int(uid) == value
    elif uid is not None:
        assert uid == value


def test_ids_do_not_collapse():
    several = ["1", "01", " 1", "1.0", 2**53, 2**53 + 1, -1, 0, "0x1", "a", "A"]
    assert len({uid_text(one) for one in several}) == len(several)
    assert [uid_text(one) for one in (True, False, None, "", " ", 1.0, 2.0**53, [], {}, "\ud800", float("nan"))] == [
        None
    ] * 11


@pytest.mark.parametrize("uid", ['"1"', '"01"', "1", "9007199254740993", "123456789012345678901234567890"])
def test_a_uid_keeps_every_digit_on_the_way(uid):
    body = f'{{"id": {uid}}}'.encode()
    found = finish("facebook", [(200, encoded(TOKEN), "application/json"), (200, body, "application/json")])
    assert found.uid == uid.strip('"')


@pytest.mark.parametrize(
    "uid", ["true", "1.0", "1e3", "null", '""', '" "', "[1]", '{"a": 1}', '"\\ud800"', "NaN", "9" * 5000]
)
def test_a_uid_that_is_none_is_refused(uid):
    body = f'{{"id": {uid}}}'.encode()
    found = finish("facebook", [(200, encoded(TOKEN), "application/json"), (200, body, "application/json")])
    assert found.code in ("uid_missing", "bad_response")


@quick
@given(emails=st.lists(st.builds(Email, st.sampled_from("abc"), st.booleans(), st.booleans())))
def test_the_primary_address_is_chosen_and_a_verified_one_before_others(emails):
    chosen = choose_email(tuple(emails))
    assert (chosen is None) is (not emails)
    if any(email.primary for email in emails):
        assert chosen.primary
    elif any(email.verified for email in emails):
        assert chosen.verified
    if any(email.primary and email.verified for email in emails):
        assert chosen.primary
        assert chosen.verified


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        ("a@b", True),
        ("ü@例え.jp", True),
        ("a@b@c", False),
        ("@b", False),
        ("a@", False),
        ("a b@c", False),
        ("a@b\n", False),
        ("a" * 250 + "@b.de", False),
        (None, False),
        (7, False),
        ("", False),
        ("\ud800@b", False),
    ],
)
def test_only_an_address_is_an_email(value, fine):
    assert email_text(value) == (value if fine else None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3600, 3600),
        ("3600", 3600),
        (3600.9, 3600),
        (0, None),
        (-1, None),
        (True, None),
        (None, None),
        ("x", None),
        (10**10, None),
        (float("inf"), None),
        (float("nan"), None),
        ("٣", None),
        ([], None),
        ("1" * 20, None),
    ],
)
def test_a_lifetime_is_a_positive_number_of_seconds(value, expected):
    assert seconds(value) == expected


def test_a_path_finds_what_is_there():
    body = {"data": [{"id": 0}, {"id": "x"}], "sub": None, "id": "y", "": "empty"}
    assert [
        pick(body, path) for path in ("data.1.id", "data.0.id", "sub|id", "data.9.id", "data.x", "id.x", "", None)
    ] == [
        "x",
        0,
        "y",
        None,
        None,
        None,
        None,
        None,
    ]
    assert text("a\ud83d") == "a?"
    assert [text(value) for value in (7, "", " ", None)] == [None] * 4
