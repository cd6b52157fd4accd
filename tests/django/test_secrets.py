"""Secrets in the database: encrypted, readable after SECRET_KEY was changed, harmless where they are unreadable."""

from __future__ import annotations

import copy
import json
import pickle
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

import providers
from providers.django import crypto
from providers.django.models import Account, App, Token

from .visitor import HOST

OLD, NEW = "the-former-key-of-this-site-0123456789", "the-present-key-of-this-site-0123456789"


def stored(table: str, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM providers_django_{table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def write(table: str, column: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE providers_django_{table} SET {column} = %s", [value])


@pytest.fixture
def app(settings: Any) -> App:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    return App.objects.create(provider="github", name="ours", client_id="id", secret="the secret")


@pytest.fixture
def token(app: App) -> Token:
    model = get_user_model()
    user = model.objects.create(**{model.USERNAME_FIELD: "alice@example.com"})
    account = Account.objects.create(user=user, provider="github", uid="1")
    return Token.objects.create(account=account, app=app, access="access", refresh="refresh")


def rotate(settings: Any, *former: str) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, list(former)


def test_no_secret_is_in_the_database(token: Token) -> None:
    rows = [*stored("app", "secret"), *stored("token", "access"), *stored("token", "refresh")]
    assert all(row.startswith("enc1:") for row in rows)
    assert not any(word in row for row in rows for word in ("secret", "access", "refresh"))
    assert stored("token", "secret") == [""]


def test_the_key_is_derived_as_it_is_described(app: App) -> None:
    import base64

    key = HKDF(SHA256(), 32, salt=None, info=b"providers.django secrets at rest").derive(OLD.encode())
    box = Fernet(base64.urlsafe_b64encode(key))
    assert box.decrypt(stored("app", "secret")[0].removeprefix("enc1:").encode()) == b"the secret"


def test_the_same_secret_is_stored_otherwise_each_time(app: App) -> None:
    first = stored("app", "secret")
    app.save()
    assert stored("app", "secret") != first


def test_a_former_key_still_reads(app: App, settings: Any) -> None:
    rotate(settings, OLD)
    assert App.objects.get().secret == "the secret"


def test_an_unreadable_secret_is_empty_and_says_so_when_it_is_needed(app: App, settings: Any) -> None:
    rotate(settings)
    app = App.objects.get()
    assert (app.secret, app.client_id) == ("", "id")
    with pytest.raises(providers.Misconfigured) as refused:
        app.client()
    assert refused.value.code == "unreadable_secret"
    assert "SECRET_KEY_FALLBACKS" in str(refused.value)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda row: pickle.loads(pickle.dumps(row))])
def test_saving_an_unreadable_secret_does_not_lose_it(app: App, settings: Any, copied: Any) -> None:
    before = stored("app", "secret")
    rotate(settings)
    row = copied(App.objects.get())
    row.name = "renamed"
    row.save()
    assert stored("app", "secret") == before
    rotate(settings, OLD)
    assert (App.objects.get().name, App.objects.get().secret) == ("renamed", "the secret")


@pytest.mark.parametrize("model", ["app", "token", "account"])
def test_unreadable_secrets_break_no_list_and_no_form(token: Token, settings: Any, model: str) -> None:
    rotate(settings)
    user_model = get_user_model()
    name = {user_model.USERNAME_FIELD: "boss@example.com"}
    client = Client(headers={"host": HOST})
    client.force_login(user_model.objects.create(is_staff=True, is_superuser=True, **name))
    assert client.get(f"/admin/providers_django/{model}/").status_code == 200
    pk = {"app": token.app_id, "token": token.pk, "account": token.account_id}[model]
    page = client.get(f"/admin/providers_django/{model}/{pk}/change/").content.decode()
    assert (
        "cannot be read with the present SECRET_KEY" if model == "app" else "unreadable with this SECRET_KEY"
    ) in page


def test_an_unreadable_secret_can_be_entered_anew_in_the_admin(app: App, settings: Any) -> None:
    rotate(settings)
    model = get_user_model()
    client = Client(headers={"host": HOST})
    name = {model.USERNAME_FIELD: "boss@example.com"}
    client.force_login(model.objects.create(is_staff=True, is_superuser=True, **name))
    posted = {"provider": "github", "name": "ours", "client_id": "id", "settings": "{}", "secret": "another"}
    assert client.post(f"/admin/providers_django/app/{app.pk}/change/", posted).status_code == 302
    assert App.objects.get().secret == "another"


def test_what_somebody_wrote_by_hand_is_read(app: App) -> None:
    write("app", "secret", "by hand")
    assert App.objects.get().secret == "by hand"


def test_a_secret_cannot_be_searched_for(app: App) -> None:
    with pytest.raises(FieldError):
        App.objects.filter(secret="the secret")


def test_dumpdata_writes_no_secret_and_loaddata_reads_it(app: App) -> None:
    text = serializers.serialize("json", App.objects.all())
    assert "the secret" not in text
    App.objects.all().delete()
    for row in serializers.deserialize("json", text):
        row.save()
    assert App.objects.get().secret == "the secret"
    assert json.loads(text)[0]["fields"]["secret"].startswith("enc1:")


# manage.py reencrypt_providers


def run(**options: Any) -> str:
    out = StringIO()
    call_command("reencrypt_providers", stdout=out, **options)
    return out.getvalue().strip()


def test_everything_is_written_anew_so_that_the_former_key_can_go(token: Token, settings: Any) -> None:
    rotate(settings, OLD)
    assert run() == "3 written anew, 0 up to date, 0 unreadable"
    rotate(settings)
    row = Token.objects.select_related("app").get()
    assert (row.access, row.refresh, row.secret, row.app.secret) == ("access", "refresh", "", "the secret")
    assert run() == "0 written anew, 3 up to date, 0 unreadable"


def test_a_dry_run_only_counts(token: Token, settings: Any) -> None:
    rotate(settings, OLD)
    before = stored("token", "access")
    assert run(dry_run=True) == "3 would be written anew, 0 up to date, 0 unreadable"
    assert stored("token", "access") == before


def test_what_was_written_by_hand_is_encrypted(app: App) -> None:
    write("app", "secret", "by hand")
    assert run() == "1 written anew, 0 up to date, 0 unreadable"
    assert stored("app", "secret")[0].startswith("enc1:")
    assert App.objects.get().secret == "by hand"


def test_unreadable_ones_are_left_as_they_are_and_the_command_fails(token: Token, settings: Any) -> None:
    before = stored("token", "access")
    write("app", "secret", "by hand")
    rotate(settings)
    with pytest.raises(CommandError, match="2 secrets can be read with no key"):
        run()
    assert stored("token", "access") == before
    assert App.objects.get().secret == "by hand"


def test_when_the_token_was_stored_stays(token: Token, settings: Any) -> None:
    rotate(settings, OLD)
    run()
    assert Token.objects.get().stored == token.stored


def test_the_key_may_be_bytes(settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD.encode(), []
    written = crypto.encrypt("x")
    settings.SECRET_KEY = OLD
    assert crypto.decrypt(written) == "x"
    assert not crypto.is_old(written)


def test_what_a_browser_carries_is_no_secret_of_the_database() -> None:
    carried = crypto.encrypt("x", crypto.UNDER_WAY)
    assert crypto.decrypt(carried, crypto.UNDER_WAY) == "x"
    with pytest.raises(crypto.UnreadableSecretError):
        crypto.decrypt(carried)
    with pytest.raises(crypto.UnreadableSecretError):
        crypto.decrypt(crypto.encrypt("x"), crypto.UNDER_WAY)
