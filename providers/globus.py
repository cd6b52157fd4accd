from __future__ import annotations

from .oidc import OIDC


class Globus(OIDC):
    """Globus Auth. Its id_tokens are RS512, its one key has no kid, and a wrong code is a 401 like a wrong client.

    The name and the address may be null; whether an address is verified is not told. `offline_access` in SCOPE gives a
    refresh token. Source: docs.globus.org/api/auth and globus/globus-sdk-python, 2026.
    """

    id, name = "globus", "Globus"
    parameters = ("access_type", "prompt", "session_message", "session_required_identities",
                  "session_required_mfa", "session_required_policies", "session_required_single_domain")  # fmt: skip
    authorize_url = "https://auth.globus.org/v2/oauth2/authorize"
    token_url = "https://auth.globus.org/v2/oauth2/token"
    jwks_url = "https://auth.globus.org/jwk.json"
    profile_url = "https://auth.globus.org/v2/oauth2/userinfo"
    issuers = ("https://auth.globus.org",)
    scope = ("openid", "profile", "email", "offline_access")
    client_auth = "basic"  # the only one of its discovery document
    token_errors = {"http 400": "invalid_request"}
    email_verified = ""
