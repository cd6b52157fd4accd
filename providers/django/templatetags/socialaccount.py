"""The tags under the name that the seed document loads: `{% load socialaccount %}`."""

from .providers import register as register
