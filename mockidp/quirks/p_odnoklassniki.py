"""Odnoklassniki: what data cannot say.

Every call is signed twice over: `sig` is the MD5 of the sorted `key=value` pairs, without the access token and with
the session's secret behind them, which is itself the MD5 of the access token and the app's secret key; the public key
goes along as `application_key` (ok-android-sdk, OkRequestUtil; apiok.ru, Authorization).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, date, datetime
from html import escape
from typing import Any, ClassVar

import msgspec

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Request, Response

NAMESPACE = "http://api.forticom.com/1.0/"
UNSIGNED = {"sig", "access_token", "session_key"}


def signature(pairs: Iterable[tuple[str, str]], access_token: str, secret: str) -> str:
    """What `sig` must be for these parameters of a call."""
    session_secret = md5(access_token + secret)
    return md5("".join(f"{key}={value}" for key, value in sorted(pairs) if key not in UNSIGNED) + session_secret)


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def wrong_key(call: Call) -> Refusal | None:
    want, got = call.app_value("key") or "", call.told("app.key") or ""
    if got != want:
        return Refusal("wrong_key", "application_key is not the public key of the token's app", expected=want, got=got)
    return None


def wrong_sig(call: Call) -> Refusal | None:
    if call.app is None:
        return None
    pairs = [*call.request.query_pairs, *call.request.form_pairs]
    want = signature(pairs, call.told("access_token") or "", call.app.client_secret)
    got = call.told("sig") or ""
    if not hmac.compare_digest(want.encode(), got.encode()):
        signed = ", ".join(sorted({key for key, _ in pairs} - UNSIGNED))
        return Refusal("wrong_sig", f"sig is not that of {signed} and the session's secret", expected=want, got=got)
    return None


def age(call: Call) -> int | None:
    if call.person is None:
        return None
    born, today = date.fromisoformat(call.person.birthdate), datetime.fromtimestamp(call.now, UTC).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def gender(call: Call) -> str | None:
    """There are two."""
    return call.person.gender if call.person and call.person.gender in ("male", "female") else None


def written_as(call: Call) -> str:
    """XML, unless JSON is asked for."""
    return "json" if (call.told("format") or "").lower() == "json" else "xml"


def as_xml(body: bytes) -> bytes:
    """An error of the API as XML."""
    told = msgspec.json.decode(body, type=dict[str, Any])
    rows = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in told.items() if value is not None)
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<ns2:error_response xmlns:ns2="{NAMESPACE}">{rows}</ns2:error_response>'.encode()


class Rules(OAuth2):
    rules = {**OAuth2.rules, "resource": (*OAuth2.rules["resource"], wrong_key, wrong_sig)}
    values = {
        **OAuth2.values,
        "age": age,
        "gender": gender,
        "first_name": lambda call: call.person and (call.person.given_name or call.person.name),
        "has_email": lambda call: call.person is not None and call.person.email is not None,
        "written_as": written_as,
    }
    proofs = {"sig": lambda app, pairs: signature(pairs, dict(pairs).get("access_token", ""), app.client_secret)}

    def refused(self, call: Call, refusal: Refusal) -> Response:
        response = super().refused(call, refusal)
        if call.group == "resource" and written_as(call) == "xml":
            kept = [pair for pair in response.headers if pair[0] != "Content-Type"]
            response.headers = [*kept, ("Content-Type", "application/xml;charset=utf-8")]
            response.body = as_xml(response.body)
        return response


class Walk(walk.Walk):
    """Signs every call, and asks for JSON, which is not what comes by itself."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **provoke.OAUTH2,
        "wrong_sig": Provocation("userinfo", provoke.put(sig="0" * 32)),
        "wrong_sig@path": Provocation("userinfo", provoke.put(fields="uid,name", sig="0" * 32), "", "wrong_sig"),
        "wrong_key": Provocation("userinfo", provoke.put(app__key="CANOTHERPUBLICKEY")),
        "sig_missing": Provocation("userinfo", provoke.send(sig=None), "", "bad_request"),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "format": "json"}

    def build(self, exchange: Exchange) -> Request:
        if exchange.step != "userinfo":
            return super().build(exchange)
        pairs = [pair for pair in self._params(exchange, "form") if pair[1] is not None]
        token = str(self.values.get("access_token"))
        self.values.setdefault("sig", signature(pairs, token, self.app.client_secret))
        return super().build(exchange)
