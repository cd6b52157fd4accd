"""A scripted other side: it expects exactly the requests a test writes down, in order, through any client library."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx
import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from requests.adapters import BaseAdapter

import providers

NOW = 1_790_000_000
SECRET = "s3cret-of-the-app"
CALLBACK = "https://app.example/cb"


class Script:
    """`expect` one request and its answer after the other; `done` says whether all of them came."""

    def __init__(self, kind="httpx"):
        self.kind = kind
        self.expected = []
        self.seen = []

    def expect(
        self,
        method,
        url,
        *,
        query=None,
        form=None,
        body=None,
        headers=None,
        status=200,
        answer=b"",
        kind=None,
        extra=None,
    ):
        if not isinstance(answer, str | bytes):
            answer, kind = json.dumps(answer), kind or "application/json"
        raw = answer.encode() if isinstance(answer, str) else answer
        answer_headers = {"Content-Type": kind or "text/plain", **(extra or {})}
        self.expected.append(((method, url, query or {}, form, body, headers or {}), (status, answer_headers, raw)))
        return self

    def handle(self, method, url, headers, sent):
        assert self.expected, f"nobody expects {method} {url}"
        (want_method, want_url, query, form, body, want_headers), answer = self.expected.pop(0)
        parts = urlsplit(url)
        assert (method, f"{parts.scheme}://{parts.netloc}{parts.path}") == (want_method, want_url)
        assert dict(parse_qsl(parts.query, keep_blank_values=True)) == query
        sent = sent or b""
        if form is not None:
            assert headers["content-type"] == "application/x-www-form-urlencoded"
            assert dict(parse_qsl(sent.decode(), keep_blank_values=True)) == form
        elif body is not None:
            assert headers["content-type"] == "application/json"
            assert json.loads(sent) == body
        else:
            assert sent == b""
        for name, value in want_headers.items():
            assert headers.get(name.lower()) == value, name
        assert "User-Agent" in want_headers or headers["user-agent"].startswith("providers-login/")
        self.seen.append((method, url, headers, sent))
        return answer

    def done(self):
        assert not self.expected, f"never asked: {[one[0][:2] for one in self.expected]}"

    def client(self):
        return {"httpx": self.httpx, "requests": self.requests, "async": self.asynchronous}[self.kind]()

    def httpx(self):
        return httpx.Client(transport=httpx.MockTransport(self._httpx))

    def asynchronous(self):
        return httpx.AsyncClient(transport=httpx.MockTransport(self._httpx))

    def _httpx(self, request):
        status, headers, body = self.handle(
            request.method, str(request.url), {k.lower(): v for k, v in request.headers.items()}, request.content
        )
        return httpx.Response(status, headers=headers, content=body)

    def requests(self):
        session = requests.Session()
        session.mount("https://", Adapter(self))
        session.mount("http://", Adapter(self))
        return session

    # the same call, in the way of the client's kind

    def begin(self, provider, **options):
        return self._call(provider, "begin", redirect_uri=options.pop("redirect_uri", CALLBACK), **options)

    def finish(self, provider, session, callback):
        return self._call(provider, "finish", session, callback)

    def refresh(self, provider, token, **options):
        return self._call(provider, "refresh", token, **options)

    def with_token(self, provider, token):
        return self._call(provider, "login_with_token", token)

    def _call(self, provider, name, /, *args, **options):
        if self.kind != "async":
            return getattr(provider, name)(*args, http=self.client(), **options)
        return asyncio.run(getattr(provider, f"a{name}")(*args, http=self.client(), **options))


class Adapter(BaseAdapter):
    def __init__(self, script):
        super().__init__()
        self.script = script

    def send(self, request, **kwargs):
        assert kwargs["timeout"]
        headers = {k.lower(): v for k, v in request.headers.items()}
        sent = request.body.encode() if isinstance(request.body, str) else request.body
        status, answer_headers, body = self.script.handle(request.method, request.url, headers, sent)
        response = requests.Response()
        response.status_code, response.headers = status, requests.structures.CaseInsensitiveDict(answer_headers)
        response.raw = SimpleNamespace(stream=lambda size, decode_content: iter([body]), release_conn=lambda: None)
        response.raw.close = lambda: None
        response.request, response.url = request, request.url
        return response

    def close(self):
        pass


SETTINGS = {
    "keycloak": {"KEYCLOAK_URL": "https://kc.example/auth", "KEYCLOAK_REALM": "master"},
    "telegram": {"TOKEN": "4242:bot-token-of-a-test"},
    "nextcloud": {"SERVER": "https://cloud.example"},
    "persona": {"AUDIENCE": "https://app.example"},
    "amazon_cognito": {"DOMAIN": "https://pool.auth.eu-west-1.amazoncognito.com"},
    "auth0": {"AUTH0_URL": "https://tenant.eu.auth0.com"},
    "netiq": {"NETIQ_URL": "https://login.example.org"},
    "okta": {"OKTA_BASE_URL": "dev-1.okta.com"},
    "jupyterhub": {"API_URL": "https://hub.example"},
    "openid_connect": {"server_url": "https://op.example"},
}
CREDENTIALS = {"salesforce": {"key": "https://login.salesforce.com"}}


@pytest.fixture(scope="session")
def keys():
    """Signing keys made once: an RSA one for id_tokens and an EC one for Apple's client secret."""
    signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return SimpleNamespace(signing=signing, other=other, client=ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def jwk():
    def make(private, kid="k1", **extra):
        row = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
        row.pop("key_ops", None)
        return {**row, "kid": kid, "use": "sig", "alg": "RS256", **extra}

    return make


@pytest.fixture(scope="session")
def pem(keys):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return keys.client.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def make(pem):
    """A provider with the credentials and settings it needs, and a clock that stands still."""

    def make(provider, settings=None, clock=lambda: NOW, **credentials):
        given = {"client_id": "app-1", "client_secret": SECRET, "key": "TEAM123456", "certificate_key": pem}
        base = {} if provider == "telegram" and settings is not None else SETTINGS.get(provider, {})
        given |= {**CREDENTIALS.get(provider, {}), **credentials}
        return providers.get(provider, settings={**base, **(settings or {})}, clock=clock, **given)

    return make


@pytest.fixture
def script():
    return Script()


@pytest.fixture(params=["httpx", "requests", "async"])
def any_script(request):
    """The script, through each of the three client libraries."""
    return Script(request.param)


@pytest.fixture
def claims():
    def make(session, **changes):
        made = {"aud": "app-1", "sub": "u-1", "iat": NOW, "exp": NOW + 600, "nonce": session["nonce"], **changes}
        return {name: value for name, value in made.items() if value is not None}

    return make


@pytest.fixture
def sign(keys):
    def sign(payload, key=None, kid="k1", algorithm="RS256", **headers):
        headers = {**({} if kid is None else {"kid": kid}), **headers}
        return jwt.PyJWS().encode(json.dumps(payload).encode(), key or keys.signing, algorithm, headers=headers)

    return sign


@pytest.fixture
def query():
    """The parameters of a URL."""
    return lambda url: dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


@pytest.fixture
def refused():
    """The LoginError that a call raises."""

    def refused(call, *args, **kwargs):
        with pytest.raises(providers.LoginError) as caught:
            call(*args, **kwargs)
        return caught.value

    return refused


@pytest.fixture
def error_after(make, refused):
    """The error of a login whose requests get these answers, each (status, body[, type]); others check the requests."""

    def run(name, *answers, settings=None, drop=(), **callback):
        left = list(answers)

        def handle(_):
            status, body, *kind = left.pop(0)
            text = body if isinstance(body, str) else json.dumps(body)
            default = "text/plain" if isinstance(body, str) else "application/json"
            return httpx.Response(status, content=text, headers={"Content-Type": kind[0] if kind else default})

        provider, client = make(name, settings), httpx.Client(transport=httpx.MockTransport(handle))

        def login():
            session = provider.begin(redirect_uri=CALLBACK, http=client).session
            known = {"state": session["state"], "code": "c0de"}
            if "request_token" in session:
                known = {"oauth_token": session["request_token"], "oauth_verifier": "c0de"}
            known = {name: value for name, value in {**known, **callback}.items() if name not in drop}
            provider.finish(session, callback.get("callback", known), http=client)

        error = refused(login)
        assert not left, "not all answers were asked for"
        assert not [one for one in (SECRET, "c0de") if one in f"{error!r} {error} {error.detail}"]
        return error

    return run


@pytest.fixture
def oauth_header():
    """The parameters of a request's OAuth Authorization header."""

    def read(headers):
        kind, _, rest = headers["authorization"].partition(" ")
        assert kind == "OAuth"
        pairs = (one.strip().split("=", 1) for one in rest.split(","))
        return {name: unquote(value.strip('"')) for name, value in pairs}

    return read


@pytest.fixture
def oauth1(any_script, oauth_header):
    """An OAuth 1.0a login; `done` finishes it and verifies every signature (RFC 5849 section 3.4)."""

    def signature(method, url, header, secret):
        def escape(text):
            return quote(text, safe="-._~")

        address, _, query = url.partition("?")
        pairs = [*parse_qsl(query, keep_blank_values=True), *header.items()]
        pairs = sorted((escape(name), escape(value)) for name, value in pairs if name != "oauth_signature")
        base = "&".join(map(escape, (method, address, "&".join("=".join(pair) for pair in pairs))))
        key = f"{escape(SECRET)}&{escape(secret)}".encode()
        return base64.b64encode(hmac.new(key, base.encode(), "sha1").digest()).decode()

    def begin(provider, url, *, method="POST", query=None, answer, **options):
        any_script.expect(method, url, query=query, answer=answer)
        return any_script.begin(provider, **options)

    def done(provider, login, *, secrets, **callback):
        callback = {"oauth_token": "req", "oauth_verifier": "ver", **callback}
        identity = any_script.finish(provider, login.session, callback)
        any_script.done()
        known = [oauth_header(headers) for _, _, headers, _ in any_script.seen[: len(secrets)]]
        for (method, url, _, _), header, secret in zip(any_script.seen, known, secrets, strict=False):
            assert header["oauth_consumer_key"] == "app-1"
            assert header["oauth_signature"] == signature(method, url, header, secret)
        assert (known[0]["oauth_callback"], known[1]["oauth_verifier"]) == (CALLBACK, "ver")
        assert [header.get("oauth_token") for header in known[:2]] == [None, "req"]
        assert {header.get("oauth_token") for header in known[2:]} <= {"acc"}
        return identity

    return SimpleNamespace(begin=begin, done=done, expect=any_script.expect)


@pytest.fixture
def now():
    return NOW


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """No test here may reach a network; a client without a script would."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: (_ for _ in ()).throw(AssertionError("network")))
    assert time.time() > 0
