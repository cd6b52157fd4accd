from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .http import Flow
from .identity import Email, Identity, encodable, pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import url


class EdX(OAuth2):
    """An Open edX site: set `EDX_URL` to where its LMS is. The uid is the user name; the account is a second call.

    An account becomes active by the link in the mail, so `is_active` speaks for its address.
    Source: openedx/edx-platform, oauth_dispatch, user_api/accounts, core/lib/api/authentication.py.
    """

    id, name = "edx", "edX"
    settings = {"EDX_URL": url("https://edx.org")}
    parameters = ("approval_prompt",)
    authorize_url = "{EDX_URL}/oauth2/authorize/"
    token_url = "{EDX_URL}/oauth2/access_token/"  # without the last slash it redirects, and the form is lost
    profile_url = "{EDX_URL}/api/user/v1/me"
    scope = ("profile",)
    error_paths = ("error", "error_code", "error_description")
    token_errors = {"http 403": "rate_limited", "Mismatching redirect URI.": "redirect_uri_mismatch"}
    api_errors = {"user_is_disabled": "account_suspended", "user_not_active": "unverified_user_email"}
    api_errors |= {"http 404": "not_found"}
    uid, email_verified, username = "username", "is_active", "username"
    picture = "picture"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        me = yield from super().profile(grant)
        who = me.get("username")
        if me.get("email") or not isinstance(who, str) or not who or not encodable(who):
            return me
        grant.variables["username"] = quote(who, safe="")
        account = yield from self.api(grant, "account", "{EDX_URL}/api/user/v1/accounts/{username}")
        if not isinstance(account, dict) or account.get("username") != who:
            raise self.unusable("sub_mismatch", "account", "the account is another user's than the token; report it")
        return account

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        shown = pick(profile, "profile_image.image_url_full") if pick(profile, "profile_image.has_image") else None
        return super().mapped(grant, {**profile, "picture": shown}, emails)
