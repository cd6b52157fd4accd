"""What an OAuth 2.0 server refuses (RFC 6749, 6750, 7009, 7636, 9700): one small function a refusal, named after it.

Each is given the call and says why not, or nothing. Which apply to a step, and in which order, says `oauth2`.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from urllib.parse import unquote_plus

from mockidp.apps import host_of
from mockidp.contract.template import names
from mockidp.contract.wire import split_scope
from mockidp.errors import Refusal
from mockidp.families import login
from mockidp.families.base import Call, Rule
from mockidp.jose import b64url

# finding out who calls, before anything is refused


def basic_credentials(call: Call) -> tuple[str, str] | None:
    """Id and secret of an HTTP Basic header, form-decoded as RFC 6749 section 2.3.1 asks."""
    try:
        user, colon, password = b64decode(call.told("basic") or "", validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return None
    return (unquote_plus(user), unquote_plus(password)) if colon else None


def find_app(call: Call) -> None:
    """The app that the request names, in the body, the query or the Basic header."""
    take = call.values.pop  # from here on they are the registered app's own
    client_id, secret = take("app.id", None), take("app.secret", None)
    if call.told("basic") is not None:
        call.values["credentials_twice"] = secret is not None
        client_id, secret = basic_credentials(call) or ("", "")
    call.values["presented_secret"] = secret
    if client_id is not None:
        apps = call.world.apps
        call.values["presented_id"] = client_id
        call.app = apps.find(call.provider, client_id) or apps.learn(
            call.provider, client_id, call.told("redirect_uri")
        )


# refusals at authorize


def unknown_client(call: Call) -> Refusal | None:
    if call.app is not None:
        return None
    known = ", ".join(app.client_id for app in call.world.apps.of(call.provider)) or "none"
    return Refusal("unknown_client", "no app has this client id", expected=known, got=call.told("presented_id"))


def redirect_unregistered(call: Call) -> Refusal | None:
    """Also settles where the browser goes back to."""
    assert call.app is not None
    uri = call.told("redirect_uri")
    if uri is None and len(call.app.redirect_uris) == 1:
        uri = call.app.redirect_uris[0]
    if uri is None:
        return Refusal("redirect_missing_at_authorize", "no redirect_uri, and the app has not exactly one registered")
    if not call.app.allows(uri):
        allowed = ", ".join(call.app.redirect_uris) or "any http(s) URI on loopback"
        return Refusal("redirect_unregistered", "redirect_uri is not registered", expected=allowed, got=uri)
    call.redirect_to = uri
    return None


def host_unregistered(call: Call) -> Refusal | None:
    """For providers where an app registers the host that people come back to, not the whole URI; settles it too."""
    assert call.app is not None
    uri = call.told("redirect_uri") or ""
    if host_of(uri) in {host_of(known) for known in call.app.redirect_uris} - {None}:
        call.redirect_to = uri
        return None
    return redirect_unregistered(call)


FIXED = {"response_type": "unsupported_response_type", "grant_type": "unsupported_grant_type"}


def misfit(call: Call) -> Refusal | None:
    """A parameter that is missing, has another form, travels elsewhere or comes twice."""
    for problem in call.problems:
        if problem.kind == "unlisted":
            if call.exchange.unlisted_refused:
                return Refusal("bad_request", str(problem))
            if not problem.key.startswith("mockidp"):
                text = str(problem).replace("is unlisted", "is not listed")
                call.entry.remarks.append(f"{text} in the contract, and ignored")
            continue
        missing = call.wire.missing
        names = [
            key for name in (*problem.names, problem.key) for key in (f"{name}:{call.group}", name) if key in missing
        ]
        name = missing[names[0]] if names else "bad_request"
        name = FIXED.get(problem.key, name)
        if problem.kind == "missing" and f"{problem.key}_missing" in call.wire.errors:
            name = f"{problem.key}_missing"  # the contract has a line for the very parameter
        return Refusal(name, str(problem), expected=problem.expected, got=problem.got)
    return None


def challenge_missing(call: Call) -> Refusal | None:
    if call.wire.client.pkce == "required" and call.told("code_challenge") is None:
        return Refusal("challenge_missing", "this provider wants PKCE and no code_challenge came")
    return None


def pkce_forbidden(call: Call) -> Refusal | None:
    if call.wire.client.pkce == "forbidden" and (call.told("code_challenge") or call.told("code_verifier")):
        return Refusal("pkce_forbidden", "this provider refuses PKCE parameters")
    return None


def challenge_method_refused(call: Call) -> Refusal | None:
    if call.told("code_challenge") is None or call.wire.client.pkce not in ("optional", "required"):
        return None
    method = call.told("code_challenge_method") or "plain"
    known = call.wire.client.pkce_methods
    if method not in known:
        return Refusal(
            "challenge_method_refused", "code_challenge_method is not supported", expected=", ".join(known), got=method
        )
    return None


def response_type_other_than(*served: str) -> Rule:
    """For providers whose contract takes any response_type, because it says what comes back."""

    def response_type_unsupported(call: Call) -> Refusal | None:
        kind = call.told("response_type")
        if kind is None or kind in served:
            return None
        return Refusal(
            "unsupported_response_type", "this response_type is not served", expected=" or ".join(served), got=kind
        )

    return response_type_unsupported


def scope_unknown(call: Call) -> Refusal | None:
    """For providers that refuse a scope they do not know: those of the contract's `words` are known."""
    rules = call.wire.client.scope
    asked = split_scope(call.told("scope") or "", rules.delimiter)
    unknown = [name for name in asked if name and name not in rules.words]
    if unknown:
        return Refusal(
            "bad_scope",
            "a scope was asked for that this provider does not have",
            expected=", ".join(rules.words),
            got=" ".join(unknown),
        )
    return None


