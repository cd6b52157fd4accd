from __future__ import annotations

from .oauth1 import OAuth1


class Vimeo(OAuth1):
    """Vimeo by OAuth 1.0a and its Advanced API, gone since about 2015; vimeo_oauth2 is the living one.

    Every value is a string, errors are HTTP 200 with `err`, and there is no e-mail.
    `AUTH_PARAMS` {"permission": "write"} asks for more than reading.
    Source: vimeo/vimeo-php-lib; developer.vimeo.com/apis/advanced (archived).
    """

    id, name = "vimeo", "Vimeo (OAuth 1.0a)"
    parameters = ("permission",)
    request_token_url = "https://vimeo.com/oauth/request_token"
    authorize_url = "https://vimeo.com/oauth/authorize"
    access_token_url = "https://vimeo.com/oauth/access_token"
    profile_url = "https://vimeo.com/api/rest/v2"
    profile_query = {"method": "vimeo.people.getInfo", "format": "json"}
    authorize_params = {"permission": "read"}
    refusal_is_silent = True
    error_paths = ("oauth_problem", "err.code", "stat")
    api_errors = {
        **dict.fromkeys(("96", "100"), "invalid_client"), **dict.fromkeys(("98", "401"), "invalid_token"),
        **dict.fromkeys(("97", "111", "112"), "invalid_request"),
        "99": "insufficient_scope", "2": "insufficient_scope", "1": "not_found", "105": "temporarily_unavailable",
    }  # fmt: skip
    uid, email, username, full_name = "person.id", "", "person.username", "person.display_name"
    picture = "|".join(f"person.portraits.portrait.{size}._content" for size in (3, 2, 1, 0))
