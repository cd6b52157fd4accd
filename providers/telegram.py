from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .base import CLOCK_SKEW, Login
from .callback import Callback
from .http import Flow, with_query
from .identity import Identity
from .oidc import OIDC
from .settings import Setting, text

_BOT_TOKEN = re.compile(r"([0-9]+):\S+")
_RESULT = "tgAuthResult"


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError("a number of seconds")
    return value


class Telegram(OIDC):
    """Telegram, in the way that the credentials are for.

    A bot token, as `TOKEN` or as client_secret, means the login widget: signed fields on the callback, or
    `tgAuthResult` after a redirect, which comes in the fragment: the page posts it, with the `state` of its query. They
    are good for `auth_date_validity` seconds (also in AUTH_PARAMS; Telegram sets no limit). A client_id and a secret of
    another form mean OpenID Connect, where the user is the claim `id`, not `sub`. There is no e-mail.
    The nonce is documented but not always echoed, so it is checked when it comes; PKCE binds the code.
    Source: core.telegram.org/widgets/login-legacy and /bots/telegram-login, 2026.
    """

    id, name = "telegram", "Telegram"
    settings = {"TOKEN": text(None), "auth_date_validity": Setting(30, _seconds)}
    credentials = ()
    authorize_url = "https://oauth.telegram.org/auth"
    token_url = "https://oauth.telegram.org/token"
    jwks_url = "https://oauth.telegram.org/.well-known/jwks.json"
    issuers = ("https://oauth.telegram.org",)
    scope = ("openid", "profile")
    client_auth = "basic"
    can_refresh = nonce_required = False
    uid, email, first_name, last_name = "id", "", "", ""

    def configure(self) -> None:
        params = self.values["AUTH_PARAMS"] = dict(self.values["AUTH_PARAMS"])
        try:
            self.validity = _seconds(params.pop("auth_date_validity", self.values["auth_date_validity"]))
        except ValueError as must:
            raise self.misconfigured("setting", f"setting auth_date_validity must be {must}") from None
        self.bot_token = self.values["TOKEN"] or (
            self.client_secret if _BOT_TOKEN.fullmatch(self.client_secret) else ""
        )
        match = _BOT_TOKEN.fullmatch(self.bot_token)
        self.client_id = match[1] if match else self.client_id
        if not self.client_id or not (self.bot_token or self.client_secret):
            raise self.misconfigured("credentials", "TOKEN, a bot token, or client_id and client_secret are needed")

    def token_params(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        return {"client_id": self.client_id}  # documented beside the Basic header

    def _hidden(self) -> tuple[str, ...]:
        return (*super()._hidden(), self.bot_token)

    # the widget

    def authorize(self, session: dict[str, Any], options: dict[str, Any]) -> Login:
        if not self.bot_token:
            return super().authorize(session, options)
        here = urlsplit(session["redirect_uri"])
        params = {
            "bot_id": self.client_id,
            "origin": f"{here.scheme}://{here.netloc}",
            "embed": "0",
            "return_to": with_query(session["redirect_uri"], [("state", session["state"])]),
            **self.auth_params(options),
        }
        return Login(with_query(self.authorize_url, params.items()), session)

    def finish_flow(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Identity]:
        foreign = {"code"} if self.bot_token else {"hash", _RESULT}
        if foreign & callback.names:
            raise self.mismatch("foreign_parameter", "the callback is of Telegram's other way to log in")
        if not self.bot_token:
            return (yield from super().finish_flow(session, callback))
        if callback.repeated():
            raise self.mismatch("duplicate_parameter", "a parameter of the callback came twice")
        self.check_state(session, callback)
        self.use(session)
        return self._widget_identity(self._fields(session, callback))

    def _fields(self, session: MutableMapping[str, Any], callback: Callback) -> dict[str, str]:
        """What Telegram signed: the result's members, or the parameters that are not our own."""
        packed = callback.get(_RESULT) or dict(parse_qsl(callback.fragment)).get(_RESULT)
        if packed:
            return self._unpacked(packed)
        own = {"state", *dict(parse_qsl(urlsplit(self.stored(session, "redirect_uri")).query, keep_blank_values=True))}
        return {name: value for name, value in callback.pairs if name not in own}

    def _unpacked(self, packed: str) -> dict[str, str]:
        try:
            members = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        except (ValueError, RecursionError):
            raise self.mismatch("callback_malformed", f"{_RESULT} cannot be read") from None
        if members is False:
            raise self.refused("access_denied", "authorize")
        if not isinstance(members, dict) or not all(type(value) in (str, int) for value in members.values()):
            raise self.mismatch("callback_malformed", f"{_RESULT} cannot be read")
        return {name: str(value) for name, value in members.items()}

    def _widget_identity(self, fields: dict[str, str]) -> Identity:
        """The user, once hash and age are right (widgets/login-legacy, "Checking authorization")."""
        given = fields.pop("hash", "")
        lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
        key = hashlib.sha256(self.bot_token.encode()).digest()
        expected = hmac.new(key, lines.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        if not self.same(given, expected):
            raise self.unusable("bad_signature", "authorize", "the hash does not fit the fields; check TOKEN")
        date = fields.get("auth_date", "")
        age = self.clock() - int(date) if re.fullmatch(r"[0-9]{1,12}", date) else None
        if age is None or not -CLOCK_SKEW <= age <= self.validity:
            raise self.unusable("expired", "authorize", "the login is too old or from the future; check the clock")
        first, last = fields.get("first_name"), fields.get("last_name")
        return self.identity(
            uid=fields.get("id"),
            emails=[],
            token=None,
            raw={"authorize": fields},
            username=fields.get("username"),
            name=" ".join(part for part in (first, last) if part),
            first_name=first,
            last_name=last,
            picture=fields.get("photo_url"),
        )
