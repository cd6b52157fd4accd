"""A thin reverse proxy in front of an application, so that a person logs in with the browser that they have.

The application runs with its production settings and talks to providers through the forward proxy. What it tells the
browser, though, are the providers' real addresses, and that browser knows of no proxy: on the way out the front turns
them into path form at the simulator (`front_urls` says which), and the provider's answer comes back to the front.
All else is passed on as it comes: bodies in both directions, server-sent events, WebSockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from html import escape

import h11

from mockidp.front_headers import ends, kept, of_length, onward, upgrade, value
from mockidp.front_html import Html, is_html
from mockidp.front_urls import Site, Urls, is_json
from mockidp.mounts.life import Life
from mockidp.mounts.ports import listen, url_of
from mockidp.simulator import Simulator

HEAD = 64 << 10  # bytes of a head: cookies can be long
PIECE = 64 << 10  # bytes read at once
AHEAD = 64 << 10  # bytes that a browser may send before the answer to its last request
JSON_LIMIT = 1 << 20  # bytes; what is larger is no answer of a login
HOSTS = ("127.0.0.1", "::1")  # an application that listens at `localhost` may mean either

log = logging.getLogger("mockidp.front")


class Peer:
    """One side of a connection: HTTP events in and out."""

    def __init__(self, role: type[h11.CLIENT] | type[h11.SERVER], streams: Streams) -> None:
        self.http = h11.Connection(role, max_incomplete_event_size=HEAD)
        self.reader, self.writer = streams

    async def receive(self) -> h11.Event:
        """The next event. h11.RemoteProtocolError for what is no HTTP, or ends too early."""
        while True:
            event = self.http.next_event()
            if isinstance(event, h11.Event):
                return event
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            self.http.receive_data(await self.reader.read(PIECE))

    async def send(self, event: h11.Event) -> None:
        self.writer.write(self.http.send(event) or b"")
        await self.writer.drain()

    async def abandoned(self) -> None:
        """Come back when this side hangs up; what it sends before that waits for its turn."""
        ahead = 0
        while ahead < AHEAD:
            data = await self.reader.read(PIECE)
            self.http.receive_data(data)
            if not data:
                return
            ahead += len(data)
        await asyncio.Event().wait()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Front(Life):
    """Serves at `port` of `host` what the application serves at `app_port`.

    `with Front(…) as front:` runs it in a thread. `port=0` picks a free one; UsageError when it cannot be had.
    `base` is the simulator's URL, `world` the name of the world that logins belong to, "" for the simulator's own.
    """

    name = "mockidp-front"

    def __init__(
        self, simulator: Simulator, base: str, *, port: int, app_port: int, host: str = "localhost", world: str = ""
    ) -> None:
        super().__init__()
        self.host = host
        self.site = Site(simulator, base, port=port, app_port=app_port, world=world)
        self._sockets: list[socket.socket] = []
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The front for a browser on this machine, without a slash at the end."""
        return url_of(self.host, self.site.port)

    def bind(self) -> None:
        if not self._sockets:
            self._sockets = listen(self.host, self.site.port, "--front")
            self.site.port = self._sockets[0].getsockname()[1]

    async def start(self) -> None:
        self.bind()
        self.site.simulator.front = self.site
        self._servers = [await asyncio.start_server(self._connected, sock=sock, limit=PIECE) for sock in self._sockets]

    async def stop(self) -> None:
        self.site.simulator.front = None
        for server in self._servers:
            server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    # a connection, and one request after the other

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            browser = Peer(h11.SERVER, (reader, writer))
            while await self._request(browser):
                browser.http.start_next_cycle()
        except (OSError, h11.ProtocolError) as error:
            log.debug("a connection ended with %r", error)
        except asyncio.CancelledError:  # the front stops; asyncio would tell it as an error
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _request(self, browser: Peer) -> bool:
        """Answer the next request; whether another one may follow."""
        try:
            request = await browser.receive()
        except h11.RemoteProtocolError as error:
            await self._say(browser, error.error_status_hint, "This is not HTTP/1.1 as it should be.")
            return False
        if not isinstance(request, h11.Request):
            return False
        app = await self._to_app()
        if app is None:
            await self._say(browser, 502, self._no_app(), wait=value(request.headers, b"accept"))
            return False
        try:
            return await self._between(browser, app, request)
        finally:
            app.writer.close()

    async def _to_app(self) -> Peer | None:
        for host in HOSTS:
            with contextlib.suppress(OSError):
                return Peer(h11.CLIENT, await asyncio.open_connection(host, self.site.app_port, limit=PIECE))
        return None

    def _no_app(self) -> str:
        return f"The application does not answer at port {self.site.app_port} of this machine yet."

    async def _between(self, browser: Peer, app: Peer, request: h11.Request) -> bool:
        host = value(request.headers, b"host")
        urls = Urls(self.site, host)
        peer = browser.writer.get_extra_info("peername")[0]
        other, secure = upgrade(request.headers), self.site.secure
        headers = [*onward(request, urls, host, peer), *other]
        await app.send(h11.Request(method=request.method, target=request.target, headers=headers))
        upload = asyncio.create_task(_upload(browser, app, len(other) > 1))
        try:
            try:
                response = await self._head(browser, app)
            except (OSError, h11.RemoteProtocolError):
                await self._say(browser, 502, "The application closed the connection without an answer.")
                return False
            if response is None:
                await _tunnel(browser, app)
                return False
            location, target = value(response.headers, b"location"), request.target.decode("ascii")
            if urls.forces_https(response.status_code, location, target):
                await self._by_https(browser, location, target, secure)
            else:
                await _answer(browser, app, response, urls, request.method)
        finally:
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)
        return browser.http.our_state is h11.DONE and browser.http.their_state is h11.DONE

    async def _head(self, browser: Peer, app: Peer) -> h11.Response | None:
        """The answer as far as its head, or None where the connection speaks another protocol from here on."""
        while True:
            event = await app.receive()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise ConnectionResetError("the application hung up")
            if event.status_code != 100:  # that one was answered here
                headers = [pair for pair in event.headers.raw_items() if event.status_code == 101 or ends(pair)]
                await browser.send(h11.InformationalResponse(status_code=event.status_code, headers=headers))
            if event.status_code == 101:
                return None

    async def _by_https(self, browser: Peer, location: str, target: str, secure: bool) -> None:
        """Have the browser ask again, and tell the application from now on that it comes by HTTPS."""
        if secure:  # it was told, and does not believe it: this would go on for ever
            await self._say(browser, 502, FORCED)
            return
        self.site.secure = True
        self.site.learn(location)
        headers = [("Location", target), ("Cache-Control", "no-store"), ("Content-Length", "0")]
        await browser.send(h11.Response(status_code=307, headers=headers))  # the same method, and the same body
        await browser.send(h11.EndOfMessage())

    async def _say(self, browser: Peer, status: int, text: str, *, wait: str = "") -> None:
        """Answer in the application's place; a page that a person waits for tries again by itself."""
        if browser.http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
        body = f"mockidp: {text}\n"
        if "text/html" in wait:
            headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), ("Refresh", "1")]
            body = WAITING.format(text=escape(text))
        data = body.encode()
        headers += [("Content-Length", str(len(data))), ("Connection", "close")]
        await browser.send(h11.Response(status_code=status, headers=headers))
        await browser.send(h11.Data(data=data))  # which h11 keeps to itself where the answer has no body
        await browser.send(h11.EndOfMessage())


