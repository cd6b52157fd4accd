"""Everything that was captured and is somebody's, and all the ways in which it can be written."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

import msgspec

from mockidp.check.record import shape
from mockidp.check.record.match import Matched
from mockidp.contract.body import Body, read
from mockidp.contract.load import Loaded
from mockidp.contract.template import names, parse
from mockidp.contract.wire import Wire
from mockidp.wire import Request, Response

SHORTEST = 3  # characters: of what is shorter, nobody can say whose it is
NUMBER = 6  # digits of a number that may be somebody's
WHOLE = 8  # characters of what is public within a longer text that is
DEEP = 6  # values within values within values
_HEADERS = """accept accept-charset accept-encoding accept-language access-control-allow-origin allow cache-control
connection content-encoding content-language content-length content-security-policy content-type date expires host
keep-alive pragma server strict-transport-security te trailer transfer-encoding upgrade-insecure-requests user-agent
vary """
PLAIN_HEADERS = frozenset(_HEADERS.split())  # they say how it was sent, never for whom
# Words of the protocols themselves (IANA's OAuth and JOSE registries, OpenID Connect): nobody's, wherever they stand.
_WORDS = """access_denied account address authorization_code bearer Bearer Basic birthdate client_credentials
client_secret_basic client_secret_jwt client_secret_post code consent consent_required direct_assertion email
email_verified error family_name form_post fragment given_name id_token implicit interaction_required invalid_client
invalid_grant invalid_request invalid_scope invalid_token login login_required none nonce offline offline_access
openid pairwise password phone phone_number picture plain preferred_username private_key_jwt profile public query
redirect_uri refresh_token response_type scope select_account server_error slow_down state sub temporarily_unavailable
token unauthorized_client unsupported_grant_type unsupported_response_type user username website zoneinfo locale
middle_name nickname name gender updated_at iss aud exp iat nbf jti auth_time acr amr azp at_hash c_hash sid request
request_uri S256 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA HS256 HS384 HS512 RSA EC OKP sig JWT true
false null HMAC-SHA1 HMAC-SHA256 PLAINTEXT RSA-SHA1 DH-SHA1 DH-SHA256 no-encryption id_res checkid_setup
checkid_immediate check_authentication associate 1.0 application/json text/html string mockidp"""
WORDS = frozenset({*_WORDS.split(), *shape.PLACEHOLDERS.values()})


def originals(matched: Iterable[Matched], environ: Mapping[str, str], public: set[str]) -> set[str]:
    """Every value of the capture and of the sandbox's variables that is not public anyway."""
    found: set[str] = set()
    for item in matched:
        found.update(of_request(item.taken.request))
        found.update(of_response(item.taken.response))
        found.update(str(value) for value in item.values.values())
    for name, value in environ.items():
        if name.startswith("MOCKIDP_LIVE_"):
            found.update(parts_of(value))
    published = "\n".join(public)
    return {
        value
        for value in found
        if _counts(value) and value not in public and not (len(value) >= WHOLE and value in published)
    }


def _counts(value: str) -> bool:
    return len(value) >= (NUMBER if re.fullmatch(r"-?[0-9.]+", value) else SHORTEST)


def public_of(loaded: Loaded, wire: Wire, matched: Iterable[Matched]) -> set[str]:
    """What the contract says already, word for word, and how long a token lives: nobody's secret."""
    out: set[str] = set(WORDS)
    for era in (loaded, *loaded.former.values()):
        out.update(_texts(era.table))
        for path in sorted((era.source.folder / "bodies").glob("*")):
            out.update(_readable(path.read_bytes(), path.suffix))
    out.update(_texts(loaded.family))
    for exchange in wire.exchanges:
        out.update(exchange.urls)
        out.update(piece for url in exchange.urls for piece in urlsplit(url).path.split("/") if "$" not in piece)
        out.update(pattern.text for pattern in (exchange.answer.redirect or {}).values() if pattern.literal)
    out.update(str(value) for value in wire.settings.values())
    bound = (body.bind for body in _bodies(wire))
    for text in (text for bind in bound for text in bind.values()):
        fixed = [part for part in parse(text) if isinstance(part, str)]
        out.update([text] if not names(text) else (one for part in fixed for one in re.split(r"[/?&=:]", part)))
    for item in matched:
        out.update(_lifetimes(item))
    return {part for text in out for part in parts_of(text)}


