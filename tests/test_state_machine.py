"""Interleaved logins as a rule-based state machine: a small model of the RFCs says what every request must get.

The model knows codes, tokens and a clock, and nothing of contracts or of the simulator's insides.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

PROVIDER = "google"
AUTHORIZE, TOKEN = "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token"
USERINFO = "https://openidconnect.googleapis.com/v1/userinfo"
APPS = {"one": "secret-1", "two": "secret-2"}
REDIRECTS = ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"]
PEOPLE = ["alice", "bob", "carol", "maxine"]
CODE_LIFE, TOKEN_LIFE = 600, 3599


@dataclass(eq=False)
class Code:
    text: str
    app: str
    person: str
    redirect: str
    verifier: str | None
    nonce: str
    born: float
    used: bool = False
    tokens: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Token:
    text: str
    person: str
    born: float
    code: Code


class Logins(RuleBasedStateMachine):
    codes = Bundle("codes")
    tokens = Bundle("tokens")

    @initialize()
    def start(self) -> None:
        self.world = World()
        self.world.clock.freeze(1_800_000_000)
        for app, secret in APPS.items():
            self.world.app(PROVIDER, client_id=app, client_secret=secret, redirect_uris=REDIRECTS)
        self.simulator = Simulator(self.world)
        self.subjects: dict[str, str] = {}
        self.seen: set[str] = set()

    def post(self, url: str, **form: str | None) -> Response:
        body = urlencode({key: value for key, value in form.items() if value is not None}).encode()
        return self.simulator.handle(
            Request.of("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, body)
        )

    @rule(
        target=codes,
        app=st.sampled_from(list(APPS)),
        person=st.sampled_from(PEOPLE),
        uri=st.sampled_from(REDIRECTS),
        verifier=st.none() | st.sampled_from(["v" * 43, "w" * 50]),
        nonce=st.sampled_from(["n1", "n2"]),
    )
    def authorize(self, app: str, person: str, uri: str, verifier: str | None, nonce: str) -> Code:
        query = {
            "client_id": app,
            "redirect_uri": uri,
            "response_type": "code",
            "scope": "openid email",
            "state": "s",
            "nonce": nonce,
            "access_type": "offline",
        }
        if verifier:
            digest = hashlib.sha256(verifier.encode()).digest()
            query |= {
                "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        decision = {"mockidp.person": person, "mockidp.decision": "allow"}
        went = self.post(f"{AUTHORIZE}?{urlencode(query)}", **decision)
        back = urlsplit(went.header("location"))
        params = parse_qs(back.query)
        assert f"{back.scheme}://{back.netloc}{back.path}" == uri
        assert params["state"] == ["s"]
        code = params["code"][0]
        assert code not in self.seen, "two logins were given the same code"
        self.seen.add(code)
        return Code(code, app, person, uri, verifier, nonce, self.world.clock.now())

    def redeem(self, code: Code, app: str, uri: str, verifier: str | None) -> Response:
        return self.post(
            TOKEN,
            grant_type="authorization_code",
            code=code.text,
            client_id=app,
            client_secret=APPS[app],
            redirect_uri=uri,
            code_verifier=verifier,
        )

    def fresh(self, code: Code) -> bool:
        return not code.used and self.world.clock.now() < code.born + CODE_LIFE

    @rule(target=tokens, code=codes)
    def redeem_rightly(self, code: Code) -> Token | None:
        answer = self.redeem(code, code.app, code.redirect, code.verifier)
        if not self.fresh(code):
            assert answer.status == 400
            if code.used:
                code.tokens.clear()  # RFC 6749 4.1.2: what the code gave is revoked
            return Token("gone", code.person, 0, code)
        assert answer.status == 200, answer.body
        body = json.loads(answer.body)
        claims = json.loads(_unpadded(body["id_token"].split(".")[1]))
        assert claims["aud"] == code.app
        assert claims["nonce"] == code.nonce
        assert self.subjects.setdefault(code.person, claims["sub"]) == claims["sub"]
        code.used = True
        code.tokens += [body["access_token"], body["refresh_token"]]
        return Token(body["access_token"], code.person, self.world.clock.now(), code)

    @rule(code=codes, how=st.sampled_from(["app", "uri", "verifier", "no verifier"]))
    def redeem_wrongly(self, code: Code, how: str) -> None:
        app, uri, verifier = code.app, code.redirect, code.verifier
        if how == "app":
            app = next(name for name in APPS if name != app)
        elif how == "uri":
            uri = next(other for other in REDIRECTS if other != uri)
        elif verifier is None:
            return
        else:
            verifier = None if how == "no verifier" else "x" * 43
        used = code.used
        answer = self.redeem(code, app, uri, verifier)
        assert answer.status == 400, f"redeemed with a wrong {how}"
        assert "access_token" not in answer.body.decode()
        if used and how != "app":
            code.tokens.clear()

    @rule(token=tokens)
    def read_profile(self, token: Token) -> None:
        answer = self.simulator.handle(Request.of("GET", USERINFO, {"Authorization": f"Bearer {token.text}"}))
        alive = token.text in token.code.tokens and self.world.clock.now() < token.born + TOKEN_LIFE
        assert answer.status == (200 if alive else 401)
        if alive:
            assert json.loads(answer.body)["sub"] == self.subjects[token.person]

    @rule(seconds=st.sampled_from([1, CODE_LIFE, TOKEN_LIFE]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule(token=st.sampled_from(["", "made-up", "ya29.made-up"]))
    def make_up_a_token(self, token: str) -> None:
        assert self.simulator.handle(Request.of("GET", USERINFO, {"Authorization": f"Bearer {token}"})).status == 401

    @invariant()
    def no_two_people_are_one(self) -> None:
        if hasattr(self, "subjects"):
            assert len(set(self.subjects.values())) == len(self.subjects)


def _unpadded(text: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


TestLogins = Logins.TestCase
TestLogins.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
