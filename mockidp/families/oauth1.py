"""OAuth 1.0a (RFC 5849): what is refused, in order, and what is issued. Every request but the browser's is signed.

May live here: what the RFC says of all servers. What one provider does otherwise is its contract's, or its
module's in `quirks/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families import oauth1_sig as sig
from mockidp.families.base import Call, Family, Rule, card
from mockidp.journal import Login
from mockidp.store import Grant
from mockidp.wire import Pairs, Response

OUT_OF_BAND = "oob"  # section 2.1: no callback, the person carries the verifier over
NEVER_KEPT = {"app.id", "redirect_uri", "scope", "request_token", "verifier"}


# what a request says


def signed(call: Call) -> sig.Signed:
    """The request's parameters, collected once. OAuth1Error when it cannot be read as OAuth 1.0."""
    found = call.told("oauth.signed")
    if found is None:
        found = call.values["oauth.signed"] = sig.read(call.request)
    assert isinstance(found, sig.Signed)
    return found


def is_signed(call: Call) -> bool:
    """Whether the contract wants a signature here; some providers open a few steps with key and token alone."""
    return "oauth_signature" in call.exchange.params["form"]


def unreadable(call: Call) -> Refusal | None:
    """A malformed header, a parameter that comes more than once (section 3.2), or a URL that cannot be signed."""
    try:
        signed(call)
        for url in urls(call):
            sig.base_uri(url)
    except sig.OAuth1Error as error:
        return Refusal("bad_request", str(error))
    return None


# refusals wherever a request is signed


def unknown_consumer(call: Call) -> Refusal | None:
    if call.app is not None:
        return None
    known = ", ".join(app.client_id for app in call.world.apps.of(call.provider)) or "none"
    return Refusal(
        "unknown_consumer", "no app has this consumer key", expected=known, got=dict.get(call.values, "presented_id")
    )


def timestamp_refused(call: Call) -> Refusal | None:
    """Section 3.3: whole seconds since 1970, and not too far off."""
    if not is_signed(call):
        return None
    stamp, tolerance = call.told("oauth_timestamp") or "", call.lifetime("timestamp")
    if stamp.isdecimal() and len(stamp) <= 12 and abs(call.now - int(stamp)) <= tolerance:
        return None
    return Refusal(
        "timestamp_refused",
        "oauth_timestamp is too far from this provider's clock",
        expected=f"{call.now:.0f}, give or take {tolerance} s",
        got=stamp[:20],
    )


def bad_signature(call: Call) -> Refusal | None:
    """Also says what was signed instead, where that can be found out."""
    assert call.app is not None
    if not is_signed(call):
        return None
    if call.app.learned and not call.app.client_secret:
        call.entry.remarks.append("the signature was not checked: this app was learned, and its secret is not known")
        return None
    keys = sig.Secrets(call.app.client_secret, call.grant.secret if call.grant else "")
    if any(matches(call, sig.base_string(call.request.method, url, signed(call).pairs), keys) for url in urls(call)):
        return None
    return explained(call, keys)


def urls(call: Call) -> list[str]:
    """The URL as the caller wrote it and as the provider has it: in path form a client may sign either."""
    return [url.partition("?")[0] for url in dict.fromkeys((call.request.outward, call.request.url))]


def matches(call: Call, base: str, keys: sig.Secrets) -> bool:
    """Whether the signature that came is the one over this base string."""
    sent = signed(call).protocol
    return sig.verify(sent["oauth_signature_method"], base, sent["oauth_signature"], keys)


def nonce_used(call: Call) -> Refusal | None:
    """Section 3.3: unique for timestamp, app and token. Asked last, so that a stranger cannot use one up."""
    if not is_signed(call):
        return None
    nonce, stamp = call.told("oauth_nonce"), call.told("oauth_timestamp")
    token = signed(call).protocol.get("oauth_token", "")
    key = f"{call.provider}:{dict.get(call.values, 'presented_id')}:{token}:{stamp}:{nonce}"
    if call.store.once("oauth_nonce", key, call.now + 2 * call.lifetime("timestamp"), call.now):
        return None
    return Refusal("nonce_used", "oauth_nonce has been used before with this timestamp", got=nonce)


