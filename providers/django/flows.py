"""What a proved identity comes to: a login, a new user, a connected account, or a question.

The rule that everything else serves: an account of this site is never joined to a login by an address. Whoever has
the same address is asked to log in as they did before and to connect the new account from there.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from providers import Identity, IdentityUnusable
from providers.identity import choose_email

from . import conf, signals
from .adapter import adapter
from .models import Account, Address, App, Token

BACKEND = "django.contrib.auth.backends.ModelBackend"
LOGIN, CONNECT, REDIRECT = "login", "connect", "redirect"
UID_LENGTH = Account._meta.get_field("uid").max_length
TEXTS = ("username", "name", "first_name", "last_name", "picture")


@dataclass
class Outcome:
    """`kind` is logged_in, connected, told (the site's hooks were, and nothing else), signup (a form is needed), taken
    (somebody else has that account), closed or unverified. `missing` are the form's reasons: email, username,
    email_taken.
    """

    kind: str
    user: Any = None
    account: Account | None = None
    missing: set[str] = field(default_factory=set)


def complete(request: HttpRequest, identity: Identity, app: App | None, process: str = LOGIN) -> Outcome:
    """Decide what a login comes to, and do it. IdentityUnusable for an id that cannot be stored exactly."""
    identity = storable(identity)
    account = _account_of(identity, app)
    adapter().before_login(request, identity, account)
    signals.before_login.send(Account, request=request, identity=identity, account=account)
    if process == REDIRECT:  # the site only wanted the identity, which the adapter and the signal were told
        return Outcome("told", request.user, account)
    if process == CONNECT:
        return _connect(request, identity, app, account)
    if account is not None:
        return _log_in(request, identity, app, account)
    return _someone_new(request, identity, app)


def _account_of(identity: Identity, app: App | None) -> Account | None:
    """Whose account it is: an id counts in the realm of the app alone, for another server may give out the same."""
    mine = {"provider": identity.provider, "realm": _realm(app), "uid": identity.uid}
    found: Account | None = Account.objects.select_related("user").filter(**mine).first()
    return found


def _realm(app: App | None) -> str:
    return app.realm if app is not None else ""


def _log_in(request: HttpRequest, identity: Identity, app: App | None, account: Account) -> Outcome:
    if not account.user.is_active:
        return Outcome("closed", account.user, account)
    refresh(account, identity, app)
    return _entered(request, identity, account)


def _entered(request: HttpRequest, identity: Identity, account: Account) -> Outcome:
    """The end of every login and sign-up: in, unless the site wants a verified address first."""
    if must_verify(account.user):
        return Outcome("unverified", account.user, account)
    enter(request, account.user)
    signals.logged_in.send(Account, request=request, user=account.user, account=account, identity=identity)
    return Outcome("logged_in", account.user, account)


def _connect(request: HttpRequest, identity: Identity, app: App | None, account: Account | None) -> Outcome:
    if account is not None and account.user_id != request.user.pk:
        return Outcome("taken", request.user, account)
    try:
        with transaction.atomic():
            if account is None:
                account = make_account(request.user, identity, app)
            else:
                refresh(account, identity, app)
            signals.connected.send(Account, request=request, user=request.user, account=account, identity=identity)
    except IntegrityError:  # the same account in another tab, a moment ago
        account = _account_of(identity, app)
        if account is None:
            raise
        return Outcome("connected" if account.user_id == request.user.pk else "taken", request.user, account)
    return Outcome("connected", request.user, account)


def _someone_new(request: HttpRequest, identity: Identity, app: App | None) -> Outcome:
    rules = adapter()
    owner = owner_of(identity.email) if identity.email and identity.email_verified else None
    if owner is not None and owner.is_active and rules.may_join(request, identity, owner):
        return _log_in(request, identity, app, make_account(owner, identity, app))
    if not rules.is_open_for_signup(request, identity):
        return Outcome("closed")
    missing = lacking(identity)
    if missing or not rules.may_sign_up_at_once(request, identity):
        return Outcome("signup", missing=missing)
    return sign_up(request, identity, app, rules.new_user(request, identity))


def lacking(identity: Identity) -> set[str]:
    """What a form must ask for before there can be an account."""
    if identity.email:
        return {"email_taken"} if is_taken(identity.email) else set()
    wanted = conf.get("EMAIL_REQUIRED") or named_by_email() or conf.get("EMAIL_VERIFICATION") == "mandatory"
    return {"email"} if wanted else set()


def named_by_email() -> bool:
    """Whether the site's users have their address for a username."""
    model = get_user_model()
    return bool(_email_field() == model.USERNAME_FIELD)


def sign_up(request: HttpRequest, identity: Identity, app: App | None, user: Any) -> Outcome:
    """Make the user, the account and its addresses, all or nothing; then log in if nothing stands against it."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                user.save()
                account = make_account(user, identity, app)
        except IntegrityError:
            other = _account_of(identity, app)
            if other is None:  # somebody was quicker with this name or address
                return Outcome("signup", missing=lacking(identity) | {"username"})
            return _log_in(request, identity, app, other)  # the same person was, in another tab
        signals.signed_up.send(Account, request=request, user=user, account=account, identity=identity)
    return _entered(request, identity, account)


def enter(request: HttpRequest, user: Any) -> None:
    """Django's own login: the session's key is another one from here on, even for who was logged in before."""
    before = request.session.session_key
    login(request, user, backend=_backend())
    if request.session.session_key == before:
        request.session.cycle_key()


def _backend() -> str:
    """One that the site has: Django forgets a user whose backend is not in its settings."""
    known = list(settings.AUTHENTICATION_BACKENDS)
    return BACKEND if BACKEND in known or not known else str(known[0])


def make_account(user: Any, identity: Identity, app: App | None) -> Account:
    """The rows of an account that is new here."""
    with transaction.atomic():
        account: Account = Account.objects.create(
            user=user,
            provider=identity.provider,
            realm=_realm(app),
            uid=identity.uid,
            username=(identity.username or "")[:255],
            raw=identity.raw,
        )
        _keep(account, identity, app)
    return account


def refresh(account: Account, identity: Identity, app: App | None) -> None:
    """What a later login tells anew."""
    with transaction.atomic():
        account.raw, account.last_login = identity.raw, timezone.now()
        account.username = (identity.username or "")[:255]
        account.save(update_fields=("raw", "last_login", "username"))
        _keep(account, identity, app)


def _keep(account: Account, identity: Identity, app: App | None) -> None:
    if conf.get("STORE_TOKENS"):
        Token.keep(account, app, identity)
    for email in identity.emails:
        add_address(account.user, email.address, verified=email.verified, primary=email.address == identity.email)


def add_address(user: Any, email: str, *, verified: bool, primary: bool = False) -> Address | None:
    """An address of somebody. One that is somebody else's is left out, whoever says that it is verified."""
    if is_taken(email, besides=user):
        return None
    row: Address | None = Address.objects.filter(user=user, email__iexact=email).first()
    try:
        with transaction.atomic():
            if row is None:
                first = primary and not Address.objects.filter(user=user, primary=True).exists()
                row = Address.objects.create(user=user, email=email, verified=verified, primary=first)
            elif verified and not row.verified:
                row.verified = True
                row.save(update_fields=("verified",))
    except IntegrityError:  # somebody else's since a moment ago
        return None
    return row


def is_taken(email: str, besides: Any = None) -> bool:
    """Whether the address is somebody's here, verified or not: of two people the later one is asked."""
    users = get_user_model()._default_manager.filter(**{f"{_email_field()}__iexact": email})
    rows = Address.objects.filter(email__iexact=email)
    if besides is not None:
        users, rows = users.exclude(pk=besides.pk), rows.exclude(user=besides)
    return bool(users.exists() or rows.exists())


def owner_of(email: str) -> Any:
    """Whose verified address it is, letter for letter: a database may hold a dotless i for an i, we do not."""
    rows = Address.objects.select_related("user").filter(email__iexact=email, verified=True)
    return next((row.user for row in rows if _folded(row.email) == _folded(email)), None)


def _folded(email: str) -> str:
    return unicodedata.normalize("NFKC", email).casefold()


def must_verify(user: Any) -> bool:
    """Whether the site wants a verified address and this user's is not. It is the primary one that counts: others may
    be verified because nobody reads them, as GitHub's noreply addresses are.
    """
    if conf.get("EMAIL_VERIFICATION") != "mandatory":
        return False
    row = Address.objects.filter(user=user).first()
    return row is None or not row.verified


def disconnect(request: HttpRequest, account: Account) -> None:
    """Take an account away. ValidationError where the site's rules are against it."""
    with transaction.atomic():  # one at a time, or two tabs would take away the last two ways in
        user = get_user_model()._default_manager.select_for_update().get(pk=account.user_id)
        adapter().may_disconnect(request, account)
        account.delete()
        signals.disconnected.send(Account, request=request, user=user, account=account)


def storable(identity: Identity) -> Identity:
    """The identity without what a database cannot hold or no mail reaches. IdentityUnusable if that is the id."""
    if len(identity.uid) > UID_LENGTH or _plain(identity.uid) != identity.uid:
        raise IdentityUnusable(
            "the user id is too long or holds characters that cannot be stored",
            provider=identity.provider,
            step="userinfo",
            code="uid_unusable",
        )
    texts = {name: _plain(getattr(identity, name)) for name in TEXTS}
    emails = tuple(item for item in identity.emails if _is_address(item.address))
    chosen = choose_email(emails)
    return replace(
        identity,
        raw=_plain(identity.raw),
        emails=emails,
        email=chosen.address if chosen else None,
        email_verified=bool(chosen and chosen.verified),
        **texts,
    )


def _plain(value: Any) -> Any:
    """Without NUL and without halves of surrogate pairs, which PostgreSQL refuses, at any depth."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _email_field() -> str:
    return str(get_user_model().get_email_field_name())


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254
