"""The URLs that django-allauth brings, and a front page to land on."""

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.urls")), path("", lambda request: HttpResponse("home"))]
