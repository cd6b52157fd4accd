"""A client of OAuth 2.0 for tests that know a provider's addresses and words: it sends what it is told to."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BASIC = "Basic " + b64encode(b"mockidp:mockidp-secret").decode()


@dataclass
class Client:
    """The ready-made app of one provider, and somebody who logs in to it. A parameter set to None is not sent."""

    authorize_url: str
    token_url: str
    person: str = "alice"
    day: date | None = None
    sim: Simulator = field(init=False)

    def __post_init__(self) -> None:
        self.sim = Simulator(World(person=self.person, date=self.day))

    def get(self, url: str, token: str = "", scheme: str = "Bearer", **query: str) -> Response:
        headers = {"User-Agent": "tests"} | ({"Authorization": f"{scheme} {token}"} if token else {})
        return self.sim.handle(Request.of("GET", f"{url}?{urlencode(query)}" if query else url, headers))

    def post(self, url: str, headers: dict[str, str] | None = None, **form: str | None) -> Response:
        body = urlencode({key: value for key, value in form.items() if value is not None}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        return self.sim.handle(Request.of("POST", url, {**kind, **(headers or {})}, body))

    def authorize(self, **query: str | None) -> Response:
        asked = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s1", **query}
        sent = {key: value for key, value in asked.items() if value is not None}
        return self.sim.handle(Request.of("GET", f"{self.authorize_url}?{urlencode(sent)}"))

    def callback(self, **query: str | None) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.authorize(**query).header("location")).query))

    def redeem(self, code: str, **form: str | None) -> Response:
        own = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK}
        return self.post(self.token_url, None, **{"grant_type": "authorization_code", "code": code, **own, **form})

    def refresh(self, token: str, **form: str | None) -> Response:
        own = {"client_id": "mockidp", "client_secret": "mockidp-secret"}
        return self.post(self.token_url, None, **{"grant_type": "refresh_token", "refresh_token": token, **own, **form})

    def login(self, **query: str | None) -> dict[str, Any]:
        return document(self.redeem(self.callback(**query)["code"]))


def document(response: Response) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(response.body)
    return told


# for tests that write each request themselves


def get(sim: Simulator, url: str, **headers: str) -> Response:
    return sim.handle(Request.of("GET", url, headers))


def post(sim: Simulator, url: str, fields: dict[str, str], **headers: str) -> Response:
    return sim.handle(Request.of("POST", url, {**FORM, **headers}, urlencode(fields).encode()))


def callback(response: Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(response.header("location")).query, keep_blank_values=True))
