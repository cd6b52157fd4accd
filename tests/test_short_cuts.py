"""What is worked out once, or without the general way, is what the general way would give."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest

from mockidp.contract import load
from mockidp.contract.body import Body
from mockidp.contract.exchange import BODIES, Exchange
from mockidp.contract.files import index
from mockidp.contract.template import Pattern
from mockidp.contract.wire import Wire
from mockidp.journal import Traffic
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response, encoded
from mockidp.world import World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BACK = "http://127.0.0.1:1/cb"


def asked(method: str, host: str, path: str, exchange: Exchange) -> Request:
    """A request that says what tells an exchange from its rivals, and nothing else."""
    sent: dict[str, list[tuple[str, str]]] = {place: [] for place in BODIES}
    for at, key, pattern in exchange.telling:
        sent[BODIES[at]].append((key, pattern.text.rstrip("?")))
    url = f"https://{host}{path}?{encoded(sent['query'])}"
    return Request.of(method, url, FORM, encoded(sent["form"]).encode())


def rivals() -> Iterator[tuple[Wire, str, str, str]]:
    for provider in index():
        wire = load(provider).at()
        for (host, path), here in wire._exact.items():
            yield from ((wire, method, host, path) for method, found in here.items() if len(found.items) > 1)


def test_the_parameter_that_marks_an_exchange_chooses_as_a_comparison_of_all_does() -> None:
    chosen = 0
    for wire, method, host, path in rivals():
        found = wire._exact[host, path][method]
        for exchange in found.items:
            request = asked(method, host, path, exchange)
            short = found.best_first(request)
            marked, found.__dict__["mark"] = found.mark, None
            assert short == found.best_first(request), (wire.id, method, host, path, exchange.label)
            found.__dict__["mark"] = marked
            chosen += marked is not None
    assert chosen > 50


def test_of_two_parameters_that_tell_the_same_the_last_of_the_contract_counts_in_whatever_order_they_come() -> None:
    exchange = load("gitea").at().step("userinfo")
    assert exchange is not None
    for pairs in ([("token", "t"), ("access_token", "a")], [("access_token", "a"), ("token", "t")]):
        told, problems = exchange.match(Request.of("GET", f"https://gitea.com/api/v1/user?{urlencode(pairs)}"))
        assert (told["access_token"], problems) == ("t", [])


@pytest.mark.parametrize(("got", "told"), [("Bearer a b", "a b"), ("Bearer ", None), ("bearer a", None), ("a", None)])
def test_a_value_behind_a_fixed_start_is_told_whole_and_is_not_empty(got: str, told: str | None) -> None:
    values: dict[str, str] = {}
    pattern = Pattern("Bearer $access_token?")
    assert pattern.tell(got, values) == (told is not None)
    assert values.get("access_token") == told
    assert pattern.match(got) == (None if told is None else {"access_token": told})


def identity(simulator: Simulator, person: str) -> dict[str, object]:
    """What Google's userinfo says of somebody who logs in."""
    simulator.world.person = person
    app = {"client_id": "mockidp", "redirect_uri": BACK}
    query = urlencode({**app, "response_type": "code", "scope": "openid email profile", "state": "s"})
    went = simulator.handle(Request.of("GET", f"https://accounts.google.com/o/oauth2/v2/auth?{query}"))
    code = parse_qs(urlsplit(went.header("location")).query)["code"][0]
    form = {**app, "grant_type": "authorization_code", "client_secret": "mockidp-secret", "code": code}
    token = simulator.handle(
        Request.of("POST", "https://oauth2.googleapis.com/token", FORM, urlencode(form).encode())
    ).body
    bearer = {"Authorization": f"Bearer {msgspec.json.decode(token)['access_token']}"}
    got = simulator.handle(Request.of("GET", "https://openidconnect.googleapis.com/v1/userinfo", bearer))
    return dict(msgspec.json.decode(got.body))


def test_everybody_is_told_as_they_are_now_whoever_was_told_before() -> None:
    simulator = Simulator(World())
    seen = [identity(simulator, person) for person in ("alice", "bob", "carol", "alice")]
    assert seen[0] == seen[3]
    assert seen[0]["email"] == "alice@example.com"
    assert len({str(row["sub"]) for row in seen}) == len({str(row["name"]) for row in seen}) == 3
    assert "email" not in seen[2]
    simulator.world.people.add({"id": "alice", "name": "Alice Anders"})
    assert identity(simulator, "alice")["name"] == "Alice Anders"


def test_a_body_of_more_people_than_it_remembers_is_right_for_each() -> None:
    body = Body(b'{"name":"x","code":"y"}', "json", {"/name": "$person.name", "/code": "$code"})
    people = [object() for _ in range(100)]
    for nth, person in [*enumerate(people), *enumerate(people)]:
        values = {"person.name": f"P{nth}", "code": f"c{nth}"}
        assert msgspec.json.decode(body.render(values, None, person)) == {"name": f"P{nth}", "code": f"c{nth}"}


def test_the_form_of_a_long_page_is_kept_and_a_sign_in_page_is_not() -> None:
    request = Request.of("GET", "https://accounts.google.com/")
    style = b"<style>" + b"x" * 9000 + b"</style>"

    def kept(page: bytes) -> bytes:
        return Traffic(request, Response(200, [("Content-Type", "text/html")], page)).answer_body

    for number in range(8):
        form = b"<form action='%d'></form>" % number
        assert kept(style + form) == form
        assert kept(style + form + b'<input name="mockidp.person">') == b""
