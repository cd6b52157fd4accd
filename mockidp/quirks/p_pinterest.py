"""Pinterest: what its contract cannot say as data.

Code, because the token answer tells the moment at which the refresh token ends, and because times of the older API have
no zone.
Source: pinterest/api-description, v5/openapi.json (/oauth/token); dirkgroenen/pinterest-api-php for v1.
"""

from __future__ import annotations

from mockidp.families.oauth2 import OAuth2


class Rules(OAuth2):
    values = {
        **OAuth2.values,
        "refresh_expires_at": lambda call: int(call.now) + call.lifetime("refresh_token"),
        "created_at": lambda call: call.person.created.removesuffix("Z") if call.person else None,
    }
