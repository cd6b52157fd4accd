from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from typing import Any

from . import errors
from .callback import Callback
from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2

_FIELDS = ("uid", "first_name", "last_name", "name", "locale", "gender", "birthday", "has_email", "email", "location")
_PICTURES = ("pic1024x768", "pic640x480", "pic190x190", "pic_2", "pic_1")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Odnoklassniki(OAuth2):
    """OK.ru, with three credentials: `key` is the application's public key. The profile call is signed by md5 twice.

    A refusal comes in the fragment, which no server sees: a callback without any parameter counts as one, and so does
    the address that a page posted. The e-mail needs the scope GET_EMAIL, which OK.ru gives to an app on request.
    Source: odnoklassniki/ok-android-sdk and ok-js-sdk; the error table of apiok.ru.
    """

    id, name = "odnoklassniki", "OK.ru"
    credentials = ("client_id", "client_secret", "key")
    parameters = ("layout",)
    authorize_url = "https://connect.ok.ru/oauth/authorize"
    token_url = "https://api.ok.ru/oauth/token.do"
    profile_url = "https://api.ok.ru/fb.do"
    scope, scope_delimiter = ("GET_EMAIL",), ";"
    pkce = False  # in no document
    token_scheme, token_query = "", "access_token"
    error_paths = ("error_code", "error")
    token_errors = {"invalid_token": "invalid_grant"}  # a refresh token
    api_errors = {
        **dict.fromkeys(("102", "103", "453"), "invalid_token"), **dict.fromkeys(("101", "104"), "invalid_client"),
        **dict.fromkeys(("8", "11"), "rate_limited"), **dict.fromkeys(("1", "2"), "server_error"),
        **dict.fromkeys(("3", "4", "100"), "invalid_request"), "10": "insufficient_scope", "200": "insufficient_scope",
        "7": "account_suspended", "22": "account_suspended", "210": "unauthorized_client", "300": "not_found",
    }  # fmt: skip
    uid, username, first_name, last_name, picture = "uid", "", "first_name", "last_name", "|".join(_PICTURES)

    def check_state(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        if not callback.pairs:
            raise self.refused("access_denied", "authorize")
        super().check_state(session, callback)

    def missing_code(self) -> errors.LoginError:
        return self.refused("access_denied", "authorize")

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        query = {
            "application_key": self.key,
            "fields": ",".join((*_FIELDS, *_PICTURES)),
            "format": "json",
            "method": "users.getCurrentUser",
        }
        signed = "".join(f"{name}={value}" for name, value in sorted(query.items()))
        query["sig"] = _md5(signed + _md5(grant.token.access + self.client_secret))
        body = yield from self.api(grant, "userinfo", self.profile_url, query=query)
        if not isinstance(body, dict):
            raise self.refused("bad_response", "userinfo")
        return body
