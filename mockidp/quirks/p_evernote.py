"""Evernote: what its contract cannot say as data.

Code is needed because tokens hold times, the callback and the user id in hexadecimal, times are in milliseconds, and
the store's URLs are at whichever of Evernote's hosts was asked.
Source: dev.evernote.com, "Authentication"; the tokens in the tests of evernote-sdk-java.
"""

from __future__ import annotations

from mockidp.families.base import Call
from mockidp.families.oauth1 import OAuth1


def expires_ms(call: Call) -> int:
    """A token without an end by time ends in the year 2038 all the same: the field is always there."""
    lifetime = call.lifetime("access_token")
    return int((call.now + lifetime) * 1000) if lifetime else 2**31 * 1000


def callback_hex(call: Call) -> str:
    return str(call.told("redirect_uri") or "").encode().hex()


class Rules(OAuth1):
    values = {
        **OAuth1.values,
        "expires_ms": expires_ms,
        "expires_hex": lambda call: f"{expires_ms(call):x}",
        "issued_hex": lambda call: f"{int(call.now * 1000):x}",
        "uid_hex": lambda call: f"{int(call.values['uid']):x}",
        "callback_hex": callback_hex,
        "upper_hex": lambda call: call.world.random(16).hex().upper(),
    }
