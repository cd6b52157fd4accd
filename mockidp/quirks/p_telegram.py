"""Telegram: a widget that signs its answer with the bot's token, and an OpenID provider beside it.

Code, because the widget is no OAuth: the members come at once and an HMAC over all of them vouches for them, keyed by
the SHA-256 of the bot's token. Sources: core.telegram.org/widgets/login-legacy and core.telegram.org/bots/
telegram-login, 2026-08; the form that answers in the fragment is in no page and was read from clients.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from mockidp import jose
from mockidp.apps import App, is_loopback
from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.check.walk import FIELDS, Seen, WalkError
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oidc, refusals
from mockidp.families.base import Call
from mockidp.journal import Login
from mockidp.wire import Pairs, Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

WIDGETS = ("widget", "widget_redirect")
NUMBERS = ("id", "auth_date")
OLD = 2 * 86400  # seconds by which the fault `id_token_expired` dates the widget's answer back


def signature(token: str, members: Mapping[str, Any]) -> str:
    """The `hash` member: HMAC-SHA256 over `key=value` lines sorted by key, keyed by the SHA-256 of the token."""
    text = "\n".join(f"{key}={value}" for key, value in sorted(members.items()) if key != "hash")
    return hmac.new(hashlib.sha256(token.encode()).digest(), text.encode(), hashlib.sha256).hexdigest()


def bot_token(app: App) -> str:
    """The bot's token: the app's fact, or its secret where somebody registered the bot so."""
    token = app.facts.get("token", "")
    return token if token.startswith(f"{app.client_id}:") else app.client_secret


# refusals


def unknown_bot(call: Call) -> Refusal | None:
    """Also goes on as the app whose bot it is, by its id or its username."""
    bot = call.told("bot")
    if bot is not None:
        apps = call.world.apps.of(call.provider)
        call.app = next((app for app in apps if app.facts.get("bot_username", "").lower() == bot.lower()), None)
        call.values["presented_id"] = bot
    refusal = refusals.unknown_client(call)
    return refusal and Refusal("unknown_bot", "no app has this bot", expected=refusal.expected, got=refusal.got)


def domain_unregistered(call: Call) -> Refusal | None:
    """The page that asks and the page that is answered are both on the bot's domain. Settles where the browser goes."""
    assert call.app is not None
    target = call.told("return_to") or call.told("origin")
    for uri in (call.told("origin"), target):
        if not on_domain(call.app, uri):
            known = ", ".join(sorted({urlsplit(known).netloc for known in call.app.redirect_uris})) or "loopback"
            return Refusal(
                "domain_unregistered",
                "this site is not on the domain that is linked to the bot",
                expected=known,
                got=uri,
            )
    call.redirect_to = target
    return site_not_public(call)


def on_domain(app: App, uri: str) -> bool:
    host = urlsplit(uri).netloc
    return (app.loopback and is_loopback(uri)) or host in {urlsplit(known).netloc for known in app.redirect_uris}


def site_not_public(call: Call) -> Refusal | None:
    """A bot is linked to a public https site; a login on this machine would be impossible, so a remark."""
    if urlsplit(call.redirect_to or "").scheme != "https" or is_loopback(call.redirect_to or ""):
        call.remark("Telegram links a bot to https sites on a public host only")
    return None


def openid_missing(call: Call) -> Refusal | None:
    asked = (call.told("scope") or "").split()
    if "openid" not in asked:
        return Refusal(
            "openid_missing", "the scope openid is required", expected="openid", got=" ".join(asked) or "none"
        )
    return None


# values of the widget


def members(call: Call) -> dict[str, Any]:
    """What the widget tells of the person, as the contract's `widget` has it, without the signature."""
    widget = call.wire.step("widget")
    assert widget is not None
    patterns = widget.answer.redirect or {}
    built = {key: pattern.build(call.values) for key, pattern in patterns.items() if key != "hash"}
    return {key: value for key, value in built.items() if value is not None}