def _bodies(wire: Wire) -> Iterator[Body]:
    every = [exchange.answer.body for exchange in wire.exchanges]
    yield from (body for body in [*every, wire.claims, wire.access_claims] if body is not None)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
        yield from node.split("|")
    elif isinstance(node, dict | list):
        for item in node.values() if isinstance(node, dict) else node:
            yield from _texts(item)


QUOTED = re.compile(r'="([^"]*)"')
PAIRS = re.compile(r"[\w.%+-]+=[^&\s\"]*(?:&[\w.%+-]+=[^&\s\"]*)*")
TYPES = {".json": "application/json", ".xml": "text/xml", ".txt": "text/plain", ".html": "text/html"}


def _readable(data: bytes, suffix: str) -> set[str]:
    """The leaves of a body file, and the claims of the tokens in it."""
    out: set[str] = set()
    for kind in (TYPES.get(suffix, "text/plain"), "application/x-www-form-urlencoded"):
        try:
            out.update(leaves(read(data, kind)[1]))
        except Exception:  # it is of another kind
            continue
    return out


def _lifetimes(item: Matched) -> Iterator[str]:
    body = item.exchange.answer.body if item.exchange is not None else None
    if body is None or not isinstance(item.document, dict):
        return
    for place, text in body.bind.items():
        if text.endswith("expires_in"):
            yield str(item.document.get(place.removeprefix("/"), ""))


# the values of one exchange


def of_request(request: Request) -> Iterator[str]:
    for _, value in request.query_pairs:
        yield from parts_of(value)
    for piece in request.path.split("/"):
        yield from parts_of(unquote(piece))
    yield from _of_headers(request.headers.items())
    yield from _of_body(request.body, request.content_type)


def of_response(response: Response) -> Iterator[str]:
    yield from _of_headers(response.headers)
    yield from _of_body(response.body, response.header("content-type"))


def _of_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() in PLAIN_HEADERS:
            continue
        told = QUOTED.findall(value)  # name="value", as in `Authorization: OAuth` and in challenges
        if not told:
            yield from parts_of(value)
        for piece in told or re.split(r"[\s;,]+", value):
            yield from parts_of(piece if told else piece.partition("=")[2] or piece)


def _of_body(data: bytes, content_type: str) -> Iterator[str]:
    if not data:
        return
    try:
        kind, document = read(data, content_type)
    except Exception:  # any parser, any bad body: then it is words
        kind, document = "text", [data.decode("utf-8", "replace")]
    if kind == "text":
        yield from _of_words(document[0])
    else:
        yield from leaves(document)


def _of_words(text: str) -> Iterator[str]:
    """What could be a token, an address or an id in a page."""
    if text[:1] in "{[":  # JSON under another name
        with suppress(msgspec.DecodeError, RecursionError):
            yield from leaves(msgspec.json.decode(text))
    for piece in re.findall(r"[^\s\"'<>()=;,{}\[\]]+", text):
        if shape.EMAIL.fullmatch(piece) or re.search(r"\d", piece) or len(piece) >= 20:
            yield from parts_of(html.unescape(piece))


def leaves(node: Any, deep: int = 0) -> Iterator[str]:
    """Every value of a document, texts within texts too. Keys are values as well where they look like one."""
    if deep > DEEP or node is None or isinstance(node, bool):
        return
    if isinstance(node, dict):
        for key, value in node.items():
            if not shape.is_name(str(key)):
                yield from parts_of(str(key), deep)
            yield from leaves(value, deep + 1)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, deep + 1)
    elif isinstance(node, str):
        yield from parts_of(node, deep)
    elif hasattr(node, "iter"):  # an element of XML
        for element in node.iter():
            yield from parts_of((element.text or "").strip(), deep)
            yield from parts_of((element.tail or "").strip(), deep)
            for value in element.attrib.values():
                yield from parts_of(value, deep)
    else:
        yield str(node)


