from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from typing import Any

from .base import Login
from .callback import Callback
from .http import Flow, request, with_query
from .identity import Token, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Draugiem(OAuth2):
    """Draugiem.lv Passport: client_id is the number of the application, client_secret its API key.

    `app` is the number on the page and the API key afterwards; the redirect is signed with that key. There is no state,
    so ours is in the redirect's own query. The token answer is the profile. There is no e-mail and no scope.
    Source: draugiem.lv/applications/dev/docs/passport_en; Draugiem/draugiem-php-sdk.
    """

    id, name = "draugiem", "Draugiem"
    authorize_url = "https://api.draugiem.lv/authorize/"
    token_url = "https://api.draugiem.lv/json/"
    once = ("dr_auth_status", "dr_auth_code", "state")
    foreign = (*OAuth2.foreign, "code")
    reserved = frozenset(("app", "hash", "redirect"))
    parameters = ("popup",)
    can_refresh = False
    error_paths = ("error.code", "error")
    token_errors = {"150": "invalid_grant"}  # "Access denied", the one code that is known
    uid, email, username, full_name = "uid", "", "nick", ""
    first_name, last_name, picture = "name", "surname", "img"

    def authorize(self, session: dict[str, Any], options: dict[str, Any]) -> Login:
        redirect = with_query(session["redirect_uri"], [("state", session["state"])])
        signed = hashlib.md5((self.client_secret + redirect).encode(), usedforsecurity=False).hexdigest()
        params = {"app": self.client_id, "hash": signed, "redirect": redirect, **self.auth_params(options)}
        return Login(with_query(self.authorize_url, params.items()), session)

    def code(self, callback: Callback) -> str:
        status, code = callback.get("dr_auth_status"), callback.get("dr_auth_code")
        if status and status != "ok":
            raise self.refused("access_denied", "authorize", status)
        if not status or not code:
            raise self.missing_code()
        return code

    def exchange(self, session: MutableMapping[str, Any], callback: Callback, code: str) -> Flow[Grant]:
        query = {"app": self.client_secret, "action": "authorize", "code": code}
        response = yield request("token", "GET", self.token_url, query=query.items(), headers=self.headers)
        body = self.token_answer("token", response)
        token = self.token({"access_token": body.get("apikey")}, "token")
        grant = Grant(session, callback, Token(token.access), body)
        grant.raw["token"] = {name: value for name, value in body.items() if name != "apikey"}
        return grant

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        """The user that the token answer names, out of its users."""
        uid = grant.body.get("uid")
        user = pick(grant.body, f"users.{uid}") if isinstance(uid, str | int) else None
        if not isinstance(user, dict) or str(user.get("uid")) != str(uid):
            raise self.unusable("sub_mismatch", "token", "the token answer does not describe its user; report it")
        return user
        yield  # no call: the token answer is all there is
