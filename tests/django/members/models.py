from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class Member(AbstractBaseUser, PermissionsMixin):
    """As the documentation of Django recommends it: no username, and names in one field."""

    address = models.EmailField(max_length=254, unique=True)
    first_name = models.CharField(max_length=20, blank=True)  # shorter than some people's
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    objects = BaseUserManager()

    USERNAME_FIELD = EMAIL_FIELD = "address"
