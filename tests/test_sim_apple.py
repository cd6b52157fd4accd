"""The simulated Apple: signed client secrets, what is told once, and the words of its refusals.

Literals are those of Apple's documentation and of the public threads that quote its answers; the client secrets are
made with PyJWT, which the simulator does not use.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mockidp.apps import App
from mockidp.browser import Callback, NoCallbackError, browse
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

AUTHORIZE = "https://appleid.apple.com/auth/authorize"
TOKEN = "https://appleid.apple.com/auth/token"
REVOKE = "https://appleid.apple.com/auth/revoke"
KEYS = "https://appleid.apple.com/auth/keys"
CALLBACK = "http://127.0.0.1:8000/apple/callback"
SIX_MONTHS = 15_777_000


class Client:
    """A site with the ready-made app, or another one, at a simulator of its own."""

    def __init__(self, app: dict[str, Any] | None = None, simulator: Simulator | None = None, **world: Any) -> None:
        self.simulator = simulator or Simulator(World(**world))
        self.world = self.simulator.world
        self.app: App = self.world.app("apple", **(app or {}))

    def url(self, **changes: str | None) -> str:
        params = {
            "client_id": self.app.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code id_token",
            "response_mode": "form_post",
            "scope": "name email",
            "state": "st-1",
            "nonce": "no-1",
            **changes,
        }
        return f"{AUTHORIZE}?{urlencode({key: value for key, value in params.items() if value is not None})}"

    def login(self, person: str = "alice", deny: bool = False, **changes: str | None) -> Callback:
        return browse(self.simulator.handle, self.url(**changes), person=person, deny=deny)

    def secret(
        self, key: str = "", headers: dict[str, str] | None = None, algorithm: str = "ES256", **changes: Any
    ) -> str:
        now = int(time.time())
        claims = {
            "iss": self.app.facts["team_id"],
            "iat": now,
            "exp": now + 600,
            "aud": "https://appleid.apple.com",
            "sub": self.app.client_id,
            **changes,
        }
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            key or self.app.facts["certificate_key"],
            algorithm,
            headers={"kid": self.app.facts["key_id"]} if headers is None else headers,
        )

    def post(self, url: str, **form: str | None) -> Response:
        fields = {"client_id": self.app.client_id, "client_secret": self.secret(), **form}
        body = urlencode({name: value for name, value in fields.items() if value is not None})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.simulator.handle(Request.of("POST", url, kind, body.encode()))

    def redeem(self, code: str, /, **form: str | None) -> Response:
        return self.post(TOKEN, **{"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **form})

    def tokens(self, person: str = "alice", **changes: str | None) -> dict[str, Any]:
        return dict(json.loads(self.redeem(self.login(person, **changes).params["code"]).body))

    def claims(self, person: str = "alice", **changes: str | None) -> dict[str, Any]:
        return unverified(self.tokens(person, **changes)["id_token"])

    def last_refusal(self) -> Any:
        return self.world.journal.refusals()[-1]


def unverified(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def left_half(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


def error_of(response: Response) -> tuple[int, dict[str, str]]:
    return response.status, json.loads(response.body)


@pytest.fixture
def client() -> Client:
    return Client()


def other_key() -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


# the login


def test_the_answer_is_posted_with_code_identity_token_and_state(client: Client) -> None:
    callback = client.login()
    assert (callback.method, callback.url) == ("POST", CALLBACK)
    assert set(callback.params) == {"code", "id_token", "state", "user"}
    assert callback.params["state"] == "st-1"


def test_the_callbacks_token_is_tied_to_the_code_and_the_token_answers_to_the_access_token(client: Client) -> None:
    callback = client.login()
    front = unverified(callback.params["id_token"])
    assert front["c_hash"] == left_half(callback.params["code"])
    assert "at_hash" not in front
    answer = json.loads(client.redeem(callback.params["code"]).body)
    back = unverified(answer["id_token"])
    assert back["at_hash"] == left_half(answer["access_token"])
    assert "c_hash" not in back
    assert front["sub"] == back["sub"]


def test_the_token_answer_verifies_with_the_published_keys(client: Client) -> None:
    answer = json.loads(client.redeem(client.login().params["code"]).body)
    assert {name: type(value) for name, value in answer.items()} == {
        "access_token": str,
        "token_type": str,
        "expires_in": int,
        "refresh_token": str,
        "id_token": str,
    }
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    keys = jwt.PyJWKSet.from_json(client.simulator.handle(Request.of("GET", KEYS)).body.decode())
    key = keys[jwt.get_unverified_header(answer["id_token"])["kid"]]
    claims = jwt.decode(answer["id_token"], key.key, ["RS256"], audience="mockidp", issuer="https://appleid.apple.com")
    assert claims["nonce"] == "no-1"
    assert claims["nonce_supported"] is True
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["email"] == "alice@example.com"


def test_the_subject_has_apples_form(client: Client) -> None:
    first, middle, last = client.claims()["sub"].split(".")
    assert (len(first), len(middle), len(last)) == (6, 32, 4)
    assert (first + last).isdigit()
    assert int(middle, 16)


def test_a_plain_code_comes_in_the_query_where_no_scope_is_asked_for(client: Client) -> None:
    callback = client.login(response_type="code", response_mode=None, scope=None)
    assert callback.method == "GET"
    assert set(parse_qs(urlsplit(callback.url).query)) == {"code", "state"}


def test_without_a_mode_an_identity_token_comes_in_the_fragment(client: Client) -> None:
    callback = client.login(response_mode=None, scope=None)
    assert urlsplit(callback.url).query == ""
    assert {name for name, _ in parse_qsl(urlsplit(callback.url).fragment)} == {"code", "id_token", "state"}


def test_who_cancels_sends_the_app_user_cancelled_authorize(client: Client) -> None:
    callback = client.login(deny=True)
    assert callback.method == "POST"
    assert callback.params == {"error": "user_cancelled_authorize", "state": "st-1"}


def test_the_discovery_document_names_the_four_endpoints(client: Client) -> None:
    found = json.loads(
        client.simulator.handle(Request.of("GET", "https://appleid.apple.com/.well-known/openid-configuration")).body
    )
    assert found["issuer"] == "https://appleid.apple.com"
    endpoints = ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "jwks_uri")
    assert [found[name] for name in endpoints] == [AUTHORIZE, TOKEN, REVOKE, KEYS]


# what is told, and when


def test_the_name_comes_with_the_first_login_only(client: Client) -> None:
    assert json.loads(client.login().params["user"]) == {
        "name": {"firstName": "Alice", "lastName": "Archer"},
        "email": "alice@example.com",
    }
    assert "user" not in client.login().params
    assert "user" in client.login("bob").params


def test_the_first_login_is_one_of_a_world(client: Client) -> None:
    client.login()
    assert "user" in Client().login().params
    client.simulator.add(World("another"))
    again = browse(lambda request: _at(client, "another", request), client.url(), person="alice")
    assert "user" in again.params


def _at(client: Client, world: str, request: Request) -> Response:
    request.world = world
    return client.simulator.handle(request)


def test_a_revoked_authorization_makes_the_next_login_a_first_one(client: Client) -> None:
    refresh_token = client.tokens()["refresh_token"]
    assert "user" not in client.login().params
    client.post(REVOKE, token=refresh_token, token_type_hint="refresh_token")
    assert "user" in client.login().params


@pytest.mark.parametrize("scope", ["name", "email", "email name"])
def test_only_what_was_asked_for_is_told(client: Client, scope: str) -> None:
    assert set(json.loads(client.login(scope=scope).params["user"])) == set(scope.split())


def test_nobody_who_denies_has_authorized_the_app(client: Client) -> None:
    client.login(deny=True)
    assert "user" in client.login().params


def test_the_address_is_a_claim_at_every_login_but_not_without_its_scope(client: Client) -> None:
    client.login()
    assert client.claims()["email"] == "alice@example.com"
    assert "email" not in client.claims(scope="name")
    assert "email_verified" not in client.claims(scope="name")


def test_a_hidden_address_is_the_relays_and_says_so(client: Client) -> None:
    robin = client.world.people["robin"]
    claims = client.claims("robin")
    assert claims["email"] == robin.relay_email != robin.email
    assert claims["is_private_email"] is True
    assert "is_private_email" not in client.claims("alice")


def test_somebody_without_an_address_has_no_claim_of_one(client: Client) -> None:
    claims = client.claims("carol")
    assert not {"email", "email_verified", "is_private_email"} & set(claims)


@pytest.mark.parametrize(
    ("date", "yes", "no"),
    [
        (None, True, False),
        (datetime.date(2024, 2, 7), True, False),
        (datetime.date(2024, 2, 6), "true", "false"),
        (datetime.date(2021, 11, 15), "true", "false"),
    ],
)
def test_email_verified_was_text_until_february_2024(date: datetime.date | None, yes: Any, no: Any) -> None:
    client = Client(date=date)
    told = [
        client.claims("alice")["email_verified"],
        client.claims("robin")["is_private_email"],
        client.claims("bob")["email_verified"],
    ]
    assert told == [yes, yes, no]
    assert {type(flag) for flag in told} == {type(yes)}


def test_the_apps_of_a_team_share_its_subjects_and_other_teams_have_others(client: Client) -> None:
    web = Client({"client_id": "com.example.web", "redirect_uris": [CALLBACK]}, client.simulator)
    other = Client(
        {"client_id": "com.example.other", "redirect_uris": [CALLBACK], "facts": {"team_id": "OTHERTEAM1"}},
        client.simulator,
    )
    mine, theirs = client.claims(), other.claims()
    assert web.claims()["sub"] == mine["sub"] != theirs["sub"]
    assert (web.claims()["aud"], mine["aud"], theirs["aud"]) == ("com.example.web", "mockidp", "com.example.other")


# the client secret


SPOILT: dict[str, tuple[dict[str, Any], str, str | None, str | None]] = {
    "another-key-id": ({"headers": {"kid": "ABC123DEFG"}}, "secret_key_id_wrong", "MOCKIDPKEY", "ABC123DEFG"),
    "no-key-id": ({"headers": {}}, "secret_key_id_wrong", "MOCKIDPKEY", "None"),
    "another-key": ({"key": other_key()}, "secret_not_signed", None, None),
    "a-shared-secret": ({"key": "k" * 32, "algorithm": "HS256"}, "secret_not_signed", "ES256", "HS256"),
    "another-team": ({"iss": "DEF123GHIJ"}, "secret_team_wrong", "MOCKIDTEAM", "DEF123GHIJ"),
    "no-team": ({"iss": None}, "secret_team_wrong", "MOCKIDTEAM", "None"),
    "another-app": ({"sub": "com.mytest.app"}, "secret_app_wrong", "mockidp", "com.mytest.app"),
    "another-audience": ({"aud": TOKEN}, "secret_audience_wrong", "https://appleid.apple.com", TOKEN),
    "expired": ({"exp": 1493298100}, "secret_expired", None, "1493298100"),
    "no-end": ({"exp": None}, "secret_expired", None, "0"),
    "too-long": ({"exp": int(time.time()) + SIX_MONTHS + 3600}, "secret_lives_too_long", None, None),
}


@pytest.mark.parametrize("defect", SPOILT)
def test_a_client_secret_with_a_defect_is_refused_and_the_journal_says_which(client: Client, defect: str) -> None:
    changes, refusal, expected, got = SPOILT[defect]
    answer = client.redeem(client.login().params["code"], client_secret=client.secret(**changes))
    assert error_of(answer) == (400, {"error": "invalid_client"})
    entry = client.last_refusal()
    assert entry.refused == refusal
    assert expected is None or entry.expected == expected
    assert got is None or entry.got == got


@pytest.mark.parametrize("secret", ["mockidp-secret", "", "a.b.c", None])
def test_what_is_no_signed_token_is_no_client_secret(client: Client, secret: str | None) -> None:
    assert error_of(client.redeem("c-1", client_secret=secret)) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize("lifetime", [60, 3600, 180 * 86400, SIX_MONTHS])
def test_a_client_secret_may_live_up_to_six_months(client: Client, lifetime: int) -> None:
    secret = client.secret(exp=int(time.time()) + lifetime)
    assert client.redeem(client.login().params["code"], client_secret=secret).status == 200


def test_the_ready_made_key_is_the_same_everywhere_and_in_no_file(client: Client) -> None:
    assert client.app.facts["certificate_key"] == Client().app.facts["certificate_key"]
    assert client.app.facts["certificate_key"].startswith("-----BEGIN PRIVATE KEY-----\n")


def test_a_learned_app_is_held_to_its_first_key_id_and_team() -> None:
    client = Client(apps="learn")
    client.app = App(
        provider="apple",
        client_id="com.example.learned",
        facts={"key_id": "THEIRKEY01", "team_id": "THEIRTEAM1", "certificate_key": other_key()},
    )
    assert client.redeem(client.login().params["code"]).status == 200
    client.app.facts["team_id"] = "OTHERTEAM1"
    assert error_of(client.redeem(client.login().params["code"])) == (400, {"error": "invalid_client"})
    assert client.last_refusal().refused == "secret_team_wrong"


# refusals


def page(client: Client, **changes: str | None) -> Response:
    """The page that keeps the browser at Apple."""
    with pytest.raises(NoCallbackError) as stayed:
        client.login(**changes)
    return stayed.value.response


FORM_POST = "response_mode must be form_post when name or email scope is requested."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"response_mode": None}, FORM_POST),
        ({"response_mode": "query", "scope": "email"}, FORM_POST),
        ({"response_mode": "query", "scope": None}, "invalid_request"),
        ({"response_mode": "web", "scope": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/cb"}, "Invalid web redirect url."),
        ({"redirect_uri": None}, "Invalid web redirect url."),
        ({"client_id": "com.example.unknown"}, "invalid_client"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "name phone"}, "invalid_scope"),
    ],
)
def test_a_wrong_authorize_request_stays_on_a_page(client: Client, changes: dict[str, str | None], said: str) -> None:
    shown = page(client, **changes)
    assert shown.status == 400
    assert said in shown.body.decode()


def test_a_redirect_uri_on_this_machine_is_remarked_upon_and_refused_when_strict(client: Client) -> None:
    client.login()
    remarks = [remark for login in client.world.journal for entry in login.entries for remark in entry.remarks]
    assert any("localhost" in remark for remark in remarks)
    with pytest.raises(NoCallbackError):
        Client(strict=True).login()
    public = {"client_id": "com.example.web", "redirect_uris": ["https://app.example.com/cb"]}
    assert Client(public, strict=True).login(redirect_uri="https://app.example.com/cb").params["code"]


def test_a_code_is_good_once_for_five_minutes_at_its_own_app_and_redirect_uri(client: Client) -> None:
    code = client.login().params["code"]
    assert client.redeem(code).status == 200
    assert error_of(client.redeem(code)) == (
        400,
        {"error": "invalid_grant", "error_description": "The code has already been used."},
    )
    late = client.login().params["code"]
    client.world.clock.advance(301)
    assert error_of(client.redeem(late)) == (
        400,
        {"error": "invalid_grant", "error_description": "The code has expired or has been revoked."},
    )
    assert error_of(client.redeem("c0.0.made.up"))[1]["error"] == "invalid_grant"


def test_a_code_of_another_app_or_address_is_told_so(client: Client) -> None:
    other = Client({"client_id": "com.example.other", "redirect_uris": [CALLBACK]}, client.simulator)
    elsewhere = "http://127.0.0.1:8000/elsewhere"
    first, second, third = (client.login().params["code"] for _ in range(3))
    assert error_of(other.redeem(first)) == (
        400,
        {
            "error": "invalid_grant",
            "error_description": "client_id mismatch. The code was not issued to com.example.other.",
        },
    )
    assert error_of(client.redeem(second, redirect_uri=elsewhere)) == (
        400,
        {
            "error": "invalid_grant",
            "error_description": f"redirect_uri mismatch. The code was not issued to {elsewhere}.",
        },
    )
    assert error_of(client.redeem(third, redirect_uri=None)) == (400, {"error": "invalid_grant"})


def test_other_grants_are_not_served(client: Client) -> None:
    assert error_of(client.post(TOKEN, grant_type="password")) == (400, {"error": "unsupported_grant_type"})


# refresh and revoke


def refreshed(client: Client, token: str) -> Response:
    return client.post(TOKEN, grant_type="refresh_token", refresh_token=token)


def test_a_refresh_brings_no_new_refresh_token_and_the_old_one_stays_good(client: Client) -> None:
    token = client.tokens()["refresh_token"]
    answer = json.loads(refreshed(client, token).body)
    assert set(answer) == {"access_token", "token_type", "expires_in", "id_token"}
    assert refreshed(client, token).status == 200


def test_a_made_up_refresh_token_is_refused(client: Client) -> None:
    assert error_of(refreshed(client, "r0.0.made.up")) == (400, {"error": "invalid_grant"})


def test_a_revoked_authorization_ends_the_refresh_token(client: Client) -> None:
    tokens = client.tokens()
    answer = client.post(REVOKE, token=tokens["access_token"])
    assert (answer.status, answer.body) == (200, b"")
    assert error_of(refreshed(client, tokens["refresh_token"])) == (400, {"error": "invalid_grant"})


def test_revoking_an_unknown_token_succeeds_and_without_a_client_it_does_not(client: Client) -> None:
    assert client.post(REVOKE, token="r0.0.made.up").status == 200
    assert error_of(client.post(REVOKE, token="r0.0.made.up", client_secret=None)) == (400, {"error": "invalid_client"})


def test_no_secret_is_in_the_journal(client: Client) -> None:
    secret = client.secret(sub="com.mytest.app")
    callback = client.login()
    client.redeem(callback.params["code"], client_secret=secret)
    told = client.world.journal.text()
    assert not [text for text in (secret, callback.params["code"], callback.params["id_token"]) if text in told]
