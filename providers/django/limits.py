"""How often one address may begin and finish logins, counted in Django's cache.

The address is the one that the server tells. Behind a proxy that is the proxy's, and everybody shares one count, until
the site's adapter says whose request it is (`client_address`): no header is believed here that anybody could send.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from .adapter import adapter

WINDOW = 60  # seconds
DEFAULT = {"login": 60, "callback": 60, "signup": 20, "mail": 1}  # in a window; mail is counted by recipient


def exceeded(request: HttpRequest, what: str, whose: str = "") -> bool:
    """Whether this address, or `whose`, has done it too often.

    SOCIALACCOUNT_RATE_LIMITS changes the numbers, 0 or None ends one of them, False all.
    """
    given = getattr(settings, "SOCIALACCOUNT_RATE_LIMITS", {})
    most = {**DEFAULT, **(given or {})}.get(what) if given is not False else None
    who = whose or _network(adapter().client_address(request))
    if not most or not who:
        return False
    key = f"providers:{what}:{who}"
    cache.add(key, 0, WINDOW)
    try:
        return bool(cache.incr(key) > most)
    except ValueError:  # it has just expired
        return False


def _network(address: str) -> str:
    """The address, or of IPv6 the network that one customer has; nothing for what is none, as of a socket's file."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network(f"{found}/64", strict=False)) if isinstance(found, IPv6Address) else str(found)
