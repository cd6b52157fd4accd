"""A login as a pytest test that does it again, in a world of its own, and asserts how it ended.

A test must hold no secret, and old codes and tokens would be refused anyway. So each value of a request is traced to
where it came from: the app, the callback, an earlier answer, a verifier, a signature. What came from nowhere and was
accepted cannot be made again; the test then ends before that request, and says so.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from mockidp.apps import App
from mockidp.contract.exchange import oauth_header
from mockidp.contract.wire import Wire
from mockidp.errors import MockidpError
from mockidp.families import family_of
from mockidp.jose import JoseError, split
from mockidp.journal import Entry, Login, Traffic
from mockidp.web import traffic as wire_text
from mockidp.web.diagram import lane_of
from mockidp.web.saved_parts import HELPERS, IMPORTS, STANDARD, items, laid_out, lit
from mockidp.wire import Pairs, pairs_of

if TYPE_CHECKING:
    from mockidp.world import World

VERIFIER = "a-verifier-of-this-test-alone-0123456789-0123456789"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SENT = {"accept", "authorization", "content-type", "user-agent", "dpop", "origin"}
TRACED = 6  # characters from which on two equal values are the same one
SHORTEST = 4  # characters of a value of the callback: a verifier may be a short number
COMPUTED = ("sig", "signature", "hash", "proof")  # names of values that a client computes
WAIT = 30.0  # seconds between two requests that are worth repeating
JSON_MARKS = re.compile(r'"(?:\\.|[^"\\])*(?:"|$)|[{}\[\],]', re.DOTALL)
OAUTH1 = {"oauth_signature", "oauth_timestamp", "oauth_nonce", "oauth_signature_method", "oauth_version"}


class CannotRepeatError(MockidpError):
    """A login of which not even the first request can be made again; the text says what is in the way."""

    code = "cannot_repeat"


class _LostError(Exception):
    """A value that cannot be made again, and that was not refused: its name."""


@dataclass
class _Script:
    """A test under way: its lines, what it needs, and where each known value comes from, as an expression."""

    provider: str
    wire: Wire
    app: App
    lines: list[str] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    known: dict[str, str] = field(default_factory=dict)
    token_secrets: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def say(self, *lines: str) -> None:
        self.lines += [f"    {line}" if line else "" for line in lines]

    def name(self, step: str) -> str:
        """A variable for an answer: the step's name, numbered when it comes again."""
        name = re.sub(r"\W", "_", step) or "answer"
        name = f"{name}_answer" if name in RESERVED else name
        count = self.names.count(name)
        self.names.append(name)
        return f"{name}_{count + 1}" if count else name


RESERVED = {"app", "idp", "callback", "login", "send", "told", "test", "basic", "oauth1", "assertion", "raises"}


def test_of(world: World, login: Login) -> str:
    """The whole file, ready to be run. CannotRepeatError where there would be nothing in it."""
    wire = world.wire(login.provider)
    ready = world.apps.ready(login.provider)
    app = world.apps.find(login.provider, login.app) or ready
    script = _Script(login.provider, wire, app)
    script.say(*_app_lines(world, login, app, ready))
    script.known = {app.client_id: "app.client_id", app.client_secret: "app.client_secret"}
    script.known |= {value: f"app.facts[{lit(name)}]" for name, value in app.facts.items() if len(value) >= TRACED}
    script.known |= _pkce(login)
    lost = _requests(script, login)
    if lost and "send" not in script.helpers and not any("idp.authorize(" in line for line in script.lines):
        raise CannotRepeatError(f"this login cannot be saved as a test: {lost} cannot be made again")
    script.say("", f"login = idp.journal.last({lit(login.provider)})")
    if lost:
        script.say(f"# The rest cannot be repeated: {lost} cannot be made again from what was seen.")
        script.say("assert login is not None")
    else:
        refused = [entry.refused for entry in login.entries if entry.refused]
        script.say(f"assert (login.person, login.outcome) == ({lit(login.person)}, {lit(login.outcome)})")
        script.say(f"assert [entry.refused for entry in login.entries if entry.refused] == {refused!r}")
    return "\n".join([*_head(world, login, script), *script.lines, ""])


