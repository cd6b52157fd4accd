"""Copy what an existing django-allauth keeps in its tables: apps, accounts, tokens and addresses.

The tables are read as they are, of any release since 0.46, whether or not django-allauth is installed still. What is
here already is never made worse, so that it can be run again: until the switch, each run brings what came since. What
has no place here is left and reported with its reason; nothing is guessed about whose something is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.db.models.functions import Lower

from providers import Misconfigured
from providers.identity import pick, text
from providers.oauth1 import OAuth1
from providers.registry import kind_of

from . import moving_ids, moving_source
from .models import Account, Address, App, Token

BATCH = 500  # accounts whose users and tokens are read at once
KINDS = ("app", "account", "token", "address")
MADE, CHANGED, SAME, LEFT = "made", "changed", "same", "left"
Target = tuple[int, str, bool]  # an account here: its key, its provider, whether somebody logged in there since


@dataclass
class Report:
    """What became of every row: counts by kind and outcome, reasons for what was left, remarks on what was taken.

    `left` and `remarks` are rows of kind, the row's key there, provider and a sentence; no address, uid or secret.
    """

    counts: dict[str, dict[str, int]] = field(
        default_factory=lambda: {kind: dict.fromkeys((MADE, CHANGED, SAME, LEFT), 0) for kind in KINDS}
    )
    left: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)

    def count(self, kind: str, outcome: str) -> None:
        self.counts[kind][outcome] += 1

    def leave(self, kind: str, key: Any, provider: str, why: str) -> None:
        self.count(kind, LEFT)
        self.left.append({"kind": kind, "id": key, "provider": provider, "why": why})

    def remark(self, kind: str, key: Any, provider: str, what: str) -> None:
        self.remarks.append({"kind": kind, "id": key, "provider": provider, "what": what})


def move(database: str, *, dry_run: bool = False, every_site: bool = False) -> Report:
    """Copy everything within one transaction, which a dry run takes back. MissingTableError without the tables.

    `every_site` takes an app that is on no site for one of every site; else it is left, since there it is off.
    """
    with transaction.atomic(using=database):
        report = Move(database, every_site).run()
        if dry_run:
            transaction.set_rollback(True, using=database)
    return report


class Move:
    """One run over one database."""

    def __init__(self, database: str, every_site: bool) -> None:
        self.database, self.every_site, self.report = database, every_site, Report()
        self.source = moving_source.Source(database)
        self.apps: dict[Any, int] = {}  # keys of apps there: here
        self.fresh: set[int] = set()  # apps that this run made
        self.names = moving_ids.Names()

    def run(self) -> Report:
        self._apps()
        self._accounts()
        self._addresses()
        return self.report

    # apps

    def _apps(self) -> None:
        sites = self.source.sites()
        for row in self.source.rows("app"):
            named = self.names.of_app(row)
            if named.why:
                self.report.leave("app", row["id"], row["provider"], named.why)
            elif sites is not None and not sites.get(row["id"]) and not self.every_site:
                why = "it is on no site, which switches it off; put it on one there, or say --every-site"
                self.report.leave("app", row["id"], row["provider"], why)
            else:
                self._app(row, named, (sites or {}).get(row["id"], ()))

    def _app(self, row: dict[str, Any], named: moving_ids.Named, sites: Any) -> None:
        wanted = App(
            provider=named.provider,
            name=row["name"] or named.provider,
            client_id=row["client_id"],
            secret=row["secret"] or named.secret,
            key=row["key"],
            certificate_key=named.certificate_key,
            settings=named.settings,
        )
        there = list(
            App.objects.using(self.database).filter(provider=wanted.provider, client_id=wanted.client_id).order_by("pk")
        )
        twin = next((app for app in there if _is_same_app(app, wanted)), None)
        if twin is None and any(app.pk not in self.fresh for app in there):
            self.apps[row["id"]] = there[0].pk
            why = "there is an app with this client id here, with other credentials or settings, which stay as they are"
            self.report.leave("app", row["id"], row["provider"], why)
            return
        if twin is None:
            wanted.save(using=self.database)
            self.fresh.add(wanted.pk)
        app = twin or wanted
        self.apps[row["id"]] = app.pk
        if app.pk in self.fresh and sites:
            app.sites.add(*sites)
        self.report.count("app", SAME if twin else MADE)
        for name in named.unplaced:
            what = f"its setting {name!r} has no place here and stays behind"
            self.report.remark("app", row["id"], row["provider"], what)
        if named.remark:
            self.report.remark("app", row["id"], row["provider"], named.remark)
        try:
            app.client()
        except Misconfigured as wrong:
            self.report.remark("app", row["id"], row["provider"], f"it cannot log anybody in yet: {wrong.sentence}")

    # accounts and their tokens

    def _accounts(self) -> None:
        for rows in _batched(self.source.rows("account")):
            users = self._users(row["user_id"] for row in rows)
            tokens: dict[Any, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
            for token in self.source.rows("token", account_id__in=list(tokens)):
                tokens[token["account_id"]].append(token)
            for row in rows:
                target = self._account(row, users)
                self._tokens(tokens[row["id"]], row["provider"], target)
        for token in self.source.orphans():
            self.report.leave("token", token["id"], "", "its account is missing")

    def _account(self, row: dict[str, Any], users: set[Any]) -> Target | None:
        """The account here; None where it was left."""
        provider, why = self.names.of_account(row["provider"])
        if not why and row["user_id"] not in users:
            why = "its user is missing"
        uid, remark = moving_ids.uid(provider, row["uid"], row["extra_data"])
        if not why and not (uid and len(uid) <= 255):
            why = "its uid is empty or longer than 255 characters"
        if why:
            self.report.leave("account", row["id"], row["provider"], why)
            return None
        here = Account.objects.using(self.database).filter(provider=provider, realm="", uid=uid).first()
        if here is not None and here.user_id != row["user_id"]:
            why = "another user has this account here, who keeps it"
            self.report.leave("account", row["id"], row["provider"], why)
            return None
        if remark:
            self.report.remark("account", row["id"], row["provider"], remark)
        newer = here is not None and row["last_login"] > here.last_login
        if here is None:
            here = Account(user_id=row["user_id"], provider=provider, uid=uid, joined=row["date_joined"])
        if newer or here.pk is None:
            here.raw, here.last_login = {"allauth": row["extra_data"]}, row["last_login"]
            here.username = (text(pick(row["extra_data"], getattr(kind_of(provider), "username", ""))) or "")[:255]
            self.report.count("account", CHANGED if here.pk else MADE)
            here.save(using=self.database)
        else:
            self.report.count("account", SAME)
        return here.pk, provider, newer

    def _tokens(self, rows: list[dict[str, Any]], provider: str, target: Target | None) -> None:
        """One token an account: the one that is good for longest."""
        good = [row for row in rows if self._is_good(row, provider, target)]
        good.sort(key=lambda row: (row["expires_at"] is None, row["expires_at"] or 0, row["id"]))
        for row in good[:-1]:
            why = "its account has several, and the one that is good for longest is taken"
            self.report.leave("token", row["id"], provider, why)
        if good and target is not None:
            self._token(good[-1], target)

    def _is_good(self, row: dict[str, Any], provider: str, target: Target | None) -> bool:
        why = ""
        if target is None:
            why = "its account was left"
        elif not row["token"]:
            why = "it is empty"
        elif target[1] in moving_ids.FORMERLY_OAUTH1:
            why = "it is of OAuth 1.0a, which the provider has ended"
        if why:
            self.report.leave("token", row["id"], provider, why)
        return not why

    def _token(self, row: dict[str, Any], target: Target) -> None:
        account, provider, newer = target
        second = "secret" if issubclass(kind_of(provider), OAuth1) else "refresh"
        values = {
            "access": row["token"],
            second: row["token_secret"] or "",
            "expires": row["expires_at"],
            "app_id": self.apps.get(row["app_id"]),
        }
        here = Token.objects.using(self.database).filter(account_id=account).first()
        if here is None:
            Token(account_id=account, **values).save(using=self.database)
            self.report.count("token", MADE)
        elif newer and any(getattr(here, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(here, name, value)
            here.save(using=self.database)
            self.report.count("token", CHANGED)
        else:
            self.report.count("token", SAME)

    # addresses

    def _addresses(self) -> None:
        for rows in _batched(self.source.rows("address")):
            users = self._users(row["user_id"] for row in rows)
            mine: dict[Any, list[Address]] = {}
            for here in Address.objects.using(self.database).filter(user_id__in=users):
                mine.setdefault(here.user_id, []).append(here)
            owners = self._owners({row["email"] for row in rows})
            for row in rows:
                if row["user_id"] not in users or not _is_address(row["email"]):
                    why = "it is no address" if row["user_id"] in users else "its user is missing"
                    self.report.leave("address", row["id"], "", why)
                else:
                    self._address(row, mine.setdefault(row["user_id"], []), owners)

    def _address(self, row: dict[str, Any], mine: list[Address], owners: dict[str, Any]) -> None:
        """One address, beside those of its user and the owners of verified ones, both of which it is added to."""
        email, user = row["email"], row["user_id"]
        here = next((one for one in mine if one.email.lower() == email.lower()), None)
        taken = owners.get(email.lower(), user) != user
        if row["verified"] and taken:
            what = "it is verified for another user too, who has it here; this one's is unverified until proved again"
            self.report.remark("address", row["id"], "", what)
        verified = row["verified"] and not taken
        if verified:
            owners[email.lower()] = user
        if here is None:
            primary = row["primary"] and not any(one.primary for one in mine)
            here = Address(user_id=user, email=email, verified=verified, primary=primary)
            here.save(using=self.database)
            mine.append(here)
            self.report.count("address", MADE)
        elif verified and not here.verified:
            here.verified = True
            here.save(using=self.database, update_fields=("verified",))
            self.report.count("address", CHANGED)
        else:
            self.report.count("address", SAME)

    def _owners(self, emails: set[str]) -> dict[str, Any]:
        """Who has verified these addresses here, by the index that keeps them apart. SQLite lowers ASCII only."""
        lowered = {email.lower() for email in emails} | {_ascii_lower(email) for email in emails}
        rows = Address.objects.using(self.database).filter(verified=True)
        found = rows.annotate(lowered=Lower("email")).filter(lowered__in=lowered)
        return {email.lower(): user for email, user in found.values_list("email", "user_id")}

    def _users(self, keys: Iterator[Any]) -> set[Any]:
        """Which of these users there are."""
        found = get_user_model()._base_manager.using(self.database).filter(pk__in=set(keys))
        return set(found.values_list("pk", flat=True))


def _batched(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _is_same_app(one: models.Model, other: models.Model) -> bool:
    names = ("secret", "key", "certificate_key", "settings")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _ascii_lower(text: str) -> str:
    return "".join(character.lower() if character.isascii() else character for character in text)


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254
