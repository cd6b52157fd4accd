"""Every check of an id_token refuses on its own: the token is right but for one thing."""

import base64
import json

import jwt
import pytest

from providers import IdentityUnusable, ProviderUnavailable
from providers.id_token import half_hash

CALLBACK = "https://app.example/cb"
KEEP = object()


@pytest.fixture
def google(script, make, keys, jwk, claims, sign):
    """Finish a Google login whose id_token, JWKS and userinfo are given by functions of the session."""

    class Google:
        def __init__(self):
            self.provider = make("google")
            self.jwks = {"keys": [jwk(keys.signing)]}
            self.fetches = 0

        def answer(self, request):
            import httpx

            if request.url.path == "/token":
                body = {"access_token": "ya29.t", "token_type": "Bearer"}
                body = body if self.token is None else {**body, "id_token": self.token}
                return httpx.Response(200, text=json.dumps(body), headers={"Content-Type": "application/json"})
            if request.url.path == "/oauth2/v3/certs":
                self.fetches += 1
                return self.jwks if isinstance(self.jwks, httpx.Response) else httpx.Response(200, json=self.jwks)
            return httpx.Response(200, json=self.userinfo)

        def login(self, token=KEEP, header=None, key=None, algorithm="RS256", kid="k1", callback=None, **changes):
            import httpx

            session = self.provider.begin(redirect_uri=CALLBACK).session
            known = claims(session, **{"iss": "https://accounts.google.com", **changes})
            self.token = sign(known, key, kid, algorithm, **(header or {})) if token is KEEP else token
            self.userinfo = {"sub": "u-1"}
            client = httpx.Client(transport=httpx.MockTransport(self.answer))
            extra = callback(session, known) if callback else {}
            return self.provider.finish(session, {"state": session["state"], "code": "c0de", **extra}, http=client)

    return Google()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"iss": ["https://accounts.google.com"]}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": {"app-1": 1}}, "audience"),
        ({"aud": ["another"]}, "audience"),
        ({"aud": ["app-1", "another"]}, "authorized_party"),
        ({"aud": ["app-1", "another"], "azp": "another"}, "authorized_party"),
        ({"azp": "another"}, "authorized_party"),
        ({"exp": None}, "times"),
        ({"iat": None}, "times"),
        ({"exp": "soon"}, "times"),
        ({"iat": True}, "times"),
        ({"exp": float("nan")}, "times"),
        ({"exp": 1_790_000_000 - 60}, "expired"),
        ({"iat": 1_790_000_000 + 61}, "not_yet_valid"),
        ({"nbf": 1_790_000_000 + 61}, "not_yet_valid"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 7}, "nonce"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sub": "x" * 256}, "subject"),
        ({"at_hash": "wrong"}, "at_hash"),
        ({"at_hash": 7}, "at_hash"),
        ({"at_hash": half_hash("ya29.other", "RS256")}, "at_hash"),
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(google, refused, changes, code):
    error = refused(google.login, **changes)
    assert (error.code, error.step, type(error)) == (f"id_token_{code}", "id_token", IdentityUnusable)
    assert "ya29" not in str(error)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "accounts.google.com"},
        {"aud": ["app-1"]},
        {"aud": ["app-1", "another"], "azp": "app-1"},
        {"exp": 1_790_000_000 - 59},
        {"iat": 1_790_000_000 + 60, "nbf": 1_790_000_000 + 60},
        {"exp": 1_790_000_600.5},
        {"at_hash": half_hash("ya29.t", "RS256")},
    ],
    ids=str,
)
def test_what_the_specification_allows_is_taken(google, changes):
    assert google.login(**changes).uid == "u-1"


def unsigned(claims, header):
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return f"{parts[0]}.{parts[1]}."


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256", "kid": "k1"},
        {"alg": "ES256K", "kid": "k1"},
        {"alg": ["RS256"]},
        {},
    ],
    ids=str,
)
def test_an_algorithm_that_proves_nothing_is_refused(google, refused, header):
    error = refused(google.login, token=unsigned({"sub": "u-1"}, header))
    assert error.code in ("id_token_algorithm", "id_token_malformed")


def test_the_public_key_is_no_hmac_secret(google, refused, keys):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = keys.signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    import hashlib
    import hmac

    head = unsigned({"sub": "u-1"}, {"alg": "HS256", "kid": "k1"}).rstrip(".")
    mac = base64.urlsafe_b64encode(hmac.new(public, head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    assert refused(google.login, token=f"{head}.{mac}").code == "id_token_algorithm"


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "\ud800", 7, [], {}, True], ids=repr)
def test_what_is_no_jwt_is_refused(google, refused, token):
    assert refused(google.login, token=token).code in ("id_token_malformed", "id_token_missing")


def test_a_missing_id_token_is_refused_when_openid_was_asked(google, refused):
    assert refused(google.login, token=None).code == "id_token_missing"


def test_without_openid_google_is_asked_for_the_profile(google, make):
    google.provider = make("google", {"SCOPE": ["profile", "email"]})
    assert google.login(token=None).uid == "u-1"
    assert google.fetches == 0


def test_a_signature_of_another_key_is_refused(google, refused, keys):
    assert refused(google.login, key=keys.other).code == "id_token_signature"


def test_a_changed_payload_is_refused(google, refused, sign):
    head, _, mac = sign({"sub": "u-1"}).split(".")
    body = base64.urlsafe_b64encode(b'{"sub":"u-2"}').rstrip(b"=").decode()
    assert refused(google.login, token=f"{head}.{body}.{mac}").code == "id_token_signature"


