"""A world: apps, people, clock, keys, faults and journal that belong together and leak into no other.

Made in microseconds: every part comes into being when it is first asked for.
"""

from __future__ import annotations

import datetime
import os
import secrets
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from mockidp.apps import App, Apps, Mode
from mockidp.clock import Clock
from mockidp.contract import load
from mockidp.contract.files import contracts_folder, index
from mockidp.contract.template import chooser, stretch
from mockidp.contract.wire import Wire
from mockidp.faults import Faults
from mockidp.journal import Journal
from mockidp.keys import KeyRing, pem_ec_p256, thumbprint_kid
from mockidp.people import People

if TYPE_CHECKING:
    from mockidp.contract.load import Loaded


class World:
    """One isolated set of everything that a login may change.

    `person` logs in without a page when set; `date` picks the wire; `settings` are a provider's settings by id.
    `urls` is how an answer to a path-form request names the provider: in path form too, or as it really does, issuer
    and all, for an application whose own HTTP client puts the base in front.
    """

    def __init__(
        self,
        name: str = "default",
        *,
        apps: Mode = "ready",
        person: str | None = None,
        date: datetime.date | None = None,
        strict: bool = False,
        settings: Mapping[str, Mapping[str, str]] | None = None,
        people: list[dict[str, Any]] | None = None,
        urls: Literal["path", "real"] = "path",
        loader: Callable[[str], Loaded] = load,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.name, self.shelf = name, name
        self.random = random
        self._people, self._loader = people, loader
        self._wires: dict[str, Wire] = {}
        self._wide: list[tuple[list[str], list[str]]] = []
        self.clock, self.faults, self.journal = Clock(), Faults(), Journal()
        self._first: tuple[Mode, str | None, datetime.date | None, bool, Literal["path", "real"]]
        self._first = apps, person, date, strict, urls
        self._first_settings = settings or {}
        self._begun: list[Callable[[World], None]] = []
        self._begin()

    def _begin(self) -> None:
        apps, self.person, self.date, self.strict, self.urls = self._first
        self.settings = {provider: dict(given) for provider, given in self._first_settings.items()}
        self.apps = Apps(self._app_facts, apps, self.name)
        self._rings: dict[str, KeyRing] = {}
        self._hosts: dict[str, list[str]] | None = None

    def begin(self, act: Callable[[World], None]) -> None:
        """Do something to this world that belongs to its beginning: a reset does it again."""
        act(self)
        self._begun.append(act)

    def twin(self, name: str) -> World:
        """A new world that begins as this one did, with nothing of what has happened in it since."""
        apps, person, date, strict, urls = self._first
        made = World(
            name,
            apps=apps,
            person=person,
            date=date,
            strict=strict,
            settings=self._first_settings,
            people=self._people,
            urls=urls,
            loader=self._loader,
            random=self.random,
        )
        made.journal = self.journal.twin()
        for act in self._begun:
            made.begin(act)
        return made

    def reset(self) -> None:
        """Begin anew, as it was made. Who holds the clock, the faults or the journal goes on holding them."""
        self.renew()
        self.clock.reset()
        self.faults.clear()
        self.journal.clear()
        self.__dict__.pop("people", None)
        self._wires.clear()
        self._begin()
        for act in self._begun:
            act(self)

    def renew(self) -> None:
        """Let no code or token be good that was issued before: they stay on a shelf that nobody looks at."""
        self.shelf = f"{self.name}#{secrets.token_hex(6)}"

    @cached_property
    def people(self) -> People:
        return People(contracts_folder() / "_people", self._people or ())

    def wire(self, provider: str) -> Wire:
        """A provider as it is in this world: its settings, and the date where one is set."""
        if provider not in self._wires:
            self._wires[provider] = self._loader(provider).at(self.settings.get(provider), self.date)
        return self._wires[provider]

    def travel(self, date: datetime.date | None) -> None:
        """Use the wire as it was on a date; None is today's."""
        self.date = date
        self._wires.clear()

    def configure(self, provider: str, **settings: str) -> None:
        """Set a provider's settings in this world. UsageError or ContractError, and no change, where they cannot be."""
        given = {**self.settings.get(provider, {}), **settings}
        self._wires[provider] = self._loader(provider).at(given, self.date)  # first, for it may be refused
        self.settings[provider], self._hosts = given, None

    def keys(self, provider: str) -> KeyRing:
        """The signing keys of one provider in this world."""
        if provider not in self._rings:
            contract = self.wire(provider).spec
            spec = contract.id_token or contract.access_token
            kid = chooser(spec.kid) if spec else None
            self._rings[provider] = KeyRing(
                (spec.keys or spec.alg if spec else "RS256",),
                (lambda digest: str(kid(lambda count: stretch(digest, count), {}))) if kid else thumbprint_kid,
            )
        return self._rings[provider]

    def _app_facts(self, provider: str) -> dict[str, str]:
        facts: dict[str, str] = {}
        known = _Facts(provider)
        for name, choose in self.wire(provider).app_facts.items():
            facts[name] = known["app." + name] = choose(lambda count: bytes(count), known)
        return facts

    def at_host(self, host: str) -> list[str]:
        """The providers that answer at a host, by the index and this world's settings."""
        if self._hosts is None:
            self._hosts = self._host_table()
        found = self._hosts.get(host)
        if found is None and "." in host:
            found = self._hosts.get("*" + host[host.index(".") :])
        if found is None:  # families with a free label further on
            labels = host.split(".")
            found = next((ids for wide, ids in self._wide if _of_family(labels, wide)), None)
        return found or []

    def _host_table(self) -> dict[str, list[str]]:
        table: dict[str, list[str]] = {}
        for provider, card in index().items():
            hosts = self.wire(provider).hosts if provider in self.settings else card.hosts
            for host in hosts:
                table.setdefault(host, []).append(provider)
        self._wide = [(host.split("."), ids) for host, ids in table.items() if "*" in host[1:]]
        return table

    def hosts(self) -> list[str]:
        """The hosts of all providers, those of this world's settings too; `*` stands for any one label."""
        usual = (host for card in index().values() for host in card.hosts)
        return sorted({*usual, *(host for provider in self.settings for host in self.wire(provider).hosts)})

    def app(self, provider: str, **fields: Any) -> App:
        """The ready-made app, or a newly registered one when fields are given."""
        return self.apps.register(provider, **fields) if fields else self.apps.ready(provider)


def _of_family(labels: list[str], family: list[str]) -> bool:
    return len(labels) == len(family) and all(want in ("*", got) for want, got in zip(family, labels, strict=True))


class _Facts(dict[str, Any]):
    """What a fact of a ready-made app may be made of: the facts before it, and a private key that is derived."""

    def __init__(self, provider: str) -> None:
        super().__init__()
        self._provider = provider

    def __missing__(self, name: str) -> str | None:
        return pem_ec_p256(self._provider) if name == "ec_p256_key" else None
