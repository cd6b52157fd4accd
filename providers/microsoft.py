from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from .callback import Callback
from .http import Flow, request
from .identity import Email
from .oauth import Grant
from .oidc import OIDC
from .settings import text

_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the tenant of personal accounts
_TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PERSONAL_ID = re.compile(r"[0-9a-f]{16}")


class Microsoft(OIDC):
    """Microsoft Entra ID and personal accounts. `tenant` is common, organizations, consumers, a tenant's id or domain.

    The identity is Microsoft Graph's and no address there is proven; where a personal account has no `mail`, its user
    name is one. The id_token must be of a tenant that is let in; a SCOPE without `openid` gives none and proves less.
    Source: learn.microsoft.com/entra/identity-platform, "OAuth 2.0 authorization code flow", "ID token claims
    reference", "OpenID Connect"; learn.microsoft.com/graph/api/user-get.
    """

    id, name = "microsoft", "Microsoft"
    settings = {"tenant": text("common")}
    parameters = ("prompt", "login_hint", "domain_hint")
    authorize_url = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"
    token_url = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
    jwks_url = "https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys"
    profile_url = "https://graph.microsoft.com/v1.0/me"
    profile_query = {"$select": "id,displayName,givenName,surname,mail,userPrincipalName,mailNickname"}
    scope = ("openid", "profile", "User.Read")
    always_userinfo = True
    error_paths = ("error.code", "error")
    uid, email_verified, username = "id", "", "mailNickname"
    full_name, first_name, last_name, picture = "displayName", "givenName", "surname", ""

    def configure(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*", self.values["tenant"]):
            raise self.misconfigured("setting", "setting tenant must be common, organizations, consumers or a tenant")

    def exchange(self, session: MutableMapping[str, Any], callback: Callback, code: str) -> Flow[Grant]:
        """The token step; before it, the issuer of a tenant that is named by its domain is looked up."""
        tenant = self.values["tenant"].lower()
        if "." in tenant and "openid" in self.asked_scope(session):
            place = f"https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration"
            response = yield request("discovery", "GET", place)
            session["issuer"] = self.json_object("discovery", response).get("issuer")
        return (yield from super().exchange(session, callback, code))

    def issuers_for(self, claims: dict[str, Any], session: MutableMapping[str, Any]) -> tuple[str, ...]:
        """That of the token's own tenant (`tid`), if `tenant` lets its users in."""
        tenant, tid = self.values["tenant"].lower(), claims.get("tid")
        if not isinstance(tid, str) or not _TENANT_ID.fullmatch(tid):
            return ()
        own = f"https://login.microsoftonline.com/{tid}/v2.0"
        let_in = {
            "common": True,
            "organizations": tid != _CONSUMERS,
            "consumers": tid == _CONSUMERS,
        }.get(tenant, own == session.get("issuer") if "." in tenant else tid == tenant)
        return (own,) if let_in else ()

    def same_user(self, info: dict[str, Any], claims: dict[str, Any]) -> bool:
        """Graph knows no `sub`; its id is the object id `oid` of scope `profile`, or for personal accounts its end."""
        oid, own = str(claims.get("oid", "")), str(info.get("id", "")).lower()
        return oid in ("", own) or bool(_PERSONAL_ID.fullmatch(own) and oid.replace("-", "").endswith(own))

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        personal = _PERSONAL_ID.fullmatch(str(profile.get("id", "")).lower())
        stand_in = profile.get("userPrincipalName") if personal else None
        return (yield from super().emails(grant, {"email": profile.get("mail") or stand_in}))
