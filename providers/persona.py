from __future__ import annotations

import json
from collections.abc import MutableMapping
from html import escape
from typing import Any

from .base import Login, Provider
from .callback import Callback
from .http import Flow, Response, is_web_url, request
from .identity import Email, Identity
from .settings import Setting, mapping

_PAGE = """<!DOCTYPE html><title>Persona</title>
<form method="post" action="{action}"><input type="hidden" name="state" value="{state}"
><input type="hidden" name="assertion"><button>Sign in with your e-mail</button></form>
<script src="{script}"></script>
<script>
document.forms[0].onsubmit = function () {{
  navigator.id.get(function (assertion) {{
    var form = document.forms[0];
    form.elements.assertion.value = assertion || "";
    form.submit();
  }}, {options});
  return false;
}};
</script>
"""


def _audience(value: Any) -> str:
    if not isinstance(value, str) or not is_web_url(value) or value.count("/") > 2 + value.endswith("/"):
        raise ValueError("the origin of the site, like https://www.example.com")
    return value.rstrip("/")


class Persona(Provider):
    """Mozilla Persona, shut down in November 2016: a script in the browser got an assertion, a verifier judged it.

    Show `login.page`: at a click (without one a browser opens no window) it posts `assertion` and `state` to the
    redirect URI, with an empty assertion if the user declined. `AUDIENCE` is the site's own origin,
    `REQUEST_PARAMETERS` are options of the script, such as siteName. The uid is the e-mail, which is always verified.
    Source: mozilla/persona, bin/verifier; developer.mozilla.org, "Remote verification API" (archived).
    """

    id, name = "persona", "Persona"
    settings = {"AUDIENCE": Setting(None, _audience), "REQUEST_PARAMETERS": mapping()}
    credentials = ()
    script_url = "https://login.persona.org/include.js"
    verifier_url = "https://verifier.login.persona.org/verify"
    foreign = ("openid.", "oauth_token", "oauth_verifier", "code")

    def configure(self) -> None:
        if not self.values["AUDIENCE"]:
            raise self.misconfigured("setting", "AUDIENCE is needed, the origin of the site")
        try:
            self.options = json.dumps(self.values["REQUEST_PARAMETERS"]).replace("<", "\\u003c")
        except (TypeError, ValueError):
            raise self.misconfigured("setting", "REQUEST_PARAMETERS must be values of JSON") from None

    def begin_flow(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Login]:
        page = _PAGE.format(
            action=escape(session["redirect_uri"]),
            state=escape(session["state"]),
            script=self.script_url,
            options=self.options,
        )
        return Login(self.script_url, session, page=page)
        yield  # a flow like any other, though this one needs no request

    def finish_flow(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Identity]:
        state = callback.get("state")
        if state is None:
            raise self.mismatch("state_missing", "the callback has no state")
        if not self.same(state, self.stored(session, "state")):
            raise self.mismatch("state_mismatch", "the callback's state is not the one of this session")
        self.use(session)
        assertion = callback.get("assertion")
        if assertion is None:
            raise self.refused("access_denied", "authorize")
        form = {"assertion": assertion, "audience": self.values["AUDIENCE"]}
        body = self._verdict((yield request("userinfo", "POST", self.verifier_url, form=form.items())))
        email = body.get("email")
        raw = {"userinfo": body}
        return self.identity(uid=email, emails=[Email(str(email), True, True)], token=None, raw=raw)

    def _verdict(self, response: Response) -> dict[str, Any]:
        """An assertion that is no good is told with HTTP 200, a status and a reason in words."""
        body = response.json()
        failed = isinstance(body, dict) and body.get("status") == "failure"
        if failed and response.status == 200:
            raise self.refused("invalid_grant", "userinfo")
        body = self.json_object("userinfo", response)
        if body.get("status") != "okay" or body.get("audience") != self.values["AUDIENCE"]:
            raise self.refused("bad_response", "userinfo")
        expires = body.get("expires")  # milliseconds
        if isinstance(expires, bool) or not isinstance(expires, int) or expires / 1000 <= self.clock():
            raise self.unusable("expired", "userinfo", "the assertion has expired; start a new login")
        return body
