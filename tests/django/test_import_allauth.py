"""Moving in from django-allauth: databases that it made itself, the current release and that of November 2021."""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connections

from providers.django import moving
from providers.django.models import Account, Address, App, Token

ROOT = Path(__file__).parents[2]
THEN = ROOT / ".venv-2021" / "bin" / "python"
PYTHONS = {"now": Path(sys.executable), "then": THEN}
POSTGRESQL = os.environ.get("DJANGO_TEST_DATABASE") == "postgresql"
SECONDS = 120
SECRETS_THERE = ("an-access-token", "a-secret-of", "a-refresh-token", "an-oauth1-secret", "mockidp-secret")
NOTHING = {"made": 0, "changed": 0, "left": 0}


@pytest.fixture(scope="session", params=["now", "then"])
def made(
    request: pytest.FixtureRequest, site: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a database by one release of django-allauth, and the keys of its rows."""
    python = PYTHONS[request.param]
    if not python.exists():
        pytest.skip("no django-allauth of 2021 on this machine: make interop")
    server = connections["default"].settings_dict
    if POSTGRESQL and request.param == "now":  # the environment of 2021 has no driver
        database = {name: server[name] for name in ("ENGINE", "HOST", "PORT", "USER")}
        database["NAME"] = f"allauth_{os.getpid()}"
        at_the_server(f"CREATE DATABASE {database['NAME']}")
    else:
        path = tmp_path_factory.mktemp(request.param) / "allauth.sqlite3"
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}
    done = subprocess.run(
        [python, "-W", "ignore", Path(__file__).with_name("allauth_database.py"), json.dumps(database)],
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return database, json.loads(done.stdout)


@pytest.fixture
def there(made: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The site once providers.django is installed in the place of django-allauth: on a copy of that database."""
    given, former = dict(made[0]), connections["default"]
    given["NAME"] = copied(made[0], tmp_path)
    kind = import_module(f"{given['ENGINE']}.base").DatabaseWrapper
    own = kind({**former.settings_dict, "OPTIONS": {}, **given}, "default")
    connections["default"] = own
    try:
        call_command("migrate", verbosity=0)
        yield made[1]
    finally:
        own.close()
        connections["default"] = former
        if own.vendor == "postgresql":
            at_the_server(f"DROP DATABASE {given['NAME']}")


def copied(database: dict[str, Any], folder: Path) -> str:
    if "sqlite3" in database["ENGINE"]:
        return str(shutil.copy(database["NAME"], folder / "site.sqlite3"))
    name = f"site_{secrets.token_hex(6)}"
    at_the_server(f"CREATE DATABASE {name} TEMPLATE {database['NAME']}")
    return name


def at_the_server(statement: str) -> None:
    """What PostgreSQL does outside of any transaction."""
    import psycopg

    server = settings.DATABASES["default"]
    where = {"host": server["HOST"], "port": server["PORT"], "user": server["USER"], "dbname": "postgres"}
    with psycopg.connect(**where, autocommit=True) as connection:
        connection.execute(statement)


def run(*options: str) -> dict[str, Any]:
    told = io.StringIO()
    call_command("import_allauth", "--json", *options, stdout=told)
    assert not any(secret in told.getvalue() for secret in SECRETS_THERE)
    return json.loads(told.getvalue())


def why(report: dict[str, Any], kind: str, key: int) -> str:
    return next(row["why"] for row in report["left"] if (row["kind"], row["id"]) == (kind, key))


def outcome(report: dict[str, Any], kind: str) -> tuple[int, ...]:
    return tuple(report["counts"][kind][name] for name in ("made", "changed", "same", "left"))


def sql(statement: str, *values: Any) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, values)


