"""Basecamp: what its contract cannot say as data.

Code is needed because the identity tells when the access token ends, with milliseconds.
Source: basecamp/bc3-api, sections/authentication.md.
"""

from __future__ import annotations

from datetime import UTC, datetime

from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def expires_at(call: Call) -> str:
    assert call.grant is not None
    ends = datetime.fromtimestamp(call.grant.expires, UTC)
    return ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Rules(OAuth2):
    values = {**OAuth2.values, "expires_at": expires_at}
