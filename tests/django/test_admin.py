"""The admin: the provider's own words, the callback to register, a check of the app, and never a secret."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.test import Client

import providers
from providers.django.models import Account, Address, App, Token
from providers.registry import kind_of

from .visitor import HOST

APPS = "/admin/providers_django/app/"
SECRET = "s3cret-of-the-app-4711"


@pytest.fixture
def boss(db_user: Any = None) -> Client:
    model = get_user_model()
    name = "boss@example.com" if model.USERNAME_FIELD == "email" else "boss"
    user = model(is_staff=True, is_superuser=True, **{model.USERNAME_FIELD: name})
    user.set_password("x")
    user.save()
    client = Client(headers={"host": HOST})
    client.force_login(user)
    return client


@pytest.fixture
def account() -> Account:
    model = get_user_model()
    alice = model.objects.create(**{model.USERNAME_FIELD: "alice@example.com"})
    raw = {"userinfo": {"login": "<b>alice</b>", "access_token": SECRET, "plan": None}, "token": {"scope": "user"}}
    account = Account.objects.create(user=alice, provider="github", uid="4711", username="alice", raw=raw)
    Token.objects.create(account=account, access=SECRET, refresh=SECRET, scope="user:email")
    Address.objects.create(user=alice, email="alice@example.com", verified=True)
    return account


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:2000]
    return answer.content.decode()


def labels(page: str) -> dict[str, str]:
    """Names of the form's fields to what the labels say."""
    found = re.findall(r'<label[^>]*for="id_(\w+)"[^>]*>([^<]*)</label>', page)
    return {name: re.sub(r"\s+", " ", label).strip().removesuffix(":") for name, label in found}


def pem(key: Any) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def fill(provider: str, **values: Any) -> dict[str, Any]:
    return {"provider": provider, "name": "ours", "client_id": "mockidp", "settings": "{}", **values}


# the form


def test_a_new_app_begins_with_the_choice_of_its_provider(boss: Client) -> None:
    page = text(boss, f"{APPS}add/")
    assert page.count("<option value") == len(providers.ids()) + 1
    assert '<option value="apple">Apple</option>' in page
    assert '<option value="linkedin_oauth2">LinkedIn</option>' in page


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("apple", ("Service ID", "Key ID", "Team ID", "Private key (the .p8 file)")),
        ("bitbucket_oauth2", ("Key", "Secret", None, None)),
        ("weixin", ("AppID", "AppSecret", None, None)),
        ("trello", ("API key", "Secret", "API key, again", None)),
        ("steam", (None, "Web API key", None, None)),
        ("frontier", ("Client ID", "Shared Key", None, None)),
        ("salesforce", ("Consumer Key", "Consumer Secret", "Login URL", None)),
        ("google", ("Client ID", "Client secret", None, None)),
        ("openid", (None, None, None, None)),
    ],
)
def test_the_fields_are_called_what_the_provider_calls_them(boss: Client, provider: str, words: Any) -> None:
    found = labels(text(boss, f"{APPS}add/?provider={provider}"))
    assert tuple(map(found.get, ("client_id", "secret", "key", "certificate_key"))) == words


def test_every_provider_has_a_form_with_all_that_its_client_needs(boss: Client) -> None:
    for provider in providers.ids():
        found = labels(text(boss, f"{APPS}add/?provider={provider}"))
        needed = {name.replace("client_secret", "secret") for name in kind_of(provider).credentials}
        assert needed <= set(found), provider


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("github", "/accounts/github/login/callback/"),
        ("amazon_cognito", "/accounts/amazon-cognito/login/callback/"),
        ("twentythreeandme", "/accounts/23andme/login/callback/"),
        ("draugiem", "/accounts/draugiem/callback/"),
        ("openid", "/accounts/openid/callback/"),
    ],
)
def test_the_callback_is_told_for_each_site(boss: Client, provider: str, path: str) -> None:
    Site.objects.create(domain="other.example.com", name="other")
    page = text(boss, f"{APPS}add/?provider={provider}")
    for host in ("example.com", "other.example.com", HOST):
        assert f"<code>http://{host}{path}</code>" in page


