from __future__ import annotations

import re
from typing import Any

from .http import Flow
from .identity import Email, Token, email_rows, pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import flag, host

_ORCID = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]")


class ORCID(OAuth2):
    """ORCID, or its sandbox with `BASE_DOMAIN` sandbox.orcid.org. The token answer names the iD, the record the rest.

    The public API shows only what the researcher made public, and gets no token; with `MEMBER_API` the members' API
    does. PKCE is not read. Source: ORCID/ORCID-Source, orcid-api-web/tutorial and v3.0.43; ORCID/orcid-model,
    record_3.0.
    """

    id, name = "orcid", "ORCID"
    settings = {"BASE_DOMAIN": host("orcid.org"), "MEMBER_API": flag(False)}
    parameters = ("prompt", "max_age", "lang", "show_login", "email", "orcid", "given_names", "family_names")
    authorize_url = "https://{BASE_DOMAIN}/oauth/authorize"
    token_url = "https://{BASE_DOMAIN}/oauth/token"
    profile_url = "https://{API}.{BASE_DOMAIN}/v3.0/{orcid}/record"
    scope, pkce = ("/authenticate",), False
    api_headers = {"Accept": "application/orcid+json"}
    error_paths = ("error", "error-code")
    api_errors = {
        "9007": "not_found", "9016": "not_found", "9017": "insufficient_scope",
        "9018": "account_suspended", "9044": "account_suspended",
    }  # fmt: skip
    uid, full_name = "orcid-identifier.path", "token.name"
    first_name, last_name = "person.name.given-names.value", "person.name.family-name.value"

    def configure(self) -> None:
        self.values["API"] = "api" if self.values["MEMBER_API"] else "pub"

    def bearer(self, token: Token) -> dict[str, str]:
        return super().bearer(token) if self.values["MEMBER_API"] else {}

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        orcid = grant.body.get("orcid")
        if not isinstance(orcid, str) or not _ORCID.fullmatch(orcid):
            raise self.refused("bad_response", "token")
        grant.variables["orcid"] = orcid
        record = yield from super().profile(grant)
        if pick(record, self.uid) != orcid:
            raise self.unusable("sub_mismatch", "userinfo", "the record is another person's than the token; report it")
        return {**record, "token": grant.body}

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        return email_rows(pick(profile, "person.emails.email"))
        yield  # they are in the record
