"""Facebook: what its contract cannot say as data.

Code is needed because versions come and go by date, an id belongs to one app, the proof of the app secret is a hash of
the token, the dialog can give a token itself, and app tokens, their debugging and the withdrawal of permissions are
the Graph API's own. Source: developers.facebook.com, Manually Build a Login Flow, Access Tokens, Debug Token, Securing
Graph API Requests, Graph API Changelog (versions).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace

from mockidp.check import walk
from mockidp.check.provoke import Provocation, put, send, wait
from mockidp.contract.body import asked
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call, Rule
from mockidp.families.oauth2 import OAuth2
from mockidp.quirks.facebook_versions import served_version, unknown_version, version_ended
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

RESPONSE_TYPES = {"code", "token", "granted_scopes"}


# the dialog


def wanted(call: Call) -> set[str]:
    """The parts of `response_type`; a code where nothing is said."""
    return set((call.told("response_type") or "code").split())


def response_type_unknown(call: Call) -> Refusal | None:
    if wanted(call) <= RESPONSE_TYPES and wanted(call) & {"code", "token"}:
        return None
    return Refusal(
        "unsupported_response_type",
        "response_type is not one of the dialog's",
        expected="code, token, code token, each with granted_scopes",
        got=call.told("response_type"),
    )


def code(call: Call) -> str | None:
    if "code" not in wanted(call):
        return None
    call.values.told["installed"] = installed(call)  # goes on with the code into every token that comes of it
    return oauth2.issue_code(call)


def access_token(call: Call) -> str | None:
    """Of the dialog only where one was asked for, and a short-lived one; of the token endpoint a long-lived one."""
    if call.step != "authorize":
        return oauth2.issue_access(call)
    if "token" not in wanted(call):
        return None
    token = call.fresh("access_token")
    facts = {"auth_nonce": call.told("auth_nonce"), "installed": installed(call)}
    grant = call.new_grant(
        call.lifetime("short_access_token"),
        scope=login.scopes(call),
        family=token,
        facts={name: value for name, value in facts.items() if value is not None},
    )
    login.remember(call, "access", token, grant)
    return token


def with_token(name: str) -> Any:
    """A number of seconds that the dialog tells together with a token only."""

    def value(call: Call) -> int | None:
        if call.step == "authorize" and "token" not in wanted(call):
            return None
        return call.lifetime(name)

    return value


# access tokens


def app_token_given(call: Call) -> Refusal | None:
    """An app token is good, and stands for nobody."""
    if app_of_token(call, call.told("access_token") or "") is not None:
        return Refusal("no_token", "the access token is that of the app, and this asks about a person")
    return None


def app_removed(call: Call) -> Refusal | None:
    """Somebody who has withdrawn all permissions has ended every token that the app has of them."""
    assert call.grant is not None
    if call.grant.facts.get("installed", "0") != installed(call):
        return Refusal("token_revoked", "the person has removed the app")
    return None


def installed(call: Call) -> str:
    """How often the person has removed the app: tokens of before the last time are over."""
    removed = call.store.get("removed", removal(call))
    return removed.secret if removed is not None else "0"


def removal(call: Call) -> str:
    app, person = call.app, call.person
    return f"{call.provider}:{app.client_id if app else ''}:{person.id if person else ''}"


def proof_missing(call: Call) -> Refusal | None:
    if call.values["app.require_proof"] == "true" and call.told("appsecret_proof") is None:
        return Refusal("proof_missing", "the app requires appsecret_proof and none came")
    return None


def bad_proof(call: Call) -> Refusal | None:
    """A proof that comes is checked, whether the app requires one or not."""
    sent = call.told("appsecret_proof")
    if sent is None or hmac.compare_digest(sent.encode(), expected_proof(call).encode()):
        return None
    return Refusal(
        "bad_proof",
        "appsecret_proof is not the hex HMAC-SHA256 of the token, keyed with the app secret",
        expected="64 hexadecimal digits that fit",
        got=f"{len(sent)} characters",
    )


def expected_proof(call: Call) -> str:
    return proof(str(call.values["app.secret"]), call.told("access_token") or "")


def proof(secret: str, token: str) -> str:
    """Securing Graph API Requests, "Verify Graph API Calls with appsecret_proof"."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def unknown_field(call: Call) -> Refusal | None:
    wrong = wrong_field(call)
    return Refusal("unknown_field", "a person has no such field", got=wrong) if wrong is not None else None


