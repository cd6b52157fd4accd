"""The URLs of the site that tests/django run at: the same logins twice, once by the async views."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"home of {request.user.get_username() or 'nobody'}")


def _page(text: str) -> Any:
    return lambda request: HttpResponse(text)


urlpatterns = [
    path("accounts/", include("providers.django.urls")),
    path("admin/", admin.site.urls),
    path("enter/", _page("enter")),
    path("home/", home),
    path("there/", _page("there")),
]
