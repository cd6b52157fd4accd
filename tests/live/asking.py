"""A whole live check of one target: a login with our client for the tokens, every probe, a login by the contract."""

from __future__ import annotations

from typing import Any

import httpx
from targets import CALLBACK, SECRET, Target

import providers
from mockidp.apps import App
from mockidp.check.finding import Finding, Severity
from mockidp.check.live import run as live
from mockidp.check.live.courier import Courier, Manners
from mockidp.check.live.person import in_browser
from mockidp.contract.load import Loaded
from providers.registry import kind_of

QUIET = (Severity.FINE, Severity.NOTE, Severity.STALE)


def identity(target: Target) -> providers.Identity:
    """Log in with the client in `providers`. LoginError where it cannot."""
    kind = kind_of(target.provider)
    own = {name: value for name, value in target.settings.items() if name in kind.settings}
    app = {name: value for name, value in _app(target).items() if name in kind.credentials}
    client = providers.get(target.provider, settings=own, **app)
    options: dict[str, Any] = {"openid_url": target.url} if "openid_url" in kind.parameters else {}
    with httpx.Client(trust_env=False) as http:
        begun = client.begin(redirect_uri=CALLBACK, http=http, **options)
        return client.finish(begun.session, target.browser().login(begun.url, CALLBACK), http=http)


def _app(target: Target) -> dict[str, str]:
    return {"client_id": target.client_id, "client_secret": SECRET}


def checked(target: Target, level: int, loaded: Loaded | None = None) -> list[Finding]:
    """The findings of a check at a level, without the waits that a real provider is owed."""
    app = App(provider=target.provider, redirect_uris=[CALLBACK], **_app(target))
    tokens = _tokens(target) if level else {}
    asked = live.Target(target.provider, target.settings, app, tokens, level, loaded)
    with Courier(manners=Manners(apart=0.0)) as courier:
        run = live.check_live([asked], courier, second_look=0.0)
        assert run.complete
        if level >= 2:
            talk = live.Conversation(asked, courier, run)
            login = target.browser().login
            run.findings += in_browser(talk, lambda url: login(url, CALLBACK), lambda text: None)
    return run.findings


def _tokens(target: Target) -> dict[str, str]:
    """What our client gets; nothing where a planted change stops it."""
    try:
        token = identity(target).token
    except providers.LoginError:
        return {}
    given = {"access_token": token.access, "refresh_token": token.refresh} if token is not None else {}
    return {name: value for name, value in given.items() if value}


def cases(findings: list[Finding]) -> dict[str, Severity]:
    """The case and the kind of each finding, and how grave it is."""
    return {item.id.split("-live-", 1)[1]: item.severity for item in findings}


def grave(findings: list[Finding]) -> dict[str, Severity]:
    """What of it somebody must know."""
    return {name: severity for name, severity in cases(findings).items() if severity not in QUIET}
