"""The pages of a login: sign-in, the form that carries an answer back, refusals; and how every page is made and sent.

Every page works without a script, escapes everything, and is sent under a policy that loads nothing: the style
sheets, and what scripts there are, are inline and allowed by their hash. A page keeps nothing; whatever the next
request needs travels in its URL or in the form.

Two headers are laxer than they could be, and both were seen in Chromium. `form-action` is enforced along the whole
chain of redirects that follows a form, so it has to allow wherever the application goes on to after its callback.
Under `Referrer-Policy: no-referrer` a form is sent with `Origin: null`, which no provider's form is.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mockidp.people import GENERATED_ID, is_address
from mockidp.wire import Response

if TYPE_CHECKING:
    from jinja2 import Environment

    from mockidp.faults import Fault
    from mockidp.people import Person

TEMPLATES = Path(__file__).parent / "templates"
SHOWN_AT_ONCE = 8
KEPT, SHORT = 32, 300  # login pages kept, and the characters of a request that one of them may hold
PLAIN_COLOUR = "#3d4f66"
LIGHT_CARD, DARK_CARD, BRIGHT = "#ffffff", "#1d2025", "#e8eaed"
# The prototype's method, because a field named "submit" would hide the form's own.
SUBMIT = "HTMLFormElement.prototype.submit.call(document.forms[0])"
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
CODE_SCHEMES = frozenset({"javascript", "data", "vbscript", "blob", "file", "about", "filesystem"})
FAMILIES = {
    "oauth2": "OAuth 2.0",
    "oidc": "OpenID Connect",
    "oauth1": "OAuth 1.0a",
    "openid2": "OpenID 2.0",
    "custom": "its own protocol",
}
MOMENTS = {
    "person": "Instead of your answer",
    "refuse": "The provider refuses",
    "answer": "The answer is broken on its way",
    "token": "The proof of who you are is wrong",
    "value": "One value is another",
}
OUTCOMES = {
    "open": ("not finished", ""),
    "code": ("sent back to the app", ""),
    "denied": ("denied by the person", "warn"),
    "refused": ("refused", "bad"),
    "logged_in": ("logged in", "good"),
}


class ProviderCard(NamedTuple):
    """What a page says of a provider. `colour` is its accent as a CSS hex; `family` and `status` are the contract's."""

    id: str
    name: str
    colour: str = PLAIN_COLOUR
    family: str = ""
    status: str = "alive"


class Scope(NamedTuple):
    """One thing that an app asks for, in words."""

    name: str
    words: str
    sensitive: bool = False


Fields = tuple[str, str, bool]  # someone new, as typed: name, e-mail address, and whether that is verified
Faults = Sequence[tuple[str, Sequence["Fault"]]]  # by the moment at which they strike


def login(
    provider: ProviderCard,
    app_name: str,
    people: Sequence[Person],
    scopes: Sequence[Scope] = (),
    hidden: Sequence[tuple[str, str]] = (),
    *,
    redirect_origin: str = "",
    hint: str = "",
    last: str = "",
    logged_in: bool = False,
    query: str = "",
    new: Fields | None = None,
    search: str | None = None,
    faults: Faults = (),
    steps: Sequence[str] = (),
    fault: str = "",
    step: str = "",
    demands: Sequence[str] = (),
    remark: Sequence[str] = (),
    status: int = 200,
) -> Response:
    """The page at the authorize URL: choose a person, see what is asked, allow or deny.

    A form, posted to the URL it came from, with `mockidp.person`, `mockidp.other` (which wins when it is filled
    in), `mockidp.new_name`, `new_email` and `new_verified` (which make someone new), `mockidp.misbehave` and `step` (a
    fault for this login), `mockidp.decision` (allow or deny) and the `hidden` fields; and a small one that asks for
    the page again, with `mockidp.search`, or with the decision `sign_out`.

    Preselected is whom the `hint` (an id, username, e-mail address or person-N) means, else `last`, else the first.
    `logged_in` says that the provider remembers `last`; `search` is what `people` were found by, None for all; `query`,
    `new`, `fault` and `step` are what was filled in before; `demands` are the app's wishes about the page, in words;
    `redirect_origin` is the redirect URI, or its origin or scheme.
    """
    asked = (
        *(provider, app_name, _Same(people), tuple(scopes), redirect_origin, hint, last, logged_in),
        *(_Kept(faults), tuple(steps), tuple(demands), tuple(remark), status),
    )
    special = hidden or query or new or fault or step or search is not None
    if special or len(app_name) + len(hint) > SHORT:  # a page for one person, or a large one: not kept
        return _login(*asked, tuple(hidden), query, new, search, fault, step)
    kept = _kept_login(*asked)
    return Response(kept.status, list(kept.headers), kept.body)