def asked_for(call: Call) -> set[str]:
    """The faults of a signed answer; looked up once a call."""
    return {fault.name for fault in call.faults("token", "wrong_key", "unknown_kid", "id_token_expired")}


def signed(call: Call) -> str:
    assert call.app is not None
    stranger = call.values["widget_faults"] & {"wrong_key", "unknown_kid"}
    return signature("1:another-bot" if stranger else bot_token(call.app), members(call))


def auth_date(call: Call) -> int:
    return int(call.now) - (OLD if "id_token_expired" in call.values["widget_faults"] else 0)


def auth_result(call: Call) -> str:
    """The members and their signature as unpadded base64url JSON; numbers are numbers there."""
    told = {key: int(value) if key in NUMBERS else value for key, value in members(call).items()}
    return jose.b64url(msgspec.json.encode({**told, "hash": call.values["hash"]}))


def jwks(call: Call) -> list[dict[str, Any]]:
    """Our RS256 keys as this provider writes them, and the keys of the other algorithms beside them."""
    body = call.exchange.answer.body
    beside = [row for row in body.document["keys"] if row["alg"] != "RS256"] if body is not None else []
    ours = [
        {
            "alg": row["alg"],
            "e": row["e"],
            "ext": True,
            "key_ops": ["verify"],
            "kty": row["kty"],
            "n": row["n"],
            "kid": row["kid"],
        }
        for row in oidc.ring(call).published()
    ]
    return ours + beside


def _of_person(read: Callable[[Any], str | None]) -> Callable[[Call], str | None]:
    return lambda call: read(call.person) if call.person is not None else None


def answer(call: Call) -> Response | None:
    """As at authorize; with the answer the login is over."""
    page = login.authorize(call)
    if page is None and call.login is not None:
        call.login.outcome = "logged_in"
    return page


class Rules(oidc.Oidc):
    """OpenID Connect without userinfo, and the two forms of the widget."""

    rules = {
        **oidc.Oidc.rules,
        "authorize": (
            refusals.unknown_client,
            refusals.redirect_unregistered,
            refusals.misfit,
            refusals.response_type_other_than("code"),
            refusals.scope_unknown,
            openid_missing,
            refusals.challenge_method_refused,
            site_not_public,
            refusals.best_practice,
        ),
        "token": tuple(rule for rule in oidc.Oidc.rules["token"] if rule is not refusals.pkce_forbidden),
        **dict.fromkeys(WIDGETS, (unknown_bot, domain_unregistered)),
    }
    acts = {**oidc.Oidc.acts, **dict.fromkeys(WIDGETS, answer)}
    values = {
        **oidc.Oidc.values,
        "widget_faults": asked_for,
        "hash": signed,
        "auth_date": auth_date,
        "auth_result": auth_result,
        "jwks": jwks,
        "first_name": _of_person(lambda person: person.given_name or person.name),
        "phone": _of_person(lambda person: person.phone.lstrip("+")),
    }

    def handle(self, call: Call) -> Response:
        if call.step in WIDGETS:
            refusals.find_app(call)
        return super().handle(call)

    def login_of(self, call: Call) -> Login | None:
        return call.world.journal.begin(call.provider, call.now) if call.step in WIDGETS else super().login_of(call)

    def prepare_fault(self, call: Call) -> None:
        if call.step in WIDGETS:
            call.check((unknown_bot, domain_unregistered))
        super().prepare_fault(call)

    def send(self, call: Call, params: Pairs, headers: Pairs, status: int) -> Response:
        if call.step != "widget_redirect":
            return super().send(call, params, headers, status)
        url = call.wire.redirect_url(call.redirect_to or "", params, fragment=True)
        return Response(status, [*headers, ("Location", url)])


# the other side


