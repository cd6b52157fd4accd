"""The template tags, and Facebook's JavaScript SDK in a page."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template, TemplateSyntaxError
from django.test import Client, RequestFactory
from django.utils.translation import override

from providers.django.models import Account, App

from .visitor import HOST

FACEBOOK = {"client_id": "4711", "secret": "the-app-secret"}


def render(source: str, path: str = "/", **values: Any) -> str:
    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    for name in [name for name in values if name == "nonce"]:
        request.csp_nonce = values.pop(name)
    return Template("{% load socialaccount %}" + source).render(Context({"request": request, **values}))


def link(arguments: str, path: str = "/", **values: Any) -> tuple[str, dict[str, str]]:
    """The path and the query that the tag makes."""
    parts = urlsplit(unescape(render(f"{{% provider_login_url {arguments} %}}", path, **values)))
    return parts.path, dict(parse_qsl(parts.query))


def facebook(settings: Any, **row: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"facebook": {"APP": FACEBOOK, **row}}


def facts(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="providers-facebook" type="application/json">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


# provider_login_url


@pytest.mark.parametrize(
    ("arguments", "path", "query"),
    [
        ('"github"', "/accounts/github/login/", {}),
        ('"github" scope="repo,user" next="/a?b=c&d"', "/accounts/github/login/",
         {"scope": "repo,user", "next": "/a?b=c&d"}),
        ('"google" process="connect"', "/accounts/google/login/", {"process": "connect"}),
        ('"google" auth_params="prompt=consent&hd=example.com"', "/accounts/google/login/",
         {"auth_params": "prompt=consent&hd=example.com"}),
        ('"amazon_cognito"', "/accounts/amazon-cognito/login/", {}),
        ('"twentythreeandme"', "/accounts/23andme/login/", {}),
        ('"23andme"', "/accounts/23andme/login/", {}),
        ('"battlenet" region="eu"', "/accounts/battlenet/login/", {"region": "eu"}),
        ('"shopify" shop="petstore"', "/accounts/shopify/login/", {"shop": "petstore"}),
        ('"openid" openid="https://me.example.com/?a=b"', "/accounts/openid/login/",
         {"openid": "https://me.example.com/?a=b"}),
        ('"facebook" action="reauthenticate"', "/accounts/facebook/login/", {"auth_type": "reauthenticate"}),
        ('"github" scope=""', "/accounts/github/login/", {}),
    ],
)  # fmt: skip
def test_the_tag_makes_the_link(arguments: str, path: str, query: dict[str, str]) -> None:
    assert link(arguments) == (path, query)


def test_variables_may_be_lists_and_mappings() -> None:
    values = {"wanted": ["repo", "user"], "more": {"hd": "example.com", "prompt": "select account"}}
    query = link('"google" scope=wanted auth_params=more', **values)[1]
    assert query == {"scope": "repo,user", "auth_params": "hd=example.com&prompt=select+account"}


def test_parameters_of_a_mapping_reach_the_provider_as_they_were(install: Any, visitor: Any) -> None:
    install("google")
    _path, query = link('"google" auth_params=more', more={"login_hint": "a,b & c=d@example.com"})
    url, _post = visitor.begin("google", **query)
    assert dict(parse_qsl(urlsplit(url).query))["login_hint"] == "a,b & c=d@example.com"


def test_next_is_the_pages_own_unless_it_is_given() -> None:
    assert link('"github"', "/login/?next=/there/")[1] == {"next": "/there/"}
    assert link('"github" next="/here/"', "/login/?next=/there/")[1] == {"next": "/here/"}
    assert link('"github" process="redirect"', "/page/?a=b")[1] == {"process": "redirect", "next": "/page/?a=b"}


def test_the_link_is_escaped() -> None:
    page = render('<a href="{% provider_login_url "github" next=wanted scope="a" %}">', wanted='"><script>')
    assert "<script>" not in page
    assert "&amp;" in page


def test_a_provider_that_there_is_not_is_told_with_the_nearest_name() -> None:
    with pytest.raises(TemplateSyntaxError, match="did you mean 'google'"):
        render('{% provider_login_url "googel" %}')


def test_the_library_has_two_names() -> None:
    for name in ("socialaccount", "providers"):
        source = f'{{% load {name} %}}{{% provider_login_url "github" %}}'
        assert Template(source).render(Context({})) == "/accounts/github/login/"


# get_providers, get_social_accounts


def test_the_providers_that_are_set_up_are_listed_by_name(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"gitlab": {"SCOPE": ["api"]}, "steam": {"APP": {"secret": "k"}}, "openid": {}}
    App.objects.create(provider="github", name="ours", client_id="a", secret="b")
    source = "{% get_providers as rows %}{% for row in rows %}{{ row.id }}={{ row.name }} {% endfor %}"
    assert render(source).split() == ["github=GitHub", "openid=OpenID", "steam=Steam"]


def test_several_apps_of_one_provider_have_a_link_each(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "github": {"APPS": [{"client_id": name, "secret": "s", "name": name.title()} for name in ("work", "home")]}
    }
    source = "{% get_providers as rows %}{% for row in rows %}{{ row.name }} {% provider_login_url row %} {% endfor %}"
    assert render(source).split() == [
        *("Home", "/accounts/github/login/?app=home"),
        *("Work", "/accounts/github/login/?app=work"),
    ]


def test_the_brands_of_openid_are_the_servers_of_the_settings(settings: Any) -> None:
    servers = [{"id": "me", "name": "Me", "openid_url": "https://me.example.com"}]
    settings.SOCIALACCOUNT_PROVIDERS = {"openid": {"SERVERS": servers}, "steam": {"APP": {"secret": "k"}}}
    source = (
        "{% get_providers as rows %}{% for row in rows %}{% for brand in row.get_brands %}"
        "{{ brand.name }} {% provider_login_url row openid=brand.openid_url %} {% endfor %}{% endfor %}"
    )
    assert render(source).split() == [
        *("Me", "/accounts/openid/login/?openid=https%3A%2F%2Fme.example.com"),
        *("Steam", "/accounts/steam/login/"),
    ]


def test_the_accounts_of_a_user_are_found_by_provider() -> None:
    model = get_user_model()
    alice = model.objects.create(**{model.USERNAME_FIELD: "alice@example.com"})
    Account.objects.create(user=alice, provider="github", uid="1")
    Account.objects.create(user=alice, provider="github", uid="2")
    source = "{% get_social_accounts user as rows %}{{ rows.github|length }} {{ rows.github.0.uid }} {{ rows.gitlab }}"
    assert render(source, user=alice) == "2 1 "
    assert render(source, user=AnonymousUser()) == "0  "


# providers_media_js


def test_without_an_app_of_facebook_there_is_no_script() -> None:
    assert render("{% providers_media_js %}").strip() == ""


def test_the_tags_that_need_the_request_say_so() -> None:
    for tag in ("providers_media_js", "get_providers"):
        with pytest.raises(ImproperlyConfigured, match=r"template\.context_processors\.request"):
            Template(f"{{% load providers %}}{{% {tag} %}}").render(Context({}))


def test_the_page_gets_what_the_settings_say(settings: Any) -> None:
    row = {
        "METHOD": "js_sdk",
        "INIT_PARAMS": {"cookie": True},
        "AUTH_PARAMS": {"auth_type": "reauthenticate"},
        "SCOPE": ["email", "user_friends"],
        "VERSION": "v7.0",
        "SDK_URL": "https://static.example.com/{locale}/sdk.js",
        "LOCALE_FUNC": lambda request: "fr_CA",
    }
    facebook(settings, **row)
    page = render("{% providers_media_js %}")
    told = facts(page)
    assert told["init"] == {"appId": "4711", "version": "v7.0", "cookie": True}
    assert told["login"] == {"scope": "email,user_friends", "auth_type": "reauthenticate"}
    assert '<script async src="https://static.example.com/fr_CA/sdk.js"></script>' in page
    assert (told["post"], told["begin"]) == ("/accounts/facebook/login/token/", "/accounts/facebook/login/")
    assert "the-app-secret" not in page
    assert link('"facebook"')[1] == {"method": "js_sdk"}
    assert link('"facebook" method="oauth2"')[1] == {"method": "oauth2"}


def test_nothing_in_the_settings_can_end_the_script(settings: Any) -> None:
    facebook(settings, INIT_PARAMS={"x": "</script><script>alert(1)</script>"})
    page = render("{% providers_media_js %}")
    assert "alert(1)</script>" not in page
    assert facts(page)["init"]["x"] == "</script><script>alert(1)</script>"


def test_no_handler_is_inline(settings: Any) -> None:
    facebook(settings)
    page = render('{% providers_media_js %}<a href="{% provider_login_url "facebook" method="js_sdk" %}">x</a>')
    assert not re.search(r"\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        *(("en", "en_US"), ("en-gb", "en_GB"), ("de", "de_DE"), ("fr", "fr_FR"), ("ja", "ja_JP"), ("sv", "sv_SE")),
        *(("pt-br", "pt_BR"), ("zh-hans", "zh_CN"), ("zh-hant", "zh_TW"), ("es-mx", "es_LA"), ("cs", "cs_CZ")),
    ],
)
def test_the_language_of_the_page_is_the_languages_of_the_sdk(language: str, locale: str, settings: Any) -> None:
    facebook(settings)
    with override(language):
        assert f'src="//connect.facebook.net/{locale}/sdk.js"' in render("{% providers_media_js %}")


@pytest.mark.parametrize("function", ["path.to.callable", "tests.django.test_tags.broken"])
def test_a_language_function_that_does_not_work_breaks_no_page(function: str, settings: Any, caplog: Any) -> None:
    facebook(settings, LOCALE_FUNC=function)
    assert "/en_US/sdk.js" in render("{% providers_media_js %}")
    assert "LOCALE_FUNC" in caplog.text


def broken(request: Any) -> str:
    return "not a locale"


def swiss(request: Any) -> str:
    return "de_CH" if request.path == "/" else "it_CH"


def test_the_language_function_may_be_a_path(settings: Any) -> None:
    facebook(settings, LOCALE_FUNC="tests.django.test_tags.swiss")
    assert "/de_CH/sdk.js" in render("{% providers_media_js %}")


# content security policy


def test_scripts_and_styles_carry_the_nonce(settings: Any) -> None:
    facebook(settings)
    page = render("{% providers_media_js %}", nonce="abc+/=")
    own = [tag for tag in re.findall(r"<script[^>]*>", page) if "application/json" not in tag]
    assert len(own) == 2
    assert all('nonce="abc+/="' in tag for tag in own)
    assert all('nonce="xyz"' in tag for tag in re.findall(r"<style[^>]*>", render(
        '{% include "providers/login.html" %}', csp_nonce="xyz")))  # fmt: skip


def test_a_nonce_that_is_none_is_left_out(settings: Any) -> None:
    facebook(settings)
    page = render("{% providers_media_js %}", nonce='"><b>')
    assert "nonce=" not in page
    assert "<b>" not in page


def test_the_pages_load_nothing_from_elsewhere(settings: Any) -> None:
    facebook(settings)
    client = Client(headers={"host": HOST})
    for path in ("/accounts/facebook/login/", "/accounts/openid/login/", "/accounts/telegram/login/callback/"):
        page = client.get(path).content.decode()
        assert not re.search(r"(src|href)=.?(https?:)?//", page), path
        assert "<html lang=" in page
        assert 'name="viewport"' in page
