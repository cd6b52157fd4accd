"""Reddit: what its contract cannot say as data.

Code, because the names that programming libraries call themselves by default are turned away at every step, because
scopes may be joined with commas and are told sorted, because a token lived an hour before April 2022, and because a
name is made of few characters.
Source: reddit-archive/reddit, r2/r2/controllers/oauth2.py and r2/r2/models/token.py; its wiki, API and OAuth2.
"""

from __future__ import annotations

import datetime
import re
from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

GENERIC = re.compile(
    r"\s*|(python-(requests|urllib|httpx)|python|curl|wget|java|axios|node|node-fetch|okhttp|go-http-client|libwww-perl"
    r"|apache-httpclient|ruby|faraday|guzzlehttp|postmanruntime|mozilla)([/ ][\w.-]*.*)?",
    re.IGNORECASE,
)
BROWSER = re.compile(r"mozilla/\S+ .", re.IGNORECASE)
FOREIGN = re.compile(r"[^A-Za-z0-9_-]")
LONGER = datetime.date(2022, 4, 4)  # the first day on which tokens of a day were not yet ruled out


def generic_agent(call: Call) -> Refusal | None:
    """A client must say who it is, in words of its own."""
    agent = call.request.headers.get("user-agent", "")
    if call.step == "authorize" or BROWSER.match(agent) or not GENERIC.fullmatch(agent):
        return None
    return Refusal(
        "generic_agent",
        "the User-Agent is that of a library, or there is none",
        expected="platform:app:version (by /u/name)",
        got=agent,
    )


def lifetime(call: Call) -> int:
    day = call.world.date or datetime.datetime.fromtimestamp(call.now, datetime.UTC).date()
    return call.lifetime("access_token" if day >= LONGER else "former_access_token")


def access_token(call: Call) -> str:
    assert call.grant is not None
    token = call.fresh("access_token")
    login.remember(call, "access", token, call.new_grant(lifetime(call), family=call.grant.family))
    return token


def redditor(call: Call) -> str | None:
    """A name of 3 to 20 letters, digits, dashes and underscores."""
    if call.person is None:
        return None
    return FOREIGN.sub("_", call.person.username)[:20].ljust(3, "_")


def joined(call: Call) -> float | None:
    return datetime.datetime.fromisoformat(call.person.created).timestamp() if call.person else None


AUTHORIZE = [rule for rule in OAuth2.rules["authorize"] if rule is not refusals.best_practice]  # no state, no login


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (*AUTHORIZE, refusals.scope_unknown),
        "any": (generic_agent, *OAuth2.rules["any"]),
    }
    values = {
        **OAuth2.values,
        "access_token": access_token,
        "expires_in": lifetime,
        "granted": lambda call: " ".join(sorted(oauth2.granted_list(call))),
        "redditor": redditor,
        "joined": joined,
    }

    def handle(self, call: Call) -> Response:
        """Commas between scopes are blanks."""
        if "scope" in call.values.told:
            call.values["scope"] = str(call.values["scope"]).replace(",", " ")
        return super().handle(call)


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "generic_agent": Provocation("token", provoke.send(**{"User-Agent": "python-requests/2.32.3"})),
        "generic_agent@refresh": Provocation(
            "refresh", provoke.send(**{"User-Agent": "Go-http-client/1.1"}), "refresh", "generic_agent"
        ),
        "generic_agent@userinfo": Provocation("userinfo", provoke.send(**{"User-Agent": ""}), "", "generic_agent"),
        "bad_scope": Provocation("authorize", provoke.put(scope="identity everything")),
        "scope_missing": Provocation("authorize", provoke.drop("scope")),
        "state_missing": Provocation("authorize", provoke.drop("state"), "", "bad_request"),
        "code_missing": Provocation("token", provoke.drop("code")),
    }