def test_an_unknown_critical_header_is_refused(google, refused):
    assert refused(google.login, header={"crit": ["x"], "x": 1}).code == "id_token_malformed"


def test_the_jwks_is_fetched_once_and_again_for_an_unknown_kid(google, keys, jwk):
    assert google.login().uid == google.login().uid == "u-1"
    assert google.fetches == 1
    google.jwks = {"keys": [jwk(keys.other, "k2")]}
    assert google.login(key=keys.other, kid="k2").uid == "u-1"
    assert google.fetches == 2


def test_an_unknown_kid_costs_one_fetch_more_and_is_refused(google, refused):
    google.login()
    assert refused(google.login, kid="k9").code == "id_token_key"
    assert google.fetches == 2
    assert google.login().uid == "u-1"


def test_the_jwks_is_not_kept_for_ever(google, make, now):
    ticks = iter(range(now, now + 10_000, 300))
    google.provider = make("google", clock=lambda: next(ticks))
    for _ in range(2):
        google.login(exp=now + 10_000, iat=now, nbf=None)
    assert google.fetches == 2


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "EC"},
        {"use": "enc"},
        {"alg": "RS512"},
        {"n": "AQAB"},
        {"n": 7},
        {"kid": "k2"},
        {"kty": ["RSA"]},
    ],
    ids=str,
)
def test_a_key_that_does_not_fit_is_passed_over(google, refused, keys, jwk, change):
    google.jwks = {"keys": [jwk(keys.signing, **change)]}
    assert refused(google.login).code == "id_token_key"
    google.jwks["keys"].append(jwk(keys.signing))
    assert google.login().uid == "u-1"


def test_a_token_without_kid_needs_the_only_key(google, refused, keys, jwk):
    assert google.login(kid=None).uid == "u-1"
    google.provider._keys = None
    google.jwks = {"keys": [jwk(keys.other, "k2"), jwk(keys.signing)]}
    assert refused(google.login, kid=None).code == "id_token_key"


def test_a_short_rsa_key_is_no_key(google, refused, jwk):
    import warnings

    from cryptography.hazmat.primitives.asymmetric import rsa

    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    google.jwks = {"keys": [jwk(weak)]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.warnings.InsecureKeyLengthWarning)
        error = refused(google.login, key=weak)
    assert error.code in ("id_token_key", "id_token_signature")


def test_certificates_by_kid_are_read_too(google, keys):
    """Google's CERTS_URL of old: an object of kid to PEM."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    day = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder(name, name, keys.signing.public_key(), 1, day, day + datetime.timedelta(9))
    pem = made.sign(keys.signing, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    google.jwks = {"k0": "nonsense", "k1": pem}
    assert google.login().uid == "u-1"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(500, "x", "server_error"), (404, "x", "bad_response"), (200, "x", "bad_response"), (200, "[]", "bad_response")],
)
def test_a_jwks_that_cannot_be_had_is_the_providers_fault(google, refused, status, body, code):
    import httpx

    google.jwks = httpx.Response(status, text=body)
    error = refused(google.login)
    assert (error.code, error.step, type(error)) == (code, "jwks", ProviderUnavailable)


def test_userinfo_of_another_user_is_refused(google, make, refused):
    google.provider = make("google", {"FETCH_USERINFO": True})
    assert google.login().uid == "u-1"
    assert refused(google.login, sub="u-2").code == "sub_mismatch"


def test_an_email_of_userinfo_is_not_verified_by_the_id_token(google, make):
    google.provider = make("google", {"FETCH_USERINFO": True})
    real = google.answer

    def answer(request):
        google.userinfo = {"sub": "u-1", "email": "new@x.example"}
        return real(request)

    google.answer = answer
    identity = google.login(email="old@x.example", email_verified=True)
    assert (identity.email, identity.email_verified) == ("new@x.example", False)


@pytest.mark.parametrize("value", ["true", 1, "yes", None, False])
def test_google_verifies_an_email_with_true_and_nothing_else(google, value):
    assert google.login(email="a@x.example", email_verified=value).email_verified is False


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"sub": "u-2"}, "sub_mismatch"),
        ({"c_hash": half_hash("c0de", "RS256")}, None),
        ({"c_hash": half_hash("other", "RS256")}, "id_token_c_hash"),
        ({"nonce": "other"}, "id_token_nonce"),
        ({"aud": "other"}, "id_token_audience"),
    ],
    ids=str,
)
def test_an_id_token_on_the_callback_must_agree(google, refused, sign, changes, code):
    def callback(session, known):
        return {"id_token": sign({**known, **changes})}

    if code is None:
        assert google.login(callback=callback).uid == "u-1"
    else:
        assert refused(google.login, callback=callback).code == code


@pytest.mark.parametrize(("nonce", "code"), [(None, None), ("other", "id_token_nonce")])
def test_telegram_may_drop_the_nonce_but_not_change_it(script, make, refused, sign, claims, keys, jwk, nonce, code):
    import httpx

    telegram = make("telegram", {}, client_id="4242")
    session = telegram.begin(redirect_uri=CALLBACK).session
    known = claims(session, iss="https://oauth.telegram.org", aud="4242", id=9, nonce=nonce)

    def answer(request):
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "id_token": sign(known)})
        return httpx.Response(200, json={"keys": [jwk(keys.signing)]})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    callback = {"state": session["state"], "code": "c0de"}
    if code is None:
        assert telegram.finish(session, callback, http=client).uid == "9"
    else:
        assert refused(telegram.finish, session, callback, http=client).code == code
