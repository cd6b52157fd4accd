"""How each refusal is brought about: which step of a login is spoilt, and how. One row a refusal.

A client that is not ours cannot be made to misbehave, but a walk can: the row changes one value just before a step.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mockidp.browser import decide

if TYPE_CHECKING:
    from mockidp.check.mock import Lab
    from mockidp.check.walk import Walk
    from mockidp.wire import Request, Response

Spoil = Callable[["Walk", "Lab"], Any]


@dataclass(frozen=True)
class Provocation:
    """Spoil a step. `needs` is a feature without which the row does not apply to a provider.

    `refusal` is what the journal must say, the row's own name unless given; `strict` rows are refused in a strict
    world only, and remarked upon in any other.
    """

    step: str
    spoil: Spoil
    needs: str = ""
    refusal: str = ""
    strict: bool = False


def put(**values: Any) -> Spoil:
    """Replace values of the walk; a dot in a name is written as two underscores."""
    return lambda walk, lab: walk.values.update({key.replace("__", "."): value for key, value in values.items()})


def drop(*names: str) -> Spoil:
    return lambda walk, lab: [walk.values.pop(name, None) for name in names]


def send(**params: str | None) -> Spoil:
    """Send another value for a parameter, or none, whatever the contract says of it."""
    return lambda walk, lab: walk.override.update(params)


def nothing(walk: Walk, lab: Lab) -> None:
    """The walk as such is the provocation."""


def silent(walk: Walk, lab: Lab) -> None:
    """Ask for a login without a page while nobody is logged in."""
    walk.override["prompt"] = "none"
    walk.decide = False


def not_agreed(walk: Walk, lab: Lab) -> None:
    """Ask for a login without a page as another app than the one that the person has just allowed."""
    allowed = walk.send(decide(walk.build(walk.exchange("authorize")).url, walk.person))
    cookie, send = allowed.header("set-cookie").partition(";")[0], walk.send

    def in_that_browser(request: Request) -> Response:
        request.headers["cookie"] = cookie
        return send(request)

    walk.send = in_that_browser
    as_another_app(walk, lab)
    silent(walk, lab)


def wait(kind: str) -> Spoil:
    """Let more time go by than a code or token lives."""
    return lambda walk, lab: lab.world.clock.advance(walk.wire.lifetimes.get(kind, 0) + 1)


def again(walk: Walk, lab: Lab) -> None:
    """Do the step once before it is done: the second time is the one that is looked at."""
    walk.do_step("token")


def as_another_app(walk: Walk, lab: Lab) -> None:
    """Go on with the credentials of a second app of the same provider."""
    first = walk.app
    other = lab.world.apps.register(
        walk.wire.id,
        client_id=first.client_id + "2",
        client_secret=first.client_secret + "2",
        redirect_uris=[walk.redirect_uri],
        facts=dict(first.facts),
    )
    walk.app = other
    for name, value in walk.initial().items():
        if name.startswith("app.") or name == "basic":
            walk.values[name] = value


def as_the_app(walk: Walk, lab: Lab) -> None:
    """Go on with an access token that is the app's own and no person's."""
    walk.do_step("client_credentials")


def own_token(spoil: Spoil) -> Spoil:
    """Give the login's own token to a step that no login takes, and then spoil it."""

    def spoil_own(walk: Walk, lab: Lab) -> None:
        walk.values["token"] = walk.values["access_token"]
        spoil(walk, lab)

    return spoil_own


def revoked(walk: Walk, lab: Lab) -> None:
    """The person has ended everything that came of this login."""
    lab.revoke(walk)


def other_secret(walk: Walk, lab: Lab) -> None:
    """The right id with a wrong secret, wherever the provider wants them."""
    import msgspec

    walk.app = msgspec.structs.replace(walk.app, client_secret="not-the-secret")
    fresh = walk.initial()
    for name in ("app.secret", "basic"):
        if name in fresh:
            walk.values[name] = fresh[name]


def in_header_too(walk: Walk, lab: Lab) -> None:
    """The secret as HTTP Basic, whatever else is sent."""
    pair = f"{walk.app.client_id}:{walk.app.client_secret}"
    walk.values["basic"] = b64encode(pair.encode()).decode()