def _head(world: World, login: Login, script: _Script) -> Iterator[str]:
    who = login.person or "nobody"
    options, needs = list(_options(world)), script.helpers | {"send"}
    yield f'"""Saved by mockidp: {login.provider}, {_comment(who)}, {login.outcome}.'
    yield ""
    yield 'It needs neither the application nor a network; put calls of yours in the place of `send` to test yours."""'
    yield ""
    standard = [line for helper, line in STANDARD if helper in needs]
    yield from [*standard, ""] if standard else []
    if options or "raises" in needs:
        yield from ["import pytest", ""]
    yield from sorted({line for helper, line in IMPORTS if helper in needs})
    for helper, text in HELPERS.items():
        if helper in needs:
            yield from ["", "", text]
    yield from ["", ""]
    if options:
        yield f"@pytest.mark.idp({', '.join(options)})"
    yield f"def test_{_word(login.provider)}_{_word(who)}_{login.outcome}(idp):"


def _comment(text: str) -> str:
    return re.sub(r"[^\w.@+-]", "_", text)


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower() or "nobody"


def _options(world: World) -> Iterator[str]:
    if world.date is not None:
        yield f"date={world.date.isoformat()!r}"
    if world.strict:
        yield "strict=True"
    if world.settings:
        yield f"settings={world.settings!r}"


def _app_lines(world: World, login: Login, app: App, ready: App) -> Iterator[str]:
    if app.client_id == ready.client_id or app.client_id.partition("~")[0] == ready.client_id:
        yield f"app = idp.app({lit(login.provider)})"
    else:
        secret = '"a-secret-of-this-test-alone"' if app.client_secret else '""'
        yield (
            f"app = idp.app({login.provider!r}, client_id={app.client_id!r}, client_secret={secret}, "
            f"redirect_uris={app.redirect_uris!r}, loopback={app.loopback!r})"
        )
    steps: dict[str, int] = {}
    for entry in login.entries:
        steps[entry.step] = steps.get(entry.step, 0) + 1
        for name in entry.fault.split(", ") if entry.fault else ():
            nth = "" if entry.step == "authorize" else f", nth={steps[entry.step]}"
            yield f"idp.fault({name!r}, provider={login.provider!r}, step={entry.step!r}{nth})"


def _pkce(login: Login) -> dict[str, str]:
    """The verifier and its challenge, exchanged for a pair of the test's own; a wrong verifier stays a wrong one."""
    told: dict[str, str] = {}
    for entry in login.entries:
        if entry.traffic is not None:
            told |= {name: value for name, value, asked in wire_text.named_values(entry.traffic) if asked and value}
    challenge, verifier = told.get("code_challenge"), told.get("code_verifier")
    out = {}
    if challenge:
        out[challenge] = lit(VERIFIER if challenge == verifier else CHALLENGE)
    if verifier:
        digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        fits = challenge in (digest, verifier) or not challenge
        out[verifier] = lit(VERIFIER if fits else f"another-{VERIFIER}")
    return out


def _requests(script: _Script, login: Login) -> str:
    """A line or more for each request; the name of what cannot be made again, or nothing."""
    last, browsed = login.started, ""
    for entry in login.entries:
        if entry.traffic is None:
            return "what went over the wire long ago"
        if entry.at - last > WAIT:
            script.say(f"idp.clock.advance({entry.at - last:.0f})")
        last = entry.at
        try:
            if lane_of(entry, script.wire) == "browser":
                if not browsed:
                    _browse(script, entry, entry.traffic, login)
                browsed = entry.traffic.url
                _learn_callback(script, entry.traffic)
            else:
                browsed = ""
                _send(script, entry, entry.traffic)
        except _LostError as lost:
            return str(lost)
    return ""


