"""OAuth 2.0, authorization code grant (RFC 6749, 6750, 7009, 7636): the order of what is refused, and what is issued.

May live here: what the RFCs say of all servers. What one provider does otherwise is its contract's, or its
module's in `quirks/`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mockidp.errors import Refusal
from mockidp.families import login, refusals, session
from mockidp.families.base import Call, Family, Rule, card
from mockidp.wire import Response

# acts


FORGET = {"app.id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "login_hint"}
CREDENTIALS = {"app.secret", "basic", "client_jwt"}


def issue_code(call: Call) -> str:
    """A new code that remembers what it was issued for."""
    code = call.fresh("code")
    challenge = call.told("code_challenge") if call.wire.client.pkce in ("optional", "required") else None
    facts = {name: value for name, value in call.values.told.items() if name not in FORGET}
    if call.wire.spec.id_token is not None:
        facts["authenticated"] = str(session.since(call))
    grant = call.new_grant(
        call.lifetime("code"),
        scope=login.scopes(call),
        redirect_uri=call.told("redirect_uri"),
        nonce=call.told("nonce"),
        challenge=challenge,
        method=call.told("code_challenge_method") or "plain",
        family=code,
        facts=facts,
    )
    login.remember(call, "code", code, grant)
    if call.login:
        call.login.outcome = "code"
    return code


def redeem(call: Call) -> None:
    """Mark the code used, so that it opens nothing again."""
    login.use_up(call, "code", call.told("code"), refusals.code_used)
    if call.login:
        call.login.outcome = "logged_in"


def issue_access(call: Call, token: str = "") -> str:
    """A new access token, of the provider's form unless one is given."""
    return _issue(call, "access", "access_token", token)


def issue_refresh(call: Call) -> str:
    return _issue(call, "refresh", "refresh_token")


def _issue(call: Call, kind: str, form: str, token: str = "") -> str:
    token = token or call.fresh(form)
    family, nonce = (call.grant.family, call.grant.nonce) if call.grant else ("", None)
    lifetime = access_lifetime(call) if kind == "access" else call.lifetime(form)
    login.remember(call, kind, token, call.new_grant(lifetime, family=family, nonce=nonce))
    return token


def access_lifetime(call: Call) -> int:
    """Seconds that a new access token is good for; an app's own may have a line in the contract."""
    usual = call.lifetime("access_token")
    return call.wire.lifetimes.get("app_token", usual) if call.step == "client_credentials" else usual


def refresh(call: Call) -> None:
    """Issue a new access token; the refresh token is replaced where the contract's answer carries a new one."""
    assert call.grant is not None
    old = call.told("refresh_token")
    answer = call.exchange.answer.body
    if answer is not None and "$refresh_token" in answer.bind.values():
        login.use_up(call, "refresh", old, refusals.refresh_token_used)
        del call.values["refresh_token"]


def client_credentials(call: Call) -> None:
    """Let the app act for itself (RFC 6749 section 4.4): what is issued next is nobody's, and comes of no login."""
    facts = {name: value for name, value in call.values.told.items() if name not in FORGET | CREDENTIALS}
    call.grant = call.new_grant(0, scope=login.scopes(call), facts=facts)


def revoke(call: Call) -> None:
    """End a token and all that came of the same code (RFC 7009 section 2.1); an unknown one is no error."""
    for kind in ("access", "refresh"):
        grant = call.store.get(kind, f"{call.provider}:{call.told('token')}")
        if grant is not None:
            grant.revoked = True
            call.store.put(kind, f"{call.provider}:{call.told('token')}", grant)
            login.end_family(call, grant)


def resource(call: Call) -> None:
    if call.person is not None and call.faults("value", "sub_differs"):
        call.person = call.world.people["eve" if call.person.id != "eve" else "bob"]


def granted(call: Call) -> str:
    """The granted scopes as this provider writes them."""
    return call.wire.client.scope.returned.join(granted_list(call))


