"""Discord as simulated, held against its documentation (oauth2.mdx, user.mdx) and what was seen."""

from __future__ import annotations

import datetime
import json

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import WalkError
from mockidp.wire import Request


def user(date: str = "", **options: object) -> dict[str, object]:
    walk = Lab("discord", date=datetime.date.fromisoformat(date) if date else None).walk(**options)  # type: ignore[arg-type]
    walk.run()
    found: dict[str, object] = walk.seen["userinfo"].document
    return found


def test_a_name_has_no_number_today_and_had_four_digits_before_2023() -> None:
    today, before = user(), user("2021-11-15")
    assert today["discriminator"] == "0"
    assert today["global_name"] == "Alice Archer"
    assert len(str(before["discriminator"])) == 4
    assert "global_name" not in before
    assert today["id"] == before["id"]


def test_an_address_that_is_missing_is_null_and_without_its_scope_there_is_no_key() -> None:
    assert (user(person="carol")["email"], user(person="carol")["verified"]) == (None, False)
    assert user(person="bob")["verified"] is False
    assert not {"email", "verified"} & user(scope=["identify"]).keys()


@pytest.mark.parametrize(("date", "status"), [("2020-01-01", 200), ("2021-11-15", 301)])
def test_the_former_domain_answered_until_2020(date: str, status: int) -> None:
    lab = Lab("discord", date=datetime.date.fromisoformat(date))
    url = "https://discordapp.com/api/oauth2/authorize?client_id=mockidp&response_type=code&scope=identify"
    answer = lab.send(Request.of("GET", f"{url}&redirect_uri=http://127.0.0.1/cb"))
    assert answer.status == status


def test_a_scope_that_there_is_not_is_refused() -> None:
    with pytest.raises(WalkError, match="invalid_scope"):
        user(scope=["identify", "everything"])


def test_a_wrong_code_is_named_in_double_quotes() -> None:
    lab = Lab("discord")
    form = b"grant_type=authorization_code&code=x&redirect_uri=http://127.0.0.1/cb&client_id=mockidp&client_secret=mockidp-secret"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = lab.send(Request.of("POST", "https://discord.com/api/oauth2/token", headers, form))
    said = {"error": "invalid_grant", "error_description": 'Invalid "code" in request.'}
    assert (answer.status, json.loads(answer.body)) == (400, said)