def wrong_field(call: Call) -> str | None:
    """The first of the fields asked for that there is not."""
    select, body = call.exchange.spec.select, call.exchange.answer.body
    if select is None or body is None:
        return None
    there = {*body.document, *select.known}
    return next((name for name in asked(call.told("fields") or "") if name not in there), None)


def other_user(call: Call) -> Refusal | None:
    own, given = str(call.values["uid"]), call.told("user_id")
    if given in (None, "me", own):
        return None
    return Refusal("unknown_object", "the access token is of another person", expected=own, got=given)


def uid(call: Call) -> Any:
    """Of this person at this app; remembered, so that a picture is found by it."""
    value = call.derived("uid", str(call.values["app.id"]))
    if value is not None:
        call.store.put("uid", f"{call.provider}:{value}", call.new_grant(0))
    return value


# the tokens of apps


def app_token(call: Call) -> str:
    """The one token of an app, always the same: its id and 27 characters that follow from its secret."""
    assert call.app is not None
    digest = hmac.new(call.app.client_secret.encode(), b"app token", hashlib.sha256).digest()
    return f"{call.app.client_id}|{urlsafe_b64encode(digest)[:27].decode()}"


def app_of_token(call: Call, token: str) -> Any:
    """The app whose token this is: one that was issued, or `id|secret`, which is as good; None when it is none."""
    client_id, bar, rest = token.partition("|")
    app = call.world.apps.find(call.provider, client_id) if bar else None
    if app is None:
        return None
    before, call.app = call.app, app
    good = (f"{client_id}|{app.client_secret}", app_token(call))
    call.app = before
    return app if rest and any(hmac.compare_digest(token.encode(), one.encode()) for one in good) else None


def not_app_token(call: Call) -> Refusal | None:
    """Also goes on as the app."""
    token = call.told("access_token")
    app = app_of_token(call, token)
    if app is not None:
        call.app = app
        return None
    if "|" in token or call.store.get("access", f"{call.provider}:{token}") is None:
        return Refusal("bad_token", "the access token is that of no app", got=token[:6] + "…")
    return Refusal(
        "not_app_token", "the access token is that of a person", expected="an app token", got=token[:6] + "…"
    )


def token_of_another_app(call: Call) -> Refusal | None:
    """Also goes on as the person of the token that is asked about."""
    grant = call.store.get("access", f"{call.provider}:{call.told('input_token')}")
    if grant is None or call.app is None:
        return None
    if grant.client_id != call.app.client_id:
        return Refusal(
            "token_of_another_app",
            "the token that is asked about is another app's",
            expected=call.app.client_id,
            got=grant.client_id,
        )
    call.use(grant)
    return None


def input_state(call: Call) -> str:
    """Of the token that is asked about: good, ended or unknown."""
    grant = call.grant
    if grant is None:
        return "unknown"
    ends = (refusals.token_revoked, refusals.token_expired, refusals.person_deleted, app_removed)
    return "ended" if any(rule(call) for rule in ends) else "good"


def of_grant(read: Any) -> Any:
    return lambda call: None if call.grant is None else read(call, call.grant)


def exchanged_unknown(call: Call) -> Refusal | None:
    """Also goes on as the person of the token that is to be exchanged."""
    token = call.told("fb_exchange_token") or ""
    grant = call.store.get("access", f"{call.provider}:{token}")
    if grant is None or (call.app is not None and grant.client_id != call.app.client_id):
        return Refusal("bad_token", "this app has no such access token to exchange", got=token[:6] + "…")
    call.use(grant)
    return None


# what is found by an id, without a token of the person


