"""What two providers have in common whose API is one URL: `method` says what is asked, `format` how it is answered.

Both answer errors with HTTP 200 and `stat` "fail". Each tells the rest, above all how an error looks, by itself.
"""

from __future__ import annotations

from typing import Any, ClassVar
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec

from mockidp.check import provoke, walk_oauth1
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth1 import OAuth1
from mockidp.wire import Response


def method_unknown(call: Call) -> Refusal | None:
    """Asked before anything else: the wrong method has no parameters of its own."""
    wrong = next((item for item in call.problems if item.key == "method" and item.place == "query"), None)
    if wrong is None:
        return None
    known = [step.params["query"]["method"].text for step in call.wire.exchanges if "method" in step.params["query"]]
    return Refusal("method_unknown", "there is no such method", expected=" or ".join(known), got=wrong.got)


class RestRules(OAuth1):
    """`plain` is the format of an answer that is asked for in none; `wrapper` the function that JSON is passed to."""

    known: ClassVar[tuple[str, ...]] = ()
    plain: ClassVar[str] = "rest"
    wrapper: ClassVar[str] = ""
    unwrapped_by: ClassVar[str] = ""  # the parameter that says not to wrap

    def format_of(self, call: Call) -> str:
        return str(call.told("format") or self.plain)

    def format_unknown(self, call: Call) -> Refusal | None:
        asked = self.format_of(call)
        if call.group != "resource" or asked in self.known:
            return None
        return Refusal("format_unknown", "there is no such format", expected=" or ".join(self.known), got=asked)

    def rules_of(self, call: Call) -> Any:
        if call.group == "resource":
            yield method_unknown
            yield self.format_unknown
        yield from super().rules_of(call)

    def respond(self, call: Call) -> Response:
        if call.group == "resource":
            call.values["form_of_answer"] = "json" if self.format_of(call) == "json" else "xml"
        return self.wrapped(call, super().respond(call))

    def refused(self, call: Call, refusal: Refusal) -> Response:
        """Errors are written in JSON in the contract, and sent in the format that was asked for."""
        response = super().refused(call, refusal)
        if call.group != "resource" or not response.body.startswith(b"{"):
            return response
        if self.format_of(call) == "json":
            return self.wrapped(call, response)
        response.body = self.as_xml(msgspec.json.decode(response.body))
        response.headers = [pair for pair in response.headers if pair[0] != "Content-Type"]
        response.headers.append(("Content-Type", "text/xml; charset=utf-8"))
        return response

    def as_xml(self, document: dict[str, Any]) -> bytes:
        """The error as an element `err` in `rsp`, its members as attributes."""
        told = document.get("err") or {key: value for key, value in document.items() if key != "stat"}
        outer = {key: str(value) for key, value in document.items() if isinstance(value, str) and key not in told}
        root = Element("rsp", outer)
        names = {"message": "msg"}
        SubElement(root, "err", {names.get(key, key): str(value) for key, value in told.items()})
        return bytes(tostring(root, encoding="utf-8", xml_declaration=True))

    def wrapped(self, call: Call, response: Response) -> Response:
        if (
            self.wrapper
            and call.group == "resource"
            and self.format_of(call) == "json"
            and call.told(self.unwrapped_by) != "1"
        ):
            response.body = f"{self.wrapper}(".encode() + response.body + b")"
            response.headers = [pair for pair in response.headers if pair[0] != "Content-Type"]
            response.headers.append(("Content-Type", "text/javascript; charset=utf-8"))
        return response


class RestWalk(walk_oauth1.Walk):
    """Asks for JSON, unwrapped."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk_oauth1.OAUTH1,
        "method_unknown": Provocation("resource", provoke.send(method="example.not.there")),
        "format_unknown": Provocation("resource", provoke.put(format="example")),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "format": "json", "nojsoncallback": "1"}
