"""LinkedIn with OAuth 1.0a: what its contract cannot say as data.

Code is needed because the URL names the fields that a profile is to have, in XML with hyphens and in JSON in camel
case, and because problems are told with what was absent, acceptable or signed.
Source: developer.linkedin.com, field selectors and common issues (archived).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mockidp.check import walk_oauth1
from mockidp.contract.body import FORMATS
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth1 import OAuth1, absent, base_string
from mockidp.wire import Response

USUAL = ("first-name", "last-name", "headline", "site-standard-profile-request")
INNER = re.compile(r"::?\([^()]*\)|\([^()]*\)")


def selected(text: str | None) -> tuple[str, ...]:
    """The outermost names of a selector such as `id,picture-urls::(original),location:(name)`."""
    if text is None:
        return USUAL
    while text != (text := INNER.sub("", text)):
        pass
    return tuple(name.strip() for name in text.split(","))


def camel(name: str) -> str:
    head, *rest = name.split("-")
    return head + "".join(part.title() for part in rest)


def acceptable(call: Call) -> str:
    """From when to when a timestamp may be."""
    tolerance = call.lifetime("timestamp")
    return f"{call.now - tolerance:.0f}-{call.now + tolerance:.0f}"


def wants_json(call: Call) -> bool:
    return bool(call.told("format") == "json")


def callback_missing(call: Call) -> Refusal | None:
    """Without one, the app's own is taken."""
    assert call.app is not None
    if call.told("redirect_uri") is None and not call.app.redirect_uris:
        return Refusal("callback_missing", "no oauth_callback came, and the app has none registered")
    call.values.setdefault("redirect_uri", next(iter(call.app.redirect_uris), None))
    return None


class Rules(OAuth1):
    rules = {
        **OAuth1.rules,
        "request_token": (*OAuth1.rules["request_token"][:-1], callback_missing, OAuth1.rules["request_token"][-1]),
    }
    values = {
        **OAuth1.values,
        "base_string": base_string,
        "absent": absent,
        "acceptable": acceptable,
        "country": lambda call: call.person.country.lower() if call.person else None,
    }

    def respond(self, call: Call) -> Response:
        response = super().respond(call)
        if call.step == "userinfo":
            response.body = self.cut(response.body, selected(call.told("fields")), wants_json(call))
        return response

    def cut(self, body: bytes, wanted: tuple[str, ...], as_json: bool) -> bytes:
        """The profile without what was not asked for."""
        if as_json:
            document = msgspec.json.decode(body)
            names = {camel(name) for name in wanted}
            return msgspec.json.encode({key: value for key, value in document.items() if key in names})
        root = FORMATS["xml"].parse(body)
        for element in list(root):
            if element.tag not in wanted:
                root.remove(element)
        return bytes(FORMATS["xml"].dump(root))

    def refused(self, call: Call, refusal: Refusal) -> Response:
        """The contract has the errors of a profile in XML; they come in JSON where that was asked for."""
        response = super().refused(call, refusal)
        if call.group != "resource" or not wants_json(call):
            return response
        error = FORMATS["xml"].parse(response.body)
        told: dict[str, Any] = {
            "errorCode": int(error.findtext("error-code", "0")),
            "message": error.findtext("message", ""),
            "requestId": error.findtext("request-id", ""),
            "status": int(error.findtext("status", "0")),
            "timestamp": int(error.findtext("timestamp", "0")),
        }
        response.headers = [pair for pair in response.headers if pair[0] != "Content-Type"]
        response.headers.append(("Content-Type", "application/json;charset=UTF-8"))
        response.body = msgspec.json.encode(told)
        return response


class Walk(walk_oauth1.Walk):
    """Asks for every field that an identity is read from."""

    def initial(self) -> dict[str, Any]:
        fields = [where.at for where in self.wire.spec.identity.values()]
        return {**super().initial(), "fields": ",".join(["picture-urls::(original)", "location:(name)", *fields])}
