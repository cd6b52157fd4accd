"""A callback that was posted by another site, carried over to a request that brings this site's session.

Browsers send no SameSite=Lax cookie with a post from elsewhere, so Apple's answer arrives without a session. It is put
into an encrypted cookie of its own for a minute and fetched by a redirect, which the browser makes from this site. What
is too large for a cookie goes round in a page of this site that posts it on.
"""

from __future__ import annotations

import json
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from .crypto import UNDER_WAY, UnreadableSecretError, decrypt, encrypt

COOKIE = "providers_callback"
LIFETIME = 60  # seconds
LARGEST = 3800  # characters: browsers keep cookies of 4096 bytes, name and attributes included
Params = list[tuple[str, str]]


def put(request: HttpRequest, provider: str, path: str, params: Params) -> HttpResponse:
    """Answer a post with a redirect to `path`, or a page that posts there, where the fields are found again."""
    value = encrypt(json.dumps([provider, int(time.time()), params], separators=(",", ":")), UNDER_WAY)
    if len(value) > LARGEST:
        return render(request, "providers/post.html", {"action": path, "fields": {COOKIE: value}})
    response = HttpResponseRedirect(path)
    response.status_code = 303  # the next request is a GET, whatever this one was
    secure = request.is_secure() or settings.SESSION_COOKIE_SECURE
    response.set_cookie(COOKIE, value, max_age=LIFETIME, path=path, secure=secure, httponly=True, samesite="Lax")
    return response


def get(request: HttpRequest, provider: str, posted: Params) -> Params | None:
    """The fields of a callback that was posted a moment ago; None where there is none for this provider.

    They are encrypted in the page too, so that nothing is taken here that did not come to the callback before.
    """
    value = dict(posted).get(COOKIE) or request.COOKIES.get(COOKIE, "")
    try:
        kind, at, params = json.loads(decrypt(value, UNDER_WAY) if value.startswith("enc1:") else "null")
    except (UnreadableSecretError, ValueError, TypeError):
        return None
    if kind != provider or not 0 <= time.time() - at <= LIFETIME:
        return None
    return [(name, text) for name, text in params]


def drop(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let no answer be used twice."""
    if COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, path=request.path, samesite="Lax")
    return response
