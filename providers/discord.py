from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .identity import Email, Identity, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Discord(OAuth2):
    """Discord. An unverified address is told as such; the picture is a hash of which its image server makes a URL.

    Users of before 2023 may still have a discriminator; it is in `raw`.
    Source: discord.com/developers/docs, "OAuth2", "User resource"; discord/discord-api-spec, openapi.json v10.
    """

    id, name = "discord", "Discord"
    parameters = ("prompt", "integration_type")
    authorize_url = "https://discord.com/oauth2/authorize"
    token_url = "https://discord.com/api/oauth2/token"
    profile_url = "https://discord.com/api/users/@me"
    scope = ("identify", "email")
    email_verified, username, full_name = "verified", "username", "global_name|username"

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        identity = super().mapped(grant, profile, emails)
        avatar = pick(profile, "avatar")
        if not isinstance(avatar, str) or not re.fullmatch(r"(a_)?[0-9a-f]+", avatar):
            return identity
        kind = "gif" if avatar.startswith("a_") else "png"
        return replace(identity, picture=f"https://cdn.discordapp.com/avatars/{identity.uid}/{avatar}.{kind}")
