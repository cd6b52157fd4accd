"""Where somebody goes who has come back: on, to a form, or to a page that says what went wrong."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from providers import DeniedByUser, Identity, LoginError, Misconfigured, StateMismatch
from providers.registry import kind_of

from . import confirm, flows, limits, lookup, pending, signals
from .adapter import Stop, adapter
from .models import Account, App

log = logging.getLogger("providers.django")


def ended(request: HttpRequest, identity: Identity, app: App, process: str, wanted: str) -> HttpResponse:
    """The answer to somebody who has proved who they are."""
    try:
        outcome = flows.complete(request, identity, app, process)
    except LoginError as error:
        return refused(request, identity.provider, error)
    except Stop as stop:
        return stop.response
    except PermissionDenied:
        return closed(request, identity.provider)
    return answer(request, outcome, identity, app, wanted if wanted.startswith(("/", "http")) else "")


def answer(request: HttpRequest, outcome: flows.Outcome, identity: Identity, app: App, onward: str) -> HttpResponse:
    """The answer to what a login came to."""
    name = name_of(identity.provider)
    if outcome.kind in ("logged_in", "told"):
        return redirect(adapter().next_url(request, onward))
    if outcome.kind == "connected":
        messages.success(request, _("Your %(name)s account is connected.") % {"name": name})
        return redirect(adapter().next_url(request, onward, reverse("providers_connections")))
    if outcome.kind == "taken":
        messages.error(request, _("That %(name)s account is somebody else's here.") % {"name": name})
        return redirect(reverse("providers_connections"))
    if outcome.kind == "unverified":
        return render(request, "providers/unverified.html", {"email": confirm.send(request, outcome.user)})
    if outcome.kind == "signup":
        pending.put(request, identity, app.pk or app.client_id, onward)
        return redirect(reverse("providers_signup"))
    return closed(request, identity.provider)


def refused(request: HttpRequest, provider: str, error: LoginError) -> HttpResponse:
    """A page that helps and tells no secret; the log has the machine's word."""
    signals.failed.send(Account, request=request, provider=provider, error=error)
    context: dict[str, Any] = {"name": name_of(provider), "provider": provider}
    if isinstance(error, DeniedByUser):
        return render(request, "providers/cancelled.html", context)
    log.warning("login at %s failed at %s: %s", provider, error.step, error.code)
    status = _status(error)
    context |= {"code": error.code, "ours": status in (404, 500)}
    return render(request, "providers/error.html", context, status=status)


def _status(error: LoginError) -> int:
    """500 is for what the site's people must mend, and is mailed to them; strangers must not be able to cause it."""
    if isinstance(error, lookup.NotSetUp):
        return 404
    wrong_here = isinstance(error, Misconfigured) and (error.step != "begin" or error.code == "redirect_uri")
    return 500 if wrong_here else 400


def closed(request: HttpRequest, provider: str) -> HttpResponse:
    return render(request, "providers/closed.html", {"name": name_of(provider)}, status=403)


def too_often(request: HttpRequest) -> HttpResponse:
    response = render(request, "providers/limit.html", status=429)
    response["Retry-After"] = str(limits.WINDOW)
    return response


def mismatch(provider: str, code: str, sentence: str) -> LoginError:
    return StateMismatch(sentence, provider=provider, step="callback", code=code)


def name_of(provider: str) -> str:
    return kind_of(provider).name