def _browse(script: _Script, entry: Entry, traffic: Traffic, login: Login) -> None:
    """The browser's part, from the first address that it opened to the callback or to where it ended."""
    mine = [row for row in login.entries if row.traffic is not None and lane_of(row, script.wire) == "browser"]
    last = mine[-1]
    url = _address(script, entry, traffic)
    script.say("")
    if not login.person and not last.refused:
        script.say(
            *laid_out("page = send(", ["idp", lit(traffic.method), url]), f"assert page.status == {entry.status}"
        )
        return
    person = login.person or "alice"
    arguments = [url, f"person={lit(person)}"]
    decided = next((row.traffic.decision for row in reversed(mine) if row.traffic and row.traffic.decision), None) or {}
    if decided.get("decision") == "deny":
        arguments.append("deny=True")
    if traffic.method == "POST":
        pairs = [pair for pair in pairs_of(traffic.body.decode("utf-8", "replace")) if not _own(pair[0])]
        arguments.append(f"form={_table(script, entry, pairs)}")
    if last.refused and last.traffic is not None and not _leads_back(last.traffic):
        script.helpers |= {"raises"}
        lines = laid_out("idp.authorize(", arguments)
        script.say("with pytest.raises(NoCallbackError) as stayed:", *(f"    {line}" for line in lines))
        script.say(f"assert stayed.value.reason == {lit(last.refused)}")
    else:
        script.say(*laid_out("callback = idp.authorize(", arguments))


def _own(name: str) -> bool:
    return name.startswith("mockidp.")


def _leads_back(traffic: Traffic) -> bool:
    return bool(_location(traffic)) or b"<form" in traffic.answer_body


def _location(traffic: Traffic) -> str:
    return wire_text.header(wire_text.headers_of(traffic.answer_headers), "location")


def _learn_callback(script: _Script, traffic: Traffic) -> None:
    parts = urlsplit(_location(traffic))
    sources: list[tuple[str, Pairs]] = [("params", pairs_of(parts.query)), ("fragment", pairs_of(parts.fragment))]
    if not parts.scheme:
        found = wire_text.FIELD.findall(traffic.answer_body.decode("utf-8", "replace"))
        sources = [("params", [(unescape(name), unescape(value)) for name, value in found if not _own(name)])]
    for where, pairs in sources:
        for name, value in pairs:
            if len(value) >= SHORTEST and value not in traffic.url and value not in script.known:
                script.known[value] = f"callback.{where}[{lit(name)}]"


def _send(script: _Script, entry: Entry, traffic: Traffic) -> None:
    """One request of the application's, and what its answer brings."""
    name = script.name(entry.step)
    headers = wire_text.headers_of(traffic.headers)
    kind = wire_text.header(headers, "content-type")
    listed = {key.lower() for item in script.wire.exchanges for key in item.params["headers"]} | SENT
    url = _address(script, entry, traffic)
    arguments = ["idp", lit(traffic.method), url]
    rows = [f"{lit(key)}: {_header(script, entry, traffic, key, value)}" for key, value in headers if key in listed]
    if rows:
        arguments.append(f"headers={items('{', rows, '}')}")
    if traffic.size > len(traffic.body):
        raise _LostError("a body of that size")
    if traffic.body and wire_text.kind_of(kind, traffic.body) == "form":
        pairs = pairs_of(traffic.body.decode("utf-8", "replace"))
        arguments.append(f"form={_list(script, entry, pairs)}")
    elif traffic.body:
        arguments.append(f"body={_json_body(script, entry, traffic.body)}")
    script.helpers.add("send")
    script.say("", *laid_out(f"{name} = send(", arguments), f"assert {name}.status == {entry.status}")
    _learn_answer(script, traffic, name)


