"""What can be done to a running simulator, as typed functions `(simulator, world, what) -> result`.

The control interface and the inspector's pages call the same ones. A docstring's first line is the operation's
summary in the OpenAPI document, the rest its description. What cannot be done is an `OperationError`, with the HTTP
status that says so; nothing is changed then.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from mockidp.apps import App
from mockidp.clock import iso
from mockidp.contract.files import card, index
from mockidp.contract.load import check_settings
from mockidp.control import shapes as s
from mockidp.control.found import OperationError, find_world, person_of, provider_of
from mockidp.errors import UsageError, nearest
from mockidp.faults import TABLE, Rule, check_fault
from mockidp.people import Person
from mockidp.web.pages import CODE_SCHEMES

if TYPE_CHECKING:
    from mockidp.journal import Login
    from mockidp.simulator import Simulator
    from mockidp.world import World

APPS, FAULTS = 1000, 200  # at most, in one world
EARLIEST, LATEST = 946684800.0, 4102444799.0  # 2000 and 2099: keys and their certificates are valid between


# worlds


def list_worlds(simulator: Simulator, world: World, what: s.Nothing) -> list[s.WorldView]:
    """List the worlds, the default one first.

    A world is chosen by `?world=NAME`, by `/~NAME` in front of any path of this server, by the client id
    `CLIENT_ID~NAME`, or by the user name of the proxy's URL.
    """
    return [_world_view(simulator, one) for one in simulator.worlds.values()]


def make_world(simulator: Simulator, world: World, what: s.MakeWorld) -> s.WorldView:
    """Make a world: apps, people, clock, keys, faults and journal of its own.

    It begins as the server was started, with the options given. The oldest world but the default one goes when there
    are more than a thousand.
    """
    name = what.name if what.name is not UNSET else f"w{secrets.token_hex(5)}"
    if name in simulator.worlds:
        raise OperationError(409, "world_exists", f'there is a world "{name}"; reset it, or choose another name')
    made = simulator.world.twin(name)
    _check_options(made, what)
    made.renew()  # nothing of a former world of that name shall be good in this one
    made.begin(lambda one: _set_options(one, what))
    return _world_view(simulator, simulator.add(made))


def show_world(simulator: Simulator, world: World, what: s.OneWorld) -> s.WorldView:
    """Show one world."""
    return _world_view(simulator, find_world(simulator, what.name))


def change_world(simulator: Simulator, world: World, what: s.ChangeWorld) -> s.WorldView:
    """Change how a world is set up: who logs in without a page, the date, strictness, settings.

    What is left out stays.
    """
    found = find_world(simulator, what.name)
    _check_options(found, what)
    _set_options(found, what)
    return _world_view(simulator, found)


def drop_world(simulator: Simulator, world: World, what: s.OneWorld) -> s.Removed:
    """Drop a world and all that is in it; the default one stays."""
    found = find_world(simulator, what.name)
    if found is simulator.world:
        raise OperationError(409, "default_world", f'"{found.name}" is the default world; it can only be reset')
    simulator.drop(found.name)
    return s.Removed(removed=1)


def reset_world(simulator: Simulator, world: World, what: s.OneWorld) -> s.WorldView:
    """Begin a world anew, as it was made: no logins, codes or tokens, its first apps, people, faults and keys."""
    found = find_world(simulator, what.name)
    found.reset()
    return _world_view(simulator, found)


def _check_options(world: World, what: s.WorldOptions) -> None:
    """UsageError or OperationError for what there is not, before anything is changed."""
    if what.person is not UNSET and what.person is not None:
        person_of(world, what.person, 400)
    for provider, given in ({} if what.settings is UNSET else what.settings).items():
        check_settings(provider, given)


def _set_options(world: World, what: s.WorldOptions) -> None:
    if what.person is not UNSET:
        world.person = None if what.person is None else world.people[what.person].id
    if what.date is not UNSET:
        world.travel(what.date)
    if what.apps is not UNSET:
        world.apps.mode = what.apps
    if what.strict is not UNSET:
        world.strict = what.strict
    if what.urls is not UNSET:
        world.urls = what.urls
    for provider, given in ({} if what.settings is UNSET else what.settings).items():
        world.configure(provider, **given)


def _world_view(simulator: Simulator, world: World) -> s.WorldView:
    return s.WorldView(
        name=world.name,
        default=world is simulator.world,
        prefix=f"/~{world.name}",
        person=world.person,
        date=world.date,
        apps=world.apps.mode,
        strict=world.strict,
        urls=world.urls,
        settings={provider: dict(given) for provider, given in world.settings.items() if given},
        registered=len(list(world.apps)),
        faults=len(world.faults.rules),
        logins=len(world.journal),
        now=iso(world.clock.now()),
    )


# people


def list_people(simulator: Simulator, world: World, what: s.FindPeople) -> list[Person]:
    """List who can log in, or search them.

    There are also `person-1` to `person-1000000`, and any e-mail address.
    """
    return list(world.people.search(what.text, what.limit))


def show_person(simulator: Simulator, world: World, what: s.OnePerson) -> Person:
    """Show one person, by id or e-mail address."""
    return person_of(world, what.id)


def put_person(simulator: Simulator, world: World, what: s.PutPerson) -> Person:
    """Add somebody to a world, or change one of the cast there."""
    return world.people.add({name: value for name, value in msgspec.structs.asdict(what).items() if value is not UNSET})


def remove_person(simulator: Simulator, world: World, what: s.OnePerson) -> s.Removed:
    """Remove somebody who was added to a world; one of the cast is as they were again."""
    if not world.people.remove(what.id):
        person_of(world, what.id)
        raise OperationError(404, "not_added", f'"{what.id}" was neither added to this world nor changed in it')
    return s.Removed(removed=1)


# providers


def list_providers(simulator: Simulator, world: World, what: s.Nothing) -> list[s.ProviderCard]:
    """List the providers, and the settings that each has in this world."""
    return [_provider_card(world, provider) for provider in index()]


def show_provider(simulator: Simulator, world: World, what: s.OneProvider) -> dict[str, Any]:
    """Show all that is known of one provider in this world, as `mockidp show ID --json` does."""
    from mockidp.cli_facts import full  # lazy: only this one needs it

    return full(world, provider_of(what.provider))


def configure_provider(simulator: Simulator, world: World, what: s.Configure) -> s.ProviderCard:
    """Change a provider's settings in this world, such as the URL of a server of one's own."""
    provider = provider_of(what.provider)
    check_settings(provider, what.settings)
    world.configure(provider, **what.settings)
    return _provider_card(world, provider)


def _provider_card(world: World, provider: str) -> s.ProviderCard:
    known = card(provider)
    given = world.settings.get(provider)
    return s.ProviderCard(
        id=provider,
        name=known.name,
        family=known.family,
        status=known.status,
        hosts=list(world.wire(provider).hosts if given else known.hosts),
        settings=dict(given or {}),
    )


# apps


def list_apps(simulator: Simulator, world: World, what: s.FindApps) -> list[s.AppView]:
    """List the clients of a provider, the ready-made one first; or all that are registered or were learned."""
    if what.provider:
        return [_app_view(world, app) for app in world.apps.of(provider_of(what.provider, 400))]
    return [_app_view(world, app) for app in world.apps]


def register_app(simulator: Simulator, world: World, what: s.RegisterApp) -> s.AppView:
    """Register a client, or register it anew under the same client id."""
    provider = provider_of(what.provider, 400)
    ready = world.apps.ready(provider)
    for name in what.facts:
        if name not in ready.facts:
            known = f"It has {', '.join(ready.facts)}." if ready.facts else "It has none."
            raise UsageError(f'{provider} has no credential "{name}".{nearest(name, list(ready.facts))} {known}')
    for uri in what.redirect_uris:
        _check_redirect_uri(uri)
    if len(list(world.apps)) >= APPS and what.client_id not in [app.client_id for app in world.apps.of(provider)]:
        raise OperationError(409, "too_many", f"a world holds at most {APPS} registered apps; remove one first")
    given = {name: value for name, value in msgspec.structs.asdict(what).items() if value is not UNSET}
    return _app_view(world, world.apps.register(given.pop("provider"), **given))


def remove_app(simulator: Simulator, world: World, what: s.OneApp) -> s.Removed:
    """Remove a registered or learned client.

    The ready-made one stays; in a world of registered apps only, nobody knows it.
    """
    provider = provider_of(what.provider)
    if not world.apps.remove(provider, what.client_id):
        raise OperationError(404, "unknown_app", f'no app "{what.client_id[:80]}" is registered at {provider}')
    return s.Removed(removed=1)


def _check_redirect_uri(uri: str) -> None:
    """RFC 6749, section 3.1.2: absolute, without a fragment."""
    try:
        parts = urlsplit(uri)
        fine = parts.port != 0 and bool(parts.netloc or parts.scheme not in WEB)
        fine = fine and "#" not in uri and parts.scheme not in CODE_SCHEMES
    except ValueError:
        fine = False
    if not fine:
        raise UsageError(f'"{uri[:200]}" is no redirect URI: it must be absolute and have no fragment')


WEB = ("http", "https")


def _app_view(world: World, app: App) -> s.AppView:
    from mockidp.cli_facts import credentials  # lazy: start-up needs none of this

    ready = world.apps.ready(app.provider)
    shown = credentials(app, ready)
    return s.AppView(
        provider=app.provider,
        client_id=app.client_id,
        client_secret=shown["client_secret"],
        redirect_uris=shown["redirect_uris"],
        loopback=app.loopback,
        name=app.name,
        ready=app is ready,
        learned=app.learned,
        facts={name: shown[name] for name in app.facts},
    )


# faults


def known_faults(simulator: Simulator, world: World, what: s.Nothing) -> list[s.FaultKind]:
    """List the faults that can be asked for, and what each deviates."""
    return [s.FaultKind(name=one.name, where=one.where, about=one.about, steps=list(one.steps)) for one in TABLE]


def list_faults(simulator: Simulator, world: World, what: s.Nothing) -> list[s.FaultView]:
    """List the faults that were asked for in this world, and how often each struck."""
    return [_fault_view(rule) for rule in world.faults.rules]


def add_fault(simulator: Simulator, world: World, what: s.AddFault) -> s.FaultView:
    """Ask for a fault: it strikes at every call that fits, at the n-th of them only, or so many times."""
    if what.provider:
        wire = world.wire(provider_of(what.provider, 400))
        check_fault(wire, what.name, what.step)
    if what.person:
        person_of(world, what.person, 400)
    if len(world.faults.rules) >= FAULTS:
        raise OperationError(409, "too_many", f"a world holds at most {FAULTS} faults; remove one first")
    return _fault_view(world.faults.add(**msgspec.structs.asdict(what)))


def remove_fault(simulator: Simulator, world: World, what: s.OneFault) -> s.Removed:
    """Take back one fault that was asked for."""
    if not world.faults.remove(what.id):
        raise OperationError(404, "unknown_fault", f"no fault {what.id} was asked for in this world")
    return s.Removed(removed=1)


def clear_faults(simulator: Simulator, world: World, what: s.Nothing) -> s.Removed:
    """Take back all faults that were asked for in this world."""
    removed = len(world.faults.rules)
    world.faults.clear()
    return s.Removed(removed=removed)


def _fault_view(rule: Rule) -> s.FaultView:
    told = dataclasses.asdict(rule)
    return msgspec.convert({**told, **told["fault"]}, s.FaultView)


# clock


def show_clock(simulator: Simulator, world: World, what: s.Nothing) -> s.ClockView:
    """Show the providers' time in this world."""
    clock = world.clock
    return s.ClockView(
        now=iso(clock.now()), seconds=clock.now(), frozen=clock.frozen, shift=clock.shift, date=world.date
    )