def addresses_there() -> int:
    """Those of the persons below, and what a release keeps of GitHub's list."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM account_emailaddress")
        found = int(cursor.fetchone()[0])
    assert found >= 6
    return found


def is_now(there: dict[str, Any]) -> bool:
    return "apple" in there["app"]


# what comes


def test_every_row_is_made_or_left_with_a_reason(there: dict[str, Any]) -> None:
    report = run()
    extra = 1 if is_now(there) else 0  # one more of each: what only the current release has
    assert outcome(report, "app") == (5 + 3 * extra, 0, 0, 2 + extra)
    assert outcome(report, "account") == (8 + 2 * extra, 0, 0, 1 + extra)
    assert outcome(report, "token") == (3, 0, 0, 2)
    assert outcome(report, "address") == (addresses_there(), 0, 0, 0)
    for kind, model in {"app": App, "account": Account, "token": Token, "address": Address}.items():
        assert model.objects.count() == report["counts"][kind]["made"]


def test_a_second_run_changes_nothing(there: dict[str, Any]) -> None:
    first = run()
    before = [list(model.objects.order_by("pk").values()) for model in (App, Account, Token, Address)]
    second = run()
    assert [list(model.objects.order_by("pk").values()) for model in (App, Account, Token, Address)] == before
    for kind, counts in second["counts"].items():
        assert counts == {**NOTHING, "same": first["counts"][kind]["made"], "left": first["counts"][kind]["left"]}
    assert second["left"] == first["left"]


def test_a_dry_run_says_the_same_and_does_nothing(there: dict[str, Any]) -> None:
    dry = run("--dry-run")
    assert dry["dry_run"] is True
    assert not any(model.objects.exists() for model in (App, Account, Token, Address))
    real = run()
    assert (dry["counts"], dry["left"], dry["remarks"]) == (real["counts"], real["left"], real["remarks"])


def test_who_logged_in_there_is_known_here(there: dict[str, Any], simulator: Any, visitor: Any) -> None:
    """With the app's row that was imported too: nothing is in the settings."""
    run()
    users = get_user_model().objects.count()
    imported = Account.objects.get(provider="github")
    assert imported.uid == there["uid"]
    assert imported.username == "alice-archer"
    answer = visitor.login("github")
    assert (answer.status_code, answer["Location"]) == (302, "/home/")
    assert visitor.client.session["_auth_user_id"] == str(imported.user_id)
    assert get_user_model().objects.count() == users
    assert Account.objects.filter(provider="github").count() == 1


def test_apps_keep_their_sites_and_their_secrets_are_encrypted(there: dict[str, Any]) -> None:
    run()
    google = App.objects.get(client_id="google-id")
    assert (google.provider, google.secret) == ("google", "a-secret-of-google")
    assert sorted(google.sites.values_list("domain", flat=True)) == ["example.com", "second.example.com"]
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT secret, certificate_key FROM providers_django_app")
        cells = [cell for row in cursor.fetchall() for cell in row]
        cursor.execute("SELECT access, refresh, secret FROM providers_django_token")
        cells += [cell for row in cursor.fetchall() for cell in row]
    assert len([cell for cell in cells if cell]) >= 8
    assert all(cell.startswith("enc1:") for cell in cells if cell)


def test_a_token_goes_where_its_protocol_keeps_it(there: dict[str, Any]) -> None:
    run()
    twitter = Token.objects.get(account__provider="twitter")
    assert (twitter.access, twitter.secret, twitter.refresh) == ("an-access-token-twitter", "an-oauth1-secret", "")
    google = Token.objects.get(account__provider="google")
    assert (google.access, google.refresh, google.secret) == ("an-access-token-google", "a-refresh-token", "")
    assert (google.app.client_id, google.expires.year) == ("google-id", 2030)


def test_of_several_tokens_the_one_that_is_good_for_longest_comes(there: dict[str, Any]) -> None:
    assert "several" in why(run(), "token", there["token"]["google two"])


def test_a_uid_beyond_2_to_the_53_and_what_was_told_come_whole(there: dict[str, Any]) -> None:
    run()
    account = Account.objects.get(provider="twitter")
    assert (account.uid, account.username) == ("9007199254740993", "walter_w")
    assert account.raw == {"allauth": {"screen_name": "walter_w"}}


