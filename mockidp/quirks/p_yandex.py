"""Yandex: what its contract cannot say as data.

Code, because the token endpoint looks at the form of the code and of the header before it looks at what they say,
because PKCE stands in for the secret, and because only tokens that were given to a device can be ended.
Source: yandex.ru/dev/id/doc, codes/code-url and tokens/token-invalidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call, Rule
from mockidp.families.oauth2 import OAuth2

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

CODE = re.compile(r"[0-9]{7}|[0-9A-Za-z]{16}")
DEVICE = "device_id"


def basic_required(call: Call) -> Refusal | None:
    header = call.request.headers.get("authorization", "")
    if header and header.partition(" ")[0].lower() != "basic":
        return Refusal("basic_required", "the Authorization header is not of the type Basic", expected="Basic")
    return None


def malformed_basic(call: Call) -> Refusal | None:
    if call.told("basic") is not None and refusals.basic_credentials(call) is None:
        return Refusal("malformed_basic", "the Authorization header is not the base64 of id and secret")
    return None


def code_malformed(call: Call) -> Refusal | None:
    code = call.told("code") or ""
    if not CODE.fullmatch(code):
        expected = "7 digits or 16 letters and digits"
        return Refusal("code_malformed", "the code has another form", expected=expected, got=f"{len(code)} characters")
    return None


def without_secret(call: Call) -> bool:
    return call.step == "token" and bool(call.told("code_verifier")) and not call.values["presented_secret"]


def unproven(call: Call) -> Refusal | None:
    """Who sends a verifier instead of a secret must have sent a challenge for it."""
    if without_secret(call) and (call.grant is None or call.grant.challenge is None):
        return Refusal(
            "credentials_missing", "no secret came, and no challenge at authorize that could stand in for it"
        )
    return None


def token_without_device(call: Call) -> Refusal | None:
    token = call.told("token") or ""
    grant = call.store.get("access", f"{call.provider}:{token}")
    if grant is None or not grant.facts.get(DEVICE):
        return Refusal("unsupported_token", "the token is not known, or was issued without device_id")
    return None


def access_token(call: Call) -> str:
    """Remembers the device that it is for."""
    device = call.values.told.get(DEVICE)
    token = oauth2.issue_access(call)
    grant = call.store.get("access", f"{call.provider}:{token}")
    if device and grant is not None:
        grant.facts[DEVICE] = device
        login.remember(call, "access", token, grant)
    return token


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown),
        "any": (basic_required, *OAuth2.rules["any"]),
        "client": (malformed_basic, *OAuth2.rules["client"]),
        "token": (code_malformed, *OAuth2.rules["token"], unproven),
        "revoke": (token_without_device,),
    }
    values = {
        **OAuth2.values,
        "access_token": access_token,
        "emails": lambda call: [call.person.email] if call.person and call.person.email else [],
        "sex": lambda call: call.person.gender if call.person and call.person.gender in ("male", "female") else None,
    }

    def rules_of(self, call: Call) -> Iterator[Rule]:
        """Of a resource no type of authorization is looked at; and a verifier stands in for the secret."""
        spared: set[Any] = {basic_required} if call.group != "token" else set()
        if call.group == "token" and without_secret(call):
            spared |= {refusals.wrong_secret, refusals.credentials_missing}
        return (rule for rule in super().rules_of(call) if rule not in spared)


def without_proof(walk: walk.Walk, lab: Lab) -> None:
    """A login without a challenge, and then a verifier and no secret."""
    for name in ("code_challenge", "code_challenge_method"):
        del walk.values[name]
    walk.do_authorize("authorize")
    del walk.values["app.secret"]


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="login:everything")),
        "bad_code": Provocation("token", provoke.put(code="0" * 16)),
        "code_malformed": Provocation("token", provoke.put(code="made-up-code")),
        "basic_required": Provocation("token", provoke.send(Authorization="Digest abc")),
        "malformed_basic": Provocation("token", provoke.put(basic="not base64")),
        "unproven": Provocation("token", without_proof, "", "credentials_missing"),
        "credentials_missing": Provocation("token", provoke.drop("app.secret", "code_verifier")),
        "unsupported_token": Provocation("revoke", provoke.put(token="y0_made-up-token")),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "device_id": "mockidp-device"}
