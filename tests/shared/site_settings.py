"""The settings of the Django example, without its limits: a test logs in more often than a person."""

from settings import *  # noqa: F403  the example's own, from its folder

SOCIALACCOUNT_RATE_LIMITS = False