class _Kept:
    """A table that stays as it is, by identity."""

    __slots__ = ("table",)

    def __init__(self, table: Faults) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and self.table is other.table


class _Same:
    """People by identity: to compare them field by field would take as long as to write some pages."""

    __slots__ = ("people",)

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = people

    def __hash__(self) -> int:
        return len(self.people)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same) or len(self.people) != len(other.people):
            return False
        return self.people is other.people or all(map(is_, self.people, other.people))


def _login(
    provider: ProviderCard,
    app_name: str,
    same: _Same,
    scopes: tuple[Scope, ...],
    redirect_origin: str,
    hint: str,
    last: str,
    logged_in: bool,
    faults: _Kept,
    steps: tuple[str, ...],
    demands: tuple[str, ...],
    remark: tuple[str, ...],
    status: int,
    hidden: tuple[tuple[str, str], ...] = (),
    query: str = "",
    new: Fields | None = None,
    search: str | None = None,
    fault: str = "",
    step: str = "",
) -> Response:
    people = same.people
    searched = bool(search and search.strip())
    shown = len(people) if searched else SHOWN_AT_ONCE
    known = "" if searched else _hinted(people, hint)
    typed = query or ("" if known or not (is_address(hint) or GENERATED_ID.fullmatch(hint)) else hint)
    ids = [person.id for person in people]
    chosen = known or (last if last in ids and not searched else ids[0] if ids else "")
    return page(
        "login.html",
        status,
        provider,
        form_action=_form_action(redirect_origin),
        script=_script(),
        app_name=app_name,
        first=people[:shown],
        rest=people[shown:],
        rest_ids=ids[shown:],
        chosen=chosen,
        remembered=last if logged_in else "",
        search=(search or "").strip(),
        searched=searched,
        other=typed,
        new=new or ("", "", True),
        scopes=scopes,
        faults=faults.table,
        steps=steps,
        fault=fault,
        step=step,
        demands=demands,
        hidden=hidden,
        remark=remark,
    )


_kept_login = lru_cache(maxsize=KEPT)(_login)  # a page takes a millisecond, and a test suite asks for the same few


def form_post(action: str, fields: Sequence[tuple[str, str]], provider: ProviderCard) -> Response:
    """A form that sends itself to the application: `response_mode=form_post`, and OpenID 2.0's long answers."""
    return page(
        "form_post.html",
        200,
        provider,
        form_action=_form_action(action),
        script=SUBMIT,
        referrer="origin",  # not less: the application may check the Origin, and a real provider sends its own
        action=action,
        fields=fields,
    )


def error(
    provider: ProviderCard,
    title: str,
    what: str,
    where: str,
    next_step: str,
    status: int = 400,
    *,
    expected: str | None = None,
    got: str | None = None,
) -> Response:
    """A refusal that may not be sent to the application: unknown app, redirect URI that is not registered."""
    return page(
        "error.html",
        status,
        provider,
        title=title,
        what=what,
        where=where,
        next_step=next_step,
        expected=expected,
        got=got,
    )


def not_found(
    host: str,
    path: str,
    hint: str = "",
    *,
    status: int = 404,
    name: str = "",
    why: str = "",
    known: Sequence[str] = (),
) -> Response:
    """No contract knows that host, or that path of provider `name`: then `why`, and `known` are what it answers at.

    `hint` is a sentence, such as the nearest known host.
    """
    return page("not_found.html", status, host=host, path=path, hint=hint, name=name, why=why, known=known)


