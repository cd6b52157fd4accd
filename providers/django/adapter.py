"""The site's own rules: subclass `Adapter` and name it in SOCIALACCOUNT_ADAPTER."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from . import conf

if TYPE_CHECKING:
    from providers import Identity

    from .models import Account

TRIES = 20  # usernames with a number behind them, before one that is random
LONGEST = 1000  # characters of a URL to go on to: it waits in the session
UNFIT = re.compile(r"[^\w.+-]+")


class Stop(Exception):  # noqa: N818  it is an answer and no mishap
    """Raise it in a rule of the adapter or in a signal's receiver, to answer with something else.

    Nothing of the login is kept, but where it has happened already: a receiver of `logged_in` only answers.
    """

    def __init__(self, response: HttpResponse) -> None:
        self.response = response
        super().__init__("the site answered otherwise")


class Adapter:
    """What happens with somebody who has proved who they are elsewhere. Every method may be replaced."""

    def before_login(self, request: HttpRequest, identity: Identity, account: Account | None) -> None:
        """Called first, with the account here if there is one already. Raise Stop to answer otherwise."""

    def is_open_for_signup(self, request: HttpRequest, identity: Identity) -> bool:
        """Whether somebody new may have an account."""
        return True

    def may_sign_up_at_once(self, request: HttpRequest, identity: Identity) -> bool:
        """Whether an account is made without a form: nothing may be missing, and no address may be taken."""
        return bool(conf.get("AUTO_SIGNUP"))

    def may_join(self, request: HttpRequest, identity: Identity, user: Any) -> bool:
        """Whether this login may be joined to a user who has the same address. Only ever asked when the provider has
        verified the address and so has the site; the answer here is no, since a provider may be wrong.
        """
        return False

    def may_disconnect(self, request: HttpRequest, account: Account) -> None:
        """ValidationError where somebody would lock themselves out."""
        user = account.user
        others = user.provider_accounts.exclude(pk=account.pk).exists()
        if not others and not user.has_usable_password():
            raise ValidationError(gettext("This is the only way in to your account. Set a password first."))

    def new_user(self, request: HttpRequest, identity: Identity) -> Any:
        """A user that is not saved yet, filled with what the provider told."""
        user = get_user_model()()
        self.populate(user, identity)
        user.set_unusable_password()
        return user

    def populate(self, user: Any, identity: Identity) -> None:
        """Names, address and username, as far as the site's user has such fields."""
        first, _, last = (identity.name or "").partition(" ")
        email, field = user.get_email_field_name(), user.USERNAME_FIELD
        values = {
            "first_name": identity.first_name or first,
            "last_name": identity.last_name or last,
            email: identity.email or "",
        }
        for name, value in values.items():
            if (most := _length(type(user), name)) is not None and not getattr(user, name):
                setattr(user, name, value[:most] if name != email or len(value) <= most else "")
        if field != email and not getattr(user, field, ""):
            setattr(user, field, self.username(user, identity))

    def username(self, user: Any, identity: Identity) -> str:
        """A username that nobody has and that the site's validators take."""
        local = (identity.email or "").partition("@")[0]
        wished = [identity.username, local, identity.name, "user"]
        for wish in filter(None, wished):
            for name in (wish, _plain(wish)):
                if name and (free := self._free(user, name)):
                    return free
        return self._free(user, f"user{get_random_string(8, 'abcdefghijkmnpqrstuvwxyz23456789')}") or ""

    def _free(self, user: Any, name: str) -> str:
        """The name, or the name and a number; nothing where it is not one."""
        model, field = type(user), user.USERNAME_FIELD
        most = _length(model, field) or 150
        for number in range(TRIES):
            tail = str(number + 1) if number else ""
            tried = f"{name[: most - len(tail)]}{tail}"
            try:
                model._meta.get_field(field).run_validators(tried)
            except ValidationError:
                return ""
            if not model._default_manager.filter(**{f"{field}__iexact": tried}).exists():
                return tried
        return ""

    def client_address(self, request: HttpRequest) -> str:
        """Whom the rate limits count. Behind a proxy of your own, return the last address of X-Forwarded-For."""
        return str(request.META.get("REMOTE_ADDR", ""))

    def next_url(self, request: HttpRequest, wanted: str, fallback: str = "") -> str:
        """Where the browser goes on: only to this site."""
        hosts = {request.get_host()}
        if (
            wanted
            and len(wanted) <= LONGEST
            and url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure())
        ):
            return wanted
        return fallback or resolve_url(settings.LOGIN_REDIRECT_URL)


def _plain(text: str) -> str:
    """Letters and digits, as most validators want them."""
    simple = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return UNFIT.sub("_", simple).strip("_.")[:60]


def _length(model: Any, name: str) -> int | None:
    """The most characters of a field; None where the model has no such field."""
    try:
        return model._meta.get_field(name).max_length or 254
    except FieldDoesNotExist:
        return None


def adapter() -> Adapter:
    """The site's adapter."""
    return _made(conf.get("ADAPTER"))


@cache
def _made(name: str) -> Adapter:
    made: Adapter = import_string(name)()
    return made
