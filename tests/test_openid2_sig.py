"""OpenID 2.0 on the wire: judged by the specification's numbers and by the published data of python-openid."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from mockidp.families import openid2_sig
from mockidp.families.openid2_sig import OpenIDError, Service

VECTORS = json.loads((Path(__file__).parents[1] / "contracts/_vectors/openid2.json").read_text(encoding="utf-8"))
REALMS = VECTORS["realms"]
XRD = "{xri://$xrd*($v*2.0)}"
WORDS = st.text("ab :=\n,é漢🙂", max_size=6)
LINES = st.text("ab:=,é漢🙂", max_size=6)


def vectors(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[name], ids=lambda vector: vector["section"])


@vectors("btwoc")
def test_btwoc_is_as_published(vector: dict[str, str]) -> None:
    assert openid2_sig.btwoc(int(vector["number"])).hex() == vector["hex"]
    assert openid2_sig.unbtwoc(bytes.fromhex(vector["hex"])) == int(vector["number"])


@vectors("numbers")
def test_numbers_in_base64_are_as_published(vector: dict[str, str]) -> None:
    assert openid2_sig.number(vector["base64"]) == int(vector["number"])
    assert openid2_sig.base64(openid2_sig.btwoc(int(vector["number"]))) == vector["base64"]


def test_the_default_modulus_is_the_published_one() -> None:
    assert [str(openid2_sig.MODULUS)] == [v["number"] for v in VECTORS["numbers"] if "modulus" in v["section"]]


@given(st.integers(0, 1 << 200))
def test_btwoc_is_the_shortest_form_and_comes_back(number: int) -> None:
    data = openid2_sig.btwoc(number)
    assert openid2_sig.unbtwoc(data) == number
    assert len(data) == 1 or data[0] or data[1] & 0x80


@pytest.mark.parametrize("text", ["", "gA==", "donkey", "YQ==\n", "é", "Y Q=="])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(OpenIDError):
        openid2_sig.number(text)


# Key-value form


@vectors("key_values")
def test_key_value_form_is_as_published(vector: dict[str, Any]) -> None:
    pairs = [tuple(pair) for pair in vector["pairs"]]
    assert openid2_sig.key_values(pairs) == vector["text"]
    assert openid2_sig.parse_key_values(vector["text"]) == pairs


@vectors("not_key_values")
def test_a_malformed_line_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(OpenIDError):
        openid2_sig.parse_key_values(vector["text"])


@vectors("not_pairs")
def test_what_would_break_out_of_its_line_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(OpenIDError, match="does not fit"):
        openid2_sig.key_values(vector["pairs"])


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4))
def test_key_values_either_come_back_or_are_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        text = openid2_sig.key_values(pairs)
        read = openid2_sig.parse_key_values(text)
    except OpenIDError:
        return
    assert read == pairs


# Associations


@vectors("exchanges")
def test_the_published_exchange_gives_the_same_numbers_on_both_sides(vector: dict[str, str]) -> None:
    consumer, server = (openid2_sig.number(vector[f"{side}_private"]) for side in ("consumer", "server"))
    request = {"session_type": vector["session_type"], "dh_consumer_public": vector["consumer_public"]}
    answer = openid2_sig.dh_answer(request, b64decode(vector["secret"]), server)
    assert answer == {"dh_server_public": vector["server_public"], "enc_mac_key": vector["enc_mac_key"]}
    assert openid2_sig.public_number(consumer) == openid2_sig.number(vector["consumer_public"])
    assert openid2_sig.mac_key(answer, vector["session_type"], consumer) == b64decode(vector["secret"])


@pytest.mark.parametrize("secret", [b"\x00" * 20, b"\xff" * 20, b" " * 20, b"This is a secret...."])
@pytest.mark.parametrize("numbers", [{}, {"dh_modulus": "FBHb", "dh_gen": "Ag=="}], ids=["default", "own"])
def test_an_exchange_carries_any_secret_over_any_numbers(secret: bytes, numbers: dict[str, str]) -> None:
    modulus = openid2_sig.number(numbers["dh_modulus"]) if numbers else openid2_sig.MODULUS
    public = openid2_sig.base64(openid2_sig.btwoc(openid2_sig.public_number(12345, modulus)))
    request = {"session_type": "DH-SHA1", "dh_consumer_public": public, **numbers}
    answer = openid2_sig.dh_answer(request, secret, 54321)
    peer, masked = openid2_sig.number(answer["dh_server_public"]), b64decode(answer["enc_mac_key"])
    assert openid2_sig.masked(masked, peer, 12345, "DH-SHA1", modulus) == secret


def test_without_encryption_the_key_is_read_as_it_is() -> None:
    assert openid2_sig.mac_key({"mac_key": "YWJj"}, "no-encryption", 0) == b"abc"


LAST_NUMBER = openid2_sig.base64(openid2_sig.btwoc(openid2_sig.MODULUS - 1))  # its powers are 1 and itself


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dh_consumer_public": None}, "dh_consumer_public is missing"),
        ({"dh_consumer_public": "AQ=="}, "public key is not between"),
        ({"dh_consumer_public": "AA=="}, "public key is not between"),
        ({"dh_consumer_public": "pizza"}, "not base64"),
        ({"dh_modulus": "Ag=="}, "dh_modulus"),
        ({"dh_modulus": "FBHa"}, "dh_modulus"),
        ({"dh_modulus": openid2_sig.base64(openid2_sig.btwoc((1 << 5000) + 1))}, "4096 bits"),
        ({"dh_gen": "AQ=="}, "dh_gen"),
        ({"dh_gen": LAST_NUMBER}, "dh_gen"),
        ({"dh_consumer_public": LAST_NUMBER}, "public key is not between"),
        ({"session_type": "DH-SHA256"}, "carries 32 bytes, not 20"),
        ({"session_type": "no-encryption"}, "masks nothing"),
        ({"session_type": "DH-MD5"}, "masks nothing"),
    ],
)
def test_an_exchange_that_gives_the_secret_away_or_does_not_fit_is_refused(
    change: dict[str, str | None], message: str
) -> None:
    request = {"session_type": "DH-SHA1", "dh_consumer_public": "Rzup9265tw==", **change}
    with pytest.raises(OpenIDError, match=message):
        openid2_sig.dh_answer({key: value for key, value in request.items() if value is not None}, b"x" * 20, 7)


@pytest.mark.parametrize(
    ("assoc_type", "session_type", "fits"),
    [
        ("HMAC-SHA1", "DH-SHA1", True),
        ("HMAC-SHA256", "DH-SHA256", True),
        ("HMAC-SHA1", "no-encryption", True),
        ("HMAC-SHA256", "no-encryption", True),
        ("HMAC-SHA1", "DH-SHA256", False),
        ("HMAC-SHA256", "DH-SHA1", False),
        ("HMAC-MD5", "DH-SHA1", False),
        ("HMAC-SHA1", "DH-MD5", False),
    ],
)
def test_a_session_fits_an_association_of_its_hash(assoc_type: str, session_type: str, fits: bool) -> None:
    assert openid2_sig.fits(assoc_type, session_type) is fits


def test_a_key_is_as_long_as_its_hash() -> None:
    assert [openid2_sig.key_size(kind) for kind in openid2_sig.ASSOCIATIONS] == [20, 32]


# Signatures


@vectors("signatures")
def test_a_signature_is_as_published(vector: dict[str, Any]) -> None:
    fields = {f"openid.{name}": value for name, value in vector["pairs"]}
    signed = ",".join(name for name, _ in vector["pairs"])
    key = b64decode(vector["key"])
    assert openid2_sig.signature(fields, signed, key, vector["assoc_type"]) == vector["signature"]
    message = {**fields, "openid.signed": signed, "openid.sig": vector["signature"]}
    assert openid2_sig.verify(message, key, vector["assoc_type"])
    assert not openid2_sig.verify({**message, "openid.key2": "other"}, key, vector["assoc_type"])
    assert not openid2_sig.verify(message, key + b"x", vector["assoc_type"])
    assert openid2_sig.verify({**message, "openid.unsigned": "x"}, key, vector["assoc_type"])


def test_a_message_without_signature_or_with_a_signed_field_missing_is_refused() -> None:
    with pytest.raises(OpenIDError, match="not signed"):
        openid2_sig.verify({"openid.signed": "mode"}, b"k", "HMAC-SHA1")
    with pytest.raises(OpenIDError, match="not signed"):
        openid2_sig.verify({"openid.sig": "x"}, b"k", "HMAC-SHA1")
    with pytest.raises(OpenIDError, match="'mode' is signed and missing"):
        openid2_sig.verify({"openid.signed": "mode", "openid.sig": "x"}, b"k", "HMAC-SHA1")
    with pytest.raises(OpenIDError, match="HMAC-MD5"):
        openid2_sig.signature({"openid.a": "b"}, "a", b"k", "HMAC-MD5")


def test_bytes_that_are_no_utf_8_are_signed_as_they_came() -> None:
    fields = {"openid.a": b"\xff".decode("utf-8", "surrogateescape"), "openid.signed": "a"}
    fields["openid.sig"] = openid2_sig.base64(hmac.digest(b"k", b"a:\xff\n", "sha1"))
    assert openid2_sig.verify(fields, b"k", "HMAC-SHA1")
    assert not openid2_sig.verify({**fields, "openid.sig": fields["openid.a"]}, b"k", "HMAC-SHA1")


def test_the_fields_that_an_assertion_must_sign_are_named() -> None:
    fields = {"openid.signed": "return_to,assoc_handle,op_endpoint", "openid.claimed_id": "x"}
    assert openid2_sig.unsigned_fields(fields) == ["response_nonce", "claimed_id"]
    assert openid2_sig.unsigned_fields({"openid.signed": ",".join(openid2_sig.MUST_BE_SIGNED)}) == []


@given(st.dictionaries(st.sampled_from("abcdef"), LINES, min_size=1), st.binary(max_size=40))
def test_what_is_signed_verifies_until_a_signed_field_changes(values: dict[str, str], key: bytes) -> None:
    fields = {f"openid.{name}": value for name, value in values.items()}
    fields["openid.signed"] = ",".join(values)
    fields["openid.sig"] = openid2_sig.signature(fields, fields["openid.signed"], key, "HMAC-SHA256")
    assert openid2_sig.verify(fields, key, "HMAC-SHA256")
    first = f"openid.{next(iter(values))}"
    assert not openid2_sig.verify({**fields, first: fields[first] + "x"}, key, "HMAC-SHA256")


# Nonces


@vectors("nonces")
def test_a_nonce_is_as_published(vector: dict[str, Any]) -> None:
    assert openid2_sig.make_nonce(vector["seconds"], vector["salt"]) == vector["nonce"]
    assert openid2_sig.parse_nonce(vector["nonce"]) == (vector["seconds"], vector["salt"])


@pytest.mark.parametrize(
    "nonce",
    [*VECTORS["not_nonces"], "2005-05-15T17:11:51Z" + "x" * 236, "2005-05-15T17:11:51Z é", "٢005-05-15T17:11:51Z"],
)
def test_a_malformed_nonce_is_refused(nonce: str) -> None:
    with pytest.raises(OpenIDError, match="response_nonce"):
        openid2_sig.parse_nonce(nonce)


def test_the_longest_nonce_is_255_characters() -> None:
    longest = openid2_sig.make_nonce(0, "x" * 235)
    assert len(longest) == 255
    assert openid2_sig.parse_nonce(longest) == (0, "x" * 235)


@given(st.floats(0, 4e9), st.text("aZ0!~", max_size=20))
def test_a_nonce_comes_back_to_the_second(now: float, salt: str) -> None:
    assert openid2_sig.parse_nonce(openid2_sig.make_nonce(now, salt)) == (int(now), salt)


# Realms


@pytest.mark.parametrize("realm", [*REALMS["invalid"], "", " ", "http://user@foo.com/", "http://foo.com:99999/"])
def test_a_realm_that_is_no_url_pattern_is_refused(realm: str) -> None:
    with pytest.raises(OpenIDError, match="realm"):
        openid2_sig.parse_realm(realm)


@pytest.mark.parametrize("realm", REALMS["too_general"])
def test_a_realm_over_half_the_world_is_too_general(realm: str) -> None:
    assert openid2_sig.parse_realm(realm).too_general


@pytest.mark.parametrize("realm", REALMS["fine"])
def test_other_realms_are_fine(realm: str) -> None:
    assert not openid2_sig.parse_realm(realm).too_general


@pytest.mark.parametrize(("realm", "url"), REALMS["match"])
def test_a_url_is_in_its_realm(realm: str, url: str) -> None:
    assert openid2_sig.in_realm(realm, url)


@pytest.mark.parametrize(
    ("realm", "url"),
    [
        *REALMS["no_match"],
        ("http://*.foo.com/", "http://evilfoo.com/"),
        ("http://x.com/abc", "http://x.com/abc/../evil"),
        ("http://x.com/abc", "http://x.com/abc/%2E%2e/evil"),
        ("http://x.com/abc", "http://x.com/abc/.."),
        ("http://x.com/", "http://x.com\\@evil.com/"),
        ("http://x.com/", "http://x.com@evil.com/"),
        ("http://x.com/", "http://x.com/#fragment"),
    ],
)
def test_a_url_is_not_in_another_realm(realm: str, url: str) -> None:
    assert not openid2_sig.in_realm(realm, url)


@given(st.text("htp:/*.@#?&=ax%\\ é", max_size=30), st.text("htp:/*.@#?&=ax%\\ é", max_size=30))
def test_no_text_makes_matching_fail(realm: str, url: str) -> None:
    assert openid2_sig.in_realm(f"http://{realm}", f"http://{url}") in (True, False)


# Discovery


def test_an_xrds_document_holds_what_it_was_given_whatever_the_characters() -> None:
    nasty = 'https://a.example/?x=<y>&z="1"'
    text = openid2_sig.xrds([Service(nasty), Service("https://b.example/", ("t1", "t2"), nasty, 10)])
    root = fromstring(text.encode())
    assert root.tag == "{xri://$xrds}XRDS"
    first, second = root.findall(f"{XRD}XRD/{XRD}Service")
    assert [first.findtext(f"{XRD}{name}") for name in ("Type", "URI", "LocalID")] == [
        "http://specs.openid.net/auth/2.0/server",
        nasty,
        None,
    ]
    assert first.get("priority") == "0"
    assert [node.text for node in second.findall(f"{XRD}Type")] == ["t1", "t2"]
    assert (second.get("priority"), second.findtext(f"{XRD}LocalID")) == ("10", nasty)


def test_html_links_name_endpoint_and_local_id_for_both_versions() -> None:
    assert openid2_sig.html_links('https://a.example/?a=1&b="2"', "https://b.example/") == (
        '<link rel="openid2.provider openid.server" href="https://a.example/?a=1&amp;b=&quot;2&quot;">\n'
        '<link rel="openid2.local_id openid.delegate" href="https://b.example/">\n'
    )
    assert openid2_sig.html_links("https://a.example/").count("<link") == 1
