from __future__ import annotations

from .oauth2 import OAuth2


class Mailchimp(OAuth2):
    """Mailchimp. Its metadata take `Authorization: OAuth …` and name the account's data centre, kept in `raw`.

    A bad token is told with HTTP 200. Tokens do not end. A redirect URI may not be on localhost, but on 127.0.0.1.
    Source: mailchimp.com/developer/marketing/guides/access-user-data-oauth-2.
    """

    id, name = "mailchimp", "Mailchimp"
    authorize_url = "https://login.mailchimp.com/oauth2/authorize"
    token_url = "https://login.mailchimp.com/oauth2/token"
    profile_url = "https://login.mailchimp.com/oauth2/metadata"
    pkce = can_refresh = False  # neither is documented
    token_scheme = "OAuth"
    uid, email, username = "user_id", "login.email|login.login_email", "login.login_name"
    full_name, picture = "accountname", "login.avatar"
