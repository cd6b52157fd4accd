"""XING, held against its SDKs and its list of errors: a day's tolerance, PLAINTEXT, typed profile, named fields."""

from __future__ import annotations

import json
from typing import Any

from oauth1_login import BACK, Client

AT = "https://api.xing.com/v1"
ME = f"{AT}/users/me"


def client(**more: Any) -> Client:
    return Client(f"{AT}/request_token", f"{AT}/authorize", f"{AT}/access_token", **more)


def user(xing: Client, **query: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(xing.signed("GET", ME, **query).body)["users"][0]
    return told


def test_a_profile_has_numbers_for_dates_and_hours() -> None:
    xing = client()
    got = xing.login()
    told = user(xing)
    assert told["id"] == got["user_id"]
    assert told["birth_date"] == {"day": 17, "month": 4, "year": 1990}
    assert told["time_zone"] == {"name": "Europe/London", "utc_offset": 1.0}  # in September
    assert told["gender"] == "f"
    assert told["page_name"].startswith("Alice_Archer")
    assert told["permalink"] == f"https://www.xing.com/profile/{told['page_name']}"


def test_fields() -> None:
    xing = client()
    xing.login()
    assert sorted(user(xing, fields="id,active_email")) == ["active_email", "id"]
    wrong = xing.signed("GET", ME, fields="shoe_size")
    assert (wrong.status, json.loads(wrong.body)["error_name"]) == (403, "INVALID_PARAMETERS")


def test_plaintext_will_do_and_so_will_a_clock_that_is_hours_off() -> None:
    xing = client(sign_with="PLAINTEXT", ahead=-86_000)
    xing.login()
    assert user(xing)["first_name"] == "Alice"
    late = client(ahead=-86_401).signed("POST", f"{AT}/request_token", oauth_callback=BACK)
    assert (late.status, json.loads(late.body)["error_name"]) == (401, "TIMESTAMP_EXPIRED")
    none = client().signed("POST", f"{AT}/request_token", oauth_callback=BACK, oauth_timestamp="yesterday")
    assert (none.status, json.loads(none.body)["error_name"]) == (401, "INVALID_TIMESTAMP")
