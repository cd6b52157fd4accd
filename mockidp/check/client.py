"""A login library against the contracts: every person, every error and every fault, through a ten-line adapter.

The library is named by an import string, an entry point of the group `mockidp.adapters` or a command, never by an
import here. Its requests are intercepted or go through a proxy, so it needs no setting that points anywhere special.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mockidp.browser import NoCallbackError, browse
from mockidp.check.adapter import Adapter, Job, connected, find_adapter, tells_codes
from mockidp.check.finding import Finding
from mockidp.check.mock import Lab, fault_steps
from mockidp.contract.load import Loaded, find_line
from mockidp.contract.wire import Fault as ContractFault
from mockidp.errors import MockidpError
from mockidp.faults import TABLE, Fault
from mockidp.people import Person

COMPARED = ("uid", "email", "email_verified", "name", "username")


@dataclass
class Outcome:
    """How one login of a client ended: an identity, or an exception and its code."""

    identity: Mapping[str, Any] | None = None
    error: BaseException | None = None

    @property
    def code(self) -> str:
        return str(getattr(self.error, "code", "") or self.error.__class__.__name__)


def drive(lab: Lab, adapter: Adapter, person: str = "alice", deny: bool = False) -> Outcome:
    """One login of a client at the simulator; every exception of the client is an outcome, not an end."""
    app = lab.world.apps.ready(lab.provider)
    credentials = {"client_id": app.client_id, "client_secret": app.client_secret, **app.facts}
    settings = {**lab.wire.settings}
    job = Job(lab.provider, credentials, settings={k: v for k, v in settings.items() if k in lab.wire.spec.settings})
    with connected(adapter, lab.simulator):
        try:
            begun = adapter.begin(job)
            url, post = (begun, None) if isinstance(begun, str) else begun
            callback = browse(lab.send, url, person=person, deny=deny, post=post)
            return Outcome(adapter.finish(job, callback))
        except NoCallbackError as error:
            return Outcome(error=error)
        except Exception as error:  # whatever the library raises is what is looked at
            return Outcome(error=error)


def check_client(provider: str, client: str | Adapter, loaded: Loaded | None = None) -> Iterator[Finding]:
    """Every person, declared error and fault that concerns a client of this provider."""
    adapter = find_adapter(client) if isinstance(client, str) else client
    lab = Lab(provider, loaded=loaded)
    for case, message in cases(provider, adapter, lab, loaded):
        line = find_line(lab.wire.source.text, ["error", case.partition("-")[2]]) if message else 0
        yield Finding(provider, "client", case, not message, message, lab.wire.source.file, line)


def cases(provider: str, adapter: Adapter, lab: Lab, loaded: Loaded | None) -> Iterator[tuple[str, str]]:
    for who in lab.world.people.named():
        yield f"login-{who.id}", person(Lab(provider, loaded=loaded), adapter, who.id)
    for name in lab.wire.source.table.get("error", {}):
        yield f"error-{name}", declared_error(Lab(provider, loaded=loaded), adapter, name)
    for row in TABLE:
        if row.where != "refuse":
            yield f"fault-{row.name}", fault(Lab(provider, loaded=loaded), adapter, row)


def person(lab: Lab, adapter: Adapter, who: str) -> str:
    """The identity that a client reads is the one that the contract's own map reads."""
    got = drive(lab, adapter, who)
    try:
        want = Lab(lab.provider, loaded=_loaded(lab)).walk(who).run()
    except MockidpError as refused:
        if got.identity is None or spare(lab, getattr(refused, "step", "")):
            return ""
        return f"{who} was refused ({refused}) and the client logged in"
    if got.identity is None:
        return f"{who} could not log in: {got.code}: {got.error}"
    owner = lab.world.people[who]
    if not _is_of(owner, got.identity.get("email")):
        return f"the client reads the e-mail {got.identity.get('email')!r}, which is not that of {who}"
    if got.identity.get("email_verified") and not (owner.email_verified or owner.relay_email):
        return f"the client takes the e-mail of {who} for verified"
    wrong = [
        f"{name} is {got.identity.get(name)!r}, the contract's map reads {want[name]!r}"
        for name in COMPARED
        if name in got.identity
        and (want[name] is not None or name in ("email", "email_verified"))
        and _plain(name, got.identity.get(name)) != _plain(name, want[name])
    ]
    return "; ".join(wrong)


