from __future__ import annotations

from .oauth2 import OAuth2


class Amazon(OAuth2):
    """Login with Amazon. The redirect URI must be https. Scope `profile:user_id` gives the uid and nothing else.

    Nobody says that the address is verified. Source: developer.amazon.com/docs/login-with-amazon, "Authorization code
    grant", "Customer profile", "Access token".
    """

    id, name = "amazon", "Amazon"
    parameters = ("scope_data",)
    authorize_url = "https://www.amazon.com/ap/oa"
    token_url = "https://api.amazon.com/auth/o2/token"
    profile_url = "https://api.amazon.com/user/profile"
    scope = ("profile",)
    api_errors = {"insufficient_scope": "insufficient_scope"}  # a 401 here
    uid = "user_id"
