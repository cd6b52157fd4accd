from __future__ import annotations

from .oauth2 import OAuth2


class SoundCloud(OAuth2):
    """SoundCloud, with PKCE since October 2024. The scope stays empty, and there is no e-mail.

    The uid is the `urn`, which took the place of the number in 2025.
    Source: soundcloud/api, openapi/api.yaml; developers.soundcloud.com/docs/api/guide.
    """

    id, name = "soundcloud", "SoundCloud"
    authorize_url = "https://secure.soundcloud.com/authorize"
    token_url = "https://secure.soundcloud.com/oauth/token"
    profile_url = "https://api.soundcloud.com/me"
    token_scheme = "OAuth"
    error_paths = ("error", "error_code", "message")
    uid, email, username, full_name, picture = "urn|id", "", "username", "full_name", "avatar_url"
    first_name, last_name = "first_name", "last_name"