# names and ids that are others here


def test_daum_is_called_daum_here(there: dict[str, Any]) -> None:
    run()
    assert Account.objects.get(uid="4242").provider == "daum"
    assert App.objects.filter(provider="daum").exists()


@pytest.mark.parametrize(
    ("provider", "uid"), [("okta", "00u1"), ("exist", "walter"), ("soundcloud", "soundcloud:users:205")]
)
def test_an_id_by_which_people_are_no_longer_known_is_the_present_one(
    there: dict[str, Any], provider: str, uid: str
) -> None:
    run()
    assert Account.objects.get(provider=provider).uid == uid


def test_people_of_a_second_openid_connect_server_are_not_mixed_with_those_of_the_first(there: dict[str, Any]) -> None:
    if not is_now(there):
        pytest.skip("the release of 2021 has no OpenID Connect")
    report = run()
    assert Account.objects.get(provider="openid_connect").uid == "sub-1"
    assert App.objects.get(provider="openid_connect").settings == {"server_url": "https://one.example.com"}
    for kind in ("app", "account"):
        assert "another server than 'one'" in why(report, kind, there[kind]["two"])


def test_a_keycloak_behind_openid_connect_is_our_keycloak(there: dict[str, Any]) -> None:
    if not is_now(there):
        pytest.skip("the release of 2021 has no OpenID Connect")
    report = run()
    app = App.objects.get(provider="keycloak")
    assert app.settings == {"KEYCLOAK_URL": "https://id.example.com/auth", "KEYCLOAK_REALM": "staff"}
    app.client()
    assert Account.objects.get(provider="keycloak").uid == "sub-1"
    told = [row["what"] for row in report["remarks"] if row["id"] == there["app"]["keycloak"]]
    assert any("/accounts/keycloak/login/callback/" in what for what in told)
    assert any("'oauth_pkce_enabled'" in what for what in told)


def test_apples_key_has_a_column_of_its_own_and_what_has_no_place_is_named(there: dict[str, Any]) -> None:
    if not is_now(there):
        pytest.skip("the release of 2021 keeps Apple's key in the settings file")
    report = run()
    app = App.objects.get(provider="apple")
    assert (app.key, app.certificate_key, app.settings) == ("TEAM", "a-secret-of-apple-pem", {})
    assert any("'hidden'" in row["what"] for row in report["remarks"] if row["id"] == there["app"]["apple"])


# what stays


def test_a_provider_that_is_not_here_is_left_with_all_its_rows(there: dict[str, Any]) -> None:
    report = run()
    assert why(report, "app", there["app"]["spotify"]) == "there is no provider 'spotify' here"
    assert why(report, "account", there["account"]["spotify"]) == "there is no provider 'spotify' here"
    assert why(report, "token", there["token"]["spotify"]) == "its account was left"


def test_an_app_that_was_switched_off_does_not_come_to_life(there: dict[str, Any]) -> None:
    assert "--every-site" in why(run(), "app", there["app"]["off"])
    assert not App.objects.filter(provider="soundcloud").exists()
    assert outcome(run("--every-site"), "app")[0] == 1
    assert App.objects.filter(provider="soundcloud").exists()


def test_an_address_that_two_people_have_verified_is_the_first_ones(there: dict[str, Any]) -> None:
    report = run()
    rows = Address.objects.filter(email__iexact="shared@example.com").order_by("user__username")
    assert [(row.user.username, row.verified) for row in rows] == [("petra", False), ("walter", True)]
    key = there["address"]["petra's shared"]
    told = {(row["kind"], row["id"]): row["what"] for row in report["remarks"]}
    assert "unverified" in told["address", key]


def test_an_account_that_somebody_else_has_here_stays_theirs(there: dict[str, Any]) -> None:
    petra = get_user_model().objects.get(username="petra")
    Account.objects.create(user=petra, provider="twitter", uid="9007199254740993")
    report = run()
    assert "another user" in why(report, "account", there["account"]["twitter"])
    assert why(report, "token", there["token"]["twitter"]) == "its account was left"
    assert Account.objects.get(provider="twitter").user == petra
    assert not Token.objects.filter(account__provider="twitter").exists()