def _learn_answer(script: _Script, traffic: Traffic, name: str) -> None:
    kind = wire_text.header(wire_text.headers_of(traffic.answer_headers), "content-type")
    shape, text = wire_text.kind_of(kind, traffic.answer_body), traffic.answer_body.decode("utf-8", "replace")
    if shape == "json" and traffic.answer_size > len(traffic.answer_body):
        text = _closed(text)
    try:
        rows = list(_paths(json.loads(text))) if shape == "json" else [(f"[{lit(k)}]", v) for k, v in pairs_of(text)]
    except ValueError:
        return
    for path, value in rows if shape in ("json", "form") or "=" in text else ():
        if len(value) >= TRACED:
            script.known.setdefault(value, f"told({name}){path}")
    for path, value in dict(rows).items():
        if path.endswith('oauth_token"]'):
            script.token_secrets[value] = f"told({name}){path.replace('oauth_token', 'oauth_token_secret')}"


def _closed(text: str) -> str:
    """A JSON document that was cut, up to its last whole member, and closed again."""
    open_: list[str] = []
    kept = ""
    for mark in JSON_MARKS.finditer(text):
        if mark[0] in "{[":
            open_.append("}" if mark[0] == "{" else "]")
        elif mark[0] in "}]" and open_:
            open_.pop()
        elif mark[0] == ",":
            kept = text[: mark.start()] + "".join(reversed(open_))
    return kept


def _paths(document: Any, path: str = "") -> Iterator[tuple[str, str]]:
    rows = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in rows:
        here = f"{path}[{lit(key) if isinstance(key, str) else key}]"
        if isinstance(value, str):
            yield here, value
        else:
            yield from _paths(value, here)


# values as expressions


def _value(script: _Script, entry: Entry, name: str, value: str) -> str:
    """Where a value comes from; itself where it is no secret. LostError for one that came from nowhere."""
    if value in script.known and (len(value) >= SHORTEST or value == script.app.client_id):
        expression = script.known[value]
        if "told(" in expression:
            script.helpers.add("told")
        return expression
    if wire_text.JWT.fullmatch(value) and (made := _assertion(script, entry, value)):
        return made
    if made := _proof(script, value):
        return made
    if value and (wire_text.is_secret(name, asked=True) or name.endswith(COMPUTED)):
        return _made_up(entry, name, value)
    return lit(value)


def _proof(script: _Script, value: str) -> str:
    """The HMAC of a token by the app's secret, which some providers ask for beside the token."""
    if len(value) != 64 or not script.app.client_secret:
        return ""
    for token, expression in script.known.items():
        if hmac.new(script.app.client_secret.encode(), token.encode(), "sha256").hexdigest() == value:
            script.helpers |= {"hmac"} | ({"told"} if "told(" in expression else set())
            return f'hmac.new(app.client_secret.encode(), {expression}.encode(), "sha256").hexdigest()'
    return ""


def _made_up(entry: Entry, name: str, value: str) -> str:
    """A secret that nobody gave: it was refused, and another one will be too."""
    if not entry.refused and entry.status < 400:
        raise _LostError(name)
    return lit(f"not-the-{name}")


def _assertion(script: _Script, entry: Entry, value: str) -> str:
    """A token that the client signed with the app's own key, signed anew."""
    fact = next((name for name, text in script.app.facts.items() if "PRIVATE KEY" in text), "")
    if not fact:
        return ""
    try:
        header, claims, _, _ = split(value)
    except JoseError:
        return ""
    times = {key: round(claims[key] - entry.at) for key in ("iat", "nbf", "exp") if isinstance(claims.get(key), int)}
    rest = {key: text for key, text in claims.items() if key not in times}
    script.helpers.add("assertion")
    return f"assertion(idp, app.facts[{fact!r}], {header.get('kid', '')!r}, {header['alg']!r}, {rest!r}, {times!r})"


def _address(script: _Script, entry: Entry, traffic: Traffic) -> str:
    parts = urlsplit(traffic.url)
    front = lit(f"{parts.scheme}://{parts.netloc}{parts.path}")
    for value, expression in script.known.items():
        if len(value) > 12 and quote(value, safe="") in parts.path and "told(" in expression:
            script.helpers.add("told")
            front = f"{front}.replace({quote(value, safe='')!r}, {expression})"
    pairs = [pair for pair in pairs_of(parts.query) if not _own(pair[0])]
    if not pairs:
        return front
    return f'{front} + "?" + encoded({_list(script, entry, pairs)})'


