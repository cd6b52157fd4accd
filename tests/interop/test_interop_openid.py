"""python3-openid on both sides: its consumer at the simulator, and our client at its server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
import requests
from openid.consumer.consumer import CANCEL, FAILURE, SUCCESS, Consumer
from openid.extensions import ax, sreg
from openid.server.server import Server
from openid.store.memstore import MemoryStore

import providers
from mockidp.browser import browse
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response

from .openid_fetcher import fetching

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")  # the library's own

CALLBACK = "http://127.0.0.1:8000/callback"
REALM = "http://127.0.0.1:8000/"
OP = "https://openid.example.org"
ALICE = f"{OP}/id/alice-archer"
EMAIL, PHONE = "http://axschema.org/contact/email", "http://axschema.org/contact/phone/default"
MODES = {"association": {"associate"}, "stateless": {"check_authentication"}}


# Their consumer at the simulator


@dataclass
class Site:
    """A relying party with python3-openid."""

    simulator: Simulator
    store: MemoryStore | None
    session: dict[str, Any] = field(default_factory=dict)

    def begin(self, identifier: str) -> str:
        request = Consumer(self.session, self.store).begin(identifier)
        request.addExtension(sreg.SRegRequest(required=["email", "fullname"], optional=["nickname", "country"]))
        wanted = ax.FetchRequest()
        for uri in (EMAIL, PHONE):
            wanted.add(ax.AttrInfo(uri, required=True))
        request.addExtension(wanted)
        return str(request.redirectURL(REALM, CALLBACK))

    def callback(self, identifier: str, **decision: Any) -> dict[str, str]:
        url = browse(self.simulator.handle, self.begin(identifier), **decision).url
        return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))

    def finish(self, query: dict[str, str]) -> Any:
        return Consumer(self.session, self.store).complete(query, f"{CALLBACK}?{urlencode(query)}")

    def steps(self) -> set[str]:
        return {entry.step for login in self.simulator.world.journal for entry in login.entries}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(mode: str) -> Iterator[Site]:
    simulator = Simulator()
    with fetching(simulator):
        yield Site(simulator, MemoryStore() if mode == "association" else None)


@pytest.mark.parametrize("identifier", [OP, f"{OP}/xrds", ALICE], ids=["server", "xrds", "identifier"])
def test_their_consumer_reads_sreg_and_ax(site: Site, mode: str, identifier: str) -> None:
    answer = site.finish(site.callback(identifier, person="alice"))
    assert (answer.status, answer.identity_url) == (SUCCESS, ALICE), getattr(answer, "message", "")
    simple = sreg.SRegResponse.fromSuccessResponse(answer)
    assert dict(simple.items()) == {
        "email": "alice@example.com",
        "fullname": "Alice Archer",
        "nickname": "Ali",
        "country": "GB",
    }
    attributes = ax.FetchResponse.fromSuccessResponse(answer)
    assert (attributes.get(EMAIL), attributes.get(PHONE)) == (["alice@example.com"], ["+447700900101"])
    assert {"associate", "check_authentication"} & site.steps() == MODES[mode]


def test_their_consumer_gets_no_address_of_a_person_without(site: Site) -> None:
    answer = site.finish(site.callback(OP, person="carol"))
    assert answer.status == SUCCESS
    assert "email" not in dict(sreg.SRegResponse.fromSuccessResponse(answer).items())
    assert ax.FetchResponse.fromSuccessResponse(answer).get(EMAIL) == []


def test_their_consumer_hears_of_a_person_who_says_no(site: Site) -> None:
    assert site.finish(site.callback(OP, person="dave", deny=True)).status == CANCEL


@pytest.mark.parametrize("key", ["openid.sreg.email", "openid.claimed_id", "openid.sig"])
def test_their_consumer_refuses_an_altered_assertion(site: Site, key: str) -> None:
    query = site.callback(OP, person="alice")
    altered = {
        "openid.sreg.email": "eve@example.net",
        "openid.claimed_id": f"{OP}/id/bob-baumann",
        "openid.sig": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    }[key]
    assert site.finish({**query, key: altered}).status == FAILURE


def test_their_consumer_refuses_an_assertion_that_comes_twice(site: Site) -> None:
    query = site.callback(OP, person="alice")
    assert site.finish(query).status == SUCCESS
    assert site.finish(query).status == FAILURE


def test_their_consumer_refuses_a_signature_that_does_not_cover_who_it_is(site: Site) -> None:
    site.simulator.world.faults.add("unsigned_identity", provider="openid")
    assert site.finish(site.callback(OP, person="alice")).status == FAILURE


def test_their_consumer_logs_in_at_steam_which_has_no_associations(site: Site) -> None:
    answer = site.finish(site.callback("https://steamcommunity.com/openid", person="alice"))
    assert (answer.status, answer.identity_url) == (SUCCESS, "https://steamcommunity.com/openid/id/76561198046442744")
    assert "check_authentication" in site.steps()


# Our client at their server

XRDS = """<?xml version="1.0"?><xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)"><XRD><Service>
<Type>http://specs.openid.net/auth/2.0/{kind}</Type><URI>{endpoint}</URI>{local}</Service></XRD></xrds:XRDS>"""
TOLD = {"email": "ann@example.com", "fullname": "Ann Example", "nickname": "ann"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Elsewhere:
    """python3-openid's server behind a port: an identifier, a server to select one at, an endpoint that says yes."""

    modes: list[str]

    def __init__(self) -> None:
        self.http = make_server("127.0.0.1", 0, self.app, handler_class=Quiet)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.server = Server(MemoryStore(), f"{self.url}/endpoint")
        self.allow, self.modes = True, []

    def app(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        if environ["PATH_INFO"] != "/endpoint":
            kind, local = (
                ("server", "") if environ["PATH_INFO"] == "/" else ("signon", f"<LocalID>{self.url}/ann</LocalID>")
            )
            start("200 OK", [("Content-Type", "application/xrds+xml")])
            return [XRDS.format(kind=kind, endpoint=f"{self.url}/endpoint", local=local).encode()]
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode()
        answer = self.answer(dict(parse_qsl(environ["QUERY_STRING"] + "&" + body, keep_blank_values=True)))
        label = "text/html" if self.modes[-1].startswith("checkid") else "text/plain"  # the library leaves it to us
        start(f"{answer.code} Answer", [("Content-Type", label), *answer.headers.items()])
        return [answer.body.encode() if isinstance(answer.body, str) else answer.body]

    def answer(self, query: dict[str, str]) -> Any:
        request = self.server.decodeRequest(query)
        self.modes.append(request.mode)
        if request.mode != "checkid_setup":
            return self.server.encodeResponse(self.server.handleRequest(request))
        if not self.allow:
            return self.server.encodeResponse(request.answer(False))
        response = request.answer(True, identity=f"{self.url}/ann" if request.idSelect() else None)
        asked = sreg.SRegRequest.fromOpenIDRequest(request)
        response.addExtension(sreg.SRegResponse.extractResponse(asked, TOLD))
        wanted = ax.FetchRequest.fromOpenIDRequest(request)
        given = ax.FetchResponse(wanted)
        if PHONE in wanted.requested_attributes:
            given.addValue(PHONE, "+447700900199")
        response.addExtension(given)
        return self.server.encodeResponse(response)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture
def client(elsewhere: Elsewhere, mode: str) -> providers.Provider:
    server = {
        "id": "else",
        "name": "Elsewhere",
        "openid_url": elsewhere.url,
        "stateless": mode == "stateless",
        "extra_attributes": [("phone", PHONE, True)],
    }
    return providers.get("openid", settings={"SERVERS": [server]})


def over_http(request: Request) -> Response:
    answer = requests.request(
        request.method, request.url, headers=request.headers, data=request.body, allow_redirects=False, timeout=10
    )
    return Response(answer.status_code, list(answer.headers.items()), answer.content)


def decided(login: providers.Login) -> dict[str, str]:
    """What the browser brings back from their server: by redirect, or by a form where that grew too long."""
    assert login.form is None
    return browse(over_http, login.url).params


@pytest.mark.parametrize("library", [requests.Session, httpx.Client])
@pytest.mark.parametrize("path", ["", "/ann"], ids=["server", "identifier"])
def test_our_client_logs_in_at_their_server(
    elsewhere: Elsewhere, client: providers.Provider, mode: str, path: str, library: Any
) -> None:
    with library() as http:
        login = client.begin(redirect_uri=CALLBACK, openid_url=elsewhere.url + path, http=http)
        identity = client.finish(login.session, decided(login), http=http)
    assert (identity.uid, identity.email, identity.email_verified) == (f"{elsewhere.url}/ann", "ann@example.com", False)
    assert (identity.name, identity.username) == ("Ann Example", "ann")
    assert identity.raw["extra_attributes"] == {"phone": "+447700900199"}
    assert set(elsewhere.modes) - {"checkid_setup"} == MODES[mode]


def test_our_client_hears_their_server_say_no(elsewhere: Elsewhere, client: providers.Provider) -> None:
    elsewhere.allow = False
    with requests.Session() as http:
        login = client.begin(redirect_uri=CALLBACK, openid_url=elsewhere.url, http=http)
        with pytest.raises(providers.DeniedByUser):
            client.finish(login.session, decided(login), http=http)


@pytest.mark.parametrize("name", ["openid.sreg.email", "openid.sig"])
def test_our_client_refuses_what_their_server_did_not_sign(
    elsewhere: Elsewhere, client: providers.Provider, name: str
) -> None:
    with requests.Session() as http:
        login = client.begin(redirect_uri=CALLBACK, openid_url=elsewhere.url, http=http)
        altered = {**decided(login), name: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
        with pytest.raises(providers.IdentityUnusable) as refused:
            client.finish(login.session, altered, http=http)
    assert refused.value.code == "bad_signature"