def test_rows_of_a_user_who_is_missing_are_left(there: dict[str, Any]) -> None:
    petra = get_user_model().objects.get(username="petra").pk
    postgresql = connections["default"].vendor == "postgresql"
    sql("SET session_replication_role = replica" if postgresql else "PRAGMA foreign_keys = OFF")
    sql("DELETE FROM auth_user WHERE id = %s", petra)
    sql("UPDATE socialaccount_socialtoken SET account_id = 999 WHERE id = %s", there["token"]["google two"])
    report = run()
    assert why(report, "account", there["account"]["petra's google"]) == "its user is missing"
    assert why(report, "address", there["address"]["petra"]) == "its user is missing"
    assert why(report, "token", there["token"]["google two"]) == "its account is missing"


def test_an_app_whose_secret_was_changed_here_keeps_it(there: dict[str, Any]) -> None:
    run()
    App.objects.filter(client_id="twitter-id").update(secret="a newer one")
    report = run()
    assert "other credentials" in why(report, "app", there["app"]["twitter"])
    assert App.objects.get(client_id="twitter-id").secret == "a newer one"


# again


def test_a_login_there_after_the_first_run_comes_with_the_second(there: dict[str, Any]) -> None:
    run()
    key = there["account"]["google"]
    sql("UPDATE socialaccount_socialaccount SET last_login = '2031-01-01 00:00:00', extra_data = '{\"sub\": \"new\"}'"
        " WHERE id = %s", key)  # fmt: skip
    sql("UPDATE socialaccount_socialtoken SET token = 'newer' WHERE id = %s", there["token"]["google"])
    report = run()
    assert (report["counts"]["account"]["changed"], report["counts"]["token"]["changed"]) == (1, 1)
    account = Account.objects.get(provider="google", uid="110")
    assert (account.raw, account.token.access) == ({"allauth": {"sub": "new"}}, "newer")
    assert run()["counts"]["account"]["changed"] == 0


def test_a_login_here_is_not_undone_by_another_run(there: dict[str, Any]) -> None:
    run()
    account = Account.objects.get(provider="google", uid="110")
    Token.objects.filter(account=account).update(access="renewed here")
    assert run()["counts"]["token"]["changed"] == 0
    assert Token.objects.get(account=account).access == "renewed here"


def test_an_address_verified_there_since_is_verified_here(there: dict[str, Any]) -> None:
    run()
    sql("UPDATE account_emailaddress SET verified = TRUE WHERE id = %s", there["address"]["petra"])
    assert outcome(run(), "address") == (0, 1, addresses_there() - 1, 0)
    assert Address.objects.get(email="petra@example.com").verified


def test_an_error_half_way_leaves_nothing(there: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving.Move, "_addresses", lambda move: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run()
    assert not any(model.objects.exists() for model in (App, Account, Token, Address))


# the command


def test_the_table_tells_what_was_done_and_no_secret(there: dict[str, Any]) -> None:
    told = io.StringIO()
    call_command("import_allauth", "--dry-run", stdout=told)
    text = told.getvalue()
    assert text.splitlines()[0].split() == ["make", "change", "same", "left"]
    assert ["address", str(addresses_there()), "0", "0", "0"] in [line.split() for line in text.splitlines()]
    assert f"1 account of spotify ({there['account']['spotify']}): there is no provider 'spotify' here" in text
    assert text.rstrip().endswith("Nothing was done: this was a dry run.")
    assert not any(secret in text for secret in (*SECRETS_THERE, "@example.com"))


@pytest.mark.parametrize(
    ("options", "said"), [((), "no table socialaccount_social"), (("--database", "other"), "no database 'other'")]
)
def test_a_database_that_is_not_there_is_named(options: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*options)