def _list(script: _Script, entry: Entry, pairs: Pairs) -> str:
    """Parameters as a list; one that this provider's clients compute over the others is computed anew."""
    proofs = family_of(script.provider, script.wire.family).proofs
    for at, (name, value) in enumerate(pairs):
        others = [*pairs[:at], *pairs[at + 1 :]]
        if name in proofs and proofs[name](script.app, others) == value:
            script.helpers.add("proved")
            return f"proved(app, {lit(script.wire.family)}, {lit(name)}, {_list(script, entry, others)})"
    return items("[", [f"({lit(name)}, {_value(script, entry, name, value)})" for name, value in pairs], "]")


def _table(script: _Script, entry: Entry, pairs: Pairs) -> str:
    return items("{", [f"{lit(name)}: {_value(script, entry, name, value)}" for name, value in pairs], "}")


def _json_body(script: _Script, entry: Entry, body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return repr(body)
    if not isinstance(document, dict):
        return repr(body)
    rows = (
        f"{name!r}: {_value(script, entry, name, value) if isinstance(value, str) else repr(value)}"
        for name, value in document.items()
    )
    script.helpers.add("json")
    return f"json.dumps({{{', '.join(rows)}}}).encode()"


def _header(script: _Script, entry: Entry, traffic: Traffic, name: str, value: str) -> str:
    if name != "authorization":
        return _value(script, entry, name.replace("-", "_"), value)
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        script.helpers.add("basic")
        user, _, secret = wire_text.decoded_basic(rest).partition(":")
        return f"basic({_value(script, entry, 'client_id', user)}, {_value(script, entry, 'client_secret', secret)})"
    if scheme.lower() == "oauth" and "oauth_signature=" in rest:
        return _oauth1(script, entry, traffic, value)
    return f"{lit(scheme + ' ')} + {_value(script, entry, 'access_token', rest)}"


def _oauth1(script: _Script, entry: Entry, traffic: Traffic, value: str) -> str:
    """A signature of OAuth 1.0, made anew over the same parameters."""
    pairs = [pair for pair in oauth_header(value) if pair[0] not in OAUTH1]
    told = dict(oauth_header(value))
    secret = script.token_secrets.get(told.get("oauth_token", ""), "''")
    script.helpers |= {"oauth1"} | ({"told"} if "told(" in secret else set())
    if told.get("oauth_signature_method") not in ("HMAC-SHA1", "PLAINTEXT"):
        raise _LostError(f"a signature by {told.get('oauth_signature_method', 'no method')}")
    parts = urlsplit(traffic.url)
    others = pairs_of(parts.query)
    if (
        wire_text.kind_of(wire_text.header(wire_text.headers_of(traffic.headers), "content-type"), traffic.body)
        == "form"
    ):
        others += pairs_of(traffic.body.decode("utf-8", "replace"))
    url = f"{parts.scheme}://{parts.netloc}{parts.path}"
    wrong = entry.refused == "bad_signature"
    key = repr("not-the-secret") if wrong else "app.client_secret"
    skew = _skew(told, entry)
    return (
        f"oauth1(idp, {traffic.method!r}, {url!r}, {_list(script, entry, pairs)}, {_list(script, entry, others)}, "
        f"{key}, {secret}, {told['oauth_signature_method']!r}{skew})"
    )


def _skew(told: dict[str, str], entry: Entry) -> str:
    """A clock of the client's that went wrong is part of the story."""
    text = told.get("oauth_timestamp", "")
    seconds = int(text) - round(entry.at) if text.isdecimal() and len(text) < 12 else 0
    return f", skew={seconds}" if abs(seconds) > WAIT else ""