# why a signature is wrong: near misses that would have made it right


def near_misses(call: Call) -> Iterator[tuple[str, str, str, Pairs]]:
    """What clients sign by mistake: in words, and the method, URL and parameters of it."""
    method, pairs = call.request.method, signed(call).pairs
    query, form = sig.parse_form(call.request.query), call.request.form_pairs
    for url in urls(call):
        yield "", method, url, pairs  # as it should be: the secrets may have been mixed up
        for other in ("GET", "POST"):
            yield f"with the method {other}", other, url, pairs
        yield "without the parameters of the query", method, url, [pair for pair in pairs if pair not in query]
        yield "without the parameters of the form", method, url, [pair for pair in pairs if pair not in form]
        for name in ("oauth_callback", "oauth_verifier", "oauth_version"):
            yield f"without {name}", method, url, [pair for pair in pairs if pair[0] != name]
        yield "with http in the place of https", method, url.replace("https:", "http:", 1), pairs
        yield "with a slash at the end of the path", method, url + "/", pairs
        yield "without the slash at the end of the path", method, url.rstrip("/"), pairs
    for url in call.exchange.urls:
        yield f"for {url}", method, url, pairs


def wrong_keys(keys: sig.Secrets) -> Iterator[tuple[str, sig.Secrets]]:
    """The right secrets, and how clients mix them up."""
    yield "", keys
    if keys.token:
        yield "with the token secret left out", sig.Secrets(keys.client)
        yield "with the secrets of client and token exchanged", sig.Secrets(keys.token, keys.client)


def explained(call: Call, keys: sig.Secrets) -> Refusal:
    """The refusal, with the base string that should have been signed and the one that was."""
    base = sig.base_string(call.request.method, urls(call)[0], signed(call).pairs)
    if signed(call).protocol["oauth_signature_method"] == "PLAINTEXT":
        return Refusal("bad_signature", "the secrets are not those of app and token", expected=described(keys))
    for words, method, url, pairs in near_misses(call):
        other = sig.base_string(method, url, pairs)
        for key_words, wrong in wrong_keys(keys):
            if matches(call, other, wrong):
                how = " and ".join(filter(None, (words if other != base else "", key_words)))
                return Refusal(
                    "bad_signature",
                    f"the request was signed {how}",
                    expected=masked(base),
                    got=masked(other) if other != base else key_words,
                )
    return Refusal(
        "bad_signature",
        "the signature fits neither this request nor a near miss of it, so a secret is another, or "
        "something else was signed",
        expected=f"{masked(base)} with {described(keys)}",
        got=f"oauth_signature {signed(call).protocol['oauth_signature'][:6]}…",
    )


def described(keys: sig.Secrets) -> str:
    token = login.hint(keys.token) if keys.token else "empty"
    return f"client secret: {login.hint(keys.client)}; token secret: {token}"


SECRET_PART = re.compile(r"(oauth_(?:token|verifier)%3D)((?:(?!%26).){4})((?:(?!%26).)*)")


def masked(base: str) -> str:
    """A base string that can be shown: tokens and verifiers are cut to their first characters."""
    return SECRET_PART.sub(r"\1\2…", base)


# refusals at request_token


def callback_unregistered(call: Call) -> Refusal | None:
    assert call.app is not None
    uri = call.told("redirect_uri")
    if uri == OUT_OF_BAND or call.app.allows(uri):
        return None
    allowed = ", ".join(call.app.redirect_uris) or "any http(s) URI on loopback, or oob"
    return Refusal("callback_unregistered", "oauth_callback is not registered with the app", expected=allowed, got=uri)