def best_practice(call: Call) -> Refusal | None:
    """What the provider accepts and RFC 9700 would not: told in the journal, refused in a strict world."""
    if not call.told("state") and not call.told("nonce"):
        call.remark("no state was sent: the callback cannot be tied to the browser (RFC 9700 section 2.1)")
    offered = call.wire.client.pkce == "optional" and "code_challenge" in call.exchange.names
    if offered and call.told("code_challenge") is None:
        call.remark("no code_challenge was sent although the provider supports PKCE (RFC 9700 section 2.1.1)")
    return None


# refusals wherever a client authenticates


def credentials_twice(call: Call) -> Refusal | None:
    """RFC 6749 section 2.3 forbids it to clients; only some providers look, and their contracts have the answer."""
    if call.told("credentials_twice") and call.wire.error("credentials_twice", call.step) is not None:
        return Refusal("credentials_twice", "a client secret came in the header and in the body")
    return None


def credentials_missing(call: Call) -> Refusal | None:
    if call.wire.client.auth != "either":
        return None
    if call.told("basic") is None and not call.values["presented_secret"]:
        return Refusal("credentials_missing", "no client credentials, neither Basic nor in the body")
    return None


def wrong_secret(call: Call) -> Refusal | None:
    assert call.app is not None
    given = call.values["presented_secret"] or ""
    if call.wire.client.auth == "none":
        return None
    if call.app.learned and not call.app.client_secret:
        call.app.client_secret = given
    if not hmac.compare_digest(given.encode(), call.app.client_secret.encode()):
        return Refusal(
            "wrong_secret",
            "the client secret is not that of the app",
            expected=login.hint(call.app.client_secret),
            got=login.hint(given),
        )
    return None


# refusals of a code


def unknown_code(call: Call) -> Refusal | None:
    """Also goes on as the login that the code belongs to."""
    return login.found(call, "code", call.told("code") or "", "bad_code", "code")


def code_of_another_app(call: Call) -> Refusal | None:
    return login.of_another_app(call, "code_of_another_app", "code")


def code_used(call: Call) -> Refusal | None:
    """A second use also ends the tokens of the first (RFC 6749 section 4.1.2)."""
    assert call.grant is not None
    if not call.grant.used:
        return None
    login.end_family(call, call.grant)
    return Refusal("code_used", "the code has been used before; the tokens it gave are revoked")


def code_expired(call: Call) -> Refusal | None:
    return login.too_old(call, "code_expired", "code", "code")


def redirect_missing(call: Call) -> Refusal | None:
    assert call.grant is not None
    asked = "redirect_uri" in call.exchange.names  # not every provider has it at token
    if asked and call.grant.redirect_uri is not None and call.told("redirect_uri") is None:
        return Refusal(
            "redirect_missing",
            "no redirect_uri at token, and one was sent at authorize",
            expected=call.grant.redirect_uri,
            got="",
        )
    return None


