"""The keys a simulated provider signs with.

Making an RSA key takes a hundred milliseconds and a world must take less than one, so the first few keys of each
kind are made once per process, on first use, and shared by every ring: isolation of worlds needs separate *lists*
of keys, not separate primes. A ring that has been rotated past the pool makes keys of its own.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from mockidp.errors import UsageError
from mockidp.jose import ES256_CURVE, ES384_CURVE, Jwk, PrivateKey, PublicKey, b64url, public_jwk, thumbprint

KidForm = Callable[[bytes], str]

POOLED = 4  # slots per kind: the first key, a few rotations, as many as a test run is likely to ask for
STRANGER = -1  # the slot of the key that no ring ever publishes
VALID = datetime.datetime(2000, 1, 1), datetime.datetime(2100, 1, 1)  # the simulated clock may stand anywhere between


@dataclass(frozen=True, eq=False)
class Key:
    """A signing key under the name and algorithm that one provider gives it; `private` is bytes for HS256."""

    kid: str
    alg: str
    private: PrivateKey | bytes = field(repr=False)

    @cached_property
    def public(self) -> PublicKey:
        """The public half; UsageError for a shared secret, which has none."""
        if isinstance(self.private, bytes):
            raise UsageError(f"the {self.alg} key {self.kid!r} is a shared secret and has no public half")
        return self.private.public_key()

    @cached_property
    def jwk(self) -> Jwk:
        """The public JWK as published: with `use`, `alg` and, if it has one, `kid` (RFC 7517, section 4)."""
        kid = {"kid": self.kid} if self.kid else {}
        return {**public_jwk(self.public), **kid, "use": "sig", "alg": self.alg}

    @cached_property
    def certificate(self) -> str:
        """A self-signed X.509 certificate over the public key, PEM."""
        return _self_signed(self)


@dataclass(frozen=True)
class _Material:
    private: PrivateKey
    digest: bytes  # RFC 7638 thumbprint


def _rsa_2048() -> PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


_KINDS: dict[str, tuple[str, Callable[[], PrivateKey]]] = {
    "RS256": ("rsa", _rsa_2048),
    "RS384": ("rsa", _rsa_2048),
    "RS512": ("rsa", _rsa_2048),
    "PS256": ("rsa", _rsa_2048),
    "PS384": ("rsa", _rsa_2048),
    "ES256": ("p256", lambda: ec.generate_private_key(ES256_CURVE)),
    "ES384": ("p384", lambda: ec.generate_private_key(ES384_CURVE)),
    "EdDSA": ("ed25519", ed25519.Ed25519PrivateKey.generate),
}
_pool: dict[tuple[str, int], _Material] = {}
_pool_lock = Lock()


def _make(alg: str) -> _Material:
    private = _KINDS[alg][1]()
    return _Material(private, thumbprint(public_jwk(private.public_key())))


def _pooled_material(alg: str, slot: int) -> _Material:
    place = _KINDS[alg][0], slot
    with _pool_lock:  # two threads that both need the first RSA key shall get the same one
        if place not in _pool:
            _pool[place] = _make(alg)
        return _pool[place]


def thumbprint_kid(digest: bytes) -> str:
    """The default kid: the RFC 7638 thumbprint in base64url."""
    return b64url(digest)


@lru_cache(maxsize=512)  # shared keys share their JWK and certificate too
def _pooled_key(alg: str, slot: int, kid_form: KidForm) -> Key:
    material = _pooled_material(alg, slot)
    return Key(kid_form(material.digest), alg, material.private)


def _key(alg: str, slot: int, kid_form: KidForm) -> Key:
    if slot < POOLED:
        return _pooled_key(alg, slot, kid_form)
    material = _make(alg)
    return Key(kid_form(material.digest), alg, material.private)


class KeyRing:
    """The keys of one provider in one world; no key is made before it is asked for.

    `algs` are published from the start, others once they have signed. `kid_form` turns the 32-byte thumbprint of a
    key into a kid of the provider's own shape; pass a module-level function, since keys are cached by it.
    UsageError for an algorithm that has no public keys.
    """

    __slots__ = ("_keys", "_kid_form", "_turns")

    def __init__(self, algs: Iterable[str] = ("RS256",), kid_form: KidForm = thumbprint_kid) -> None:
        self._kid_form = kid_form
        self._keys: dict[str, list[Key]] = {alg: [] for alg in algs}  # oldest first; the last one signs
        self._turns: dict[str, int] = {}

    def _of(self, alg: str) -> list[Key]:
        if alg not in _KINDS:
            raise UsageError(f"no key pairs for the algorithm {alg!r}; there are {', '.join(_KINDS)}")
        keys = self._keys.setdefault(alg, [])
        if not keys:
            keys.append(_key(alg, 0, self._kid_form))
        return keys

    def signing(self, alg: str = "RS256") -> Key:
        """The key that signs now."""
        return self._of(alg)[-1]

    def _published(self) -> list[Key]:
        return [key for alg in self._keys for key in self._of(alg)]

    def published(self) -> list[Jwk]:
        """Public JWKs, oldest first per algorithm: a client that takes the first one instead of the named one fails."""
        return [key.jwk for key in self._published()]

    def certificates(self) -> dict[str, str]:
        """The same keys as self-signed certificates, PEM by kid: the older form that Google still serves."""
        return {key.kid: key.certificate for key in self._published()}

    def rotate(self, alg: str = "RS256", overlap: bool = True) -> Key:
        """Sign with a new key from now on and return it. With overlap its predecessor stays published, no older one."""
        keys = self._of(alg)
        self._turns[alg] = self._turns.get(alg, 0) + 1
        keys[:] = [*(keys[-1:] if overlap else []), _key(alg, self._turns[alg], self._kid_form)]
        return keys[-1]

    def stranger(self, alg: str = "RS256") -> Key:
        """A key that is never published, for the fault `wrong_key`; its kid is its own."""
        if alg not in _KINDS:
            raise UsageError(f"no key pairs for the algorithm {alg!r}; there are {', '.join(_KINDS)}")
        return _key(alg, STRANGER, self._kid_form)


def _self_signed(key: Key) -> str:
    assert not isinstance(key.private, bytes)  # `public` below has refused it
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, key.kid[:64] or "mockidp")])
    serial = int.from_bytes(thumbprint(public_jwk(key.public))[:16], "big") >> 1 | 1
    algorithm = None if isinstance(key.private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    unsigned = x509.CertificateBuilder(name, name, key.public, serial, *VALID)
    return unsigned.sign(key.private, algorithm).public_bytes(serialization.Encoding.PEM).decode("ascii")


@cache
def pem_ec_p256(name: str = "mockidp") -> str:
    """A P-256 private key as PKCS #8 PEM, the same for the same name everywhere, so that none is stored.

    It protects nothing: it is the published key of a ready-made app, and whoever reads this can derive it.
    """
    order = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
    seed = int.from_bytes(hashlib.sha512(f"mockidp ready-made app key: {name}".encode()).digest(), "big")
    private = ec.derive_private_key(seed % (order - 1) + 1, ES256_CURVE)
    pkcs8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.private_bytes(*pkcs8).decode("ascii")


@lru_cache(maxsize=256)
def public_of(pem: str) -> PublicKey:
    """The public key in a PEM that holds a private or a public one; UsageError when there is none we know."""
    raw = pem.encode("utf-8")
    try:
        loaded = (
            serialization.load_pem_private_key(raw, None).public_key()
            if b"PRIVATE KEY" in raw
            else serialization.load_pem_public_key(raw)
        )
    except (ValueError, TypeError) as error:
        raise UsageError("not a PEM key that can be read without a password") from error
    if not isinstance(loaded, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise UsageError("not an RSA, EC or Ed25519 key")
    return loaded