def turn_clock(simulator: Simulator, world: World, what: s.TurnClock) -> s.ClockView:
    """Set, move, stop or restart the providers' time in this world. The application's own is not touched."""
    clock = world.clock
    then = (clock.now() if what.at is UNSET else what.at.timestamp()) + what.move
    if not EARLIEST <= then <= LATEST:
        raise OperationError(400, "out_of_range", "the providers' time can be set from 2000 to 2099")
    if what.frozen is True:
        clock.freeze(then)
    elif what.at is not UNSET or what.move:
        clock.advance(then - clock.now())
    if what.frozen is False:
        clock.run()
    return show_clock(simulator, world, s.Nothing())


def reset_clock(simulator: Simulator, world: World, what: s.Nothing) -> s.ClockView:
    """Back to the machine's time."""
    world.clock.reset()
    return show_clock(simulator, world, what)


# keys


def list_keys(simulator: Simulator, world: World, what: s.Nothing) -> list[s.KeysView]:
    """List every provider that publishes signing keys, and its keys in this world."""
    return [_keys_view(world, provider) for provider in index() if _signs(world, provider)]


def show_keys(simulator: Simulator, world: World, what: s.OneProvider) -> s.KeysView:
    """Show what a provider signs with in this world, and the public keys that it publishes."""
    return _keys_view(world, _signer(world, what.provider))


