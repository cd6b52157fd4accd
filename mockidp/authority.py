"""The certificate authority of this installation: made on first use, kept on this machine, good for the contracts only.

Its certificate carries name constraints (RFC 5280 section 4.2.1.10): whoever trusts it trusts it for the hosts of the
contracts and for this machine's own names, and for nothing else, even if the key were stolen. The key never leaves the
folder; leaf certificates are made in memory, one for each name that a client asks for, and signed with one leaf key.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import os
import re
import ssl
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mockidp.errors import MockidpError
from mockidp.whole import put

CERTIFICATE, KEY, BUNDLE = "ca.pem", "ca-key.pem", "bundle.pem"
LIFETIME = datetime.timedelta(days=3650)
LEAF_LIFETIME = datetime.timedelta(days=30)  # browsers take no leaf of more than 398 days
EARLIER = datetime.timedelta(days=1)  # for clocks that are behind
LEAVES = 256
LOCK, LOCK_PATIENCE = "lock", 10.0  # seconds; whoever holds it for longer has died
LOOPBACK = ("localhost", "127.0.0.1", "::1")
OWN_NAMES = ("localhost",)
OWN_NETWORKS = ("127.0.0.0/8", "::1/128")


def now() -> datetime.datetime:
    """The time that certificates are made and renewed at: this machine's, whatever a world's clock says."""
    return datetime.datetime.now(datetime.UTC)


class AuthorityError(MockidpError):
    """The authority cannot be made, read or used; says what to do."""

    code = "authority"


def folder() -> Path:
    """Where this installation keeps its authority: MOCKIDP_HOME, or the user's data folder."""
    own = os.environ.get("MOCKIDP_HOME")
    if own:
        return Path(own)
    from platformdirs import user_data_path

    return user_data_path("mockidp", appauthor=False)


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its certificate and key, and leaf contexts for names that it may sign for."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @cached_property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as trust stores show it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def ends(self) -> datetime.datetime:
        return self.certificate.not_valid_after_utc

    @cached_property
    def domains(self) -> frozenset[str]:
        """The domains that it may sign for, each with all below it."""
        found = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        return frozenset(item.value for item in found.permitted_subtrees or () if isinstance(item, x509.DNSName))

    def covers(self, host: str) -> bool:
        """Whether clients would accept its certificate for a host."""
        name = host.lower().strip("[]")
        if (address := _address(name)) is not None:
            return any(address in ipaddress.ip_network(net) for net in OWN_NETWORKS if _same(address, net))
        parts = name.split(".")
        return any(".".join(parts[at:]) in self.domains for at in range(len(parts)))

    def leaf(self, name: str, key: ec.EllipticCurvePrivateKey, at: datetime.datetime) -> x509.Certificate:
        """A certificate for one name, good for a month. AuthorityError for a name outside the constraints."""
        if not self.covers(name):
            raise AuthorityError(f"the authority may not sign for {name}; `mockidp ca rotate` makes one for all hosts")
        address = _address(name)
        subject = x509.DNSName(name) if address is None else x509.IPAddress(address)
        names = [subject] if name not in LOOPBACK else _own_names()
        public = key.public_key()
        issuer = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]))
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(at - EARLIER, self.certificate.not_valid_before_utc))
            .not_valid_after(min(at + LEAF_LIFETIME, self.ends))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def make(hosts: Iterable[str], at: datetime.datetime | None = None) -> Authority:
    """A new authority for these hosts (`*.` in front for all below a domain) and this machine's own names."""
    at = at or now()
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "mockidp"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"mockidp test authority {identifier.digest.hex()[:8]}"),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in domains(hosts)]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in OWN_NETWORKS]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - EARLIER)
        .not_valid_after(at + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        # Excluding all mail and URI names too would add nothing to the extended key usage, and GnuTLS (git and wget on
        # Debian) refuses whatever an authority with such exclusions signs.
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def domains(hosts: Iterable[str]) -> list[str]:
    """The domains that cover these hosts, none below another: a constraint holds for all below a domain."""
    plain = {host.lower().partition(":")[0].split("*")[-1].lstrip(".") for host in hosts} | set(OWN_NAMES)
    named = {name for name in plain if name and _address(name) is None}
    return sorted(name for name in named if not any(name.endswith(f".{other}") for other in named))


def _usage(**wanted: bool) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in every})


