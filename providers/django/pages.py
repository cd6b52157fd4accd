"""The pages around a login: what is missing for an account, and the accounts that somebody has."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from providers import LoginError

from . import flows, limits, lookup, pending
from .adapter import Stop, adapter
from .answers import answer, closed, name_of, refused, too_often
from .discreet import discreet
from .forms import SignupForm
from .models import Account


@require_http_methods(["GET", "POST"])
@never_cache
@discreet
def signup(request: HttpRequest) -> HttpResponse:
    """Ask for what is missing, then make the account."""
    if limits.exceeded(request, "signup"):
        return too_often(request)
    waiting = pending.get(request)
    if waiting is None:
        return redirect(adapter().next_url(request, ""))
    identity, mark, onward = waiting
    if not adapter().is_open_for_signup(request, identity):
        return closed(request, identity.provider)
    user = adapter().new_user(request, identity)
    form = SignupForm(request.POST if request.method == "POST" else None, identity=identity, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            app = lookup.app_of(request, identity.provider, mark)
            outcome = flows.sign_up(request, form.identity(), app, form.filled())
        except Stop as stop:
            return stop.response
        except LoginError as error:
            return refused(request, identity.provider, error)
        except PermissionDenied:
            return closed(request, identity.provider)
        if outcome.kind != "signup":
            pending.drop(request)
            return answer(request, outcome, form.identity(), app, onward)
        form.add_error(None, _("Somebody was quicker. Choose another name."))
    context = {"form": form, "name": name_of(identity.provider), "identity": identity}
    return render(request, "providers/signup.html", context)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
@discreet
def connections(request: HttpRequest) -> HttpResponse:
    """The accounts of whoever is logged in: add one, take one away."""
    mine = Account.objects.filter(user=request.user)
    if request.method == "POST":
        asked = request.POST.get("account", "")
        account = get_object_or_404(mine, pk=int(asked) if asked.isdecimal() and len(asked) < 19 else 0)
        name = {"name": name_of(account.provider)}
        try:
            flows.disconnect(request, account)
            messages.success(request, _("The %(name)s account is disconnected.") % name)
        except ValidationError as wrong:
            messages.error(request, " ".join(wrong.messages))
        except Stop as stop:
            return stop.response
        return redirect(reverse("providers_connections"))
    rows = [(account, name_of(account.provider)) for account in mine]
    offered = [(provider, name_of(provider)) for provider in lookup.configured(request)]
    return render(request, "providers/connections.html", {"accounts": rows, "offered": offered})
