"""OAuth 1.0 signatures: judged by the examples of RFC 5849 and of the community's test cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from mockidp.families import oauth1_sig
from mockidp.families.oauth1_sig import OAuth1Error, Secrets, Signed
from mockidp.keys import public_of
from mockidp.wire import Request

VECTORS = json.loads((Path(__file__).parents[1] / "contracts/_vectors/oauth1.json").read_text(encoding="utf-8"))
FORM = "application/x-www-form-urlencoded"
WORDS = st.text("ab=&%+ ,\"\\\né漢🙂~-._*'()!\0", max_size=8)


def vectors(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[name], ids=lambda vector: vector["section"])


def request_of(vector: dict[str, Any]) -> Request:
    headers = {"Authorization": vector["authorization"], "Content-Type": FORM}
    return Request.of(vector["method"], vector["url"], headers, vector["body"].encode())


def post(body: bytes = b"", content_type: str = FORM, query: str = "", authorization: str = "") -> Signed:
    headers = {"content-type": content_type, "authorization": authorization}
    return oauth1_sig.read(Request("POST", "a.example", "/", query, headers, body))


@vectors("encodings")
def test_encoding_gives_the_published_text(vector: dict[str, str]) -> None:
    assert oauth1_sig.encode(vector["text"]) == vector["encoded"]
    assert oauth1_sig.decode(vector["encoded"]) == vector["text"]


@vectors("normalized")
def test_normalized_parameters_are_as_published(vector: dict[str, Any]) -> None:
    assert oauth1_sig.normalized([tuple(pair) for pair in vector["pairs"]]) == vector["text"]


@vectors("base_uris")
def test_the_base_uri_is_as_published(vector: dict[str, str]) -> None:
    assert oauth1_sig.base_uri(vector["url"]) == vector["uri"]


@vectors("hmacs")
def test_hmac_sha1_is_as_published(vector: dict[str, str]) -> None:
    secrets = Secrets(vector["client_secret"], vector["token_secret"])
    assert oauth1_sig.hmac_sha1(vector["base"], secrets.client, secrets.token) == vector["signature"]
    assert oauth1_sig.verify("HMAC-SHA1", vector["base"], vector["signature"], secrets)
    assert not oauth1_sig.verify("HMAC-SHA1", vector["base"] + "x", vector["signature"], secrets)


@vectors("plaintexts")
def test_plaintext_is_as_published(vector: dict[str, str]) -> None:
    secrets = Secrets(vector["client_secret"], vector["token_secret"])
    assert oauth1_sig.plaintext(secrets.client, secrets.token) == vector["signature"]
    assert oauth1_sig.verify("PLAINTEXT", "anything", vector["signature"], secrets)
    assert not oauth1_sig.verify("PLAINTEXT", "anything", vector["signature"] + "x", secrets)


@vectors("rsas")
def test_rsa_sha1_is_verified_as_published(vector: dict[str, str]) -> None:
    key = public_of(vector["public_key"])
    assert isinstance(key, rsa.RSAPublicKey)
    secrets = Secrets(public_key=key)
    assert oauth1_sig.verify("RSA-SHA1", vector["base"], vector["signature"], secrets)
    assert not oauth1_sig.verify("RSA-SHA1", vector["base"] + "x", vector["signature"], secrets)
    assert not oauth1_sig.verify("RSA-SHA1", vector["base"], "no base64", secrets)
    assert not oauth1_sig.verify("RSA-SHA1", vector["base"], "é", secrets)
    assert not oauth1_sig.verify("RSA-SHA1", vector["base"], vector["signature"], Secrets("a", "b"))


@vectors("requests")
def test_a_published_request_verifies_as_a_whole(vector: dict[str, Any]) -> None:
    request = request_of(vector)
    signed = oauth1_sig.read(request)
    base = oauth1_sig.base_string(request.method, request.url, signed.pairs)
    assert base == vector.get("base", base)
    secrets = Secrets(vector["client_secret"], vector["token_secret"])
    assert signed.protocol["oauth_signature"] == vector["signature"]
    assert oauth1_sig.verify(signed.protocol["oauth_signature_method"], base, vector["signature"], secrets)
    assert set(signed.places.values()) == {"header"}


@vectors("requests")
@pytest.mark.parametrize("part", ["method", "url", "body", "authorization", "client_secret", "token_secret"])
def test_a_published_request_with_any_part_changed_does_not_verify(vector: dict[str, Any], part: str) -> None:
    change = {
        "method": "PUT",
        "url": vector["url"].replace(".", "-", 1),
        "body": vector["body"] + "&x=y",
        "authorization": vector["authorization"].replace('oauth_timestamp="1', 'oauth_timestamp="2'),
        "client_secret": vector["client_secret"] + "x",
        "token_secret": vector["token_secret"] + "x",
    }
    changed = {**vector, part: change[part]}
    request = request_of(changed)
    base = oauth1_sig.base_string(request.method, request.url, oauth1_sig.read(request).pairs)
    secrets = Secrets(changed["client_secret"], changed["token_secret"])
    assert not oauth1_sig.verify("HMAC-SHA1", base, vector["signature"], secrets)


def test_parameters_are_collected_from_all_three_places_with_where_they_came_from() -> None:
    signed = post(b"b=2&oauth_verifier=v", query="c=3&oauth_token=t", authorization='OAuth oauth_nonce="n",a="1"')
    assert signed.pairs == [
        ("oauth_nonce", "n"), ("a", "1"), ("c", "3"), ("oauth_token", "t"), ("b", "2"), ("oauth_verifier", "v")
    ]  # fmt: skip
    assert signed.protocol == {"oauth_nonce": "n", "oauth_token": "t", "oauth_verifier": "v"}
    assert signed.places == {"oauth_nonce": "header", "oauth_token": "query", "oauth_verifier": "form"}


def test_a_body_that_is_no_form_is_not_signed() -> None:
    assert post(b"a=b", "application/json").pairs == []
    assert post(b"a=b", f"{FORM}; charset=utf-8").pairs == [("a", "b")]


def test_blank_values_are_kept_and_a_plus_is_a_space_in_forms_only() -> None:
    assert post(b"a&b=&c=1+2").pairs == [("a", ""), ("b", ""), ("c", "1 2")]
    assert post(authorization='OAuth a="1+2"').pairs == [("a", "1+2")]


def test_bytes_that_are_no_utf_8_are_signed_as_they_came() -> None:
    assert oauth1_sig.normalized(post(b"a=%ff&b=\xfe").pairs) == "a=%FF&b=%FE"


@pytest.mark.parametrize("authorization", ["", "Bearer abc", "Basic b2F1dGg6", "OAuth", "oauth "])
def test_another_scheme_carries_no_parameters(authorization: str) -> None:
    assert oauth1_sig.parse_authorization(authorization) == []


def test_the_scheme_may_be_in_any_case_and_the_realm_is_left_out() -> None:
    assert oauth1_sig.parse_authorization('oAuTh realm="http%3A//x, y" , a = "%31" ,b="2"') == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("rest", ["a=b", 'a="b', '="b"', 'a="b" c="d"', 'a="b",,c="d"', "a", 'a="b";c="d"'])
def test_a_malformed_header_is_refused_with_the_position(rest: str) -> None:
    with pytest.raises(OAuth1Error, match="malformed at character"):
        oauth1_sig.parse_authorization(f"OAuth {rest}")


@pytest.mark.parametrize(
    ("query", "body", "authorization"),
    [
        ("oauth_token=a&oauth_token=a", b"", ""),
        ("oauth_token=a", b"oauth_token=a", ""),
        ("", b"oauth_token=a", 'OAuth oauth_token="a"'),
        ("", b"", 'OAuth oauth_token="a", oauth_token="a"'),
    ],
)
def test_a_protocol_parameter_that_comes_twice_is_refused(query: str, body: bytes, authorization: str) -> None:
    with pytest.raises(OAuth1Error, match="oauth_token comes more than once"):
        post(body, query=query, authorization=authorization)


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://a.example:443/x;y?z#f", "https://a.example/x;y"),
        ("http://a.example:443/", "http://a.example:443/"),
        ("http://user:pass@A.example/", "http://a.example/"),
        ("http://[::1]:8400/a.example/x", "http://[::1]:8400/a.example/x"),
        ("http://a.example//x/../%7Ey", "http://a.example//x/../%7Ey"),
    ],
)
def test_the_base_uri_changes_nothing_but_what_the_rules_name(url: str, uri: str) -> None:
    assert oauth1_sig.base_uri(url) == uri


def test_a_port_that_is_no_number_is_refused() -> None:
    with pytest.raises(OAuth1Error, match="port"):
        oauth1_sig.base_uri("http://a.example:x/")


def test_an_unknown_signature_method_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(OAuth1Error, match="'HMAC-SHA999'; there are HMAC-SHA1, PLAINTEXT, RSA-SHA1"):
        oauth1_sig.verify("HMAC-SHA999", "", "", Secrets())


def test_secrets_do_not_show() -> None:
    assert "hush" not in repr(Secrets("hush", "hush"))


@given(st.lists(st.tuples(WORDS.filter(lambda name: name != "realm"), WORDS), max_size=5))
def test_a_header_that_was_written_reads_back_the_same(pairs: list[tuple[str, str]]) -> None:
    named = [(f"x{name}", value) for name, value in pairs]
    assert oauth1_sig.parse_authorization(oauth1_sig.authorization(named, realm="r")) == named


@given(st.lists(st.tuples(WORDS, WORDS), max_size=5), st.randoms())
def test_the_order_of_parameters_does_not_matter(pairs: list[tuple[str, str]], random: Any) -> None:
    shuffled = random.sample(pairs, len(pairs))
    assert oauth1_sig.normalized(shuffled) == oauth1_sig.normalized(pairs)


@given(WORDS, WORDS)
def test_what_is_signed_verifies_and_with_another_secret_it_does_not(client: str, token: str) -> None:
    signature = oauth1_sig.hmac_sha1("base", client, token)
    assert oauth1_sig.verify("HMAC-SHA1", "base", signature, Secrets(client, token))
    assert not oauth1_sig.verify("HMAC-SHA1", "base", signature, Secrets(client + "x", token))


@given(WORDS)
def test_encoding_leaves_only_unreserved_characters_and_upper_case_escapes(text: str) -> None:
    encoded = oauth1_sig.encode(text)
    assert all(char.isalnum() or char in "-._~%" for char in encoded)
    assert oauth1_sig.decode(encoded) == text
