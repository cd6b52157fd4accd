"""Flickr, held against its API description and auth.oauth.html: formats, permissions, errors under HTTP 200."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from oauth1_login import BACK, Client

WWW, REST = "https://www.flickr.com/services/oauth", "https://api.flickr.com/services/rest"
JSON = {"format": "json", "nojsoncallback": "1"}


def client() -> Client:
    out = Client(f"{WWW}/request_token", f"{WWW}/authorize", f"{WWW}/access_token", method="GET")
    out.login({"perms": "read"})
    return out


def test_the_access_token_says_who_it_is() -> None:
    flickr = Client(f"{WWW}/request_token", f"{WWW}/authorize", f"{WWW}/access_token", method="GET")
    got = flickr.login({"perms": "write"})
    told = json.loads(flickr.signed("GET", REST, method="flickr.test.login", **JSON).body)
    assert (got["user_nsid"], got["username"]) == (told["user"]["id"], told["user"]["username"]["_content"])
    assert got["fullname"] == "Alice Archer"


def test_xml_is_what_comes_unasked_and_json_comes_in_a_function_call() -> None:
    flickr = client()
    plain = flickr.signed("GET", REST, method="flickr.test.login")
    assert plain.header("content-type") == "text/xml; charset=utf-8"
    assert ElementTree.fromstring(plain.body).findtext("user/username") == "Ali"
    wrapped = flickr.signed("GET", REST, method="flickr.test.login", format="json").body
    assert wrapped.startswith(b'jsonFlickrApi({"user":{"id":"')
    assert wrapped.endswith(b'"stat":"ok"})')


def test_errors_are_http_200_in_the_format_asked_for() -> None:
    flickr = client()
    flickr.token = (flickr.token[0], "wrong")
    answer = flickr.signed("GET", REST, method="flickr.test.login", **JSON)
    assert (answer.status, json.loads(answer.body)["code"]) == (200, 96)
    error = ElementTree.fromstring(flickr.signed("GET", REST, method="flickr.test.login").body)
    assert (error.get("stat"), error.find("err").attrib) == ("fail", {"code": "96", "msg": "Invalid signature"})  # type: ignore[union-attr]
    wrapped = flickr.signed("GET", REST, method="flickr.test.login", format="json").body
    assert wrapped.startswith(b'jsonFlickrApi({"stat":"fail"')
    unknown = flickr.signed("GET", REST, method="flickr.no.such", **JSON)
    assert (unknown.status, json.loads(unknown.body)["code"]) == (200, 112)


def test_a_wrong_signature_is_told_what_should_have_been_signed() -> None:
    flickr = Client(f"{WWW}/request_token", f"{WWW}/authorize", f"{WWW}/access_token", secret="wrong")
    answer = flickr.signed("GET", f"{WWW}/request_token", oauth_callback=BACK)
    assert answer.status == 401
    assert answer.body.startswith(b"oauth_problem=signature_invalid&debug_sbs=GET%26https%253A%252F%252Fwww.flickr.com")


def test_a_missing_parameter_is_named() -> None:
    flickr = Client(f"{WWW}/request_token", f"{WWW}/authorize", f"{WWW}/access_token")
    answer = flickr.signed("GET", f"{WWW}/request_token")
    assert (answer.status, answer.body) == (
        400,
        b"oauth_problem=parameter_absent&oauth_parameters_absent=oauth_callback",
    )


def test_the_login_page_wants_to_know_the_permission() -> None:
    flickr = Client(f"{WWW}/request_token", f"{WWW}/authorize", f"{WWW}/access_token")
    flickr.begin()
    assert flickr.consent().status == 400
    assert flickr.consent(perms="everything").status == 400
    assert flickr.consent(perms="delete").status == 302
