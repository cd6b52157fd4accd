"""Windows Live as it last was, held against the Live SDK's REST reference."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

from mockidp.simulator import Simulator
from mockidp.wire import Request
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"


def test_a_profile_has_locale_time_and_birthday_in_their_own_forms() -> None:
    sim = Simulator(World(person="bob"))
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": "wl.basic wl.birthday"}
    url = f"https://login.live.com/oauth20_authorize.srf?{urlencode(query)}"
    code = dict(parse_qsl(urlsplit(sim.handle(Request.of("GET", url)).header("location")).query))["code"]
    form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK, "code": code}
    sent = urlencode({**form, "grant_type": "authorization_code"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = json.loads(sim.handle(Request.of("POST", "https://login.live.com/oauth20_token.srf", headers, sent)).body)
    assert answer["token_type"] == "bearer"
    assert "refresh_token" not in answer
    me = json.loads(
        sim.handle(Request.of("GET", f"https://apis.live.net/v5.0/me?access_token={answer['access_token']}")).body
    )
    assert (me["locale"], me["updated_time"]) == ("de_DE", "2024-08-14T07:55:06+0000")
    assert (me["birth_day"], me["birth_month"], me["birth_year"]) == (9, 12, 1984)
    assert "emails" not in me
