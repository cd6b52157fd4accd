"""Whether a private key of an app is one, told before a login needs it. Says nothing about what is in it."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.utils.translation import gettext as _

from providers.registry import kind_of

from .models import App


def trouble(app: App) -> str:
    """What is wrong with the private key, in a sentence; nothing where it is fine or none is wanted."""
    pem = app.certificate_key or str((app.settings or {}).get("certificate_key", ""))
    if "certificate_key" not in kind_of(app.provider).credentials or not pem:
        return ""
    try:
        key = load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return _("the private key cannot be read; copy the whole downloaded .p8 file, its first and last line too")
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        return _("the private key is none of an elliptic curve P-256; take the one made for this app")
    return ""
