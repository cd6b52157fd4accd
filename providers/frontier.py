from __future__ import annotations

from .oauth2 import OAuth2


class Frontier(OAuth2):
    """Frontier, of Elite Dangerous. `begin(audience="frontier,steam")` chooses which stores' accounts are let in.

    Its errors are a sentence and a log reference. New clients get no Shared Key and prove themselves with PKCE alone.
    Nothing published says that addresses are verified; `VERIFIED_EMAIL` does.
    Source: user.frontierstore.net/developer/docs; EDCD/FDevIDs, "FrontierDevelopments-oAuth2-notes".
    """

    id, name = "frontier", "Frontier"
    credentials = ("client_id",)
    parameters = ("audience",)
    authorize_url = "https://auth.frontierstore.net/auth"
    token_url = "https://auth.frontierstore.net/token"
    profile_url = "https://auth.frontierstore.net/me"
    scope = ("auth", "capi")
    token_errors = {"http 401": "invalid_grant"}  # whatever is wrong, most often the code or the refresh token
    uid, first_name, last_name, full_name = "customer_id", "firstname", "lastname", ""
