"""Draugiem: a grant by code of its own, which data cannot say.

- an app has an id, which it shows at authorize, and a key, which it proves there by a hash and shows everywhere else in
  the parameter that carried the id: `hash` is the MD5 of the key and the redirect (passport_en; DraugiemApi.php).
- users are a table by id, so one key of the answers is the person's own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import msgspec

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.check.walk import Seen, WalkError
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call, Family, Rule
from mockidp.wire import Request, Response

SAMPLE = "5847123"  # the id under which the body files have their user
LANGUAGES = ("lv", "ru", "en", "de", "hu", "lt")


def signature(key: str, redirect: str) -> str:
    """The `hash` parameter."""
    return hashlib.md5((key + redirect).encode(), usedforsecurity=False).hexdigest()


def wrong_hash(call: Call) -> Refusal | None:
    """An app that was learned at sight has no key yet that could be held against it."""
    assert call.app is not None
    if call.app.learned and not call.app.client_secret:
        return None
    want, got = signature(call.app.client_secret, call.told("redirect_uri") or ""), call.told("hash") or ""
    if not hmac.compare_digest(want.encode(), got.encode()):
        return Refusal("wrong_hash", "hash is not the MD5 of the app's key and the redirect", expected=want, got=got)
    return None


def wrong_key(call: Call) -> Refusal | None:
    """The key is all that names the app; also goes on as that app."""
    given = call.values["presented_secret"] or ""
    apps = call.world.apps.of(call.provider)
    call.app = next((app for app in apps if app.client_secret == given), None) or learned(call, given)
    if call.app is None:
        keys = ", ".join(login.hint(app.client_secret) for app in apps)
        return Refusal("wrong_secret", "no app has this key", expected=keys, got=login.hint(given))
    return None


def learned(call: Call, key: str) -> Any:
    """The app of the code, when it was learned by its id alone and its hash was made with this key."""
    grant = call.store.get("code", f"{call.provider}:{call.told('code')}")
    app = call.world.apps.find(call.provider, grant.client_id) if grant is not None else None
    if grant is None or app is None or not app.learned or app.client_secret:
        return None
    if grant.facts.get("hash") != signature(key, grant.redirect_uri or ""):
        return None
    app.client_secret = key
    return app


def token_of_another_app(call: Call) -> Refusal | None:
    return login.of_another_app(call, "token_of_another_app", "user's key")


def age(call: Call) -> int | None:
    if call.person is None:
        return None
    born, today = date.fromisoformat(call.person.birthdate), datetime.fromtimestamp(call.now, UTC).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def created(call: Call) -> str | None:
    """Like `17.05.2014 18:02:54`."""
    return f"{datetime.fromisoformat(call.person.created):%d.%m.%Y %H:%M:%S}" if call.person else None


def language(call: Call) -> str | None:
    if call.person is None:
        return None
    return call.person.language if call.person.language in LANGUAGES else "en"


def sex(call: Call) -> str | None:
    return {"female": "F", "male": "M"}.get(call.person.gender, "") if call.person else None


class Rules(Family):
    rules = {
        "authorize": (refusals.unknown_client, refusals.host_unregistered, refusals.misfit, wrong_hash),
        "token": (
            refusals.misfit,
            wrong_key,
            refusals.unknown_code,
            refusals.code_of_another_app,
            refusals.code_used,
            refusals.code_expired,
        ),
        "resource": (
            refusals.misfit,
            wrong_key,
            refusals.bad_token,
            token_of_another_app,
            refusals.token_revoked,
            refusals.person_deleted,
        ),
    }
    acts = {"authorize": login.authorize, "token": oauth2.redeem, "resource": oauth2.resource}
    values = {
        "code": oauth2.issue_code,
        "access_token": oauth2.issue_access,
        "language": language,
        "first_name": lambda call: call.person.given_name or call.person.name if call.person else None,
        "sex": sex,
        "age": age,
        "created": created,
    }
    proofs = {"hash": lambda app, pairs: signature(app.client_secret, dict(pairs).get("redirect", ""))}

    def handle(self, call: Call) -> Response:
        refusals.find_app(call)
        return super().handle(call)

    def rules_of(self, call: Call) -> Iterable[Rule]:
        return self.rules[self.key(call)]

    def prepare_fault(self, call: Call) -> None:
        if call.step == "authorize":
            call.check(self.rules["authorize"][:2])

    def respond(self, call: Call) -> Response:
        response = super().respond(call)
        if response.status == 200 and call.step != "authorize":
            told = msgspec.json.decode(response.body, type=dict[str, Any])
            told["users"] = {str(user["uid"]): user for user in told["users"].values()}
            response.body = msgspec.json.encode(told)
        return response


# the other side


class Walk(walk.Walk):
    """Signs the redirect, and finds the user by the id beside the table."""

    provocations: ClassVar[dict[str, Provocation]] = {}

    def build(self, exchange: Exchange) -> Request:
        self.values.setdefault("hash", signature(self.app.client_secret, str(self.values.get("redirect_uri"))))
        return super().build(exchange)

    def callback(self, exchange: Exchange, params: dict[str, str]) -> None:
        if params.get("dr_auth_status") != "ok":
            raise WalkError(exchange.step, f"the app was told {params}", error="access_denied")
        super().callback(exchange, params)

    def parse(self, step: str, response: Response) -> Seen:
        """With the one user under the id that the contract's places have."""
        seen = super().parse(step, response)
        if isinstance(seen.document, dict) and "users" in seen.document:
            ((uid, user),) = seen.document["users"].items()
            if uid != str(seen.document.get("uid", user["uid"])) or uid != str(user["uid"]):
                raise WalkError(step, f"the user {uid} says to be another", response=response)
            seen.document["users"] = {SAMPLE: user}
        return seen


Walk.provocations = {
    **{
        name: provoke.OAUTH2[name]
        for name in (
            *("unknown_client", "denied", "bad_code", "code_used", "code_expired", "code_of_another_app"),
            *("wrong_secret", "bad_token", "no_token", "token_revoked", "person_deleted"),
        )
    },
    "redirect_unregistered": Provocation("authorize", provoke.put(redirect_uri="https://evil.example/cb")),
    "wrong_hash": Provocation("authorize", provoke.put(hash="0" * 32)),
    "hash_missing": Provocation("authorize", provoke.send(hash=None), "", "bad_request"),
    "code_missing": Provocation("token", provoke.drop("code"), "", "bad_code"),
    "wrong_secret@userinfo": Provocation("userinfo", provoke.other_secret, "", "wrong_secret"),
    "token_of_another_app": Provocation("userinfo", provoke.as_another_app),
}
