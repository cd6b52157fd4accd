"""OpenID Authentication 2.0 as a relying party: discovery, association or stateless, and a verified assertion.

The session is bound to its callback by a `state` in return_to, which is signed. The association's key is sealed inside
the session, because who can read it can forge any identity of that server: with `client_secret` if the provider has
one (any random string shared by the site's processes), else with a key that lives as long as this process.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from calendar import timegm
from collections.abc import MutableMapping
from time import strptime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from . import answers
from . import openid2_association as association
from .base import Form, Login, Provider
from .callback import Callback
from .http import Flow, Response, request, with_query
from .identity import Identity
from .openid2_association import NAMESPACE, Association, Exchange, Kind
from .settings import url
from .yadis import Service

IDENTIFIER_SELECT = f"{NAMESPACE}/identifier_select"
MAX_URL = 2047  # characters; beyond it the request goes by form (section 5.2.1 leaves the limit to browsers)
NONCE_AGE = 3600  # seconds either way
_MUST_SIGN = ("op_endpoint", "return_to", "response_nonce", "assoc_handle", "claimed_id", "identity")
_PROCESS_KEY = secrets.token_bytes(32)


class OpenID2(Provider):
    """A relying party. Subclasses say where the endpoint is and what the identifier proves."""

    settings = {"REALM": url(None)}
    credentials: ClassVar[tuple[str, ...]] = ()
    foreign = ("code", "oauth_token", "oauth_verifier")

    stateless: ClassVar[bool] = False

    def service(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Service]:
        """The endpoint that the login goes to."""
        raise NotImplementedError

    def is_stateless(self, session: dict[str, Any]) -> bool:
        return self.stateless

    def questions(self, session: dict[str, Any]) -> dict[str, str]:
        """Extension parameters of the request."""
        return {}

    def identified(self, session: MutableMapping[str, Any], signed: dict[str, str]) -> Flow[Identity]:
        """The identity behind an assertion whose signature is right; must check that the endpoint may claim it."""
        raise NotImplementedError

    # begin

    def begin_flow(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Login]:
        service = yield from self.service(session, options)
        session["endpoint"], session["claimed_id"], session["local_id"] = service
        session["return_to"] = with_query(session["redirect_uri"], [("state", session["state"])])
        made = None if self.is_stateless(session) else (yield from self._associate(service.endpoint))
        if made is not None:
            session["association"] = self._seal(made)
        fields = {**self._request(session, made), **self.questions(session)}
        login_url = with_query(service.endpoint, fields.items())
        return Login(login_url, session, Form(service.endpoint, fields) if len(login_url) > MAX_URL else None)

    def _request(self, session: dict[str, Any], made: Association | None) -> dict[str, str]:
        """Section 9.1."""
        fields = {
            "openid.ns": NAMESPACE,
            "openid.mode": "checkid_setup",
            "openid.claimed_id": session["claimed_id"] or IDENTIFIER_SELECT,
            "openid.identity": session["local_id"] or IDENTIFIER_SELECT,
            "openid.return_to": session["return_to"],
            "openid.realm": self.realm(session["redirect_uri"]),
        }
        return fields if made is None else {**fields, "openid.assoc_handle": made.handle}

    def realm(self, redirect_uri: str) -> str:
        parts = urlsplit(redirect_uri)
        return f"{self.values['REALM'] or f'{parts.scheme}://{parts.netloc}'}/"

    def _associate(self, endpoint: str) -> Flow[Association | None]:
        """Section 8: once with our choice, once with the server's; None means to go on stateless."""
        over_tls = endpoint.startswith("https:")
        kind = association.DEFAULT
        for _ in range(2):
            exchange = Exchange(kind)
            response = yield request("association", "POST", endpoint, form=exchange.params().items(),
                                     headers=self.headers)  # fmt: skip
            if response.status not in (200, 400):
                return None
            answer = association.read_key_values(response.text)
            if answer.get("error_code") != "unsupported-type":
                return exchange.association(answer, self.clock()) if response.status == 200 else None
            offered = Kind(answer.get("assoc_type", ""), answer.get("session_type", ""))
            if offered == kind or not association.usable(offered, over_tls=over_tls):
                return None
            kind = offered
        return None

    # finish

    def finish_flow(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Identity]:
        self._check_binding(session, callback)
        self.use(session)
        self._check_mode(callback)
        signed = self._signed(callback)
        self._check_endpoint(session, signed)
        self._check_nonce(signed["response_nonce"])
        yield from self._check_signature(session, callback, signed)
        return (yield from self.identified(session, signed))

    def _check_binding(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        """The state in the query, or in the return_to of a posted assertion; whatever is there must be right."""
        state, return_to = callback.get("state"), callback.get("openid.return_to")
        if state is None and return_to is None:
            raise self.mismatch("state_missing", "the callback has no state")
        if state is not None and not self.same(state, self.stored(session, "state")):
            raise self.mismatch("state_mismatch", "the callback's state is not the one of this session")
        if return_to is not None and not self.same(return_to, self.stored(session, "return_to")):
            raise self.mismatch("return_to_mismatch", "the assertion was made for another return_to")

    def _check_mode(self, callback: Callback) -> None:
        """Sections 5.2.3, 10.2."""
        mode = callback.get("openid.mode")
        refusals = {"cancel": "access_denied", "setup_needed": "interaction_required", "error": "invalid_request"}
        if mode in refusals:
            raise self.refused(refusals[mode], "authorize")
        if mode != "id_res":
            raise self.mismatch("code_missing", "the callback has no assertion")
        if callback.get("openid.ns") != NAMESPACE:
            raise self.mismatch("openid_version", "the assertion is not of OpenID 2.0")

    def _signed(self, callback: Callback) -> dict[str, str]:
        """The signed fields in their order, names without `openid.` (section 10.1)."""
        given = dict(callback.pairs)
        names = (callback.get("openid.signed") or "").split(",")
        if not all(name in names and f"openid.{name}" in given for name in _MUST_SIGN):
            raise self.unusable("assertion_incomplete", "authorize", "the assertion does not sign what it must")
        if len(set(names)) != len(names) or any(f"openid.{name}" not in given for name in names):
            raise self.unusable("assertion_incomplete", "authorize", "the assertion signs fields it does not have")
        return {name: given[f"openid.{name}"] for name in names}

    def _check_endpoint(self, session: MutableMapping[str, Any], signed: dict[str, str]) -> None:
        if not self.same(signed["op_endpoint"], self.stored(session, "endpoint")):
            raise self.mismatch("wrong_issuer", "the assertion comes from another endpoint")
        if not self.same(signed["return_to"], self.stored(session, "return_to")):
            raise self.mismatch("return_to_mismatch", "the assertion was made for another return_to")

    def _check_nonce(self, nonce: str) -> None:
        """Section 11.3; the session being single-use is what stops a replay, this bounds how old one may be."""
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ[\x21-\x7e]{0,235}", nonce, re.ASCII):
            raise self.unusable("nonce_invalid", "authorize", "the assertion's nonce has no date")
        try:
            made = timegm(strptime(nonce[:20], "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            raise self.unusable("nonce_invalid", "authorize", "the assertion's nonce has no date") from None
        if abs(self.clock() - made) > NONCE_AGE:
            raise self.unusable("nonce_expired", "authorize", "the assertion is too old or from the future")

    def _check_signature(
        self, session: MutableMapping[str, Any], callback: Callback, signed: dict[str, str]
    ) -> Flow[None]:
        """With the association of this login, or, where it was not used, by asking the server (section 11.4)."""
        made = self._unseal(session)
        if made is None or not self.same(signed["assoc_handle"], made.handle):
            yield from self._check_authentication(session, callback)
            return
        if made.expires_at <= self.clock():
            raise self.unusable("association_expired", "authorize", "the association expired; start a new login")
        if not self.same(association.sign(made, signed.items()), callback.get("openid.sig") or ""):
            raise self.unusable("bad_signature", "authorize", "the assertion's signature is wrong")

    def _check_authentication(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[None]:
        """Section 11.4.2: every field of the assertion, only the mode changed."""
        sent = [(name, value) for name, value in callback.pairs if name.startswith("openid.") and name != "openid.mode"]
        response = yield request(
            "check_authentication",
            "POST",
            self.stored(session, "endpoint"),
            form=[("openid.mode", "check_authentication"), *sent],
            headers=self.headers,
        )
        answer = association.read_key_values(response.text) if response.status == 200 else {}
        if answer.get("is_valid") == "false":
            raise self.unusable("bad_signature", "check_authentication", "the server does not stand by the assertion")
        if answer.get("is_valid") != "true" or response.content_type == "text/html":
            raise self._no_verdict(response)

    def _no_verdict(self, response: Response) -> Exception:
        code = answers.meaning(response, [], {}, for_token=False) or "bad_response"
        return self.refused(code, "check_authentication")

    # the association's key in the session

    def _seal(self, made: Association) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(12)
        key = base64.b64encode(made.mac_key).decode()
        text = json.dumps([made.handle, made.assoc_type, key, made.expires_at]).encode()
        return base64.b64encode(nonce + AESGCM(self._sealing_key()).encrypt(nonce, text, self.id.encode())).decode()

    def _unseal(self, session: MutableMapping[str, Any]) -> Association | None:
        sealed = session.get("association")
        if sealed is None:
            return None
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            data = base64.b64decode(sealed, validate=True)
            text = AESGCM(self._sealing_key()).decrypt(data[:12], data[12:], self.id.encode())
        except (InvalidTag, ValueError, TypeError):
            text = b""
        if not text:
            sentence = "the login was begun by another process; give the provider a client_secret that all share"
            raise self.misconfigured("association_unreadable", sentence, "authorize")
        handle, assoc_type, key, expires_at = json.loads(text)
        return Association(handle, assoc_type, base64.b64decode(key), expires_at)

    def _sealing_key(self) -> bytes:
        return hashlib.sha256(b"association" + (self.client_secret.encode() or _PROCESS_KEY)).digest()
