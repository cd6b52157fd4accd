"""Facebook's JavaScript SDK in a page: which script, in which language, and what it is told."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language, get_language_from_request, to_locale

from providers import LoginError, Misconfigured

from . import lookup

log = logging.getLogger("providers.django")
# Facebook's locales of languages whose country is not their own name in capitals.
_NAMED = """
af_ZA ar_AR be_BY bn_IN bs_BA ca_ES cs_CZ cy_GB da_DK el_GR en_US eo_EO et_EE eu_ES fa_IR ga_IE gl_ES he_IL hi_IN hy_AM
ja_JP ka_GE kk_KZ km_KH ko_KR mk_MK ml_IN ms_MY nb_NO ne_NP nn_NO pa_IN ps_AF sl_SI sq_AL sr_RS sv_SE sw_KE ta_IN te_IN
tl_PH uk_UA ur_PK vi_VN zh_CN
"""
COUNTRIES = dict(locale.split("_") for locale in _NAMED.split())
# Locales of Django that it has under another name.
LOCALES = {
    "zh_Hans": "zh_CN",
    "zh_Hant": "zh_TW",
    "no": "nb_NO",
    "en_AU": "en_GB",
    **dict.fromkeys(("es_AR", "es_CO", "es_MX", "es_NI", "es_VE"), "es_LA"),
}


def facebook(request: HttpRequest) -> dict[str, Any] | None:
    """`url`, `init` and `login` for the page; None where no app of Facebook is set up for this site."""
    try:
        client: Any = lookup.app_for(request, "facebook").client()
    except LoginError:
        return None
    if client.values["LOCALE_FUNC"] is None:
        client.values["LOCALE_FUNC"] = locale_of
    try:
        return dict(client.sdk(request))
    except Misconfigured as wrong:  # a page that only shows a button must not fail because of its language
        log.warning("the language of Facebook's SDK is guessed: %s", wrong)
        client.values["LOCALE_FUNC"] = locale_of
        return dict(client.sdk(request))


def locale_of(request: HttpRequest | None) -> str:
    """The nearest locale of Facebook's for the language that the page is in."""
    language = get_language() or (get_language_from_request(request) if request is not None else "en")
    locale = to_locale(language)
    if locale in LOCALES:
        return LOCALES[locale]
    name, _, country = locale.partition("_")
    if len(country) == 2 and country.isupper():
        return f"{name}_{country}"
    return f"{name}_{COUNTRIES.get(name, name.upper())}"
