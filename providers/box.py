from __future__ import annotations

from .oauth2 import OAuth2


class Box(OAuth2):
    """Box. The login name is the e-mail address, and nobody says that it is verified; a bad token gets an empty 401.

    The token step takes no redirect_uri. Source: box/box-openapi, openapi.json; developer.box.com, "OAuth 2.0".
    """

    id, name = "box", "Box"
    authorize_url = "https://account.box.com/api/oauth2/authorize"
    token_url = "https://api.box.com/oauth2/token"
    profile_url = "https://api.box.com/2.0/users/me"
    pkce, token_omits = False, ("redirect_uri",)  # neither is documented
    email, username, picture = "login", "login", "avatar_url"
