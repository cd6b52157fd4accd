"""The site: a home page with the ways in, an account page, the admin, and the pages of `providers.django`."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "account.html")


urlpatterns = [
    path("", home, name="home"),
    path("account/", account, name="account"),
    path("login/", LoginView.as_view(template_name="password.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("accounts/", include("providers.django.urls")),
]