def _own_names() -> list[x509.GeneralName]:
    return [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", "::1"))]


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _same(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    return ipaddress.ip_network(network).version == address.version


# on disk


def stored(where: Path | None = None) -> Authority | None:
    """The authority of this installation, or None where none was made. AuthorityError when it cannot be used."""
    where = where or folder()
    try:
        pem, key_pem = (where / CERTIFICATE).read_bytes(), (where / KEY).read_bytes()
        certificate = x509.load_pem_x509_certificate(pem)
        key = serialization.load_pem_private_key(key_pem, None)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise AuthorityError(
            f"{where / CERTIFICATE} or its key cannot be read; `mockidp ca rotate` makes anew"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise AuthorityError(f"{where / KEY} is not the key of {where / CERTIFICATE}; `mockidp ca rotate` makes anew")
    if os.name == "posix" and (where / KEY).stat().st_mode & 0o077:
        raise AuthorityError(f"others can read {where / KEY}; `chmod 600` it, and `mockidp ca rotate` if they may have")
    return Authority(certificate, key)


def ensure(hosts: Iterable[str], where: Path | None = None) -> Authority:
    """The authority of this installation, made on first use for these hosts.

    One that is over, or not good for all hosts, is made anew, good for its old hosts too; but not while a store trusts
    it: then `uncovered` tells. Of several processes one makes it. AuthorityError when the folder cannot be written.
    """
    where, hosts = where or folder(), list(hosts)
    if (kept := _usable(where, hosts)) is not None:
        return kept
    with _locked(where):
        if (kept := _usable(where, hosts)) is not None:
            return kept
        before = stored(where)
        return replace([*hosts, *(before.domains if before else ())], where)


def _usable(where: Path, hosts: list[str]) -> Authority | None:
    kept = stored(where)
    if kept is None or kept.ends <= now():
        return None
    return kept if not uncovered(kept, hosts) or trusted(where) else None


@contextmanager
def _locked(where: Path) -> Iterator[None]:
    """Hold the folder, which is made, for one process at a time."""
    lock, until = where / LOCK, time.monotonic() + LOCK_PATIENCE
    try:
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        while not _created(lock) and time.monotonic() < until:
            time.sleep(0.02)
    except OSError as error:
        raise unwritable(where, error) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _created(lock: Path) -> bool:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def unwritable(where: Path, error: OSError) -> AuthorityError:
    return AuthorityError(f"{where} cannot be written ({error.strerror}); set MOCKIDP_HOME to a folder of your own")


def uncovered(authority: Authority, hosts: Iterable[str]) -> list[str]:
    """The hosts that clients would refuse its certificates for."""
    return [host for host in domains(hosts) if not authority.covers(host)]


def replace(hosts: Iterable[str], where: Path | None = None) -> Authority:
    """Make a new authority and put it in the place of the old one: the key first, each file whole or not at all."""
    where = where or folder()
    made = make(hosts)
    try:
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        put(where / KEY, key_pem(made.key), 0o600)
        put(where / CERTIFICATE, made.pem)
        (where / TRUSTED).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(where, error) from error
    return made


TRUSTED = "trusted"  # a list of the stores that `mockidp ca install` added the certificate to


def trusted(where: Path | None = None) -> list[str]:
    """The stores that trust this authority, by `mockidp ca install`."""
    try:
        return ((where or folder()) / TRUSTED).read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []


def trust(where: Path, stores: Iterable[str]) -> None:
    """Write down which stores trust this authority."""
    put(where / TRUSTED, "".join(f"{store}\n" for store in stores).encode())


def bundle(authority: Authority, where: Path | None = None, also: Iterable[Path] = ()) -> Path:
    """A file with this authority, those that the system trusts and those of more files, each once.

    For variables that replace the system's list. Files that cannot be read are passed over.
    """
    path = (where or folder()) / BUNDLE
    text = authority.pem + b"".join(pem for pem in certificates(also) if pem != authority.pem)
    if not path.is_file() or path.read_bytes() != text:
        put(path, text)
    return path


PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def certificates(also: Iterable[Path] = ()) -> list[bytes]:
    """The certificates that the system trusts, and those of more files, as PEM, each once."""
    found: dict[bytes, None] = {}
    for path in (Path(ssl.get_default_verify_paths().cafile or ""), *also):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        found |= {pem.replace(b"\r\n", b"\n") + b"\n": None for pem in PEM.findall(data)}
    return list(found)


def pin(key: ec.EllipticCurvePublicKey) -> str:
    """The base64 SHA-256 of a key (RFC 7469 section 2.4), by which Chromium can be told to trust it and no other."""
    info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(info).digest()).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


# for a server


class Contexts:
    """TLS contexts by server name (SNI), made when first asked for; the least used go when there are many."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._kept: OrderedDict[str, tuple[datetime.datetime, ssl.SSLContext]] = OrderedDict()

    def of(self, name: str) -> ssl.SSLContext:
        """The context for a name. AuthorityError when the authority may not sign for it."""
        at = now()
        renew, context = self._kept.get(name, (at, None))
        if context is None or renew <= at:
            context = self._made(name, at)
            renew = at + LEAF_LIFETIME / 2
        self._kept[name] = renew, context
        self._kept.move_to_end(name)
        if len(self._kept) > LEAVES:
            self._kept.popitem(last=False)
        return context

    def _made(self, name: str, at: datetime.datetime) -> ssl.SSLContext:
        leaf = self.authority.leaf(name, self.key, at)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.TemporaryDirectory(prefix="mockidp-") as scratch:  # 0700; the ssl module reads files only
            chain, key = Path(scratch) / "leaf.pem", Path(scratch) / "key.pem"
            chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
            put(key, key_pem(self.key), 0o600)
            context.load_cert_chain(chain, key)
        return context