class Walk(walk.Walk):
    """Takes the OpenID way where there is one, else the widget's; `extra={"way": "widget"}` names the way by its step.

    The widget's signature is checked here, since a walk that believed anything would show nothing.
    """

    def initial(self) -> dict[str, Any]:
        pair = f"{quote(self.app.client_id, safe='')}:{quote(self.app.client_secret, safe='')}"
        values = {**super().initial(), "basic": b64encode(pair.encode()).decode()}  # as the page asks, not in the body
        del values["app.secret"]
        parts = urlsplit(self.redirect_uri)
        return {
            **values,
            "bot": self.app.facts["bot_username"],
            "return_to": self.redirect_uri,
            "response_type": "code",
            "origin": f"{parts.scheme}://{parts.netloc}",
        }

    def steps(self) -> list[str]:
        way = self.values.get("way") or ("widget" if self.wire.step("authorize") is None else "")
        return [way] if way else super().steps()

    def do_widget(self, step: str) -> None:
        self.do_authorize(step)

    do_widget_redirect = do_widget

    def callback(self, exchange: Exchange, params: dict[str, str]) -> None:
        if exchange.step not in WIDGETS:
            return super().callback(exchange, params)
        text = params.get("tgAuthResult")
        if text == "false":
            raise WalkError(exchange.step, "the person said no", error="access_denied")
        told = params if text is None else msgspec.json.decode(jose.unb64url(text), type=dict[str, Any])
        if not hmac.compare_digest(signature(bot_token(self.app), told), str(told.get("hash"))):
            raise WalkError(exchange.step, "the hash is not that of the members and the bot's token")
        self.seen["callback"] = Seen("json", told, Response())
        return None

    def identity(self) -> dict[str, Any]:
        if "token" in self.seen:
            return super().identity()
        told = self.seen["callback"].document
        read = {
            "uid": "id",
            "username": "username",
            "first_name": "first_name",
            "last_name": "last_name",
            "picture": "photo_url",
        }
        found = {name: str(told[key]) for name, key in read.items() if key in told}
        return {**dict.fromkeys(FIELDS), "email_verified": False, **found}


def _on_a_public_host(*names: str) -> provoke.Spoil:
    """Leave something out where nothing else is amiss."""

    def spoil(walk: walk.Walk, lab: Lab) -> None:
        walk.values["redirect_uri"] = "https://app.example.com/callback"
        walk.app.redirect_uris.append("https://app.example.com/callback")
        provoke.drop(*names)(walk, lab)

    return spoil


Walk.provocations = {
    **provoke.OAUTH2,
    "state_missing": Provocation("authorize", _on_a_public_host("state", "nonce"), "", "bad_request", strict=True),
    "pkce_unused": Provocation(
        "authorize", _on_a_public_host("code_challenge", "code_challenge_method"), "", "bad_request", strict=True
    ),
    "unsupported_response_type": Provocation("authorize", provoke.put(response_type="token")),
    "response_type_missing": Provocation("authorize", provoke.drop("response_type"), "", "unsupported_response_type"),
    "site_not_public": Provocation("authorize", provoke.nothing, "", "bad_request", strict=True),
    "redirect_missing_at_authorize": Provocation("authorize", provoke.drop("redirect_uri")),
    "bad_scope": Provocation("authorize", provoke.put(scope="openid email")),
    "openid_missing": Provocation("authorize", provoke.put(scope="profile")),
    "unknown_bot@widget": Provocation("widget", provoke.put(bot="nobodys_bot"), "", "unknown_bot"),
    "unknown_bot@widget_redirect": Provocation("widget_redirect", provoke.put(app__id="99"), "", "unknown_bot"),
    "domain_unregistered@widget": Provocation(
        "widget", provoke.put(return_to="https://evil.example/"), "", "domain_unregistered"
    ),
    "domain_unregistered@widget_redirect": Provocation(
        "widget_redirect", provoke.put(origin="https://evil.example"), "", "domain_unregistered"
    ),
    "origin_missing": Provocation("widget", provoke.drop("origin"), "", "bad_request"),
    "origin_missing@widget_redirect": Provocation("widget_redirect", provoke.drop("origin"), "", "bad_request"),
}