def test_an_app_of_one_site_tells_the_callback_of_that(boss: Client, settings: Any) -> None:
    settings.ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
    app = App.objects.create(provider="github", name="ours", client_id="a", secret=SECRET)
    app.sites.add(Site.objects.create(domain="other.example.com", name="other"))
    page = text(boss, f"{APPS}{app.pk}/change/")
    assert "<code>https://other.example.com/accounts/github/login/callback/</code>" in page
    assert "https://example.com/" not in page


# secrets


def test_a_secret_goes_in_and_never_comes_out(boss: Client) -> None:
    key = pem(ec.generate_private_key(ec.SECP256R1()))
    posted = fill("apple", secret=SECRET, key="TEAM", certificate_key=key)
    assert boss.post(f"{APPS}add/?provider=apple", posted).status_code == 302
    app = App.objects.get()
    assert (app.secret, app.certificate_key) == (SECRET, key.strip())
    pages = [text(boss, path) for path in (APPS, f"{APPS}{app.pk}/change/", f"{APPS}{app.pk}/history/",
                                           f"{APPS}{app.pk}/delete/", f"{APPS}{app.pk}/check/")]  # fmt: skip
    for page in pages:
        assert SECRET not in page
        assert key.split()[4] not in page
    assert 'type="password" name="secret"' in pages[1]
    logged = json.dumps(list(LogEntry.objects.values("change_message", "object_repr")))
    assert SECRET not in logged


def test_a_secret_that_is_refused_is_not_shown_again(boss: Client) -> None:
    posted = fill("apple", secret=SECRET, key="TEAM", certificate_key=SECRET, name="")
    page = boss.post(f"{APPS}add/?provider=apple", posted).content.decode()
    assert "errorlist" in page
    assert SECRET not in page


def test_a_secret_left_empty_is_kept_and_a_box_removes_it(boss: Client) -> None:
    app = App.objects.create(provider="vk", name="ours", client_id="old", secret=SECRET)
    change = f"{APPS}{app.pk}/change/"
    assert "There is one. Leave this empty to keep it." in text(boss, change)
    assert boss.post(change, fill("vk", client_id="new", secret="")).status_code == 302
    app.refresh_from_db()
    assert (app.client_id, app.secret) == ("new", SECRET)
    assert "ecret" not in LogEntry.objects.first().get_change_message()
    assert boss.post(change, fill("vk", client_id="new", secret="", remove_secret="on")).status_code == 302
    app.refresh_from_db()
    assert app.secret == ""


def test_spaces_around_what_was_copied_are_left_out(boss: Client) -> None:
    boss.post(f"{APPS}add/?provider=yahoo", fill("yahoo", client_id="    abc ", secret=f"    {SECRET}\n"))
    app = App.objects.get()
    assert (app.client_id, app.secret) == ("abc", SECRET)


def test_the_provider_of_an_app_stays(boss: Client) -> None:
    app = App.objects.create(provider="github", name="ours", client_id="a", secret=SECRET)
    boss.post(f"{APPS}{app.pk}/change/", fill("gitlab"))
    app.refresh_from_db()
    assert app.provider == "github"


@pytest.mark.parametrize(
    ("provider", "given", "told"),
    [
        ("github", {"settings": '{"GITHB_URL": "https://x.example.com"}'}, "did you mean"),
        ("github", {"settings": '["a"]'}, "JSON object"),
        ("telegram", {"settings": '{"TOKEN": "1:a"}', "client_id": ""}, "TOKEN is a secret"),
        ("github", {"secret": ""}, "client_secret is missing"),
        ("steam", {"secret": ""}, "client_secret is missing"),
        ("stackexchange", {}, "key is missing"),
    ],
)
def test_a_wrong_app_is_not_stored_and_says_why(boss: Client, provider: str, given: Any, told: str) -> None:
    answer = boss.post(f"{APPS}add/?provider={provider}", fill(provider, **{"secret": SECRET, **given}))
    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert not App.objects.exists()


