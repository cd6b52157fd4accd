from __future__ import annotations

from .oauth2 import OAuth2
from .settings import url


class GitLab(OAuth2):
    """GitLab.com or a server at `GITLAB_URL`. The address is confirmed once `confirmed_at` is set.

    A 403 without a word about scopes is an account that is blocked.
    Source: GitLab docs, "OAuth 2.0 identity provider API", "Users API"; gitlabhq, lib/api/api_guard.rb.
    """

    id, name = "gitlab", "GitLab"
    settings = {"GITLAB_URL": url("https://gitlab.com")}
    parameters = ("root_namespace_id",)
    authorize_url = "{GITLAB_URL}/oauth/authorize"
    token_url = "{GITLAB_URL}/oauth/token"
    profile_url = "{GITLAB_URL}/api/v4/user"
    scope = ("read_user",)
    authorize_errors = {"invalid_code_challenge_method": "invalid_request"}
    api_errors = {"insufficient_scope": "insufficient_scope", "http 403": "account_suspended"}
    email_verified, username, picture = "confirmed_at", "username", "avatar_url"

    def is_verified(self, value: object) -> bool:
        return isinstance(value, str) and value != ""