def _plain(name: str, value: Any) -> Any:
    """A value as it is compared: whoever stores an address in small letters has still read it."""
    return value.lower() if name == "email" and isinstance(value, str) else value


def _is_of(owner: Person, email: Any) -> bool:
    return email is None or _plain("email", email) in (_plain("email", owner.email), _plain("email", owner.relay_email))


def _loaded(lab: Lab) -> Loaded | None:
    loader = lab.world._loader
    return loader(lab.provider)


def declared_error(lab: Lab, adapter: Adapter, name: str) -> str:
    """An error of the contract is understood as what it means, at the first of its steps that the client takes."""
    fault_of = lab.wire.errors[name]
    own = name.partition(":")[2]
    for step in [own] if own else fault_steps(lab.wire, fault_of):
        rule = lab.world.faults.add(f"error:{name.partition(':')[0]}", provider=lab.provider, step=step)
        got = drive(lab, adapter)
        if rule.done and lab.wire.error(fault_of.name, step) is fault_of and not (got.identity and spare(lab, step)):
            return _understood(lab, fault_of, step, got, tells_codes(adapter))
        lab.world.faults.clear()
    return ""


def _understood(lab: Lab, fault_of: ContractFault, step: str, got: Outcome, has_codes: bool) -> str:
    """Whether what the client made of an error is what it means."""
    name = fault_of.name
    if got.identity is not None:
        return f"the provider answered {name} at {step} and the client logged in"
    if isinstance(got.error, NoCallbackError):
        return "" if fault_of.spec.page or fault_of.spec.raw else f"no callback: {got.error}"
    return (
        ""
        if not has_codes or got.code in fault_of.means.split("|")
        else f"{name} means {fault_of.means}, the client says {got.code}: {got.error}"
    )


def spare(lab: Lab, step: str) -> bool:
    """Whether a login can do without a step."""
    exchange = lab.wire.step(step)
    return exchange is not None and bool(exchange.spec.spare)


def bodiless(lab: Lab, step: str) -> bool:
    """Whether a step's answer has nothing in it, as one that only sends on."""
    exchange = lab.wire.step(step)
    return exchange is not None and exchange.answer.body is not None and exchange.answer.body.data == b""


OF_ID_TOKEN = {"sub_differs", "missing_id_token"}  # with one answer there is nothing that it could differ from
OF_BODY = {"empty_body", "truncated"}  # of an answer that is empty anyway nothing is missing
HARMLESS = {"wrong_type", "slow"}  # a client may accept these, if what it reads is right


def fault(lab: Lab, adapter: Adapter, row: Fault) -> str:
    """A deviation never logs anybody in, but for the harmless ones, and those never with a wrong identity."""
    if f"fault:{row.name}" in lab.wire.spec.waive or (row.name in OF_ID_TOKEN and lab.wire.spec.id_token is None):
        return ""
    steps = row.steps or tuple(step for step in lab.wire.steps if step != "authorize")
    wrong = [line for step in dict.fromkeys(steps) for line in _fault_at(lab, adapter, row, step)]
    return "; ".join(wrong)


def _fault_at(lab: Lab, adapter: Adapter, row: Fault, step: str) -> Iterator[str]:
    world = Lab(lab.provider, loaded=_loaded(lab))
    rule = world.world.faults.add(row.name, provider=lab.provider, step="" if step == "resource" else step)
    got = drive(world, adapter)
    if not rule.done or got.identity is None:
        return
    want = Lab(lab.provider, loaded=_loaded(lab)).walk("alice").run()
    same = got.identity.get("uid") == want["uid"] and got.identity.get("email") == want["email"]
    unseen = row.name in OF_BODY and bodiless(lab, step)
    if not same or not (row.name in HARMLESS or unseen or spare(lab, step)):
        yield f"{row.name} at {step}: the client logged in"


__all__ = ["Adapter", "Job", "Outcome", "check_client", "drive", "find_adapter"]