def callback_on_localhost(call: Call) -> Refusal | None:
    """Made only by providers whose contract has an error of this name."""
    uri = call.told("redirect_uri") or ""
    if "callback_on_localhost" in call.wire.errors and re.match(r"https?://localhost(?=[:/]|$)", uri, re.IGNORECASE):
        return Refusal(
            "callback_on_localhost",
            "this provider takes 127.0.0.1 and not localhost",
            expected=re.sub("localhost", "127.0.0.1", uri, count=1, flags=re.IGNORECASE),
            got=uri,
        )
    return None


# refusals of a request token


def request_token_unknown(call: Call) -> Refusal | None:
    """Also goes on as the login that the token belongs to, and settles where the browser goes back to."""
    token = call.told("request_token") or ""
    refusal = login.found(call, "request", token, "bad_request_token", "request token")
    if call.grant is not None:
        uri = call.grant.redirect_uri
        call.redirect_to = None if uri == OUT_OF_BAND else uri
    return refusal


def request_token_of_another_app(call: Call) -> Refusal | None:
    return login.of_another_app(call, "request_token_of_another_app", "request token")


def request_token_used(call: Call) -> Refusal | None:
    assert call.grant is not None
    if call.grant.used:
        return Refusal("request_token_used", "the request token has been used before, or the person said no")
    return None


def request_token_expired(call: Call) -> Refusal | None:
    return login.too_old(call, "request_token_expired", "request token", "request_token")


def request_token_authorized(call: Call) -> Refusal | None:
    """At authorize: somebody has decided already."""
    assert call.grant is not None
    if "verifier" in call.grant.facts:
        return Refusal("request_token_authorized", "the request token has been authorized before")
    return None


def request_token_not_authorized(call: Call) -> Refusal | None:
    """At access_token: nobody has decided yet."""
    assert call.grant is not None
    if "verifier" not in call.grant.facts:
        return Refusal("request_token_not_authorized", "nobody has authorized the request token yet")
    return None


def verifier_wrong(call: Call) -> Refusal | None:
    assert call.grant is not None
    given, wanted = call.told("verifier"), call.grant.facts["verifier"]
    if given is None or given == wanted:
        return None
    return Refusal(
        "verifier_wrong",
        "oauth_verifier is not the one of the callback",
        expected=login.hint(wanted),
        got=login.hint(given),
    )


# refusals of an access token


def bad_token(call: Call) -> Refusal | None:
    """Also goes on as the person that the token stands for."""
    return login.found(call, "access", call.told("access_token") or "", "bad_token", "access token")


def token_of_another_app(call: Call) -> Refusal | None:
    return login.of_another_app(call, "token_of_another_app", "access token")


# acts


def issue_request_token(call: Call) -> str:
    """A new request token that remembers its callback, its scopes and what else was told."""
    token = call.fresh("request_token")
    facts = {
        name: value
        for name, value in call.values.told.items()
        if name not in NEVER_KEPT and not name.startswith("oauth")
    }
    grant = call.new_grant(
        call.lifetime("request_token"),
        redirect_uri=call.told("redirect_uri"),
        family=token,
        scope=login.scopes(call),
        secret=str(call.values["request_secret"]),
        facts=facts,
    )
    login.remember(call, "request", token, grant)
    return token


def authorize(call: Call) -> Response | None:
    """Show the login page, or take the decision and send the browser back with a verifier."""
    assert call.grant is not None
    if call.told("scope") is None and call.grant.scope:
        call.values["scope"] = call.wire.client.scope.delimiter.join(call.grant.scope)
    try:
        page = login.authorize(call)
    except Refusal:
        call.store.use("request", f"{call.provider}:{call.told('request_token')}")
        raise
    if page is not None or call.grant.redirect_uri != OUT_OF_BAND:
        return page
    return out_of_band(call, str(call.values["verifier"]))


def issue_verifier(call: Call) -> str:
    """A new verifier, kept with the request token together with who decided."""
    assert call.grant is not None
    assert call.person is not None
    grant = call.grant
    verifier = call.fresh("pin" if grant.redirect_uri == OUT_OF_BAND else "verifier")
    grant.person, grant.scope = call.person.id, login.scopes(call)
    grant.facts = {**grant.facts, "verifier": verifier}
    call.store.put("request", f"{call.provider}:{call.told('request_token')}", grant)
    if call.login:
        call.login.outcome = "code"
    return verifier


