"""Published examples judge what is computed here; their section is in each test's name or comment."""

import base64

import pytest

from providers import id_token, oauth1_signature, oauth2
from providers import openid2_association as openid2


def test_the_base_string_is_that_of_rfc_5849_section_3_4_1_1():
    params = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="),
        ("realm", "Example"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    assert oauth1_signature.base_string(
        "post", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", params
    ) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


@pytest.mark.parametrize(
    ("url", "normal"),
    [  # section 3.4.1.2
        ("http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("HTTPS://a.example:443", "https://a.example/"),
    ],
)
def test_the_base_uri_is_that_of_rfc_5849(url, normal):
    assert oauth1_signature.base_uri(url) == normal


@pytest.mark.parametrize(
    ("method", "url", "params", "token_secret", "expected"),
    [  # section 1.2: the temporary credentials, the token and the photo
        (
            "POST",
            "https://photos.example.net/initiate",
            {
                "oauth_timestamp": "137131200",
                "oauth_nonce": "wIjqoS",
                "oauth_callback": "http://printer.example.com/ready",
            },
            "",
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        ),
        (
            "POST",
            "https://photos.example.net/token",
            {
                "oauth_token": "hh5s93j4hdidpola",
                "oauth_timestamp": "137131201",
                "oauth_nonce": "walatlh",
                "oauth_verifier": "hfdp7dh39dks9884",
            },
            "hdhd0244k9j7ao03",
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        ),
        (
            "GET",
            "http://photos.example.net/photos?file=vacation.jpg&size=original",
            {"oauth_token": "nnch734d00sl2jdk", "oauth_timestamp": "137131202", "oauth_nonce": "chapoH"},
            "pfkkdhi9sl3r4s00",
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        ),
    ],
    ids=["initiate", "token", "photos"],
)
def test_hmac_sha1_signs_the_requests_of_rfc_5849_section_1_2(method, url, params, token_secret, expected):
    common = {"oauth_consumer_key": "dpf43f3p2l4k3l03", "oauth_signature_method": "HMAC-SHA1"}
    base = oauth1_signature.base_string(method, url, {**common, **params}.items())
    assert oauth1_signature.hmac_sha1(base, "kd94hf93k423kf44", token_secret) == expected


def test_plaintext_joins_the_escaped_secrets():
    assert oauth1_signature.plaintext("ab&c", "ü/ ~") == "ab%26c&%C3%BC%2F%20~"


def test_the_challenge_is_that_of_rfc_7636_appendix_b():
    assert oauth2.s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_basic_encodes_both_parts_as_a_form_first():
    header = oauth2.basic("a:b c", "p%ü")  # RFC 6749 section 2.3.1 and appendix B
    assert base64.b64decode(header.removeprefix("Basic ")) == b"a%3Ab+c:p%25%C3%BC"


@pytest.mark.parametrize(
    ("value", "half"),
    [  # OIDC Core appendix A.4 and A.6: at_hash and c_hash
        ("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"),
        ("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk", "LDktKdoQak3Pk0cnXxCltA"),
    ],
    ids=["at_hash", "c_hash"],
)
def test_half_hashes_are_those_of_oidc_core(value, half):
    assert id_token.half_hash(value, "RS256") == half


def test_half_hashes_follow_the_algorithm():
    assert [len(id_token.half_hash("x", name)) for name in ("ES256", "PS384", "RS512", "EdDSA")] == [22, 32, 43, 43]


@pytest.mark.parametrize(
    ("number", "octets"),
    [(0, "00"), (127, "7f"), (128, "0080"), (255, "00ff"), (32768, "008000")],
)
def test_btwoc_is_that_of_openid_2_section_4_2(number, octets):
    assert openid2.btwoc(number).hex() == octets
    assert openid2.number(base64.b64encode(openid2.btwoc(number)).decode()) == number


def test_the_default_modulus_is_a_1024_bit_number_and_two_generates():
    assert openid2.MODULUS.bit_length() == 1024  # appendix B
    assert pow(openid2.GENERATOR, openid2.MODULUS - 1, openid2.MODULUS) == 1


def test_key_value_form_is_that_of_openid_2_section_4_1_3():
    assert openid2.key_values([("mode", "error"), ("error", "This is an example message")]) == (
        "mode:error\nerror:This is an example message\n"
    )
    assert openid2.read_key_values("a:b:c\r\nnonsense\nd:\n") == {"a": "b:c", "d": ""}


@pytest.mark.parametrize("assoc_type", ["HMAC-SHA1", "HMAC-SHA256"])
def test_a_signature_is_the_mac_of_the_key_value_form(assoc_type):
    import hashlib
    import hmac

    made = openid2.Association("h", assoc_type, b"k" * 20, 0)
    mac = hmac.new(b"k" * 20, b"op_endpoint:x\nreturn_to:y\n", getattr(hashlib, assoc_type[5:].lower())).digest()
    assert openid2.sign(made, [("op_endpoint", "x"), ("return_to", "y")]) == base64.b64encode(mac).decode()
