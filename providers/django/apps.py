"""The application, under a label that no site has of its own."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Providers(AppConfig):
    name = "providers.django"
    label = "providers_django"
    verbose_name = _("Logins by other providers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers them
