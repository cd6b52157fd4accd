from __future__ import annotations

from .oauth2 import OAuth2
from .settings import url


class Agave(OAuth2):
    """A tenant of the Agave platform at `API_URL`, until about 2021. Nobody says that its e-mail is verified.

    The uid is when the account was made, because that is what sites have stored; the profile is under `result`, its
    names in snake or, since 2020, camel case. Source: agaveplatform/agave-documentation; agaveplatform/pyprofiles-api.
    """

    id, name = "agave", "Agave"
    settings = {"API_URL": url("https://public.agaveapi.co")}
    authorize_url, token_url = "{API_URL}/authorize", "{API_URL}/token"
    profile_url = "{API_URL}/profiles/v2/me"
    scope = ("PRODUCTION",)
    pkce = False  # in no document
    api_errors = {"http 404": "not_found"}
    uid, email, username = "result.create_time|result.createTime", "result.email", "result.username"
    full_name = "result.full_name|result.fullName"
    first_name, last_name = "result.first_name|result.firstName", "result.last_name|result.lastName"
