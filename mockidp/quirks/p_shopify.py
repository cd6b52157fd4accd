"""Shopify: what its contract cannot say as data.

Code is needed because the callback is signed, codes and tokens belong to a shop, how long a token lives depends on how
it was asked for, a used refresh token may be tried again for a while, and errors are pages unless JSON is asked for.
Whoever logs in is taken for the owner of the shop, whose id follows from its name.
Source: shopify.dev, Authorization code grant, Offline access tokens, changelog of 2025-12-10 and 2026-08-28, API
versioning; Shopify/shopify-app-js (lib/utils/hmac-validator).
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from base64 import b64encode
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from msgspec.structs import replace

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Pairs, Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

LONGER_RETRY = datetime.date(2026, 8, 28)
RETRY, LONG_RETRY = 3600, 30 * 86400  # seconds for which a used refresh token may be tried again
UNSIGNED = ("hmac", "signature")


def sign(params: Pairs, secret: str) -> str:
    """The hex HMAC-SHA256 of all parameters but the signature, sorted by key and form-encoded."""
    text = urlencode(sorted(pair for pair in params if pair[0] not in UNSIGNED))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def today(call: Call) -> datetime.date:
    return call.world.date or datetime.datetime.fromtimestamp(call.now, datetime.UTC).date()


# shops


def another_shop(name: str, what: str) -> Any:
    """A refusal: a code or token is good at the shop that it was issued at and no other."""

    def refusal(call: Call) -> Refusal | None:
        assert call.grant is not None
        own, here = call.grant.facts.get("shop"), call.told("shop")
        return None if own == here else Refusal(name, f"the {what} is that of another shop", expected=own, got=here)

    refusal.__name__ = name
    return refusal


code_of_another_shop = another_shop("code_of_another_shop", "code")
refresh_token_of_another_shop = another_shop("refresh_token_of_another_shop", "refresh token")
token_of_another_shop = another_shop("token_of_another_shop", "access token")


def shop_id(call: Call) -> int:
    digest = hashlib.sha256(f"shop:{call.values['shop']}".encode()).digest()
    return 10_000_000_000 + int.from_bytes(digest[:6], "big") % 89_000_000_000


def shop_name(call: Call) -> str:
    return f"Shop {str(call.values['shop']).replace('-', ' ').title()}"


def unpadded(text: str) -> str:
    return b64encode(text.encode()).decode().rstrip("=")


# tokens


def mode(call: Call) -> str:
    """online (asked for at authorize), expiring (asked for at token) or offline."""
    if call.values["grant_mode"] == "per-user":
        return "online"
    return "expiring" if call.step == "refresh" or call.told("expiring") == "1" else "offline"


def lifetime(call: Call) -> int:
    return call.lifetime("access_token" if mode(call) == "offline" else f"{mode(call)}_access_token")


def access_token(call: Call) -> str:
    assert call.grant is not None
    token = call.fresh("access_token")
    facts = {**call.grant.facts, "mode": mode(call)}
    login.remember(call, "access", token, call.new_grant(lifetime(call), family=call.grant.family, facts=facts))
    return token


def token_must_expire(call: Call) -> Refusal | None:
    """A public app must have asked for a token that expires."""
    assert call.grant is not None
    could = call.wire.step("refresh") is not None  # before, no token ended and none had to
    if could and call.values["app.expiring_required"] == "true" and call.grant.facts.get("mode") == "offline":
        return Refusal(
            "token_must_expire",
            "the app is public and the token never expires",
            expected="a token asked for with expiring=1",
            got="one without",
        )
    return None


def granted(call: Call) -> str:
    """A read scope is left out where the write scope of the same thing implies it."""
    names = call.grant.scope if call.grant is not None and call.step != "authorize" else login.scopes(call)
    implied = {name.replace("write_", "read_", 1) for name in names if name.startswith("write_")}
    return call.wire.client.scope.returned.join(name for name in names if name not in implied)


# refresh


def retried_too_late(call: Call) -> Refusal | None:
    """A used refresh token may be tried again, until its replacement is used or the time for it is over."""
    assert call.grant is not None
    first = float(call.grant.facts.get("first_used", call.now))
    window = LONG_RETRY if today(call) >= LONGER_RETRY else RETRY
    if call.now - first > window:
        return Refusal(
            "refresh_token_used",
            "the refresh token was used before, and the time to try again is over",
            expected=f"at most {window} s",
            got=f"{call.now - first:.0f} s",
        )
    return None


def refresh(call: Call) -> None:
    """Give a new pair; the token before the one that came is retired."""
    grant, token = call.grant, call.told("refresh_token")
    assert grant is not None
    before = grant.facts.get("replaces")
    if before is not None:
        call.store.use("refresh", f"{call.provider}:{before}")
    facts = {"first_used": str(call.now), **grant.facts}
    call.store.put("refresh", f"{call.provider}:{token}", replace(grant, facts=facts))
    call.grant = replace(grant, facts={"shop": grant.facts["shop"], "replaces": token})
    del call.values["refresh_token"]


# versions


def served_version(call: Call) -> str:
    """A version is served for a year; an older one, and none at all, is the oldest that is served."""
    day = today(call)
    quarter = day.year * 4 + (day.month - 1) // 3 - 3
    oldest = f"{quarter // 4}-{quarter % 4 * 3 + 1:02d}"
    asked = call.told("version")
    return oldest if asked is None or (asked != "unstable" and asked < oldest) else str(asked)


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "token": (*OAuth2.rules["token"], code_of_another_shop),
        "refresh": (*OAuth2.rules["refresh"], refresh_token_of_another_shop, retried_too_late),
        "resource": (*OAuth2.rules["resource"], token_of_another_shop, token_must_expire),
    }
    acts = {**OAuth2.acts, "refresh": refresh}
    values = {
        **OAuth2.values,
        "hmac": lambda call: "",  # of all that is sent, so it is made when that is known
        "host": lambda call: unpadded(f"admin.shopify.com/store/{call.values['shop']}"),
        "former_host": lambda call: unpadded(f"{call.values['shop']}.myshopify.com/admin"),
        "access_token": access_token,
        "expires_in": lambda call: lifetime(call) or None,
        "granted": granted,
        "oauth_error": lambda call: "invalid_request",
        "shop_id": shop_id,
        "shop_name": shop_name,
        "owner_email": lambda call: call.values["person.email"] or "",
        "owner_email_verified": lambda call: bool(call.values["person.email_verified"]),
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "last_name": lambda call: call.values["person.family_name"] or "",
        "served_version": served_version,
    }

    def send(self, call: Call, params: Pairs, headers: Pairs, status: int) -> Response:
        signature = sign(params, str(call.values["app.secret"]))
        signed = sorted((key, signature if key == "hmac" else value) for key, value in params)
        return super().send(call, signed, headers, status)

    def refused(self, call: Call, refusal: Refusal) -> Response:
        """At the token endpoint an error is a page, unless JSON is asked for."""
        response = super().refused(call, refusal)
        wants_json = "application/json" in call.request.headers.get("accept", "")
        if call.group != "token" or wants_json or not response.header("content-type").startswith("application/json"):
            return response
        call.values["oauth_error"] = summary(response.body)
        return call.answer(call.wire.errors["html_page"].answer(call.step))


def summary(body: bytes) -> str:
    """`error: description` of a JSON error."""
    import msgspec  # lazy: an error page is rare

    error = msgspec.json.decode(body)
    return ": ".join(error[key] for key in ("error", "error_description") if key in error)


def with_retired_token(given: walk.Walk, lab: Lab) -> None:
    """Use the refresh token, then its replacement, and go on with the first."""
    old = given.values["refresh_token"]
    given.do_step("refresh")
    given.do_step("refresh")
    given.values["refresh_token"] = old


def too_late(given: walk.Walk, lab: Lab) -> None:
    """Try a used refresh token again after the time for it."""
    old = given.values["refresh_token"]
    given.do_step("refresh")
    given.values["refresh_token"] = old
    lab.world.clock.advance(LONG_RETRY + 1)


def public_app(given: walk.Walk, lab: Lab) -> None:
    lab.world.app("shopify", redirect_uris=[given.redirect_uri], facts={"expiring_required": "true"})


def with_expired_token(given: walk.Walk, lab: Lab) -> None:
    """Log in again, for a token that expires, and let it."""
    given.values["expiring"] = "1"
    given.do_authorize("authorize")
    given.do_step("token")
    lab.world.clock.advance(given.wire.lifetimes["expiring_access_token"] + 1)


class Walk(walk.Walk):
    """Starts at the app's shop, checks the callback's signature, and reads the person of an online token."""

    uid_of = "app"
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "refresh_token_used": Provocation("refresh", with_retired_token, "rotation"),
        "retried_too_late": Provocation("refresh", too_late, "rotation", "refresh_token_used"),
        "code_of_another_shop": Provocation("token", provoke.put(shop="petstore")),
        "refresh_token_of_another_shop": Provocation("refresh", provoke.put(shop="petstore"), "refresh"),
        "token_of_another_shop": Provocation("userinfo", provoke.put(shop="petstore")),
        "token_must_expire": Provocation("userinfo", public_app),
        "token_expired": Provocation("userinfo", with_expired_token),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "shop": self.app.facts.get("shop", "mockidp")}

    def callback(self, exchange: Any, params: dict[str, str]) -> None:
        if "hmac" in params and params["hmac"] != sign(list(params.items()), self.app.client_secret):
            raise walk.WalkError("authorize", "the hmac of the callback does not fit")
        super().callback(exchange, params)
        self.values["shop"] = params["shop"].removesuffix(".myshopify.com")

    def identity(self) -> dict[str, Any]:
        user = self.seen["token"].document.get("associated_user")
        if user is None:
            return super().identity()
        names = {"first_name": user["first_name"], "last_name": user["last_name"]}
        return {
            **super().identity(),
            **names,
            "uid": str(user["id"]),
            "email": user["email"] or None,
            "email_verified": user["email_verified"],
        }
