"""Prove an address by a link, where the site wants that (SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory").

The link proves that its reader owns the address, and no more: it logs in only the browser that was sent away to read
it. Else whoever signs up elsewhere with somebody's address would have that person enter an account of theirs.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core import signing
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from providers.registry import kind_of

from . import flows, limits
from .adapter import adapter
from .discreet import discreet
from .models import Account, Address

SALT = "providers.django.confirm"
LIFETIME = 3 * 86400  # seconds
WAITING = "providers_confirm"  # in the session: who is waited for


def send(request: HttpRequest, user: Any) -> str:
    """Mail the link for the user's first address, at most once a minute. The address, or nothing if there is none."""
    row = Address.objects.filter(user=user).first()
    email: str = row.email if row is not None else getattr(user, user.get_email_field_name(), "")
    if not email:
        return ""
    request.session[WAITING] = [str(user.pk), email]
    if not limits.exceeded(request, "mail", f"{user.pk}"):
        token = signing.dumps([str(user.pk), email], salt=SALT)
        url = request.build_absolute_uri(reverse("providers_confirm", args=[token]))
        context = {"url": url, "host": request.get_host(), "days": LIFETIME // 86400, "accounts": _accounts(user)}
        subject = " ".join(render_to_string("providers/confirm_subject.txt", context).split())
        send_mail(subject, render_to_string("providers/confirm.txt", context), None, [email])
    return email


@require_http_methods(["GET", "POST"])
@never_cache
@discreet
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: shown by GET, done by POST, since mail programs open links by themselves."""
    try:
        pk, email = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return render(request, "providers/confirm_failed.html", status=400)
    user = get_user_model()._default_manager.filter(pk=pk, is_active=True).first()
    if user is None or flows.is_taken(email, besides=user):
        return render(request, "providers/confirm_failed.html", status=400)
    if Address.objects.filter(user=user, email__iexact=email, verified=True).exists():
        return render(request, "providers/confirmed.html", {"email": email})
    if request.method != "POST":
        return render(request, "providers/confirm.html", {"email": email, "accounts": _accounts(user)})
    flows.add_address(user, email, verified=True, primary=True)
    if request.session.pop(WAITING, None) != [pk, email]:
        return render(request, "providers/confirmed.html", {"email": email})
    flows.enter(request, user)
    return redirect(adapter().next_url(request, ""))


def _accounts(user: Any) -> list[str]:
    """Who is asking for it, in words that its owner knows: "alice (GitHub)"."""
    rows = Account.objects.filter(user=user)
    return [f"{row.username or row.uid} ({kind_of(row.provider).name})" for row in rows]
