"""Vimeo's Advanced API, held against the bodies that matthooks/vimeo keeps and the archived pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.etree import ElementTree

from oauth1_login import Client

AT, REST = "https://vimeo.com/oauth", "https://vimeo.com/api/rest/v2"
WHO = {"method": "vimeo.people.getInfo"}


def client() -> Client:
    out = Client(f"{AT}/request_token", f"{AT}/authorize", f"{AT}/access_token")
    out.login({"permission": "read"})
    return out


def scalars(document: object) -> Iterator[object]:
    rows = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else [str(document)]
    )
    for row in rows:
        yield from scalars(row) if isinstance(row, dict | list) else [row]


def test_every_scalar_is_text() -> None:
    told = json.loads(client().signed("GET", REST, **WHO, format="json").body)
    assert all(isinstance(value, str) for value in scalars(told))
    assert (told["person"]["username"], told["person"]["created_on"]) == ("alice-archer", "2012-03-05 09:41:17")


def test_xml_is_what_comes_unasked() -> None:
    root = ElementTree.fromstring(client().signed("GET", REST, **WHO).body)
    assert (root.get("stat"), root.findtext("person/display_name")) == ("ok", "Alice Archer")


def test_the_owner_may_be_named_and_nobody_else() -> None:
    vimeo = client()
    assert b'"stat":"ok"' in vimeo.signed("GET", REST, **WHO, format="json", user_id="alice-archer").body
    answer = vimeo.signed("GET", REST, **WHO, format="json", user_id="nobody")
    told = json.loads(answer.body)
    assert (answer.status, told["stat"], told["err"]["code"]) == (200, "fail", "1")
    error = ElementTree.fromstring(vimeo.signed("GET", REST, **WHO, user_id="nobody").body)
    assert (error.get("stat"), error.find("err").get("code")) == ("fail", "1")  # type: ignore[union-attr]