def test_the_telegram_bot_token_is_the_secret(boss: Client) -> None:
    boss.post(f"{APPS}add/?provider=telegram", fill("telegram", client_id="", secret="4711:bot-token"))
    assert App.objects.get().client().client_id == "4711"


# the check


def check(client: Client, app: App, **data: str) -> list[tuple[str, str]]:
    path = f"{APPS}{app.pk}/check/"
    answer = client.post(path, data) if data else client.get(path)
    assert answer.status_code == 200
    return [(finding.state, finding.text) for finding in answer.context["findings"]]


def test_a_complete_app_is_in_order_and_nobody_is_asked(boss: Client) -> None:
    app = App.objects.create(provider="github", name="ours", client_id="a", secret=SECRET)
    assert [state for state, _text in check(boss, app)] == ["good"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"provider": "github", "client_id": "a"}, "client_secret is missing"),
        ({"provider": "github"}, "Nothing is entered yet. Needed are: Client ID, Client secret."),
        ({"provider": "github", "client_id": "a", "secret": "b", "settings": {"GITHUB_URL": "x"}}, "GITHUB_URL"),
        ({"provider": "apple", "client_id": "a", "secret": "b", "key": "c", "certificate_key": "d"}, "cannot be read"),
        (
            {
                "provider": "apple",
                "client_id": "a",
                "secret": "b",
                "key": "c",
                "certificate_key": pem(rsa.generate_private_key(65537, 2048)),
            },
            "elliptic curve",
        ),
    ],
)
def test_what_is_wrong_is_told_without_a_network(boss: Client, values: Any, told: str) -> None:
    app = App.objects.create(name="ours", **values)
    bad = [text for state, text in check(boss, app) if state == "bad"]
    assert len(bad) == 1
    assert told in bad[0]


def test_two_apps_of_a_provider_at_one_site_are_mentioned(boss: Client) -> None:
    one, two = (
        App.objects.create(provider="github", name=name, client_id=name, secret=SECRET) for name in ("one", "two")
    )
    assert "“two” is an app of this provider too" in check(boss, one)[-1][1]
    one.sites.add(Site.objects.create(domain="a.example.com", name="a"))
    two.sites.add(Site.objects.create(domain="b.example.com", name="b"))
    assert len(check(boss, one)) == 1


@pytest.mark.parametrize(
    ("provider", "secret", "state", "told"),
    [
        ("github", "mockidp-secret", "good", "GitHub knows this app: it refused only the code"),
        ("github", "wrong", "bad", "check client id and secret (invalid_client)"),
        ("google", "mockidp-secret", "good", "Google knows this app"),
        ("google", "wrong", "bad", "(invalid_client)"),
        ("twitter", "mockidp-secret", "good", "knows this app."),
        ("twitter", "wrong", "bad", "(invalid_client)"),
        ("shopify", "wrong", "bad", "(invalid_client)"),
        ("draugiem", "wrong", "unknown", "without saying whether because of the app"),
        ("steam", "anything", "unknown", "cannot be asked this way"),
    ],
)
def test_the_provider_is_asked_at_a_click(
    boss: Client, simulator: Any, provider: str, secret: str, state: str, told: str
) -> None:
    app = App.objects.create(provider=provider, name="ours", client_id="mockidp", secret=secret)
    last = check(boss, app, ask="1")[-1]
    assert last[0] == state
    assert told in last[1]
    assert not Account.objects.exists()


def test_a_provider_that_cannot_be_reached_says_nothing_about_the_app(boss: Client) -> None:
    import requests
    import responses

    app = App.objects.create(provider="github", name="ours", client_id="mockidp", secret=SECRET)
    with responses.RequestsMock() as mock:
        mock.post("https://github.com/login/oauth/access_token", body=requests.ConnectionError(SECRET))
        state, told = check(boss, app, ask="1")[-1]
    assert (state, "gave no usable answer" in told, SECRET in told) == ("unknown", True, False)


