"""`path("accounts/", include("providers.django.async_urls"))`: the same URLs with the async views, for ASGI."""

from __future__ import annotations

from . import aviews
from .urls import all_urls

urlpatterns = all_urls(aviews)
