"""Microsoft: what its contract cannot say as data.

Code is needed because the tenant in the path decides which accounts there are, what their ids look like and who issues
the identity token, because a subject belongs to one app, and because a used refresh token stays good.
Source: MicrosoftDocs/entra-docs v2-protocols-oidc, id-token-claims-reference, v2-oauth2-auth-code-flow, refresh-tokens.
"""

from __future__ import annotations

import re
import uuid
from typing import Any, ClassVar
from urllib.parse import quote

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.clock import iso
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc

PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of all personal accounts
OF_ANY_TENANT = ("common", "organizations")
TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
HOME = "example.onmicrosoft.com"  # the tenant of whoever logs in where no tenant is named


def unknown_tenant(call: Call) -> Refusal | None:
    """A tenant is one of three words, an id or a domain."""
    asked = call.told("tenant")
    if asked is None or asked in (*OF_ANY_TENANT, "consumers") or TENANT_ID.fullmatch(asked) or DOMAIN.fullmatch(asked):
        return None
    expected = "common, organizations, consumers, an id or a domain"
    return Refusal("unknown_tenant", "this cannot be a tenant", expected=expected, got=asked)


def tenant(call: Call) -> str:
    """The tenant that was asked for at authorize, or is asked for now."""
    told = call.grant.facts.get("tenant") if call.grant is not None else call.told("tenant")
    return str(told or "common").lower()


def personal(call: Call) -> bool:
    return tenant(call) in ("consumers", PERSONAL)


def tid(call: Call) -> str:
    """The id of the tenant; before anybody has logged in, the place where it will stand."""
    asked = tenant(call)
    if personal(call):
        return PERSONAL
    if TENANT_ID.fullmatch(asked):
        return asked
    if asked in OF_ANY_TENANT:
        return "{tenantid}" if call.step == "discovery" else str(uuid.uuid5(uuid.NAMESPACE_DNS, HOME))
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, asked))


def uid(call: Call) -> str:
    """The id at Graph: a GUID for work and school, 16 hex digits for personal accounts."""
    return str(call.derived("cid" if personal(call) else "oid"))


def object_id(call: Call) -> str:
    """The claim oid: of a personal account, the same 16 digits behind zeros."""
    cid = str(call.derived("cid"))
    return f"00000000-0000-0000-{cid[:4]}-{cid[4:]}" if personal(call) else uid(call)


def upn(call: Call) -> str | None:
    """The name that somebody signs in with: no e-mail address, though it looks like one."""
    asked, name = tenant(call), call.values["person.username"]
    if personal(call):
        return str(call.values["person.email"] or f"{name}@outlook.example.com")
    return f"{name}@{asked if DOMAIN.fullmatch(asked) else HOME}"


def odata_context(call: Call) -> str:
    chosen = call.told("select")
    which = f"users({quote(chosen, safe=',')})" if chosen else "users"
    return f"{call.wire.settings['GRAPH_URL']}/v1.0/$metadata#{which}/$entity"


def refresh(call: Call) -> None:
    """Give a new refresh token, and let the old one be."""
    del call.values["refresh_token"]


class Rules(Oidc):
    rules: ClassVar = {
        **Oidc.rules,
        "authorize": (*Oidc.rules["authorize"][:2], unknown_tenant, *Oidc.rules["authorize"][2:]),
        "any": (unknown_tenant, *Oidc.rules["any"]),
    }
    acts: ClassVar = {**Oidc.acts, "refresh": refresh}
    values: ClassVar = {
        **Oidc.values,
        "tid": tid,
        "uid": uid,
        "object_id": object_id,
        "upn": upn,
        "sub": lambda call: call.derived("sub", str(call.values["app.id"])),
        "odata_context": odata_context,
        "userinfo_url": lambda call: f"{call.wire.settings['GRAPH_URL']}/oidc/userinfo",
        "aad_time": lambda call: iso(call.now)[:19].replace("T", " ") + "Z",
        "graph_date": lambda call: iso(call.now)[:19],
    }


class Walk(walk.Walk):
    """Logs in at the tenant of the setting; there is no login without a scope."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **{name: row for name, row in walk.Walk.provocations.items() if name != "refresh_token_used"},
        "unknown_tenant": Provocation("authorize", provoke.put(tenant="nowhere")),
        "unknown_tenant@token": Provocation("token", provoke.put(tenant="nowhere"), "", "unknown_tenant"),
        "scope_missing": Provocation("authorize", provoke.drop("scope")),
        "code_missing": Provocation("token", provoke.drop("code")),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), **({"scope": "offline_access"} if self.scope == [] else {})}