def test_the_action_checks_the_selected_apps(boss: Client) -> None:
    good = App.objects.create(provider="github", name="good", client_id="a", secret=SECRET)
    bad = App.objects.create(provider="gitlab", name="bad", client_id="a")
    posted = {"action": "check_apps", "_selected_action": [good.pk, bad.pk]}
    page = boss.post(APPS, posted, follow=True).content.decode()
    assert "Bad (gitlab): client_secret is missing" in page
    assert "1 app is in order." in page


def test_only_who_may_change_apps_may_check_them() -> None:
    model = get_user_model()
    staff = model.objects.create(is_staff=True, **{model.USERNAME_FIELD: "staff@example.com"})
    client = Client(headers={"host": HOST})
    client.force_login(staff)
    app = App.objects.create(provider="github", name="ours", client_id="a", secret=SECRET)
    assert client.post(f"{APPS}{app.pk}/check/", {"ask": "1"}).status_code == 403
    assert client.get(f"{APPS}add/").status_code == 403


def test_who_may_only_look_at_apps_sees_no_secret() -> None:
    from django.contrib.auth.models import Permission

    model = get_user_model()
    staff = model.objects.create(is_staff=True, **{model.USERNAME_FIELD: "staff@example.com"})
    staff.user_permissions.add(Permission.objects.get(codename="view_app", content_type__app_label="providers_django"))
    client = Client(headers={"host": HOST})
    client.force_login(staff)
    app = App.objects.create(
        provider="apple", name="ours", client_id="a", secret=SECRET, key="t", certificate_key=SECRET
    )
    page = text(client, f"{APPS}{app.pk}/change/")
    assert "Service ID" in page or "client id" in page.lower()
    assert SECRET not in page


# accounts, addresses, tokens


def test_what_the_provider_told_is_shown_as_text_without_tokens(boss: Client, account: Account) -> None:
    page = text(boss, f"/admin/providers_django/account/{account.pk}/change/")
    assert "&lt;b&gt;alice&lt;/b&gt;" in page
    assert "<b>alice</b>" not in page
    assert SECRET not in page
    assert "access token, refresh token" in page
    assert "user:email" in page
    assert 'name="uid"' not in page


@pytest.mark.parametrize("model", ["account", "token", "address", "app"])
def test_lists_can_be_searched_and_filtered(boss: Client, account: Account, model: str) -> None:
    App.objects.create(provider="github", name="alice's", client_id="a", secret=SECRET)
    found = boss.get(f"/admin/providers_django/{model}/?q=alice")
    assert SECRET not in found.content.decode()
    assert found.context["cl"].result_count == 1
    assert boss.get(f"/admin/providers_django/{model}/?q=nobody").context["cl"].result_count == 0


def test_a_filter_names_the_providers_that_there_are(boss: Client, account: Account) -> None:
    page = text(boss, "/admin/providers_django/account/")
    assert "?provider=github" in page
    assert "?provider=gitlab" not in page
    assert boss.get("/admin/providers_django/account/?provider=github").context["cl"].result_count == 1


def test_nobody_makes_an_account_or_a_token_by_hand(boss: Client, account: Account) -> None:
    for model in ("account", "token"):
        assert boss.get(f"/admin/providers_django/{model}/add/").status_code == 403
    row = boss.post(f"/admin/providers_django/account/{account.pk}/change/", {"uid": "other"})
    account.refresh_from_db()
    assert (row.status_code, account.uid) == (403, "4711")


def test_an_address_can_be_called_verified_but_not_given_to_another(boss: Client, account: Account) -> None:
    row = Address.objects.create(user=account.user, email="second@example.com")
    path = f"/admin/providers_django/address/{row.pk}/change/"
    boss.post(path, {"email": "other@example.com", "user": "1", "verified": "on"})
    row.refresh_from_db()
    assert (row.email, row.verified) == ("second@example.com", True)


def test_an_address_is_verified_once_only(boss: Client, account: Account) -> None:
    model = get_user_model()
    eve = model.objects.create(**{model.USERNAME_FIELD: "eve@example.org"})
    row = Address.objects.create(user=eve, email="Alice@example.com")
    answer = boss.post(f"/admin/providers_django/address/{row.pk}/change/", {"verified": "on"})
    row.refresh_from_db()
    assert (answer.status_code, row.verified) == (200, False)