def unknown_app(walk: Walk, lab: Lab) -> None:
    import msgspec

    walk.app = msgspec.structs.replace(walk.app, client_id="9999999")
    walk.values.update({name: value for name, value in walk.initial().items() if name in ("app.id", "basic")})


def stranger_code(walk: Walk, lab: Lab) -> None:
    walk.values["code"] = "made-up-code"


OAUTH2: dict[str, Provocation] = {
    "unknown_client": Provocation("authorize", unknown_app),
    "redirect_unregistered": Provocation("authorize", put(redirect_uri="https://evil.example/cb"), "redirect_uri"),
    "challenge_missing": Provocation("authorize", drop("code_challenge", "code_challenge_method"), "pkce:required"),
    "pkce_forbidden": Provocation(
        "authorize", put(code_challenge="x" * 43, code_challenge_method="S256"), "pkce:forbidden"
    ),
    "challenge_method_refused": Provocation("authorize", put(code_challenge_method="S1"), "pkce"),
    "unsupported_response_type": Provocation("authorize", send(response_type="token"), "literal:response_type"),
    "login_required": Provocation("authorize", silent, "silent:login_required"),
    "consent_required": Provocation("authorize", not_agreed, "silent:consent_required"),
    "state_missing": Provocation("authorize", drop("state", "nonce"), "", "bad_request", strict=True),
    "pkce_unused": Provocation(
        "authorize", drop("code_challenge", "code_challenge_method"), "pkce:optional", "bad_request", strict=True
    ),
    "denied": Provocation("authorize", lambda walk, lab: setattr(walk, "person", "dave")),
    "bad_code": Provocation("token", stranger_code),
    "unknown_client@token": Provocation("token", unknown_app, "secret", "unknown_client"),
    "credentials_twice": Provocation("token", in_header_too, "error:credentials_twice"),
    "credentials_missing": Provocation("token", drop("app.id", "app.secret", "basic"), "auth:either"),
    "unsupported_grant_type": Provocation("token", send(grant_type="password"), "literal:grant_type"),
    "code_used": Provocation("token", again),
    "code_expired": Provocation("token", wait("code")),
    "code_of_another_app": Provocation("token", as_another_app),
    "wrong_secret": Provocation("token", other_secret, "secret"),
    "redirect_mismatch": Provocation("token", put(redirect_uri="http://127.0.0.1:8000/other"), "redirect_uri"),
    "redirect_missing": Provocation("token", drop("redirect_uri"), "redirect_uri"),
    "verifier_wrong": Provocation("token", put(code_verifier="w" * 43), "pkce"),
    "verifier_missing": Provocation("token", drop("code_verifier"), "pkce"),
    "bad_token": Provocation("resource", put(access_token="made-up-token")),
    "no_token": Provocation("resource", drop("access_token")),
    "token_expired": Provocation("resource", wait("access_token"), "lifetime:access_token"),
    "token_revoked": Provocation("resource", lambda walk, lab: lab.revoke(walk)),
    "missing_scope": Provocation("scoped", nothing, "scoped"),
    "person_deleted": Provocation("resource", nothing, "deleted"),
    "bad_refresh_token": Provocation("refresh", put(refresh_token="made-up-refresh"), "refresh"),
    "unknown_client@refresh": Provocation("refresh", unknown_app, "refresh", "unknown_client"),
    "wrong_secret@refresh": Provocation("refresh", other_secret, "refresh", "wrong_secret"),
    "refresh_token_used": Provocation("refresh", lambda walk, lab: lab.refresh_and_keep(walk), "rotation"),
    "refresh_token_of_another_app": Provocation("refresh", as_another_app, "refresh"),
    "refresh_token_expired": Provocation("refresh", wait("refresh_token"), "lifetime:refresh_token"),
    "refresh_token_revoked": Provocation("refresh", lambda walk, lab: lab.revoke(walk), "refresh"),
    "unknown_client@client_credentials": Provocation("client_credentials", unknown_app, "", "unknown_client"),
    "wrong_secret@client_credentials": Provocation("client_credentials", other_secret, "", "wrong_secret"),
    "token_of_no_person": Provocation("resource", as_the_app, "step:client_credentials"),
}
