import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = "0123456789abcdef0123456789abcdef"
CLAIMS = {
    "iss": "https://access.line.me",
    "sub": "U4af4980629a6b1f1c0a7f0f1d2e3c4b5",
    "amr": ["linesso"],
    "name": "Alice Example",
    "picture": "https://profile.line-scdn.net/0h8",
    "email": "alice@example.com",
    "at_hash": None,
}
ANSWER = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9.x.y",
    "expires_in": 2592000,
    "refresh_token": "r-1",
    "scope": "profile openid",
    "token_type": "Bearer",
}
WIRE = {
    "authorize": "https://access.line.me/oauth2/v2.1/authorize",
    "scope": "profile openid email",
    "token": "https://api.line.me/oauth2/v2.1/token",
    "answer": ANSWER,
    "claims": CLAIMS,
    "algorithm": "HS256",
    "kid": None,
    "client_secret": SECRET,
}
JWKS = "https://api.line.me/oauth2/v2.1/certs"


def test_a_login(code_login):
    identity = code_login(
        "line", **WIRE, begin={"bot_prompt": "normal"}, callback={"friendship_status_changed": "true"}
    )
    assert code_login.sent["bot_prompt"] == "normal"
    assert (identity.uid, identity.name, identity.picture) == (CLAIMS["sub"], "Alice Example", CLAIMS["picture"])
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_an_id_token_signed_with_lines_key(one_login):
    assert one_login("line", **{**WIRE, "algorithm": "ES256", "kid": "e1", "jwks": JWKS}).uid == CLAIMS["sub"]


def test_without_openid_it_is_the_profile_that_tells(one_login):
    user = {"userId": CLAIMS["sub"], "displayName": "Alice Example", "pictureUrl": "https://p/1", "statusMessage": "hi"}
    wire = {**WIRE, "settings": {"SCOPE": ["profile"]}, "scope": "profile", "claims": None}
    identity = one_login("line", **wire, api=[("GET", "https://api.line.me/v2/profile", {"answer": user})])
    assert (identity.uid, identity.name, identity.picture) == (CLAIMS["sub"], "Alice Example", "https://p/1")
    assert identity.email is None


def test_no_email(one_login):
    assert one_login("line", **{**WIRE, "claims": {**CLAIMS, "email": None}}).email is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://access.line.example"}, "id_token_issuer"),
        ({"aud": "1234567890"}, "id_token_audience"),
        ({"nonce": "another"}, "id_token_nonce"),
        ({"exp": 1_789_990_000}, "id_token_expired"),
    ],
)
def test_an_id_token_of_elsewhere_is_refused(code_refused, changes, code):
    assert code_refused("line", **{**WIRE, "claims": {**CLAIMS, **changes}}) == code


@pytest.mark.parametrize(
    ("key", "kid"), [("another-secret-of-32-characters!!", None), ("0" * 32, "e1"), (" " * 32, None)]
)
def test_a_signature_by_another_secret_is_refused(code_refused, key, kid):
    assert code_refused("line", **{**WIRE, "signed_by": key, "kid": kid}) == "id_token_signature"


@pytest.mark.parametrize("form", ["pem", "jwk", "point"])
def test_a_published_key_is_never_taken_for_the_secret(code_refused, keys, form):
    """RFC 8725 section 2.1: HS256 made with the bytes of the public key, whose owner publishes it."""
    public = keys.client.public_key()
    forged = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "jwk": jwt.algorithms.ECAlgorithm.to_jwk(public).encode(),
        "point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    }[form]
    answer = {**ANSWER, "id_token": hs256({**CLAIMS, "aud": "app-1"}, forged)}
    assert code_refused("line", **{**WIRE, "answer": answer, "claims": None}) == "id_token_signature"


def hs256(claims, key):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    header = b'{"alg":"HS256","kid":"e1"}'
    signed = f"{part(header)}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_other_algorithms_are_refused(one_login, refused, algorithm):
    header = {"none": "eyJhbGciOiJub25lIn0", "HS384": "eyJhbGciOiJIUzM4NCJ9", "HS512": "eyJhbGciOiJIUzUxMiJ9"}[
        algorithm
    ]
    answer = {**ANSWER, "id_token": f"{header}.eyJzdWIiOiJ4In0.AAAA"}
    error = refused(one_login, "line", **{**WIRE, "answer": answer, "claims": None})
    assert error.code == "id_token_algorithm"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "invalid authorization code"})], "invalid_grant"),
        ([(400, {"error": "invalid_request", "error_description": "x"})], "invalid_request"),
        ([(400, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), (401, {"message": "The access token expired"})], "invalid_token"),
        ([(200, ANSWER), (403, {"message": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (429, {"message": "x"})], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("line", *answers, settings={"SCOPE": ["profile"]}).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ACCESS_DENIED", "access_denied"),
        ("access_denied", "access_denied"),
        ("INVALID_SCOPE", "invalid_scope"),
        ("LOGIN_REQUIRED", "login_required"),
    ],
)
def test_errors_at_the_callback_are_in_capitals(declined, error, code):
    assert declined("line", error).code == code
