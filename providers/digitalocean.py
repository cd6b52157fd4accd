from __future__ import annotations

from .oauth2 import OAuth2


class DigitalOcean(OAuth2):
    """DigitalOcean. Without SCOPE the app may read everything; `account:read` is enough for a login.

    Source: docs.digitalocean.com/reference/api/oauth; digitalocean/openapi, resources/account.
    """

    id, name = "digitalocean", "DigitalOcean"
    parameters = ("prompt", "i")
    authorize_url = "https://cloud.digitalocean.com/v1/oauth/authorize"
    token_url = "https://cloud.digitalocean.com/v1/oauth/token"
    profile_url = "https://api.digitalocean.com/v2/account"
    pkce = False  # documented for apps without a secret only
    uid, email, email_verified = "account.uuid", "account.email", "account.email_verified"
    full_name = "account.name"
