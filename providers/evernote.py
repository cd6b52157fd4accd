from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from .callback import Callback
from .http import Flow, Response
from .oauth import Grant
from .oauth1 import OAuth1
from .settings import host


class Evernote(OAuth1):
    """Evernote at `EVERNOTE_HOSTNAME`, where both tokens come from one URL and the access token is the whole profile.

    An access token has no secret, and a callback without verifier is a refusal. There is no e-mail and no name.
    Source: dev.evernote.com/doc/articles/authentication.php. Its sandbox host was given up in 2024.
    """

    id, name = "evernote", "Evernote"
    settings = {"EVERNOTE_HOSTNAME": host("www.evernote.com")}
    parameters = ("preferRegistration", "supportLinkedSandbox", "format")
    request_token_url = access_token_url = "https://{EVERNOTE_HOSTNAME}/oauth"
    authorize_url = "https://{EVERNOTE_HOSTNAME}/OAuth.action"
    token_method, empty_secret, refusal_is_silent = "GET", True, True
    token_errors = {
        **OAuth1.token_errors, **dict.fromkeys(("oauth_token", "oauth_verifier"), "invalid_grant"),
        **dict.fromkeys(("oauth_consumer_key", "oauth_signature"), "invalid_client"),
        **dict.fromkeys(("oauth_timestamp", "oauth_nonce", "oauth_version"), "invalid_request"),
        "oauth_signature_method": "invalid_request", "oauth_callback": "redirect_uri_mismatch",
    }  # fmt: skip
    uid, email, full_name = "edam_userId", "", ""

    def error_body(self, response: Response) -> Any:
        """A page that names the parameter which is wrong."""
        named = re.search(r"\boauth_[a-z_]+", response.text[:4096]) if response.status == 401 else None
        return {"error": named[0]} if named else super().error_body(response)

    def exchange(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Grant]:
        grant = yield from super().exchange(session, callback)
        expires = grant.body.get("edam_expires", "")  # milliseconds
        if re.fullmatch("[0-9]{1,15}", expires):
            grant.token = replace(grant.token, expires_at=int(expires) / 1000)
        return grant

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        return grant.body
        yield  # no call: the token answer is all there is