def nobody(call: Call) -> Refusal | None:
    """A picture is found by an id of this app, or by a token as one's own."""
    token = call.told("access_token")
    if token is None or app_of_token(call, token) is not None:
        return by_id(call)
    call.check((refusals.bad_token, refusals.token_revoked, refusals.token_expired, app_removed, other_user))
    return None


def not_to_withdraw(call: Call) -> Refusal | None:
    """Permissions are withdrawn by the person's token, or all of them by the app's."""
    app = app_of_token(call, call.told("access_token") or "")
    if app is None:
        call.check(PERSON_RULES)
        return None
    if call.told("permission") is not None:
        return Refusal("bad_request", "with the token of the app, the simulator withdraws all permissions or none")
    return by_id(call)


def by_id(call: Call) -> Refusal | None:
    """Also goes on as the person whose id it is."""
    user_id = call.told("user_id")
    if user_id in (None, "me"):
        return Refusal("no_token", "no access token of a person came, and nobody can be `me`")
    grant = call.store.get("uid", f"{call.provider}:{user_id}")
    if grant is None:
        return Refusal("unknown_object", "nobody with this id has logged in", got=user_id)
    call.use(grant)
    return None


# acts


def revoke(call: Call) -> None:
    """Withdraw one permission, or all: then every token of this person at this app ends."""
    assert call.grant is not None
    permission, key = call.told("permission"), f"{call.provider}:{call.told('access_token')}"
    if permission is not None:
        left = tuple(name for name in call.grant.scope if name != permission)
        call.store.put("access", key, replace(call.grant, scope=left))
        return
    call.store.put("removed", removal(call), call.new_grant(0, secret=str(int(installed(call)) + 1)))
    token = call.store.get("access", key)
    if token is not None:
        call.store.put("access", key, replace(token, revoked=True))


def birthday(call: Call) -> str | None:
    """MM/DD/YYYY."""
    year, month, day = str(call.values["person.birthdate"]).split("-")
    return f"{month}/{day}/{year}"


PERSON_RULES: tuple[Rule, ...] = (
    app_token_given,
    *OAuth2.rules["resource"],
    app_removed,
    proof_missing,
    bad_proof,
    unknown_field,
    other_user,
)


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (*OAuth2.rules["authorize"][:2], response_type_unknown, *OAuth2.rules["authorize"][2:]),
        "resource": PERSON_RULES,
        "revoke": (not_to_withdraw,),
        "exchange_token": (exchanged_unknown, refusals.token_revoked, refusals.token_expired, app_removed),
        "app_token": (),
        "debug_token": (not_app_token, token_of_another_app),
        "picture": (nobody,),
    }
    acts = {**OAuth2.acts, "revoke": revoke}
    values = {
        **OAuth2.values,
        "code": code,
        "access_token": access_token,
        "short_expires_in": with_token("short_access_token"),
        "data_access_expiration_time": lambda call: _after(with_token("data_access")(call), call.now),
        "granted_scopes": lambda call: oauth2.granted(call) if "granted_scopes" in wanted(call) else None,
        "served_version": served_version,
        "path": lambda call: call.request.path,
        "unknown_field": lambda call: wrong_field(call) or "nothing",
        "uid": uid,
        "short_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "birthday": birthday,
        "gender": lambda call: found if (found := call.values["person.gender"]) in ("female", "male") else None,
        "app_token": app_token,
        "app_name": lambda call: call.app.name or call.app.client_id if call.app else None,
        "auth_nonce": lambda call: call.grant.facts.get("auth_nonce") if call.grant else None,
        "seconds_left": of_grant(lambda call, grant: int(grant.expires - call.now)),
        "input_state": input_state,
        "input_expires": of_grant(lambda call, grant: int(grant.expires)),
        "input_issued": of_grant(lambda call, grant: int(grant.issued)),
        "input_data_access_expires": of_grant(lambda call, grant: int(grant.issued) + call.lifetime("data_access")),
        "input_scopes": of_grant(lambda call, grant: list(grant.scope)),
        "permissions": of_grant(
            lambda call, grant: [{"permission": name, "status": "granted"} for name in grant.scope]
        ),
        "picture_form": lambda call: "json" if call.told("redirect") in ("0", "false") else "image",
    }

    def rules_of(self, call: Call) -> Iterator[Rule]:
        yield unknown_version
        yield version_ended
        yield from super().rules_of(call)

    def send(self, call: Call, params: Pairs, headers: Pairs, status: int) -> Response:
        """A redirect without a fragment of its own gets `#_=_`."""
        response = super().send(call, params, headers, status)
        response.headers = [
            (key, f"{value}#_=_" if key == "Location" and "#" not in value else value)
            for key, value in response.headers
        ]
        return response


