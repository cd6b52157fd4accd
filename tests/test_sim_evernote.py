"""Evernote, held against dev.evernote.com ("Authentication") and the tokens in its SDK's tests."""

from __future__ import annotations

import re

import pytest
from oauth1_login import BACK, NOW, Client, callback

YEAR = 31_536_000_000  # milliseconds


def client(host: str = "www.evernote.com", **more: object) -> Client:
    at = f"https://{host}"
    return Client(f"{at}/oauth", f"{at}/OAuth.action", f"{at}/oauth", method="GET", **more)  # type: ignore[arg-type]


def test_one_url_gives_both_tokens_and_the_second_says_who_it_is() -> None:
    evernote = client()
    first = evernote.begin()
    assert re.fullmatch(rf"mockidp\.[0-9a-f]{{11}}\.{BACK.encode().hex()}\.[0-9a-f]{{32}}", first["oauth_token"])
    back = evernote.consent()
    assert re.fullmatch("[0-9A-F]{32}", callback(back)["oauth_verifier"])
    assert callback(back)["sandbox_lnb"] == "false"
    got = evernote.finish(back)
    parts = dict(part.split("=", 1) for part in got["oauth_token"].split(":"))
    assert list(parts) == ["S", "U", "E", "C", "P", "A", "V", "H"]
    assert (parts["S"], int(parts["U"], 16)) == (got["edam_shard"], int(got["edam_userId"]))
    assert int(parts["E"], 16) == int(got["edam_expires"]) == int(NOW * 1000) + YEAR
    assert got["oauth_token_secret"] == ""


@pytest.mark.parametrize("host", ["www.evernote.com", "sandbox.evernote.com", "app.yinxiang.com"])
def test_the_store_is_at_the_host_that_was_asked(host: str) -> None:
    got = client(host).login()
    assert got["edam_noteStoreUrl"] == f"https://{host}/shard/{got['edam_shard']}/notestore"


def test_another_host_by_setting() -> None:
    own = client("notes.example.org", provider="evernote", settings={"EVERNOTE_HOSTNAME": "notes.example.org"})
    assert own.login()["edam_webApiUrlPrefix"].startswith("https://notes.example.org/shard/")


def test_a_refusal_comes_back_without_a_verifier_and_without_a_word() -> None:
    evernote = client(person="dave")
    token = evernote.begin()["oauth_token"]
    assert callback(evernote.consent()) == {"oauth_token": token}


def test_in_path_form_the_store_is_in_path_form_too() -> None:
    got = client(base="http://127.0.0.1:8400").login()
    assert got["edam_noteStoreUrl"].startswith("http://127.0.0.1:8400/www.evernote.com/shard/")
