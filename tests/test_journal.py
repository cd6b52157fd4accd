"""The journal: the page and its decision are one login, whatever the authorize URL holds."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from mockidp.browser import decide
from mockidp.simulator import Simulator
from mockidp.wire import Request


@pytest.mark.parametrize(
    "more", [{}, {"state": "s" * 9000}, {"key": "looks-like-a-secret"}], ids=["plain", "long", "masked"]
)
def test_the_page_and_its_decision_are_one_login(more: dict[str, str]) -> None:
    simulator = Simulator()
    asked = {"client_id": "mockidp", "redirect_uri": "http://127.0.0.1:1/cb", "state": "s", **more}
    url = f"https://github.com/login/oauth/authorize?{urlencode(asked)}"
    assert simulator.handle(Request.of("GET", url)).status == 200
    assert simulator.handle(decide(url, "alice")).status == 302
    (login,) = simulator.world.journal
    assert [entry.status for entry in login.entries] == [200, 302]
    assert (login.person, login.outcome) == ("alice", "code")
    assert "looks-like-a-secret" not in repr(login)
