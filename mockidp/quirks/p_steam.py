"""Steam: what data cannot say.

The profile is no part of OpenID: GetPlayerSummaries of the Web API is opened by the app's key alone and lists any
players by their ids, unknown ones left out (partner.steamgames.com, Web API; xPaw/SteamWebAPIDocumentation).
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from mockidp.check import walk_openid2
from mockidp.check.provoke import Provocation, drop, put
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, openid2, refusals
from mockidp.families.base import Call, Value, Values
from mockidp.wire import Pairs, Response

if TYPE_CHECKING:
    from mockidp.people import Person

MOST = 100  # ids in one request
DAY = 86400
NOT_HERE = {openid2.dh_refused, openid2.handle_shared, openid2.unknown_identifier}  # no associations, all ids exist


def bad_key(call: Call) -> Refusal | None:
    """Also settles which app it is."""
    key, apps = call.values.pop("app.secret", None) or "", call.world.apps
    known = [app for app in apps.of(call.provider) if hmac.compare_digest(app.client_secret.encode(), key.encode())]
    call.app = known[0] if known else apps.learn(call.provider, key, None) if key else None
    if call.app is None:
        ready = apps.ready(call.provider).client_secret
        return Refusal("bad_key", "no app has this Web API key", expected=login.hint(ready), got=login.hint(key))
    call.app.client_secret = key
    return None


def owner(call: Call, steamid: str) -> Person | None:
    """Whose id it is: somebody who has logged in, or one of the named."""
    grant = call.store.get("steamid", f"{call.provider}:{steamid}")
    if grant is not None:
        return call.world.people[grant.person]
    for person in call.world.people.named():
        call.person = person
        if call.derived("steamid") == steamid:
            return person
    return None


def players(call: Call) -> Response:
    """One row a known id, in the order asked for."""
    family, rows = call.family, []
    for steamid in call.told("steamids").split(",")[:MOST]:
        call.person = owner(call, steamid.strip())
        if call.person is None:
            continue
        oauth2.resource(call)
        call.values = Values(call, {})
        body = family.variant(call).answer.body
        assert body is not None
        rows += body.filled(call.values)["response"]["players"]
    call.person = None
    response = Response(200, [("Content-Type", call.exchange.answer.type)])
    response.body = call.outward_bytes(msgspec.json.encode({"response": {"players": rows}}))
    return response


def avatar(suffix: str) -> Value:
    return lambda call: f"https://avatars.steamstatic.com/{call.values['avatar']}{suffix}.jpg"


class Rules(openid2.OpenID2):
    """The family, and the Web API beside it."""

    rules = {
        **{
            step: tuple(rule for rule in listed if rule not in NOT_HERE)
            for step, listed in openid2.OpenID2.rules.items()
        },
        "userinfo": (refusals.misfit, bad_key),
    }
    acts = {**openid2.OpenID2.acts, "userinfo": players}
    values = {
        **openid2.OpenID2.values,
        "avatar_small": avatar(""),
        "avatar_medium": avatar("_medium"),
        "avatar_full": avatar("_full"),
        "time_created": lambda call: int(datetime.fromisoformat(call.person.created).timestamp()) if call.person else 0,
    }

    def send(self, call: Call, params: Pairs, headers: Pairs, status: int) -> Response:
        """Also remembers whose id it was: ids are made of people, not people of ids."""
        if call.person is not None:
            call.store.put("steamid", f"{call.provider}:{call.derived('steamid')}", call.new_grant(DAY))
        return super().send(call, params, headers, status)


class Walk(walk_openid2.Walk):
    """Asks for the profile of the id that ends the claimed identifier."""

    provocations = {
        **walk_openid2.OPENID2,
        "bad_key": Provocation("userinfo", put(app__secret="F" * 32)),
        "key_missing": Provocation("userinfo", drop("app.secret")),
        "steamids_missing": Provocation("userinfo", drop("steamids")),
    }

    def callback(self, exchange: Exchange, params: dict[str, str]) -> None:
        super().callback(exchange, params)
        self.values["steamids"] = params["openid.claimed_id"].rpartition("/")[2]
