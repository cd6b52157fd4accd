"""The simulated Keycloak: realms, the two base URLs, one session in every token, and the server's own words.

Literals are those of the server's source (AuthorizationCodeGrantType, PkceUtils, TokenManager, UserInfoEndpoint), of
its upgrading guide and of the guide on hostnames; tokens are read with PyJWT, which the simulator does not use.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography import x509

from mockidp.browser import Callback, NoCallbackError, browse
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

FRONT = "https://keycloak.example.org/auth"
BACK = "http://keycloak:8080/auth"
CALLBACK = "http://127.0.0.1:8000/callback"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SEED = datetime.date(2021, 11, 15)


class Client:
    """A site with the ready-made app at one realm of a simulator of its own."""

    def __init__(
        self,
        front: str = FRONT,
        back: str = "",
        realm: str = "master",
        app: dict[str, Any] | None = None,
        simulator: Simulator | None = None,
        **world: Any,
    ) -> None:
        self.simulator = simulator or Simulator(World(**world))
        self.world, self.front, self.back, self.realm = self.simulator.world, front, back or front, realm
        self.app = self.world.app("keycloak", **(app or {}))

    def at(self, path: str, base: str = "") -> str:
        return f"{base or self.back}/realms/{self.realm}/{path}"

    def login(self, person: str = "alice", deny: bool = False, **changes: str | None) -> Callback:
        params = {
            "client_id": self.app.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "state": "st-1",
            "scope": "openid",
            "nonce": "no-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        query = urlencode({key: value for key, value in params.items() if value is not None})
        url = f"{self.at('protocol/openid-connect/auth', self.front)}?{query}"
        return browse(self.simulator.handle, url, person=person, deny=deny)

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **form: str | None) -> Response:
        body = urlencode({key: value for key, value in form.items() if value is not None}).encode()
        sent = {**(FORM if body else {}), **(headers or {})}
        return self.simulator.handle(Request.of(method, self.at(path), sent, body))

    def as_app(self, path: str, **form: str | None) -> Response:
        own: dict[str, str | None] = {"client_id": self.app.client_id, "client_secret": self.app.client_secret}
        return self.send("POST", f"protocol/openid-connect/{path}", **{**own, **form})

    def redeem(self, code: str, /, **form: str | None) -> Response:
        return self.as_app(
            "token",
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": CALLBACK,
                "code_verifier": VERIFIER,
                **form,
            },
        )

    def refresh(self, token: str | None, **form: str | None) -> Response:
        return self.as_app("token", **{"grant_type": "refresh_token", "refresh_token": token, **form})

    def tokens(self, person: str = "alice", **changes: str | None) -> dict[str, Any]:
        answer = self.redeem(self.login(person, **changes).params["code"])
        assert answer.status == 200, answer.body
        return dict(json.loads(answer.body))

    def userinfo(self, token: str | None, method: str = "GET") -> Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.send(method, "protocol/openid-connect/userinfo", headers)

    def discovery(self, base: str = "") -> dict[str, Any]:
        url = self.at(".well-known/openid-configuration", base)
        return dict(json.loads(self.simulator.handle(Request.of("GET", url)).body))


def unverified(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def error_of(response: Response) -> tuple[int, str, str]:
    body = json.loads(response.body)
    return response.status, body["error"], body.get("error_description", "")


@pytest.fixture
def client() -> Client:
    return Client()


# the login


def test_the_callback_brings_code_state_session_and_issuer(client: Client) -> None:
    told = client.login().params
    assert set(told) == {"code", "state", "session_state", "iss"}
    assert told["iss"] == "https://keycloak.example.org/auth/realms/master"
    assert [bool(UUID.fullmatch(part)) for part in told["code"].split(".")] == [True, True, True]
    assert told["code"].split(".")[1] == told["session_state"]


def test_the_token_answer_has_keycloaks_own_members(client: Client) -> None:
    told = client.login().params
    answer = client.redeem(told["code"])
    assert (answer.header("cache-control"), answer.header("pragma")) == ("no-store", "no-cache")
    body = json.loads(answer.body)
    assert {name: type(value) for name, value in body.items()} == {
        "access_token": str,
        "expires_in": int,
        "refresh_expires_in": int,
        "refresh_token": str,
        "token_type": str,
        "id_token": str,
        "not-before-policy": int,
        "session_state": str,
        "scope": str,
    }
    assert (body["expires_in"], body["refresh_expires_in"], body["not-before-policy"]) == (300, 1800, 0)
    assert body["session_state"] == told["session_state"]
    assert set(body["scope"].split()) == {"openid", "profile", "email"}


def test_the_identity_token_verifies_and_belongs_to_the_session(client: Client) -> None:
    body = client.tokens()
    keys = jwt.PyJWKSet.from_json(client.send("GET", "protocol/openid-connect/certs").body.decode())
    key = keys[jwt.get_unverified_header(body["id_token"])["kid"]]
    claims = jwt.decode(body["id_token"], key.key, ["RS256"], audience="mockidp", issuer=client.at("").rstrip("/"))
    half = hashlib.sha256(body["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert (claims["typ"], claims["azp"], claims["nonce"], claims["acr"]) == ("ID", "mockidp", "no-1", "1")
    assert claims["sid"] == body["session_state"]
    assert "session_state" not in claims
    assert (claims["preferred_username"], claims["email_verified"]) == ("alice-archer", True)


def test_the_access_token_can_be_read_and_is_verified_by_the_same_keys(client: Client) -> None:
    token = client.tokens()["access_token"]
    keys = jwt.PyJWKSet.from_json(client.send("GET", "protocol/openid-connect/certs").body.decode())
    claims = jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]].key, ["RS256"], audience="account")
    assert (claims["typ"], claims["azp"], claims["preferred_username"]) == ("Bearer", "mockidp", "alice-archer")
    assert claims["exp"] - claims["iat"] == 300
    assert claims["scope"] == client.tokens()["scope"]
    assert "nonce" not in claims


def test_without_the_openid_scope_there_is_no_identity_token_and_no_userinfo(client: Client) -> None:
    body = client.tokens(scope="profile")
    assert "id_token" not in body
    answer = client.userinfo(body["access_token"])
    assert (answer.status, answer.body) == (403, b"")
    assert answer.header("www-authenticate") == (
        'Bearer realm="master", error="insufficient_scope", error_description="Missing openid scope"'
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_is_read_by_get_and_by_post(client: Client, method: str) -> None:
    body = json.loads(client.userinfo(client.tokens()["access_token"], method).body)
    assert UUID.fullmatch(body.pop("sub"))
    assert body == {
        "email_verified": True,
        "name": "Alice Archer",
        "preferred_username": "alice-archer",
        "given_name": "Alice",
        "family_name": "Archer",
        "email": "alice@example.com",
    }


def test_somebody_without_an_address_has_an_unverified_one_and_none(client: Client) -> None:
    body = json.loads(client.userinfo(client.tokens("carol")["access_token"]).body)
    assert body["email_verified"] is False
    assert "email" not in body


def test_basic_credentials_do_as_well(client: Client) -> None:
    pair = base64.b64encode(b"mockidp:mockidp-secret").decode()
    answer = client.send(
        "POST",
        "protocol/openid-connect/token",
        {"Authorization": f"Basic {pair}"},
        grant_type="authorization_code",
        code=client.login().params["code"],
        redirect_uri=CALLBACK,
        code_verifier=VERIFIER,
    )
    assert answer.status == 200


def test_a_plain_challenge_is_the_default_method(client: Client) -> None:
    code = client.login(code_challenge=VERIFIER, code_challenge_method=None).params["code"]
    assert client.redeem(code).status == 200


# realms and base URLs


def test_the_issuer_is_the_realms_and_another_realm_is_not_there() -> None:
    client = Client(realm="acme", settings={"keycloak": {"KEYCLOAK_REALM": "acme"}})
    assert unverified(client.tokens()["id_token"])["iss"] == "https://keycloak.example.org/auth/realms/acme"
    client.realm = "master"
    answer = client.send("GET", ".well-known/openid-configuration")
    assert (answer.status, json.loads(answer.body)) == (404, {"error": "Realm does not exist"})
    with pytest.raises(NoCallbackError) as stayed:
        client.login()
    assert stayed.value.response.status == 404


def test_a_world_that_learns_its_apps_has_every_realm_and_keeps_them_apart() -> None:
    client = Client(apps="learn", realm="one")
    tokens, code = client.tokens(), client.login().params["code"]
    client.realm = "two"
    assert client.discovery()["issuer"].endswith("/realms/two")
    assert error_of(client.redeem(code))[2] == "Code not valid"
    assert error_of(client.refresh(tokens["refresh_token"]))[2] == "Invalid refresh token"
    assert client.userinfo(tokens["access_token"]).status == 401


@pytest.mark.parametrize(
    "front", ["https://sso.example.com", "https://sso.example.com/auth", "http://localhost:8180/auth"]
)
def test_the_base_url_is_a_setting_with_or_without_auth(front: str) -> None:
    client = Client(front, settings={"keycloak": {"KEYCLOAK_URL": front}})
    assert unverified(client.tokens()["id_token"])["iss"] == f"{front}/realms/master"
    assert client.discovery()["token_endpoint"] == f"{front}/realms/master/protocol/openid-connect/token"


def test_the_back_channel_has_its_own_host_and_the_front_channels_issuer() -> None:
    client = Client(FRONT, BACK, settings={"keycloak": {"KEYCLOAK_URL_ALT": BACK}})
    body = client.tokens()
    assert unverified(body["id_token"])["iss"] == f"{FRONT}/realms/master"
    assert client.userinfo(body["access_token"]).status == 200
    asked_inside, asked_outside = client.discovery(BACK), client.discovery(FRONT)
    for found, base in ((asked_inside, BACK), (asked_outside, FRONT)):
        assert found["issuer"] == f"{FRONT}/realms/master"
        assert found["authorization_endpoint"] == f"{FRONT}/realms/master/protocol/openid-connect/auth"
        assert found["token_endpoint"] == f"{base}/realms/master/protocol/openid-connect/token"
        assert found["jwks_uri"] == f"{base}/realms/master/protocol/openid-connect/certs"


def test_the_discovery_document_says_what_the_server_does(client: Client) -> None:
    found = client.discovery()
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["code_challenge_methods_supported"] == ["plain", "S256"]
    assert "client_secret_basic" in found["token_endpoint_auth_methods_supported"]


def test_the_keys_have_certificates_and_one_of_them_signs_nothing(client: Client) -> None:
    keys = json.loads(client.send("GET", "protocol/openid-connect/certs").body)["keys"]
    assert {(key["use"], key["alg"]) for key in keys} == {("sig", "RS256"), ("enc", "RSA-OAEP")}
    for key in keys:
        certificate = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0]))
        assert certificate.public_key().public_numbers().n == int.from_bytes(  # type: ignore[union-attr]
            base64.urlsafe_b64decode(key["n"] + "=="), "big"
        )


# refusals at authorize


def test_who_says_no_sends_the_app_access_denied(client: Client) -> None:
    assert client.login(deny=True).params == {
        "error": "access_denied",
        "state": "st-1",
        "iss": "https://keycloak.example.org/auth/realms/master",
    }


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"response_type": "token"}, "unsupported_response_type", None),
        ({"scope": "openid everything"}, "invalid_scope", "Invalid scopes: openid everything"),
        ({"prompt": "none"}, "login_required", None),
        ({"code_challenge_method": "S512"}, "invalid_request", "Invalid parameter"),
    ],
)
def test_a_refused_authorize_request_comes_back_with_the_issuer(
    client: Client, changes: dict[str, str], error: str, description: str | None
) -> None:
    told = client.login(person="", **changes).params
    assert (told["error"], told["state"], told["iss"]) == (
        error,
        "st-1",
        "https://keycloak.example.org/auth/realms/master",
    )
    assert ("error_description" in told) == (description is not None)
    assert told.get("error_description", "").startswith(description or "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "unknown"}, "Client not found."),
        ({"redirect_uri": "https://evil.example/cb"}, "Invalid parameter: redirect_uri"),
        ({"redirect_uri": None}, "Invalid parameter: redirect_uri"),
    ],
)
def test_an_unknown_app_or_redirect_uri_stays_on_a_page(
    client: Client, changes: dict[str, str | None], said: str
) -> None:
    with pytest.raises(NoCallbackError) as stayed:
        client.login(**changes)
    assert stayed.value.response.status == 400
    assert said in stayed.value.response.body.decode()


# refusals at token


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({"code": "made.up.code"}, (400, "invalid_grant", "Code not valid")),
        ({"code": None}, (400, "invalid_request", "Missing parameter: code")),
        ({"redirect_uri": "http://127.0.0.1:8000/other"}, (400, "invalid_grant", "Incorrect redirect_uri")),
        ({"redirect_uri": None}, (400, "invalid_grant", "Incorrect redirect_uri")),
        ({"code_verifier": None}, (400, "invalid_grant", "PKCE code verifier not specified")),
        ({"code_verifier": "w" * 43}, (400, "invalid_grant", "PKCE verification failed: Code mismatch")),
        ({"code_verifier": "short"}, (400, "invalid_grant", "PKCE verification failed: Invalid code verifier")),
        ({"client_secret": "wrong"}, (401, "unauthorized_client", "Invalid client or Invalid client credentials")),
        ({"client_id": "unknown"}, (401, "invalid_client", "Invalid client or Invalid client credentials")),
        ({"grant_type": "magic"}, (400, "unsupported_grant_type", "Unsupported grant_type")),
    ],
)
def test_a_wrong_token_request_is_refused_in_the_servers_words(
    client: Client, form: dict[str, str | None], answer: tuple[int, str, str]
) -> None:
    assert error_of(client.redeem(client.login().params["code"], **form)) == answer


def test_a_verifier_without_a_challenge_is_refused(client: Client) -> None:
    code = client.login(code_challenge=None, code_challenge_method=None).params["code"]
    assert error_of(client.redeem(code)) == (
        400,
        "invalid_grant",
        "PKCE code verifier specified but challenge not present in authorization",
    )


def test_a_code_lives_a_minute(client: Client) -> None:
    code = client.login().params["code"]
    client.world.clock.advance(61)
    assert error_of(client.redeem(code)) == (400, "invalid_grant", "Code is expired")


def test_a_second_use_of_a_code_takes_the_tokens_of_the_first(client: Client) -> None:
    code = client.login().params["code"]
    tokens = json.loads(client.redeem(code).body)
    assert error_of(client.redeem(code)) == (400, "invalid_grant", "Code not valid")
    assert client.userinfo(tokens["access_token"]).status == 401
    assert error_of(client.refresh(tokens["refresh_token"])) == (400, "invalid_grant", "Session not active")


def test_a_code_of_another_app_is_refused(client: Client) -> None:
    other = Client(app={"client_id": "other", "redirect_uris": [CALLBACK]}, simulator=client.simulator)
    assert error_of(other.redeem(client.login().params["code"])) == (
        400,
        "invalid_grant",
        "Auth error: Found different client_id in clientSession",
    )


# userinfo, refresh, revoke


def test_a_refused_token_at_userinfo_is_told_in_a_header_and_an_empty_body(client: Client) -> None:
    nobody, made_up = client.userinfo(None), client.userinfo("made.up.token")
    assert (nobody.status, nobody.body, nobody.header("www-authenticate")) == (401, b"", 'Bearer realm="master"')
    assert (made_up.status, made_up.body) == (401, b"")
    assert made_up.header("www-authenticate") == (
        'Bearer realm="master", error="invalid_token", error_description="Token verification failed"'
    )


def test_an_access_token_lives_five_minutes(client: Client) -> None:
    token = client.tokens()["access_token"]
    client.world.clock.advance(299)
    assert client.userinfo(token).status == 200
    client.world.clock.advance(2)
    assert client.userinfo(token).status == 401


def test_a_refresh_brings_a_new_refresh_token_and_the_old_one_stays_good(client: Client) -> None:
    first = client.tokens()
    second = json.loads(client.refresh(first["refresh_token"]).body)
    assert set(second) == set(first)
    assert second["refresh_token"] != first["refresh_token"]
    assert second["session_state"] == first["session_state"]
    assert client.refresh(first["refresh_token"]).status == 200
    assert client.refresh(second["refresh_token"]).status == 200


def test_a_wrong_refresh_is_refused_in_the_servers_words(client: Client) -> None:
    token = client.tokens()["refresh_token"]
    other = Client(app={"client_id": "other", "redirect_uris": [CALLBACK]}, simulator=client.simulator)
    assert error_of(client.refresh("made.up.token")) == (400, "invalid_grant", "Invalid refresh token")
    assert error_of(client.refresh(None)) == (400, "invalid_request", "No refresh token")
    assert error_of(other.refresh(token)) == (
        400,
        "invalid_grant",
        "Invalid refresh token. Token client and authorized client don't match",
    )
    assert error_of(client.refresh(token, client_id="unknown"))[:2] == (401, "invalid_client")
    client.world.clock.advance(1801)
    assert error_of(client.refresh(token)) == (400, "invalid_grant", "Token is not active")


def test_a_revoked_access_token_ends_alone_and_a_refresh_token_with_its_session(client: Client) -> None:
    tokens = client.tokens()
    answer = client.as_app("revoke", token=tokens["access_token"])
    assert (answer.status, answer.body) == (200, b"")
    assert client.userinfo(tokens["access_token"]).status == 401
    newer = json.loads(client.refresh(tokens["refresh_token"]).body)
    assert client.as_app("revoke", token=newer["refresh_token"]).status == 200
    assert client.userinfo(newer["access_token"]).status == 401
    assert error_of(client.refresh(tokens["refresh_token"])) == (400, "invalid_grant", "Session not active")


def test_revoking_what_is_no_token_of_this_app_says_so(client: Client) -> None:
    other = Client(app={"client_id": "other", "redirect_uris": [CALLBACK]}, simulator=client.simulator)
    assert error_of(client.as_app("revoke", token="made.up.token")) == (200, "invalid_token", "Invalid token")
    assert error_of(other.as_app("revoke", token=client.tokens()["refresh_token"])) == (
        400,
        "invalid_request",
        "Unmatching clients",
    )


# the wire of November 2021: version 15


def test_version_15_had_no_issuer_in_the_callback_and_its_session_in_the_tokens() -> None:
    client = Client(date=SEED)
    assert set(client.login().params) == {"code", "state", "session_state"}
    assert client.login(deny=True).params == {"error": "access_denied", "state": "st-1"}
    assert "authorization_response_iss_parameter_supported" not in client.discovery()
    body = client.tokens()
    for name in ("id_token", "access_token"):
        assert unverified(body[name])["session_state"] == unverified(body[name])["sid"] == body["session_state"]
    assert unverified(body["access_token"])["nonce"] == "no-1"


def test_version_15_told_userinfo_errors_as_json_and_wanted_no_openid_scope() -> None:
    client = Client(date=SEED)
    assert error_of(client.userinfo(None)) == (400, "invalid_request", "Token not provided")
    assert error_of(client.userinfo("made.up.token")) == (401, "invalid_token", "Token verification failed")
    assert client.userinfo(client.tokens(scope="profile")["access_token"]).status == 200


def test_version_15_told_an_unknown_client_and_a_wrong_secret_apart() -> None:
    client = Client(date=SEED)
    code = client.login().params["code"]
    assert error_of(client.redeem(code, client_secret="wrong")) == (401, "unauthorized_client", "Invalid client secret")
    assert error_of(client.redeem(code, client_id="unknown")) == (400, "invalid_client", "Invalid client credentials")


@pytest.mark.parametrize(("day", "has_issuer"), [(22, False), (23, True)])
def test_the_issuer_came_with_version_23(day: int, has_issuer: bool) -> None:
    assert ("iss" in Client(date=datetime.date(2023, 11, day)).login().params) is has_issuer