def parts_of(value: str, deep: int = 0) -> Iterator[str]:
    """A value, and what it is made of: a token's claims, a Basic pair, JSON, a URL's parameters, lines."""
    if not value or deep > DEEP:
        return
    yield value
    if (token := shape.claims_of(value)) is not None:
        yield value.rsplit(".", 1)[1]
        yield from leaves(token[0], deep + 1)
        yield from leaves(token[1], deep + 1)
        return
    scheme, space, rest = value.partition(" ")
    if space and scheme.lower() in ("bearer", "basic", "token", "oauth", "dpop", "mac", "signature"):
        yield from parts_of(rest.strip(), deep + 1) if '="' not in rest else ()
    if value[:1] in ("{", "["):
        with suppress(msgspec.DecodeError, RecursionError):
            yield from leaves(msgspec.json.decode(value), deep + 1)
    if "://" in value or PAIRS.fullmatch(value):
        parts = urlsplit(value) if "://" in value else None
        query = f"{parts.query}&{parts.fragment}" if parts else value
        for _, inner in parse_qsl(query):
            yield from parts_of(inner, deep + 1)
        for piece in parts.path.split("/") if parts and parts.hostname not in HERE else ():
            yield from parts_of(unquote(piece), deep + 1)
    if "%" in value and (plain := unquote_plus(value)) != value:
        yield from parts_of(plain, deep + 1)
    if "\n" in value:
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= 16)
    if "@" in value and shape.EMAIL.fullmatch(value):
        yield from (piece for piece in value.split("@") if len(piece) > 3)
    yield from _decoded(value, deep)


def _decoded(value: str, deep: int) -> Iterator[str]:
    """What base64 hides, where that is text: a Basic pair, a state with JSON in it."""
    if len(value) < 8 or not re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", value):
        return
    raw = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(raw + "=" * (-len(raw) % 4)).decode()
    except ValueError:
        return
    if not text.isprintable() or len(text) < SHORTEST:
        return
    name, colon, word = text.partition(":")
    if colon and text[:1] not in "{[":
        yield from (unquote(piece) for piece in (name, word))
    yield from parts_of(text, deep + 1)


# how a value can be written

HERE = ("127.0.0.1", "localhost", "::1")  # the paths there are the app's, and no secret
LONG = 6  # characters of an encoded form; a shorter one is found anywhere


def written(value: str) -> set[str]:
    """The value in the encodings that cannot be undone where it stands; `leak.views` undoes the others."""
    data = value.encode("utf-8", "surrogatepass")
    ascii_ = json.dumps(value)[1:-1]
    out = {
        value,
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
        quote(quote(value, safe="", errors="replace"), safe=""),
        "".join(f"%{byte:02X}" for byte in data),
        ascii_,
        ascii_.replace("/", "\\/"),
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(ascii_)[1:-1],
        html.escape(value),
        data.hex(),
    }
    for text in list(out):
        out.add(re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text))
    out.update("".join(f"\\u{ord(char):04x}" for char in value if ord(char) < 1 << 16) for _ in (0,))
    out.update(_in_base64(data))
    for name in ("md5", "sha1", "sha256"):
        for text in {value, value.strip().lower()}:
            out.add(hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest())
    return {text for text in out if text == value or len(text) >= LONG}


def _in_base64(data: bytes) -> Iterator[str]:
    """The characters that these bytes alone decide, wherever in a base64 text they stand (RFC 4648)."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        start = (before * 8 + 5) // 6
        end = (before + len(data)) * 8 // 6
        inner = text[start:end]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
