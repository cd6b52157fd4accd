"""The same site with the async views."""

from __future__ import annotations

from django.urls import include, path

from .urls import urlpatterns as others

urlpatterns = [path("accounts/", include("providers.django.async_urls")), *others[1:]]
