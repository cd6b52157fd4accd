"""Deviations that can be asked for, as a table: name, where it bites, and what it does.

`where` is the moment at which a family or the simulator looks for it:
- `person`: instead of the person's decision
- `refuse`: before the step's own rules, refusing as the contract's error of that name does
- `answer`: the finished response is changed
- `token`: the signed identity token is changed before or while it is signed
- `value`: one value of the answer is another one
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from mockidp.errors import UsageError, nearest

if TYPE_CHECKING:
    from mockidp.contract.wire import Wire

Where = Literal["person", "refuse", "answer", "token", "value"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One deviation. `steps` empty is any step; `error` is the refusal it causes."""

    name: str
    where: Where
    about: str
    steps: tuple[str, ...] = ()
    error: str = ""


TABLE = [
    Fault("denied", "person", "the person says no", ("authorize",)),
    Fault("server_error", "refuse", "the provider's own answer when it is broken", error="server_error"),
    Fault(
        "rate_limited",
        "refuse",
        "too many requests, with Retry-After where the provider sends it",
        error="rate_limited",
    ),
    Fault("expired_token", "refuse", "the access token has expired", ("resource",), "token_expired"),
    Fault("revoked_token", "refuse", "the access token has been revoked", ("resource",), "token_revoked"),
    Fault("slow", "answer", "the answer takes 30 seconds"),
    Fault("html_error", "answer", "an HTML page of a proxy in front, status 502"),
    Fault("empty_body", "answer", "status as usual, nothing in it"),
    Fault("wrong_type", "answer", "the usual body, labelled text/html"),
    Fault("truncated", "answer", "the body ends half way"),
    Fault("error_under_200", "answer", "an error in the body, status 200"),
    Fault("id_token_expired", "token", "exp lies an hour back"),
    Fault("id_token_not_yet_valid", "token", "iat and nbf lie an hour ahead"),
    Fault("wrong_key", "token", "signed with a key that is not published, under a published kid"),
    Fault("unknown_kid", "token", "signed with a key that is not published, under its own kid"),
    Fault("alg_none", "token", "not signed at all"),
    Fault("hs256_public_key", "token", "HMAC with the published key as the secret"),
    Fault("wrong_iss", "token", "another issuer"),
    Fault("wrong_aud", "token", "made for another app"),
    Fault("wrong_nonce", "token", "another login's nonce"),
    Fault("missing_nonce", "token", "no nonce although one was sent"),
    Fault("wrong_at_hash", "token", "at_hash of another access token"),
    Fault("unsigned_identity", "token", "the signature does not cover who it is (OpenID 2.0)"),
    Fault("missing_id_token", "answer", "no identity token in the answer", ("token",)),
    Fault("wrong_state", "value", "the callback brings another state", ("authorize",)),
    Fault("missing_state", "value", "the callback brings no state", ("authorize",)),
    Fault("sub_differs", "value", "the profile is somebody else's", ("resource",)),
]
FAULTS = {fault.name: fault for fault in TABLE}
LOGINS = 200  # faults of one login each that are kept; as many logins are in a journal


class Which(TypedDict, total=False):
    """Which calls a fault strikes; what is left out matches anything.

    `step` is a step or a group of them, `app` a client id. `nth` is that call only, counted from 1; `times` is at most
    so often.
    """

    provider: str
    step: str
    person: str
    app: str
    nth: int
    times: int


@dataclass(slots=True)
class Rule:
    """A fault asked for, with the fields of `Which`: empty ones match anything, 0 is every call and without end.

    `login` is the id of the one login that it is for; `id` counts the rules of a world.
    """

    fault: Fault
    provider: str = ""
    step: str = ""
    person: str = ""
    app: str = ""
    nth: int = 0
    times: int = 0
    login: str = ""
    id: int = 0
    seen: int = field(default=0)
    done: int = field(default=0)

    def bites(self, provider: str, step: str, group: str, person: str, app: str, login: str = "") -> bool:
        """Whether it strikes now; counts the call."""
        steps = (self.step,) if self.step else self.fault.steps
        if steps and step not in steps and group not in steps:
            return False
        wanted = ((self.provider, provider), (self.person, person), (self.app, app), (self.login, login))
        if any(want and want != got for want, got in wanted):
            return False
        self.seen += 1
        if (self.nth and self.seen != self.nth) or (self.times and self.done >= self.times):
            return False
        self.done += 1
        return True


class Faults:
    """The faults asked for in one world."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._count = 0

    def add(self, name: str, *, login: str = "", **which: Unpack[Which]) -> Rule:
        """Ask for a fault; `error:NAME` is any error of the provider's contract. UsageError for an unknown name."""
        if name.startswith("error:"):
            steps = (which["step"],) if which.get("step") else ()
            fault = Fault(name, "refuse", f"the contract's error {name[6:]}", steps, name[6:])
        elif name in FAULTS:
            fault = FAULTS[name]
        else:
            raise UsageError(f'no fault "{name}".{nearest(name, list(FAULTS))}')
        self._count += 1
        rule = Rule(fault, **which, login=login, id=self._count)
        self.rules.append(rule)
        alone = [item for item in self.rules if item.login]
        if len(alone) > LOGINS:
            self.rules.remove(alone[0])
        return rule

    def remove(self, rule_id: int) -> bool:
        """Take one back; False where there is no such rule."""
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if rule.id != rule_id]
        return len(self.rules) < before

    def clear(self) -> None:
        self.rules.clear()

    def now(
        self,
        where: Where,
        provider: str,
        step: str,
        group: str,
        person: str,
        app: str,
        names: tuple[str, ...] = (),
        login: str = "",
        alone: bool = False,
    ) -> list[Fault]:
        """The faults that strike at this moment of a call; of these names only, where the moment is one's own.

        `alone` leaves out those that are not for this login only.
        """
        return [
            rule.fault
            for rule in self.rules
            if rule.fault.where == where
            and (not names or rule.fault.name in names)
            and (rule.login or not alone)
            and rule.bites(provider, step, group, person, app, login)
        ]


def check_fault(wire: Wire, name: str, step: str = "") -> None:
    """UsageError for a step, or for an `error:NAME`, that a provider does not have."""
    steps = [*wire.steps, *{wire.group(item) for item in wire.steps}]
    if step and step not in steps:
        raise UsageError(f'{wire.id} has no step "{step}".{nearest(step, steps)}')
    kind, _, error = name.partition(":")
    if kind == "error" and wire.error(error, step or "authorize") is None:
        known = list(wire.errors)
        raise UsageError(f'{wire.id} has no error "{error}".{nearest(error, known)} It has {", ".join(known)}.')
