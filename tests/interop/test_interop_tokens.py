"""PyJWT and jwcrypto judge the identity tokens: each verifies the good ones and refuses the bad ones by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt as pyjwt
import pytest
from jwcrypto import jwk
from jwcrypto import jwt as jwcrypto_jwt
from jwcrypto.common import JWException

from mockidp.check.mock import Lab
from mockidp.wire import Request


class Issuer(NamedTuple):
    """What a client is told of an issuer."""

    iss: str
    keys: str
    client_id: str = "mockidp"


ISSUERS = {
    "apple": Issuer("https://appleid.apple.com", "https://appleid.apple.com/auth/keys"),
    "google": Issuer("https://accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs"),
    "keycloak": Issuer(
        "https://keycloak.example.org/auth/realms/master",
        "https://keycloak.example.org/auth/realms/master/protocol/openid-connect/certs",
    ),
    "telegram": Issuer("https://oauth.telegram.org", "https://oauth.telegram.org/.well-known/jwks.json", "7000000001"),
}
FAULTS = {  # and what PyJWT calls it, which shows that nothing else is wrong
    "wrong_key": pyjwt.InvalidSignatureError,
    "unknown_kid": pyjwt.PyJWKClientError,
    "alg_none": pyjwt.PyJWTError,
    "hs256_public_key": pyjwt.InvalidAlgorithmError,
    "id_token_expired": pyjwt.ExpiredSignatureError,
    "id_token_not_yet_valid": pyjwt.ImmatureSignatureError,
    "wrong_aud": pyjwt.InvalidAudienceError,
    "wrong_iss": pyjwt.InvalidIssuerError,
}
Judge = Callable[[Issuer, str, str], dict[str, Any]]


class Keys(pyjwt.PyJWKClient):
    """PyJWT's own client of a key set, with the document at hand instead of urllib."""

    def __init__(self, document: str) -> None:
        super().__init__("https://nowhere.example.com", cache_jwk_set=False)
        self.document = document

    def fetch_data(self) -> Any:
        return json.loads(self.document)


def by_pyjwt(issuer: Issuer, keys: str, token: str) -> dict[str, Any]:
    key = Keys(keys).get_signing_key_from_jwt(token)
    return pyjwt.decode(
        token,
        key,
        algorithms=["RS256"],
        issuer=issuer.iss,
        audience=issuer.client_id,
        options={"require": ["iss", "aud", "sub", "iat", "exp"]},
    )


def by_jwcrypto(issuer: Issuer, keys: str, token: str) -> dict[str, Any]:
    wanted = {"iss": issuer.iss, "aud": issuer.client_id, "sub": None, "iat": None, "exp": None}
    for check in (None, wanted):  # by itself it looks at nbf, but not if it is told what to look at
        read = jwcrypto_jwt.JWT(check_claims=check, algs=["RS256"])
        read.deserialize(token, jwk.JWKSet.from_json(keys))
    claims: dict[str, Any] = json.loads(read.claims)
    return claims


JUDGES: dict[str, Judge] = {"pyjwt": by_pyjwt, "jwcrypto": by_jwcrypto}


def logged_in(provider: str, *faults: str) -> tuple[Any, str]:
    """A login that got as far as an identity token, and the key set as fetched then."""
    lab = Lab(provider)
    for fault in faults:
        lab.world.faults.add(fault, provider=provider)
    walk = lab.walk("alice")
    lab.until(walk, "userinfo")
    answer = lab.send(Request.of("GET", ISSUERS[provider].keys))
    assert answer.status == 200
    return walk.values, answer.body.decode()


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("provider", ISSUERS)
def test_a_good_identity_token_is_verified(provider: str, judge: str) -> None:
    values, keys = logged_in(provider)
    claims = JUDGES[judge](ISSUERS[provider], keys, values["id_token"])
    assert claims["nonce"] == values["nonce"]
    assert claims["sub"]


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("provider", ISSUERS)
def test_a_faulty_identity_token_is_refused(provider: str, fault: str, judge: str) -> None:
    values, keys = logged_in(provider, fault)
    with pytest.raises(FAULTS[fault] if judge == "pyjwt" else JWException):
        JUDGES[judge](ISSUERS[provider], keys, values["id_token"])


@pytest.mark.parametrize("provider", ["apple", "google", "keycloak"])
def test_pyjwt_reads_half_the_hash_of_the_access_token(provider: str) -> None:
    values, keys = logged_in(provider)
    claims = by_pyjwt(ISSUERS[provider], keys, values["id_token"])
    digest = pyjwt.get_algorithm_by_name("RS256").compute_hash_digest(values["access_token"].encode())
    assert claims["at_hash"] == pyjwt.utils.base64url_encode(digest[: len(digest) // 2]).decode()


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("judge", JUDGES)
def test_a_token_outlives_its_key_only_where_the_rotation_overlaps(judge: str, overlap: bool) -> None:
    lab = Lab("google")
    walk = lab.walk("alice")
    walk.run()
    lab.world.keys("google").rotate(overlap=overlap)
    keys = lab.send(Request.of("GET", ISSUERS["google"].keys)).body.decode()
    if overlap:
        assert JUDGES[judge](ISSUERS["google"], keys, walk.values["id_token"])["sub"]
        return
    with pytest.raises((pyjwt.PyJWTError, JWException)):
        JUDGES[judge](ISSUERS["google"], keys, walk.values["id_token"])