def out_of_band(call: Call, verifier: str) -> Response:
    from mockidp.web import pages  # lazy: few logins have no callback

    return pages.error(
        card(call.wire),
        f"Your code is {verifier}",
        "The app has no callback. Type this code there.",
        f"{call.wire.name}, step {call.step}",
        "Go back to the app.",
        status=200,
    )


def redeem(call: Call) -> None:
    """Use the request token up, or refuse it when that has been done."""
    login.use_up(call, "request", call.told("request_token"), request_token_used)
    if call.login:
        call.login.outcome = "logged_in"


def issue_access_token(call: Call) -> str:
    assert call.grant is not None
    token = call.fresh("access_token")
    facts = {name: value for name, value in call.grant.facts.items() if name != "verifier"}
    grant: Grant = call.new_grant(
        call.lifetime("access_token"), family=call.grant.family, facts=facts, secret=str(call.values["access_secret"])
    )
    login.remember(call, "access", token, grant)
    return token


def revoke(call: Call) -> None:
    """End the access token that the request was signed with."""
    assert call.grant is not None
    call.grant.revoked = True
    call.store.put("access", f"{call.provider}:{call.told('access_token')}", call.grant)


SIGNED = (unreadable, refusals.misfit, unknown_consumer)


def base_string(call: Call) -> str:
    """What should have been signed; some providers tell it with the refusal."""
    try:
        pairs = sig.read(call.request).pairs
        return sig.base_string(call.request.method, call.request.outward.partition("?")[0], pairs)
    except sig.OAuth1Error:
        return ""


def absent(call: Call) -> str:
    """The parameters that a request lacks."""
    return "&".join(item.key for item in call.problems if item.kind == "missing") or "oauth_nonce"


class OAuth1(Family):
    """Request token, authorization, access token, and what is read with it."""

    rules = {
        "request_token": (
            *SIGNED,
            timestamp_refused,
            bad_signature,
            nonce_used,
            callback_on_localhost,
            callback_unregistered,
        ),
        "authorize": (
            refusals.misfit,
            request_token_unknown,
            request_token_used,
            request_token_expired,
            request_token_authorized,
        ),
        "access_token": (
            *SIGNED,
            request_token_unknown,
            request_token_of_another_app,
            timestamp_refused,
            bad_signature,
            nonce_used,
            request_token_expired,
            request_token_not_authorized,
            verifier_wrong,
        ),
        "resource": (
            *SIGNED,
            bad_token,
            token_of_another_app,
            timestamp_refused,
            bad_signature,
            nonce_used,
            refusals.token_revoked,
            refusals.token_expired,
            refusals.person_deleted,
            refusals.missing_scope,
        ),
    }
    acts = {"authorize": authorize, "access_token": redeem, "revoke": revoke, "resource": oauth2.resource}
    values = {
        "request_token": issue_request_token,
        "verifier": issue_verifier,
        "access_token": issue_access_token,
        "request_secret": lambda call: call.fresh("request_secret"),
        "access_secret": lambda call: call.fresh("access_secret"),
        "granted": oauth2.granted,
        "expires_in": lambda call: call.lifetime("access_token") or None,
    }

    def handle(self, call: Call) -> Response:
        if call.step != "authorize":
            refusals.find_app(call)
        return super().handle(call)

    def rules_of(self, call: Call) -> Iterator[Rule]:
        """To revoke a token is to use it."""
        yield from self.rules.get(self.key(call), self.rules["resource"])

    def login_of(self, call: Call) -> Login | None:
        """A login begins with its request token; the token tells the rest."""
        return call.world.journal.begin(call.provider, call.now) if call.step == "request_token" else None

    def prepare_fault(self, call: Call) -> None:
        if call.step == "authorize":
            call.check((request_token_unknown,))
