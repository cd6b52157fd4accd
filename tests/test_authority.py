"""The authority: constrained to the contracts' hosts, private on disk, and leaves that OpenSSL and Python accept."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from mockidp import authority
from mockidp.authority import Authority, AuthorityError, Contexts

HOSTS = ["github.com", "api.github.com", "*.myshopify.com", "*.*.auth0.com", "keycloak.example.org"]
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def made() -> Authority:
    return authority.make(HOSTS, NOW)


def forged(by: Authority, *names: x509.GeneralName) -> x509.Certificate:
    """What somebody with the stolen key would make: a leaf for any name, past all checks of ours."""
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = by.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forged")]))
        .issuer_name(by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + datetime.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(by.key, hashes.SHA256())
    )


def openssl(tmp_path: Path, by: Authority, leaf: x509.Certificate, name: str) -> str:
    """What `openssl verify` says of a leaf for a name on a day in its lifetime."""
    (tmp_path / "ca.pem").write_bytes(by.pem)
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    what = "-verify_ip" if name[0].isdigit() or ":" in name else "-verify_hostname"
    day = str(int((NOW + datetime.timedelta(hours=1)).timestamp()))
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime", day, "-CAfile", "ca.pem", what, name,
         "leaf.pem"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stderr


def policy(by: Authority, name: str, leaf: x509.Certificate) -> None:
    """Another verifier: that of the cryptography package, which holds certificates against the rules of the web."""
    subject: x509.GeneralName = x509.DNSName(name)
    if name[0].isdigit():
        subject = x509.IPAddress(ipaddress.ip_address(name))
    store = Store([by.certificate])
    verifier = PolicyBuilder().store(store).time(NOW + datetime.timedelta(hours=1)).build_server_verifier(subject)  # type: ignore[arg-type]
    verifier.verify(leaf, [])


@pytest.mark.parametrize(
    "name",
    ["github.com", "api.github.com", "shop-1.myshopify.com", "t.eu.auth0.com", "localhost", "127.0.0.1", "::1"],
)
def test_openssl_accepts_a_leaf_for_a_host_of_the_contracts(tmp_path: Path, made: Authority, name: str) -> None:
    leaf = made.leaf(name, made.key, NOW)
    assert openssl(tmp_path, made, leaf, name) == ""


@pytest.mark.parametrize(
    "name", ["evil.example", "github.com.evil.example", "notgithub.com", "com", "192.0.2.7", "myshopify.com.evil"]
)
def test_a_leaf_for_another_host_is_refused_by_us_and_by_whoever_checks_constraints(
    tmp_path: Path, made: Authority, name: str
) -> None:
    with pytest.raises(AuthorityError, match="may not sign for"):
        made.leaf(name, made.key, NOW)
    subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    leaf = forged(made, subject)
    assert "permitted subtree violation" in openssl(tmp_path, made, leaf, name)
    with pytest.raises(VerificationError):
        policy(made, name, leaf)


def test_it_can_sign_for_no_other_authority(made: Authority) -> None:
    constraints = made.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = made.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (True, False)
    assert made.certificate.extensions.get_extension_for_class(x509.NameConstraints).critical


def test_a_leaf_lives_a_month_and_never_longer_than_its_authority(made: Authority) -> None:
    leaf = made.leaf("github.com", made.key, NOW)
    assert leaf.not_valid_after_utc - NOW == datetime.timedelta(days=30)
    late = made.ends - datetime.timedelta(days=3)
    assert made.leaf("github.com", made.key, late).not_valid_after_utc == made.ends


def test_domains_cover_all_hosts_and_none_twice() -> None:
    assert authority.domains([*HOSTS, "127.0.0.1:8400", "GIT.example.com:8443"]) == [
        "auth0.com",
        "git.example.com",
        "github.com",
        "keycloak.example.org",
        "localhost",
        "myshopify.com",
    ]


class TestOnDisk:
    def test_it_is_made_once_with_a_private_key(self, tmp_path: Path) -> None:
        where = tmp_path / "deep" / "folder"
        first = authority.ensure(HOSTS, where)
        assert authority.ensure(HOSTS[:2], where).fingerprint == first.fingerprint
        kept = authority.stored(where)
        assert kept is not None
        assert kept.fingerprint == first.fingerprint
        assert (where / "ca-key.pem").stat().st_mode & 0o777 == 0o600
        assert sorted(path.name for path in where.iterdir()) == ["ca-key.pem", "ca.pem"]

    def test_new_hosts_make_a_new_one_unless_somebody_trusts_the_old(self, tmp_path: Path) -> None:
        first = authority.ensure(HOSTS, tmp_path)
        second = authority.ensure([*HOSTS, "gitlab.com"], tmp_path)
        assert second.fingerprint != first.fingerprint
        (tmp_path / "trusted").write_text("the system\n")
        kept = authority.ensure([*HOSTS, "gitlab.com", "bitbucket.org"], tmp_path)
        assert kept.fingerprint == second.fingerprint
        assert authority.uncovered(kept, ["bitbucket.org", "github.com"]) == ["bitbucket.org"]

    def test_one_that_is_over_is_replaced(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(authority, "LIFETIME", datetime.timedelta(seconds=-1))
        first = authority.replace(HOSTS, tmp_path)
        monkeypatch.undo()
        assert authority.ensure(HOSTS, tmp_path).fingerprint != first.fingerprint

    @pytest.mark.parametrize(
        ("name", "content", "word"),
        [("ca.pem", b"nonsense", "cannot be read"), ("ca-key.pem", b"nonsense", "cannot be read")],
    )
    def test_a_broken_file_is_told(self, tmp_path: Path, name: str, content: bytes, word: str) -> None:
        authority.replace(HOSTS, tmp_path)
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AuthorityError, match=word):
            authority.stored(tmp_path)

    def test_the_key_of_another_is_told(self, tmp_path: Path) -> None:
        authority.replace(HOSTS, tmp_path)
        other = authority.key_pem(ec.generate_private_key(ec.SECP256R1()))
        (tmp_path / "ca-key.pem").write_bytes(other)
        with pytest.raises(AuthorityError, match="is not the key of"):
            authority.stored(tmp_path)

    @pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
    def test_a_key_that_others_can_read_is_not_used(self, tmp_path: Path) -> None:
        authority.replace(HOSTS, tmp_path)
        (tmp_path / "ca-key.pem").chmod(0o644)
        with pytest.raises(AuthorityError, match="chmod 600"):
            authority.ensure(HOSTS, tmp_path)

    def test_the_folder_is_chosen_by_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOCKIDP_HOME", str(tmp_path / "here"))
        assert authority.folder() == tmp_path / "here"
        monkeypatch.delenv("MOCKIDP_HOME")
        assert authority.folder().name == "mockidp"

    def test_the_bundle_has_ours_and_the_systems(self, tmp_path: Path) -> None:
        made = authority.ensure(HOSTS, tmp_path)
        text = authority.bundle(made, tmp_path).read_bytes()
        assert text.startswith(made.pem)
        context = ssl.create_default_context(cafile=str(authority.bundle(made, tmp_path)))
        assert any(dict(pair[0] for pair in row["subject"])["organizationName"] == "mockidp"  # type: ignore[misc,index]
                   for row in context.get_ca_certs() if "organizationName" in dict(p[0] for p in row["subject"]))  # type: ignore[misc]  # fmt: skip


def test_contexts_are_made_once_a_name_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "LEAVES", 3)
    contexts = Contexts(authority.make(["example.com"]))
    first = contexts.of("a.example.com")
    assert contexts.of("a.example.com") is first
    for name in "bcd":
        contexts.of(f"{name}.example.com")
    assert contexts.of("a.example.com") is not first


def test_a_context_is_renewed_before_its_leaf_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "LEAF_LIFETIME", datetime.timedelta(microseconds=1))
    contexts = Contexts(authority.make(["example.com"]))
    assert contexts.of("example.com") is not contexts.of("example.com")