def rotate_keys(simulator: Simulator, world: World, what: s.RotateKeys) -> s.KeysView:
    """Sign with a new key from now on, with or without the old one still published."""
    provider = _signer(world, what.provider)
    world.keys(provider).rotate(_signs(world, provider), what.overlap)
    return _keys_view(world, provider)


def _signs(world: World, provider: str) -> str:
    """The algorithm of a provider that signs with key pairs, or nothing."""
    spec = world.wire(provider).spec
    signed = spec.id_token or spec.access_token
    return "" if signed is None or signed.alg.startswith(("HS", "none")) else signed.alg


def _signer(world: World, provider: str) -> str:
    if not _signs(world, provider_of(provider)):
        raise OperationError(404, "no_keys", f"{provider} publishes no keys: it signs nothing with a key pair")
    return provider


def _keys_view(world: World, provider: str) -> s.KeysView:
    ring, alg = world.keys(provider), _signs(world, provider)
    published: list[dict[str, Any]] = [dict(key) for key in ring.published()]
    return s.KeysView(provider=provider, alg=alg, signing=ring.signing(alg).kid, published=published)


# journal


def list_logins(simulator: Simulator, world: World, what: s.FindLogins) -> list[s.LoginCard]:
    """List the logins of this world, newest first."""
    found = [login for login in reversed(list(world.journal)) if _fits(login, what)]
    return [_login_card(login) for login in found[: what.limit]]