def granted_list(call: Call) -> list[str]:
    """The same where the provider sends an array."""
    names = call.grant.scope if call.grant is not None and call.step != "authorize" else login.scopes(call)
    return [call.wire.client.scope.aliases.get(name, name) for name in names]


def login_required(call: Call) -> Refusal | None:
    """With prompt=none nobody may be asked anything (OIDC Core 3.1.2.1), where the provider has errors for it."""
    return session.not_silent(call, login.scopes(call)) if "login_required" in call.wire.errors else None


class OAuth2(Family):
    """The authorization code grant."""

    rules = {
        "authorize": (
            refusals.unknown_client,
            refusals.redirect_unregistered,
            refusals.misfit,
            refusals.challenge_missing,
            refusals.pkce_forbidden,
            refusals.challenge_method_refused,
            refusals.best_practice,
            login_required,
        ),
        "any": (refusals.misfit,),
        "client": (
            refusals.credentials_twice,
            refusals.credentials_missing,
            refusals.unknown_client,
            refusals.wrong_secret,
        ),
        "token": (
            refusals.unknown_code,
            refusals.code_of_another_app,
            refusals.code_used,
            refusals.code_expired,
            refusals.redirect_missing,
            refusals.redirect_mismatch,
            refusals.pkce_forbidden,
            refusals.verifier_missing,
            refusals.verifier_wrong,
        ),
        "refresh": (
            refusals.bad_refresh_token,
            refusals.refresh_token_of_another_app,
            refusals.refresh_token_used,
            refusals.refresh_token_revoked,
            refusals.refresh_token_expired,
        ),
        "resource": (
            refusals.bad_token,
            refusals.token_revoked,
            refusals.token_expired,
            refusals.token_of_no_person,
            refusals.person_deleted,
            refusals.missing_scope,
        ),
    }
    acts = {
        "authorize": login.authorize,
        "token": redeem,
        "refresh": refresh,
        "client_credentials": client_credentials,
        "revoke": revoke,
        "resource": resource,
    }
    values = {
        "code": issue_code,
        "access_token": issue_access,
        "refresh_token": issue_refresh,
        "granted": granted,
        "granted_list": granted_list,
        "expires_in": lambda call: access_lifetime(call) or None,
        "presented_code": lambda call: call.values.told.get("code") or "",
        "presented_refresh_token": lambda call: call.values.told.get("refresh_token"),
        "refresh_expires_in": lambda call: call.lifetime("refresh_token") or None,
        "error_why": lambda call: call.entry.why,
        "presented_id": lambda call: "",  # what the request names, where it names any
    }

    def handle(self, call: Call) -> Response:
        if call.group != "resource":
            refusals.find_app(call)
        return super().handle(call)

    def rules_of(self, call: Call) -> Iterable[Rule]:
        """At authorize an app is told nothing before it and its redirect URI are known; elsewhere the form is first."""
        rules = self.rules["any"] if call.step != "authorize" else ()
        if call.group == "token":
            rules += self.rules["client"]
        if "access_token" in call.exchange.names or self.key(call) != "resource":
            rules = (*rules, *super().rules_of(call))  # what asks for no token is a document for everybody
        return rules

    def prepare_fault(self, call: Call) -> None:
        if call.step == "authorize":
            call.check(self.rules["authorize"][:2])  # who asks, and where the browser goes back to

    def send(self, call: Call, params: list[tuple[str, str]], headers: list[tuple[str, str]], status: int) -> Response:
        """Back to the app: in the query, the fragment, or a form that posts itself (OAuth 2.0 Form Post)."""
        tokens = "access_token" in dict(params)  # never in a query: RFC 6749 section 4.2.2
        mode = call.told("response_mode") or ("fragment" if tokens else "query")
        if mode == "form_post":
            from mockidp.web import pages  # lazy: few providers post

            return pages.form_post(call.redirect_to or "", params, card(call.wire))
        url = call.wire.redirect_url(call.redirect_to or "", params, fragment=mode == "fragment")
        return Response(status, [*headers, ("Location", url)])
