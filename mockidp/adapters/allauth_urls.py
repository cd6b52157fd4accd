"""The URLs of the site that the adapter makes."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("home")


urlpatterns = [path("accounts/", include("allauth.urls")), path("", home)]