def show_login(simulator: Simulator, world: World, what: s.OneLogin) -> s.LoginStory:
    """Show one login with every request: what it matched, and what was refused and why."""
    login = world.journal.get(what.login)
    if login is None:
        raise OperationError(404, "unknown_login", f'no login "{what.login[:80]}" is remembered in this world')
    return msgspec.convert(login.as_dict(), s.LoginStory)


def clear_journal(simulator: Simulator, world: World, what: s.Nothing) -> s.Removed:
    """Forget all logins of this world. Codes and tokens stay good; reset the world to end them too."""
    removed = len(world.journal)
    world.journal.clear()
    return s.Removed(removed=removed)


def _fits(login: Login, what: s.FindLogins) -> bool:
    outcome = "" if what.outcome is UNSET else what.outcome
    wanted = ((what.provider, login.provider), (what.app, login.app), (what.person, login.person))
    return all(want in ("", got) for want, got in (*wanted, (outcome, login.outcome)))


def _login_card(login: Login) -> s.LoginCard:
    refusals = [entry for entry in login.entries if entry.refused]
    last = refusals[-1] if refusals else None
    told: Mapping[str, Any] = {**login.as_dict(), "requests": len(login.entries), "refused": None}
    made = msgspec.convert({name: told[name] for name in s.LoginCard.__struct_fields__}, s.LoginCard)
    if last is not None:
        made.refused = s.RefusedView(name=last.refused, why=last.why, expected=last.expected, got=last.got)
    return made


# completing a login without a browser


def authorize(simulator: Simulator, world: World, what: s.Authorize) -> s.CallbackView:
    """Complete a login without a browser: an authorize URL in, the callback out.

    The URL is opened at the simulated provider, the person logs in and allows or denies, and what the provider sends
    back is given to the caller, who opens it at the application. Where the provider shows an error page instead, the
    answer is 422 `no_callback` with the journal's reason and the two values that differ.
    """
    from mockidp.control.browsing import complete  # lazy: needs the parser of pages

    return complete(simulator, world, what)
