from __future__ import annotations

from .oauth2 import OAuth2
from .settings import url


class AmazonCognito(OAuth2):
    """An Amazon Cognito user pool at `DOMAIN`, its whole https address.

    The identity is userinfo's: id_tokens are issued under the pool's id, which the domain does not tell. Userinfo gives
    flags as the words "true" and "false". Wrong credentials are a 400.
    Source: docs.aws.amazon.com/cognito, "Token endpoint", "UserInfo endpoint", "Authorize endpoint".
    """

    id, name = "amazon_cognito", "Amazon Cognito"
    settings = {"DOMAIN": url(None)}
    parameters = ("identity_provider", "idp_identifier", "lang", "login_hint", "prompt", "resource")
    authorize_url = "{DOMAIN}/oauth2/authorize"
    token_url = "{DOMAIN}/oauth2/token"
    profile_url = "{DOMAIN}/oauth2/userInfo"
    scope = ("openid", "profile", "email")
    uid, username, email_verified = "sub", "preferred_username|username", "email_verified"
    first_name, last_name, picture = "given_name", "family_name", "picture"

    def configure(self) -> None:
        if not self.values["DOMAIN"]:
            raise self.misconfigured("setting", "DOMAIN is needed: https:// and the domain of the user pool")

    def is_verified(self, value: object) -> bool:
        return value is True or value == "true"
