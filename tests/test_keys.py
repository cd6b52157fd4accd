"""Key rings: what is published, what signs, and that making one costs nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mockidp import jose, keys
from mockidp.errors import UsageError
from mockidp.keys import Key, KeyRing, pem_ec_p256, public_of

ALGS = ["RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384", "EdDSA"]


def kids(ring: KeyRing) -> list[str]:
    return [jwk["kid"] for jwk in ring.published()]


def short_kid(digest: bytes) -> str:
    return digest[:5].hex().upper()


def test_a_ring_makes_no_key_before_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(keys, "_key", lambda alg, *_: made.append(alg))
    KeyRing(ALGS)
    assert made == []


def test_two_rings_share_the_pooled_key_so_that_a_world_costs_nothing() -> None:
    assert KeyRing().signing() is KeyRing().signing()


def test_threads_that_need_the_first_key_at_once_get_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    make = keys._make

    def slowly(alg: str) -> keys._Material:
        time.sleep(0.01)
        return make(alg)

    monkeypatch.setattr(keys, "_pool", {})
    monkeypatch.setattr(keys, "_make", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: keys._pooled_material("ES256", 0).digest, range(4)))
    assert len(set(found)) == 1


def test_algorithms_of_one_kind_share_their_key() -> None:
    ring = KeyRing()
    assert ring.signing("RS256").private is ring.signing("PS384").private
    assert ring.signing("ES256").private is not ring.signing("ES384").private


@pytest.mark.parametrize("alg", ALGS)
def test_a_ring_signs_with_the_key_it_publishes(alg: str) -> None:
    ring = KeyRing([alg])
    (jwk,) = ring.published()
    assert jwk["alg"] == alg
    assert jwk["use"] == "sig"
    assert not {"d", "p", "q", "k"} & set(jwk)
    assert jose.verify(jose.sign({"a": 1}, ring.signing(alg)), jose.from_jwk(jwk), [alg]) == {"a": 1}


def test_the_default_kid_is_the_thumbprint() -> None:
    key = KeyRing().signing()
    assert key.kid == jose.b64url(jose.thumbprint(key.jwk))


def test_a_provider_shapes_its_own_kids() -> None:
    ring = KeyRing(kid_form=short_kid)
    assert kids(ring) == [jose.thumbprint(ring.signing().jwk)[:5].hex().upper()]


def test_an_algorithm_is_published_once_it_has_signed() -> None:
    ring = KeyRing(["RS256"])
    ring.signing("ES256")
    assert [jwk["alg"] for jwk in ring.published()] == ["RS256", "ES256"]


def test_rotation_with_overlap_keeps_the_last_key_published_and_puts_the_new_one_behind() -> None:
    ring = KeyRing(["ES256"])
    first = ring.signing("ES256").kid
    second = ring.rotate("ES256", overlap=True).kid
    assert kids(ring) == [first, second]
    assert ring.signing("ES256").kid == second
    third = ring.rotate("ES256").kid
    assert kids(ring) == [second, third]
    assert len({first, second, third}) == 3


def test_rotation_without_overlap_withdraws_the_old_key_at_once() -> None:
    ring = KeyRing(["ES256"])
    first = ring.signing("ES256").kid
    second = ring.rotate("ES256", overlap=False)
    assert kids(ring) == [second.kid] != [first]


def test_rotation_of_one_ring_leaves_the_others_alone() -> None:
    one, other = KeyRing(["ES256"]), KeyRing(["ES256"])
    before = kids(other)
    one.rotate("ES256")
    assert kids(other) == before


def test_a_ring_that_outgrows_the_pool_makes_keys_of_its_own() -> None:
    one, other = KeyRing(["ES256"]), KeyRing(["ES256"])
    turns = keys.POOLED + 2
    seen = [ring.rotate("ES256").kid for ring in (one, other) for _ in range(turns)]
    assert len(set(seen)) == 2 * turns - (keys.POOLED - 1)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_stranger_is_never_published_however_often_the_ring_turns(alg: str) -> None:
    ring = KeyRing([alg])
    stranger = ring.stranger(alg)
    for _ in range(3):
        assert stranger.kid not in kids(ring)
        ring.rotate(alg)
    assert ring.stranger(alg) is stranger


def test_a_stranger_can_pose_under_a_published_kid() -> None:
    ring = KeyRing(["ES256"])
    forged = jose.sign({}, replace(ring.stranger("ES256"), kid=ring.signing("ES256").kid))
    assert jose.split(forged)[0]["kid"] in kids(ring)
    with pytest.raises(jose.JoseError):
        jose.verify(forged, jose.from_jwk(ring.published()[0]), ["ES256"])


@pytest.mark.parametrize("alg", ["RS256", "ES384", "EdDSA"])
def test_certificates_carry_the_published_keys_and_sign_themselves(alg: str) -> None:
    ring = KeyRing([alg])
    ring.rotate(alg)
    certificates = ring.certificates()
    assert list(certificates) == kids(ring)
    for jwk in ring.published():
        certificate = x509.load_pem_x509_certificate(certificates[jwk["kid"]].encode())
        certificate.verify_directly_issued_by(certificate)
        assert certificate.public_key() == jose.from_jwk(jwk)
        assert certificate.serial_number > 0


def test_an_algorithm_without_key_pairs_is_a_usage_error_that_names_the_others() -> None:
    for ask in (KeyRing().signing, KeyRing().stranger, KeyRing().rotate):
        with pytest.raises(UsageError, match="'HS256'; there are RS256"):
            ask("HS256")


def test_a_key_shows_no_secret_and_a_shared_secret_has_no_public_half() -> None:
    key = Key("k", "HS256", b"hush")
    assert "hush" not in repr(key)
    with pytest.raises(UsageError, match="no public half"):
        _ = key.public


def test_the_key_of_a_ready_made_app_is_the_same_everywhere() -> None:
    # Changing it breaks every configuration that was copied from `mockidp apps`: hence a literal.
    private = load_pem_private_key(pem_ec_p256().encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert jose.public_jwk(private.public_key())["x"] == "0ADPLbD_cBvPUU-70b3VgYDW0V1xXvej-q6yKLcFiZ0"
    assert pem_ec_p256() != pem_ec_p256("other")
    assert private.curve.name == "secp256r1"


def test_the_public_half_is_read_from_a_private_or_a_public_pem() -> None:
    public = public_of(pem_ec_p256())
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert public_of(f"\n{pem}\n") == public


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----"])
def test_a_pem_without_a_key_is_a_usage_error(pem: str) -> None:
    with pytest.raises(UsageError):
        public_of(pem)
