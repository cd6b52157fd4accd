from __future__ import annotations

from .oauth2 import OAuth2


class YNAB(OAuth2):
    """YNAB. The profile is a number and nothing else. Without a scope (`SCOPE` []) the token may write, too.

    Source: ynab/ynab-sdk-js, open_api_spec.yaml; ynab/ynab-api-starter-kit; doorkeeper-gem/doorkeeper, which serves it.
    """

    id, name = "ynab", "YNAB"
    authorize_url = "https://app.ynab.com/oauth/authorize"
    token_url = "https://app.ynab.com/oauth/token"
    profile_url = "https://api.ynab.com/v1/user"
    scope = ("read-only",)
    authorize_errors = {"invalid_code_challenge_method": "invalid_request"}
    error_paths = ("error.name", "error")
    api_errors = {"subscription_lapsed": "account_suspended", "trial_expired": "account_suspended"}
    uid, email, full_name = "data.user.id", "", ""
