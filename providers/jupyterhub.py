from __future__ import annotations

from .oauth2 import OAuth2
from .settings import url


class JupyterHub(OAuth2):
    """A JupyterHub at `API_URL`. The user name is the uid, there is no e-mail, no refresh and no way to decline.

    A bad token is a plain 403. PKCE is checked from version 6 on and ignored before.
    Source: jupyterhub/jupyterhub, oauth/provider.py, apihandlers/users.py, docs/source/_static/rest-api.yml.
    """

    id, name = "jupyterhub", "JupyterHub"
    settings = {"API_URL": url(None)}
    authorize_url = "{API_URL}/hub/api/oauth2/authorize"
    token_url = "{API_URL}/hub/api/oauth2/token"
    profile_url = "{API_URL}/hub/api/user"
    can_refresh = False
    error_paths = ("error", "error_description", "message")
    token_errors = {"Mismatching redirect URI.": "redirect_uri_mismatch"}
    api_errors = {"http 403": "invalid_token"}  # any token may ask whose it is, so a refusal is not about scopes
    uid = username = full_name = "name"
    email = ""

    def configure(self) -> None:
        if not self.values["API_URL"]:
            raise self.misconfigured("setting", "API_URL is needed, the address of the hub")