FORCED = (
    "The application sends everybody to HTTPS, and the front's header `X-Forwarded-Proto: https` means nothing to it. "
    "Let it look at that header (in Django: SECURE_PROXY_SSL_HEADER), or start it without the redirect."
)
WAITING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Waiting for the application</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1.5rem }}</style>
<h1>One moment</h1><p>{text}</p><p>This page tries again every second.</p></html>
"""


async def _upload(browser: Peer, app: Peer, upgrade: bool) -> None:
    """Pass a request's body on, then wait until the browser hangs up: then nobody needs the answer."""
    while True:
        event = await browser.receive()
        if isinstance(event, h11.Data):
            await app.send(h11.Data(data=event.data))
        elif isinstance(event, h11.EndOfMessage):
            await app.send(h11.EndOfMessage())
            break
        else:
            break
    if not upgrade:  # what comes then may be no HTTP
        await browser.abandoned()
        app.writer.transport.abort()


async def _answer(browser: Peer, app: Peer, response: h11.Response, urls: Urls, method: bytes) -> None:
    """Pass an answer on; of a body only what `front_urls` turns is looked at."""
    pairs = kept(response.headers)
    told = {name.lower(): value for name, value in pairs}
    plain = response.status_code != 206 and told.get("content-encoding", "identity").lower() in ("identity", "")
    kind = told.get("content-type", "")
    html = plain and is_html(kind)
    json = plain and is_json(kind) and int(told.get("content-length", "0")) <= JSON_LIMIT and method != b"HEAD"
    headers = urls.headers(pairs, html=html)
    if html:
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
    start = b""
    if json:
        start, ended = await _whole(app)
        turned = urls.json(start) if ended else start
        if turned != start:
            start, headers = turned, of_length(headers, len(turned))
    await browser.send(h11.Response(status_code=response.status_code, headers=headers, reason=response.reason))
    if start:
        await browser.send(h11.Data(data=start))
    if not json or not ended:
        await _body(browser, app, urls.html() if html else None)
    await browser.send(h11.EndOfMessage())


async def _whole(app: Peer) -> tuple[bytes, bool]:
    """A body as far as the limit, and whether that is all of it."""
    body = bytearray()
    while len(body) <= JSON_LIMIT:
        event = await app.receive()
        if not isinstance(event, h11.Data):
            return bytes(body), True
        body += event.data
    return bytes(body), False


async def _body(browser: Peer, app: Peer, html: Html | None) -> None:
    while isinstance(event := await app.receive(), h11.Data):
        data = html.feed(bytes(event.data)) if html else bytes(event.data)
        if data:
            await browser.send(h11.Data(data=data))
    if html and (rest := html.end()):
        await browser.send(h11.Data(data=rest))


async def _tunnel(browser: Peer, app: Peer) -> None:
    """Pass bytes both ways, whatever they are, until one side hangs up."""
    app.writer.write(browser.http.trailing_data[0])
    browser.writer.write(app.http.trailing_data[0])
    both = [asyncio.create_task(_copy(one.reader, other.writer)) for one, other in ((browser, app), (app, browser))]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()