def page(
    template: str,
    status: int,
    provider: ProviderCard | None = None,
    *,
    form_action: str = "'none'",
    script: str = "",
    connect: str = "",
    extra_style: str = "",
    referrer: str = "same-origin",
    **values: object,
) -> Response:
    from markupsafe import Markup  # lazy, as jinja2 is: most runs show no page

    sheets = [_style(), _accent(provider.colour if provider else PLAIN_COLOUR), *([extra_style] if extra_style else [])]
    html = (
        _environment()
        .get_template(template)
        .render(provider=provider, sheets=[Markup(sheet) for sheet in sheets], script=Markup(script), **values)
    )
    policy = [
        "default-src 'none'",
        f"style-src {' '.join(_hash(sheet) for sheet in sheets)}",
        *([f"script-src {_hash(script)}"] if script else []),
        *([f"connect-src {connect}"] if connect else []),
        f"form-action {form_action}",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "; ".join(policy)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", referrer),
        ("Cache-Control", "no-store"),
    ]
    return Response(status, headers, html.encode("utf-8", "replace"))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # lazy: loaded with the first page

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "difference": difference,
        "moment": _moment,
        "offset": _offset,
        "families": FAMILIES,
        "outcomes": OUTCOMES,
        "moments": MOMENTS,
    }
    return environment


@lru_cache(maxsize=1)
def _style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _script() -> str:
    """What the sign-in page does better with a script: it filters as you type."""
    return (TEMPLATES / "login.js").read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _hash(inline: str) -> str:
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


def _hinted(people: Sequence[Person], hint: str) -> str:
    wanted = hint.strip().casefold()
    for person in people:
        if wanted and wanted in (person.id, (person.email or "").casefold(), person.username.casefold()):
            return person.id
    return ""


def _form_action(target: str) -> str:
    """The sources a form may be sent and redirected to; nothing at all where the target is code."""
    found = SCHEME.match(target)
    scheme = found[1].lower() if found else ""
    if scheme in CODE_SCHEMES:
        return "'none'"
    return "'self' http: https:" + (f" {scheme}:" if scheme not in ("", "http", "https") else "")


# -- colours: WCAG 2.2, relative luminance and contrast ratio


def ink(colour: str) -> str:
    """Black or white, whichever is easier to read on that colour."""
    return max("#000000", "#ffffff", key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (part / 255 for part in _rgb(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _plain_hex(colour: str) -> str:
    """`#rrggbb`; anything else than a CSS hex colour becomes the plain one, because it goes into a style sheet."""
    if re.fullmatch(r"#[0-9a-fA-F]{3}", colour):
        return "#" + "".join(digit * 2 for digit in colour[1:]).lower()
    return colour.lower() if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) else PLAIN_COLOUR


def _edge(colour: str, card: str) -> str:
    """That colour, moved away from the card's until a border in it can be seen (3:1)."""
    to = 0 if _luminance(card) > 0.5 else 255
    for _ in range(20):
        if contrast(colour, card) >= 3:
            break
        colour = "#" + "".join(f"{round(part + (to - part) * 0.15):02x}" for part in _rgb(colour))
    return colour


@lru_cache(maxsize=256)
def _accent(colour: str) -> str:
    colour = _plain_hex(colour)
    go_dark = colour if contrast(colour, DARK_CARD) >= 2 else BRIGHT  # a button must not look disabled
    return (
        f":root{{--accent:{colour};--on-accent:{ink(colour)};--go-dark:{go_dark};--on-go-dark:{ink(go_dark)};"
        f"--edge-light:{_edge(colour, LIGHT_CARD)};--edge-dark:{_edge(colour, DARK_CARD)}}}"
    )


@lru_cache(maxsize=4)
def dots(colours: tuple[str, ...]) -> str:
    return "".join(f".dot-{nth}{{background:{_plain_hex(colour)}}}" for nth, colour in enumerate(colours))


# -- what the templates say in words

Parts = tuple[str, str, str]


def difference(expected: str | None, got: str | None) -> tuple[Parts, Parts]:
    """Each of two values as (same start, what differs, same end)."""
    one, other = expected or "", got or ""
    if expected is None or got is None:
        return (one, "", ""), (other, "", "")
    start = _in_common(one, other)
    end = _in_common(one[start:][::-1], other[start:][::-1])
    return _split(one, start, len(one) - end), _split(other, start, len(other) - end)


def _in_common(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((nth for nth, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _split(text: str, start: int, end: int) -> Parts:
    return text[:start], text[start:end], text[end:]


def _moment(started: object) -> str:
    if not isinstance(started, int | float):
        return str(started)
    return datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _offset(at_ms: float) -> str:
    return f"{at_ms:+.0f} ms" if abs(at_ms) < 1000 else f"{at_ms / 1000:+.1f} s"
