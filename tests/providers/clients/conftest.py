"""A whole login by authorization code, in the order and with the exact requests that a test writes down."""

import base64
import hashlib
import json

import jwt
import pytest

SECRET = "s3cret-of-the-app"
CALLBACK = "https://app.example/cb"
CODE = "c0de"


def at_hash(token, algorithm):
    digest = hashlib.new(f"sha{algorithm[-3:]}", token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


class CodeLogin:
    """Call it with a provider and its wire: what is expected where, and what is answered.

    `authorize` and `scope` are of the redirect, `token` is the token URL, `form` what differs there from the standard
    form (None leaves out), `answer` its answer. `claims` become the id_token, signed as `algorithm` says by the key
    that `jwks` publishes (or by the secret), `api` lists (method, URL, what else is expected and answered).
    """

    def __init__(self, script, make, query, claims, sign, keys, jwk):
        self.script, self.make, self.query, self.claims, self.sign = script, make, query, claims, sign
        self.keys, self.jwk = keys, jwk

    def begin(self, name, settings, begin, credentials):
        self.provider = self.make(name, settings, **credentials)
        self.login = self.script.begin(self.provider, **(begin or {}))
        self.sent = self.query(self.login.url)
        return self.login

    def __call__(
        self,
        name,
        *,
        authorize,
        scope,
        token,
        answer,
        settings=None,
        begin=None,
        pkce=True,
        basic=False,
        form=None,
        claims=None,
        jwks=None,
        algorithm="RS256",
        kid="k1",
        signed_by=None,
        api=(),
        callback=None,
        before=(),
        **credentials,
    ):
        session = self.begin(name, settings, begin, credentials).session
        assert self.login.url.startswith(f"{authorize}?")
        assert self.sent.get("scope") == scope
        assert (self.sent["client_id"], self.sent["redirect_uri"]) == ("app-1", CALLBACK)
        assert ("code_challenge" in self.sent) is pkce
        for method, url, more in before:
            self.script.expect(method, url, **more)
        secret = credentials.get("client_secret", SECRET)
        standard = {"grant_type": "authorization_code", "code": CODE, "redirect_uri": CALLBACK}
        own = {} if basic else {"client_id": "app-1", "client_secret": secret}
        proof = {"code_verifier": session["verifier"]} if pkce else {}
        wanted = {**standard, **own, **proof, **(form or {})}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        headers = {"Authorization": f"Basic {base64.b64encode(f'app-1:{secret}'.encode()).decode()}" if basic else None}
        body = dict(answer)
        if claims is not None:
            # A login that sends no nonce has none to get back.
            made = self.claims({"nonce": session.get("nonce")}, at_hash=at_hash(body["access_token"], algorithm))
            made = {key: value for key, value in {**made, **claims}.items() if value is not None}
            key = signed_by or {"HS": secret, "ES": self.keys.client}.get(algorithm[:2], self.keys.signing)
            body["id_token"] = self.sign(made, key, kid, algorithm)
        self.script.expect("POST", token, form=wanted, headers=headers, answer=body)
        if jwks:
            self.script.expect("GET", jwks, answer={"keys": [self.public(algorithm, kid)]})
        for method, url, more in api:
            bearer = {"Authorization": f"Bearer {answer['access_token']}"}
            self.script.expect(method, url, **{**more, "headers": {**bearer, **more.get("headers", {})}})
        arrived = {"state": session["state"], "code": CODE, **(callback or {})}
        identity = self.script.finish(self.provider, session, arrived)
        self.script.done()
        assert identity.provider == name
        return identity

    def public(self, algorithm, kid):
        if algorithm[:2] == "ES":
            row = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.keys.client.public_key()))
        else:
            row = self.jwk(self.keys.signing, kid, alg=algorithm)
        row = {**row, "kid": kid, "use": "sig", "alg": algorithm}
        row.pop("key_ops", None)
        return {name: value for name, value in row.items() if value is not None}


@pytest.fixture
def code_login(any_script, make, query, claims, sign, keys, jwk):
    """The login, through each of the three client libraries."""
    return CodeLogin(any_script, make, query, claims, sign, keys, jwk)


@pytest.fixture
def one_login(script, make, query, claims, sign, keys, jwk):
    """The login through one client library."""
    return CodeLogin(script, make, query, claims, sign, keys, jwk)


@pytest.fixture
def code_refused(one_login, refused):
    """The code of the error that a login ends with."""
    return lambda name, **wire: refused(one_login, name, **wire).code


@pytest.fixture
def declined(make, script, refused):
    """What a login ends with when the browser comes back with this error (RFC 6749 section 4.1.2.1)."""

    def run(name, error, **begin):
        provider = make(name)
        session = script.begin(provider, **begin).session
        return refused(script.finish, provider, session, {"state": session["state"], "error": error})

    return run
