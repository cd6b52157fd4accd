"""The pages that talk to a provider, for a site under ASGI: nobody waits for a provider in a thread.

`path("accounts/", include("providers.django.async_urls"))` in place of `providers.django.urls`; needs httpx. All that
decides is shared with `views` and runs in Django's thread for what is not async, the database above all.
"""

from __future__ import annotations

import httpx
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from providers import LoginError

from . import carry, views
from .answers import ended, refused
from .discreet import discreet


@require_http_methods(["GET", "POST"])
@never_cache
@discreet
async def begin(request: HttpRequest, provider: str) -> HttpResponse:
    """As `views.begin`."""
    try:
        wanted = await sync_to_async(views.prepared)(request, provider)
        if isinstance(wanted, HttpResponse):
            return wanted
        async with httpx.AsyncClient() as http:
            begun = await wanted.client.abegin(redirect_uri=wanted.redirect_uri, http=http, **wanted.options)
    except LoginError as error:
        return await sync_to_async(refused)(request, provider, error)
    return await sync_to_async(views.begun_page)(request, wanted, begun)


@csrf_exempt
@require_http_methods(["GET", "POST"])
@never_cache
@discreet
async def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """As `views.callback`."""
    params = await sync_to_async(views.arrived)(request, provider)
    return params if isinstance(params, HttpResponse) else await _finished(request, provider, params)


@require_http_methods(["GET", "POST"])
@csrf_exempt
@never_cache
@discreet
async def finish(request: HttpRequest, provider: str) -> HttpResponse:
    """As `views.finish`."""
    params = await sync_to_async(views.carried)(request, provider)
    if isinstance(params, HttpResponse):
        return params
    return carry.drop(request, await _finished(request, provider, params))


async def _finished(request: HttpRequest, provider: str, params: list[tuple[str, str]]) -> HttpResponse:
    try:
        back = await sync_to_async(views.Back)(request, provider, params)
        async with httpx.AsyncClient() as http:
            identity = await back.client.afinish(back.session, params, http=http)
    except LoginError as error:
        return await sync_to_async(refused)(request, provider, error)
    return await sync_to_async(ended)(request, identity, back.app, back.process, back.next)


@require_POST
@never_cache
@discreet
async def token_login(request: HttpRequest, provider: str) -> HttpResponse:
    """As `views.token_login`."""
    try:
        brought = await sync_to_async(views.prepared_token)(request, provider)
        if isinstance(brought, HttpResponse):
            return brought
        async with httpx.AsyncClient() as http:
            identity = await brought.client.alogin_with_token(brought.token, http=http)
    except LoginError as error:
        return await sync_to_async(refused)(request, provider, error)
    return await sync_to_async(ended)(request, identity, brought.app, brought.process, brought.next)
