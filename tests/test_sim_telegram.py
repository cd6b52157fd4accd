"""The simulated Telegram: a widget whose answer the bot's token signs, and since March 2026 an OpenID provider too.

Literals are those of core.telegram.org/widgets/login-legacy and core.telegram.org/bots/telegram-login; the signature is
worked out here from the first page's words, and identity tokens are read with PyJWT, which the simulator does not use.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import re
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from mockidp.browser import Callback, NoCallbackError, browse
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

AUTH = "https://oauth.telegram.org/auth"
TOKEN = "https://oauth.telegram.org/token"
KEYS = "https://oauth.telegram.org/.well-known/jwks.json"
DISCOVERY = "https://oauth.telegram.org/.well-known/openid-configuration"
SITE = "http://127.0.0.1:8000"
CALLBACK = f"{SITE}/telegram"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
BEFORE_OPENID = datetime.date(2026, 2, 28)


class Client:
    """A site with the ready-made bot, or another one, at a simulator of its own."""

    def __init__(self, app: dict[str, Any] | None = None, **world: Any) -> None:
        self.simulator = Simulator(World(**world))
        self.world = self.simulator.world
        self.app = self.world.app("telegram", **(app or {}))
        self.token = self.app.facts["token"]

    def open(self, url: str, params: dict[str, str | None], person: str = "alice", deny: bool = False) -> Callback:
        query = urlencode({key: value for key, value in params.items() if value is not None})
        return browse(self.simulator.handle, f"{url}?{query}", person=person, deny=deny)

    def widget(
        self, person: str = "alice", bot: str = "mockidp_bot", deny: bool = False, **changes: str | None
    ) -> Callback:
        params = {"origin": SITE, "return_to": CALLBACK, "size": "large", **changes}
        return self.open(f"https://oauth.telegram.org/embed/{bot}", params, person, deny)

    def redirect(self, person: str = "alice", deny: bool = False, **changes: str | None) -> Callback:
        params = {
            "bot_id": self.app.client_id,
            "origin": SITE,
            "return_to": CALLBACK,
            "request_access": "write",
            **changes,
        }
        return self.open(AUTH, params, person, deny)

    def login(self, person: str = "alice", deny: bool = False, **changes: str | None) -> Callback:
        params = {
            "client_id": self.app.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "state": "st-1",
            "scope": "openid profile",
            "nonce": "no-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return self.open(AUTH, params, person, deny)

    def redeem(self, code: str, /, basic: str | None = None, **form: str | None) -> Response:
        pair = f"{self.app.client_id}:{self.app.client_secret}" if basic is None else basic
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if pair:
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": self.app.client_id,
            "code_verifier": VERIFIER,
            **form,
        }
        body = urlencode({key: value for key, value in fields.items() if value is not None})
        return self.simulator.handle(Request.of("POST", TOKEN, headers, body.encode()))

    def claims(self, person: str = "alice", **changes: str | None) -> dict[str, Any]:
        answer = json.loads(self.redeem(self.login(person, **changes).params["code"]).body)
        return dict(jwt.decode(answer["id_token"], options={"verify_signature": False}))

    def get(self, url: str) -> Response:
        return self.simulator.handle(Request.of("GET", url))


def members(callback: Callback) -> dict[str, str]:
    """What reached the site in the query."""
    return dict(parse_qsl(urlsplit(callback.url).query))


def result(callback: Callback) -> Any:
    """What reached the page in the fragment."""
    text = dict(parse_qsl(urlsplit(callback.url).fragment))["tgAuthResult"]
    assert "=" not in text
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def vouched_for(told: dict[str, Any], bot_token: str) -> bool:
    """`hex(HMAC_SHA256(data_check_string, SHA256(<bot_token>))) == hash`, as the page has it."""
    lines = "\n".join(f"{key}={told[key]}" for key in sorted(told) if key != "hash")
    secret_key = hashlib.sha256(bot_token.encode()).digest()
    return hmac.new(secret_key, lines.encode(), hashlib.sha256).hexdigest() == told["hash"]


def page(client: Client, how: str, **changes: str | None) -> Response:
    with pytest.raises(NoCallbackError) as stayed:
        getattr(client, how)(**changes)
    return stayed.value.response


def error_of(response: Response) -> str:
    return str(json.loads(response.body)["error"])


@pytest.fixture
def client() -> Client:
    return Client()


EVERYBODY = [person.id for person in World().people.named() if not person.denies]

# the widget


def test_the_widget_sends_the_members_to_the_sites_own_url(client: Client) -> None:
    told = members(client.widget())
    assert set(told) == {"id", "first_name", "last_name", "username", "photo_url", "auth_date", "hash"}
    assert (told["first_name"], told["last_name"], told["username"]) == ("Alice", "Archer", "alice-archer")
    assert told["photo_url"].startswith("https://t.me/i/userpic/320/")
    assert re.fullmatch("[0-9a-f]{64}", told["hash"])
    assert abs(int(told["auth_date"]) - time.time()) < 5


@pytest.mark.parametrize("person", EVERYBODY)
def test_the_bots_token_vouches_for_everybodys_members_in_both_forms(client: Client, person: str) -> None:
    query, fragment = members(client.widget(person)), result(client.redirect(person))
    for told in (query, fragment):
        assert vouched_for(told, client.token)
        assert not vouched_for({**told, "id": "1"}, client.token)
        assert not vouched_for(told, client.token + "x")
        assert int(told["id"]) < 2**52
    assert str(fragment["id"]) == query["id"]


def test_numbers_are_numbers_in_the_fragment(client: Client) -> None:
    told = result(client.redirect())
    assert (type(told["id"]), type(told["auth_date"]), type(told["username"])) == (int, int, str)


def test_a_parameter_of_the_sites_own_url_stays(client: Client) -> None:
    assert members(client.widget(return_to=f"{CALLBACK}?next=%2Fhome"))["next"] == "/home"
    back = client.redirect(return_to=f"{CALLBACK}?state=st-1").url
    assert dict(parse_qsl(urlsplit(back).query)) == {"state": "st-1"}


def test_without_return_to_the_origin_is_answered(client: Client) -> None:
    back = client.redirect(return_to=None)
    assert back.url.startswith(f"{SITE}#tgAuthResult=")


def test_a_mononym_has_no_last_name(client: Client) -> None:
    told = members(client.widget("surya"))
    assert told["first_name"] == "Suryadharma"
    assert "last_name" not in told


def test_who_cancels_the_redirect_answers_false_and_the_widget_nothing(client: Client) -> None:
    assert client.redirect(deny=True).url == f"{CALLBACK}#tgAuthResult=false"
    assert page(client, "widget", deny="yes").status == 200


@pytest.mark.parametrize("how", ["widget", "redirect"])
@pytest.mark.parametrize("changes", [{"origin": "https://evil.example"}, {"return_to": "https://evil.example/cb"}])
def test_a_site_that_is_not_the_bots_is_an_invalid_domain(client: Client, how: str, changes: dict[str, str]) -> None:
    assert "Bot domain invalid" in page(client, how, **changes).body.decode()
    assert client.world.journal.refusals()[-1].got == next(iter(changes.values()))


def test_an_unknown_bot_is_not_found(client: Client) -> None:
    assert page(client, "widget", bot="nobodys_bot").status == 400
    assert page(client, "redirect", bot_id="123456789").status == 400
    assert [entry.got for entry in client.world.journal.refusals()] == ["nobodys_bot", "123456789"]


@pytest.mark.parametrize("how", ["widget", "redirect"])
def test_the_origin_is_needed(client: Client, how: str) -> None:
    assert page(client, how, origin=None).status == 400


def test_a_bot_may_be_registered_with_its_token_as_the_secret() -> None:
    client = Client({"client_id": "123456789", "client_secret": "123456789:AAtheirs", "redirect_uris": [CALLBACK]})
    assert vouched_for(result(client.redirect()), "123456789:AAtheirs")


@pytest.mark.parametrize("how", ["widget", "redirect", "login"])
def test_a_site_on_this_machine_is_remarked_upon_and_refused_when_strict(client: Client, how: str) -> None:
    getattr(client, how)()
    assert any(
        "public host" in remark for login in client.world.journal for entry in login.entries for remark in entry.remarks
    )
    strict = Client(strict=True)
    if how == "login":
        assert strict.login().params["error"] == "invalid_request"
    else:
        assert page(strict, how).status == 400


def test_faults_of_a_signed_answer_strike_the_widget_too(client: Client) -> None:
    client.world.faults.add("wrong_key", provider="telegram")
    assert not vouched_for(members(client.widget()), client.token)
    assert not vouched_for(result(client.redirect()), client.token)
    client.world.faults.clear()
    client.world.faults.add("id_token_expired", provider="telegram")
    old = members(client.widget())
    assert vouched_for(old, client.token)
    assert time.time() - int(old["auth_date"]) > 86400


def test_the_script_links_to_the_frame(client: Client) -> None:
    script = client.get("https://telegram.org/js/telegram-widget.js")
    assert script.header("content-type") == "application/javascript"
    assert b"https://oauth.telegram.org/embed/" in script.body
    inside = client.simulator.handle(Request.of("GET", "http://127.0.0.1:8400/telegram.org/js/telegram-widget.js"))
    assert b"http://127.0.0.1:8400/oauth.telegram.org/embed/" in inside.body


@pytest.mark.parametrize("url", [AUTH + "?client_id=7000000001&response_type=code", DISCOVERY, KEYS])
def test_before_march_2026_there_is_only_the_widget(url: str) -> None:
    client = Client(date=BEFORE_OPENID)
    assert vouched_for(members(client.widget()), client.token)
    assert vouched_for(result(client.redirect()), client.token)
    assert client.get(url).status in (400, 404)
    assert Client().get(url).status in (200, 400)


def test_the_openid_provider_came_in_march_2026() -> None:
    assert Client(date=BEFORE_OPENID).get(DISCOVERY).status == 404
    assert Client(date=datetime.date(2026, 3, 1)).get(DISCOVERY).status == 200


# OpenID Connect


def test_the_callback_brings_code_and_state(client: Client) -> None:
    assert set(client.login().params) == {"code", "state"}


def test_the_token_answer_has_an_identity_token_and_no_refresh_token(client: Client) -> None:
    body = json.loads(client.redeem(client.login().params["code"]).body)
    assert {name: type(value) for name, value in body.items()} == {
        "access_token": str,
        "token_type": str,
        "expires_in": int,
        "id_token": str,
    }
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)


def test_the_identity_token_verifies_although_a_key_is_of_a_rare_curve(client: Client) -> None:
    token = json.loads(client.redeem(client.login().params["code"]).body)["id_token"]
    keys = json.loads(client.get(KEYS).body)["keys"]
    assert [key["alg"] for key in keys] == ["RS256", "ES256", "EdDSA", "ES256K"]
    assert set(keys[0]) == {"alg", "e", "ext", "key_ops", "kty", "n", "kid"}
    key = next(key for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"])
    claims = jwt.decode(
        token, jwt.PyJWK(key).key, ["RS256"], audience="7000000001", issuer="https://oauth.telegram.org"
    )
    assert (claims["nonce"], claims["exp"] - claims["iat"]) == ("no-1", 3600)


def test_only_one_key_was_published_at_first() -> None:
    keys = json.loads(Client(date=datetime.date(2026, 4, 1)).get(KEYS).body)["keys"]
    assert [key["alg"] for key in keys] == ["RS256"]


def test_the_user_is_the_id_claim_and_not_the_subject(client: Client) -> None:
    claims = client.claims()
    assert str(claims["id"]) == members(client.widget())["id"]
    assert (type(claims["id"]), type(claims["sub"]), len(claims["sub"])) == (int, str, 19)
    assert claims["sub"] != str(claims["id"])
    assert (claims["name"], claims["preferred_username"]) == ("Alice Archer", "alice-archer")


def test_no_address_is_ever_told_and_a_telephone_number_only_when_asked_for(client: Client) -> None:
    assert not {"email", "email_verified", "phone_number"} & set(client.claims())
    assert client.claims(scope="openid phone")["phone_number"] == "447700900101"
    assert set(client.claims(scope="openid")) == {"iss", "aud", "sub", "iat", "exp", "nonce"}


def test_the_discovery_document_has_no_userinfo_endpoint(client: Client) -> None:
    found = json.loads(client.get(DISCOVERY).body)
    assert [found[name] for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")] == [
        "https://oauth.telegram.org",
        AUTH,
        TOKEN,
        KEYS,
    ]
    assert "userinfo_endpoint" not in found


def test_the_secret_of_the_web_login_is_not_the_bots_token(client: Client) -> None:
    code = client.login().params["code"]
    refused = client.redeem(code, f"{client.app.client_id}:{client.token}")
    assert (refused.status, error_of(refused)) == (401, "invalid_client")
    assert client.redeem(code).status == 200


def test_the_credentials_may_travel_in_the_body(client: Client) -> None:
    assert client.redeem(client.login().params["code"], "", client_secret=client.app.client_secret).status == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": None}, "invalid_grant"),
        ({"redirect_uri": f"{SITE}/other"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"basic": ""}, "invalid_client"),
    ],
)
def test_a_wrong_token_request_is_refused(client: Client, form: dict[str, Any], error: str) -> None:
    assert error_of(client.redeem(client.login().params["code"], **form)) == error


def test_a_code_is_good_once(client: Client) -> None:
    code = client.login().params["code"]
    assert client.redeem(code).status == 200
    assert error_of(client.redeem(code)) == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid email"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
    ],
)
def test_a_refused_authorize_request_comes_back(client: Client, changes: dict[str, str | None], error: str) -> None:
    assert client.login(person="", **changes).params == {"error": error, "state": "st-1"}


def test_who_says_no_sends_the_app_an_error(client: Client) -> None:
    assert client.login(deny=True).params == {"error": "access_denied", "state": "st-1"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "123456789"}, "Bot not found"),
        ({"redirect_uri": "https://evil.example/cb"}, "redirect_uri invalid"),
        ({"redirect_uri": None}, "redirect_uri required"),
    ],
)
def test_an_unknown_bot_or_redirect_uri_stays_on_a_page(
    client: Client, changes: dict[str, str | None], said: str
) -> None:
    assert said in page(client, "login", **changes).body.decode()


def test_no_token_is_in_the_journal(client: Client) -> None:
    told = members(client.widget())
    client.redirect()
    client.redeem(client.login().params["code"], "7000000001:wrong")
    text = client.world.journal.text()
    assert not [secret for secret in (client.token, client.app.client_secret, told["hash"]) if secret in text]
