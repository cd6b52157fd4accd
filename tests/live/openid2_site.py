"""An OpenID 2.0 server: the protocol is python3-openid's, the pages and addresses around it are these few lines.

The identifier of the server is `/`, those of people are `/id/NAME`, and both tell where the endpoint is.
"""

from __future__ import annotations

import json
import os
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openid.extensions import ax, sreg
from openid.server.server import EncodingError, ProtocolError, Server
from openid.store.memstore import MemoryStore

TYPES = {"server": "http://specs.openid.net/auth/2.0/server", "person": "http://specs.openid.net/auth/2.0/signon"}
PEOPLE = {"petra": {"nickname": "petra", "email": "petra@example.com", "fullname": "Petra Nordlund"}}
PLANTED = {"endpoint": "/server", "sreg": {}, "server_type": TYPES["server"], **json.loads(os.environ["PLANTED"])}
HOST = f"127.0.0.1:{os.environ['PORT']}"
BASE = f"http://{HOST}"
PROTOCOL = Server(MemoryStore(), f"{BASE}{PLANTED['endpoint']}")


def xrds(kind: str, local_id: str = "") -> bytes:
    known = PLANTED["server_type"] if kind == "server" else TYPES["person"]
    local = f"<LocalID>{escape(local_id)}</LocalID>" if local_id else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)"><XRD><Service priority="0">'
        f"<Type>{known}</Type><Type>{sreg.ns_uri}</Type><Type>{ax.AXMessage.ns_uri}</Type>"
        f"<URI>{BASE}{PLANTED['endpoint']}</URI>{local}</Service></XRD></xrds:XRDS>"
    ).encode()


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        match parts.path.strip("/").split("/"):
            case [""] | ["xrds"]:
                self.send(200, xrds("server"), "application/xrds+xml", {"X-XRDS-Location": f"{BASE}/xrds"})
            case ["id", name, *_] if name in PEOPLE:
                document = xrds("person", f"{BASE}/id/{name}")
                self.send(200, document, "application/xrds+xml", {"X-XRDS-Location": f"{BASE}/id/{name}/xrds"})
            case _ if parts.path == PLANTED["endpoint"]:
                self.endpoint(dict(parse_qsl(parts.query, keep_blank_values=True)))
            case _:
                self.send(404, b"not found", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if urlsplit(self.path).path == PLANTED["endpoint"]:
            self.endpoint(dict(parse_qsl(body, keep_blank_values=True)))
        else:
            self.send(404, b"not found", "text/plain")

    def endpoint(self, given: dict[str, str]) -> None:
        person = given.pop("user", "")
        try:
            request = PROTOCOL.decodeRequest(given)
        except ProtocolError as error:
            self.told(error)
            return
        if request is None:
            self.send(200, b"This is the endpoint of an OpenID server.", "text/plain")
        elif request.mode not in ("checkid_setup", "checkid_immediate"):
            self.told(PROTOCOL.handleRequest(request))
        elif person not in PEOPLE and not request.immediate:
            self.page(given)
        else:
            self.told(self.decided(request, person))

    def decided(self, request: Any, person: str) -> Any:
        if person not in PEOPLE:
            return request.answer(False)
        identity = f"{BASE}/id/{person}"
        answer = (
            request.answer(True, identity=identity, claimed_id=identity) if request.idSelect() else request.answer(True)
        )
        values = {PLANTED["sreg"].get(name, name): value for name, value in PEOPLE[person].items()}
        asked = sreg.SRegRequest.fromOpenIDRequest(request)
        answer.addExtension(sreg.SRegResponse.extractResponse(asked, values))
        if (wanted := ax.FetchRequest.fromOpenIDRequest(request)) is not None:
            answer.addExtension(ax.FetchResponse(wanted))
        return answer

    def page(self, given: dict[str, str]) -> None:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in given.items()
        )
        fields = f'{hidden}<input name="user"><button>Log in</button>'
        page = f'<form method="post" action="{PLANTED["endpoint"]}">{fields}</form>'
        self.send(200, page.encode(), "text/html; charset=utf-8")

    def told(self, answer: Any) -> None:
        try:
            web = PROTOCOL.encodeResponse(answer)
        except EncodingError as error:
            self.send(400, str(error).encode(), "text/plain")
            return
        body = web.body.encode() if isinstance(web.body, str) else web.body
        self.send(web.code, body, web.headers.get("content-type", "text/plain"), dict(web.headers))

    def send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            if name.lower() != "content-type" or name == "Content-Type":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Site).serve_forever()