def _after(seconds: int | None, now: float) -> int | None:
    return None if seconds is None else int(now) + seconds


# how the refusals above are brought about


def removed_since(given: walk.Walk, lab: Lab) -> None:
    """Log in twice, withdraw everything with the second token, and go on with the first."""
    first = given.values["access_token"]
    given.do_authorize("authorize")
    given.do_step("token")
    given.do_step("revoke")
    given.values["access_token"] = first


def without_needed_proof(given: walk.Walk, lab: Lab) -> None:
    lab.world.app("facebook", redirect_uris=[given.redirect_uri], facts={"require_proof": "true"})
    given.override["appsecret_proof"] = None


def with_token_of_person(given: walk.Walk, lab: Lab) -> None:
    given.override["access_token"] = given.values["access_token"]


def with_token_of_other_app(given: walk.Walk, lab: Lab) -> None:
    lab.world.app("facebook", client_id="other", client_secret="s2")
    given.override["access_token"] = "other|s2"


def end(given: walk.Walk, lab: Lab) -> None:
    lab.revoke(given)


class Walk(walk.Walk):
    """Sends the token in the query, as the documentation does, and the proof of the app secret with it."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "unsupported_response_type": Provocation("authorize", send(response_type="id_token")),
        "app_token_given": Provocation("userinfo", put(access_token="mockidp|mockidp-secret"), "", "no_token"),
        "app_removed": Provocation("userinfo", removed_since, "", "token_revoked"),
        "proof_missing": Provocation("userinfo", without_needed_proof),
        "bad_proof": Provocation("userinfo", send(appsecret_proof="0" * 64)),
        "unknown_field": Provocation("userinfo", put(fields="id,shoe_size")),
        "other_user": Provocation("permissions", put(user_id="1234567"), "", "unknown_object"),
        "bad_token@exchange": Provocation("exchange_token", send(fb_exchange_token="EAAmadeup"), "", "bad_token"),
        "token_revoked@exchange": Provocation("exchange_token", end, "", "token_revoked"),
        "token_expired@exchange": Provocation("exchange_token", wait("access_token"), "", "token_expired"),
        "app_removed@exchange": Provocation("exchange_token", removed_since, "", "token_revoked"),
        "not_app_token": Provocation("debug_token", with_token_of_person),
        "bad_token@debug": Provocation("debug_token", send(access_token="mockidp|wrong"), "", "bad_token"),
        "token_of_another_app": Provocation("debug_token", with_token_of_other_app),
        "bad_token@revoke": Provocation("revoke", put(access_token="EAAmadeup"), "", "bad_token"),
        "unknown_object": Provocation(
            "picture", lambda given, lab: (put(user_id="1234567")(given, lab), send(access_token=None)(given, lab))
        ),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "user_id": "me"}

    def build(self, exchange: Exchange) -> Request:
        token = self.values.get("access_token")
        self.values.update(fb_exchange_token=token, input_token=token)
        if token is not None:
            self.values["appsecret_proof"] = proof(self.app.client_secret, str(token))
        if exchange.step != "debug_token":
            return super().build(exchange)
        self.values["access_token"] = f"{self.app.client_id}|{self.app.client_secret}"
        try:
            return super().build(exchange)
        finally:
            self.values["access_token"] = token

    def _params(self, exchange: Exchange, place: str) -> Pairs:
        return [pair for pair in super()._params(exchange, place) if pair[0] != "Authorization"]
