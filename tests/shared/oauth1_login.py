"""A client of OAuth 1.0a for tests: it signs by itself, so that it shares no line with what it judges."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
NOW = 1_790_000_000.0
count = itertools.count()


def percent(text: str) -> str:
    return quote(text, safe="-._~")


@dataclass
class Client:
    """One app of one provider. `token` is the pair it signs with, empty before it has one."""

    request_url: str
    authorize_url: str
    access_url: str
    provider: str = ""
    person: str = "alice"
    method: str = "POST"
    secret: str = "mockidp-secret"
    sign_with: str = "HMAC-SHA1"
    base: str = ""  # for path form
    ahead: int = 0  # seconds of this client's clock
    settings: dict[str, str] = field(default_factory=dict)
    token: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        given = {"settings": {self.provider: self.settings}} if self.settings else {}
        self.world = World(person=self.person, **given)
        self.world.clock.freeze(NOW)
        self.sim = Simulator(self.world)

    def send(self, method: str, url: str, headers: dict[str, str] | None = None) -> Response:
        request = Request.of(method, url, headers)
        request.base = self.base
        return self.sim.handle(request)

    def signed(self, method: str, url: str, headers: dict[str, str] | None = None, /, **more: str) -> Response:
        """`more` are parameters: those of the protocol go into the header, all others into the query."""
        query = {key: value for key, value in more.items() if not key.startswith("oauth_")}
        mine = {
            "oauth_consumer_key": "mockidp",
            "oauth_nonce": f"n{next(count)}",
            "oauth_signature_method": self.sign_with,
            "oauth_timestamp": str(int(NOW) + self.ahead),
            "oauth_version": "1.0",
            **({"oauth_token": self.token[0]} if self.token[0] else {}),
            **{key: value for key, value in more.items() if key.startswith("oauth_")},
        }
        pairs = sorted((percent(key), percent(value)) for key, value in {**mine, **query}.items())
        where = f"{self.base}/{url.partition('://')[2]}" if self.base else url
        base = "&".join(percent(part) for part in (method, where, "&".join(f"{k}={v}" for k, v in pairs)))
        key = f"{percent(self.secret)}&{percent(self.token[1])}"
        digest = b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()
        mine["oauth_signature"] = key if self.sign_with == "PLAINTEXT" else digest
        header = "OAuth " + ", ".join(f'{percent(k)}="{percent(v)}"' for k, v in mine.items())
        whole = f"{url}?{urlencode(query, quote_via=quote)}" if query else url
        return self.send(method, whole, {**(headers or {}), "Authorization": header})

    def begin(self, callback: str = BACK, **more: str) -> dict[str, str]:
        given = {"oauth_callback": callback} if callback else {}
        answer = fields(self.signed(self.method, self.request_url, **given, **more))
        self.token = answer["oauth_token"], answer["oauth_token_secret"]
        return answer

    def consent(self, **more: str) -> Response:
        return self.send("GET", f"{self.authorize_url}?{urlencode({'oauth_token': self.token[0], **more})}")

    def finish(self, consent: Response) -> dict[str, str]:
        answer = fields(self.signed(self.method, self.access_url, oauth_verifier=callback(consent)["oauth_verifier"]))
        self.token = answer["oauth_token"], answer["oauth_token_secret"]
        return answer

    def login(self, consent: dict[str, str] | None = None, **request: str) -> dict[str, str]:
        self.begin(**request)
        return self.finish(self.consent(**(consent or {})))


def fields(response: Response) -> dict[str, str]:
    assert response.status in (200, 201), response.body
    return dict(parse_qsl(response.body.decode(), strict_parsing=True, keep_blank_values=True))


def callback(response: Response) -> dict[str, Any]:
    assert response.status == 302, response.body
    return dict(parse_qsl(urlsplit(response.header("location")).query))