def redirect_mismatch(call: Call) -> Refusal | None:
    assert call.grant is not None
    given = call.told("redirect_uri")
    if given is None or call.grant.redirect_uri is None or given == call.grant.redirect_uri:
        return None
    return Refusal(
        "redirect_mismatch",
        "redirect_uri at token is not the one at authorize",
        expected=call.grant.redirect_uri,
        got=given,
    )


def verifier_missing(call: Call) -> Refusal | None:
    assert call.grant is not None
    if call.grant.challenge is not None and not call.told("code_verifier"):
        return Refusal(
            "verifier_missing",
            "no code_verifier, and a code_challenge was sent at authorize",
            expected=call.grant.challenge,
            got="",
        )
    return None


def verifier_wrong(call: Call) -> Refusal | None:
    assert call.grant is not None
    verifier, challenge = call.told("code_verifier"), call.grant.challenge
    if challenge is None or not verifier:
        return None
    made = s256(verifier) if call.grant.method == "S256" else verifier
    if not hmac.compare_digest(made.encode(), challenge.encode()):
        return Refusal(
            "verifier_wrong", "the code_verifier does not give the code_challenge", expected=challenge, got=made
        )
    return None


def s256(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    return b64url(hashlib.sha256(verifier.encode()).digest())


# refusals of a refresh token


def bad_refresh_token(call: Call) -> Refusal | None:
    return login.found(call, "refresh", call.told("refresh_token") or "", "bad_refresh_token", "refresh token")


def refresh_token_of_another_app(call: Call) -> Refusal | None:
    return login.of_another_app(call, "refresh_token_of_another_app", "refresh token")


def refresh_token_used(call: Call) -> Refusal | None:
    assert call.grant is not None
    if call.grant.used:
        return Refusal("refresh_token_used", "the refresh token has been exchanged for a newer one")
    return None


def refresh_token_revoked(call: Call) -> Refusal | None:
    return login.revoked(call, "refresh_token_revoked", "refresh token")


def refresh_token_expired(call: Call) -> Refusal | None:
    return login.too_old(call, "refresh_token_expired", "refresh token", "refresh_token")


# refusals of an access token


def bad_token(call: Call) -> Refusal | None:
    """Also goes on as the person that the token stands for."""
    token = call.told("access_token")
    if token is None:
        return Refusal("no_token", "no access token came")
    return login.found(call, "access", token, "bad_token", "access token")


def token_revoked(call: Call) -> Refusal | None:
    return login.revoked(call, "token_revoked", "access token")


def token_expired(call: Call) -> Refusal | None:
    return login.too_old(call, "token_expired", "access token", "access_token")


def token_of_no_person(call: Call) -> Refusal | None:
    """An app's own token (RFC 6749 section 4.4) opens nothing that is about a person."""
    assert call.grant is not None
    if call.grant.person or not about_a_person(call):
        return None
    return Refusal("token_of_no_person", "the access token is the app's own, and this asks about a person")


def about_a_person(call: Call) -> bool:
    """Whether the identity is read from this answer, or it always has something that is a person's."""
    spec, body = call.wire.spec, call.exchange.answer.body
    if body is None or any(where.source == call.step for where in spec.identity.values()):
        return body is not None
    told = {name for place, text in body.bind.items() if place not in body.optional for name in names(text)}
    return any(name in spec.person or name.startswith("person.") for name in told)


def unknown_token(call: Call) -> Refusal | None:
    """For a revocation that is opened by the token it ends, and by no secret; also goes on as the person."""
    token = call.told("token")
    if token is None:
        return Refusal("no_token", "no access token came")
    return login.found(call, "access", token, "bad_token", "access token")


def person_deleted(call: Call) -> Refusal | None:
    if call.person is not None and call.person.deleted:
        return Refusal("person_deleted", "the account has been deleted")
    return None


def missing_scope(call: Call) -> Refusal | None:
    wanted = call.exchange.scope
    if wanted and wanted.isdisjoint(call.granted):
        return Refusal(
            "missing_scope",
            f"{call.step} needs a scope that was not granted",
            expected=" or ".join(sorted(wanted)),
            got=" ".join(sorted(call.granted)) or "none",
        )
    return None
