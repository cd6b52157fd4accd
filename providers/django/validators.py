"""Validators of usernames that come from a provider."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _


@deconstructible
class BattletagUsernameValidator(RegexValidator):
    """Django's own characters and one `#` with a number at the end: `Alice#1234`, letters of any script."""

    regex = r"^[\w.@+-]+(#[0-9]+)?\Z"
    message = _("Enter letters, digits and @ . + - _ only, and at the end a # with a number if you like.")
