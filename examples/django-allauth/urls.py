"""The site: a home page with the buttons, who is signed in, and django-allauth's own pages."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path

PROVIDERS = {"apple": "Apple", "github": "GitHub", "google": "Google"}


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"providers": PROVIDERS})


def me(request: HttpRequest) -> JsonResponse:
    if not request.user.is_authenticated:
        return JsonResponse({"error": "nobody is signed in"}, status=401)
    account = request.user.socialaccount_set.get()
    user = {"provider": account.provider, "id": account.uid, "name": request.user.get_full_name()}
    return JsonResponse({**user, "email": request.user.email or None})


urlpatterns = [path("", home), path("me", me), path("accounts/", include("allauth.urls"))]
