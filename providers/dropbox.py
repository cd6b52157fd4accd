from __future__ import annotations

from typing import Any

from .http import Response
from .oauth2 import OAuth2


class Dropbox(OAuth2):
    """Dropbox. The profile is a POST without a body, errors are tagged, and scopes are those of the app by default.

    PKCE is documented in place of the secret, not beside it.
    Source: dropbox/dropbox-api-spec, users.stone, auth.stone; dropbox/dropbox-sdk-python, oauth.py.
    """

    id, name = "dropbox", "Dropbox"
    parameters = ("token_access_type", "include_granted_scopes", "force_reapprove", "force_reauthentication",
                  "disable_signup", "locale", "require_role")  # fmt: skip
    authorize_url = "https://www.dropbox.com/oauth2/authorize"
    token_url = "https://api.dropboxapi.com/oauth2/token"
    profile_url, profile_method = "https://api.dropboxapi.com/2/users/get_current_account", "POST"
    pkce = False
    error_paths = ("error", "error_description")
    token_errors = {
        "invalid_client: Invalid client_id or client_secret": "invalid_client",
        "redirect_uri mismatch": "redirect_uri_mismatch",
    }  # fmt: skip
    api_errors = {
        "missing_scope": "insufficient_scope", "route_access_denied": "insufficient_scope",
        "user_suspended": "account_suspended", "http 400": "invalid_request",
    }  # fmt: skip
    uid, email_verified, full_name = "account_id", "email_verified", "name.display_name"
    first_name, last_name, picture = "name.given_name", "name.surname", "profile_photo_url"

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        error = body.get("error") if isinstance(body, dict) else None
        tagged = {"error": error.get(".tag") or "untagged"} if isinstance(error, dict) else body
        super().raise_if_refused(step, response, tagged, for_token=for_token)
