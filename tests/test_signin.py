"""Sign-in and consent as a browser meets them: who is found, remembered and made, and what the app may ask of it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauth1_login import Client

from mockidp import jose
from mockidp.check.walk import WalkError, walk_class
from mockidp.contract.files import index
from mockidp.faults import FAULTS, TABLE, Faults
from mockidp.simulator import Simulator
from mockidp.store import MemoryStore
from mockidp.wire import Pairs, Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:8000/cb"
GOOGLE = "accounts.google.com/o/oauth2/v2/auth"
AUTH0 = "mockidp.auth0.com"
KEYCLOAK = "keycloak.example.com/realms/master/protocol/openid-connect"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BASE = "http://127.0.0.1:8400"
AT_HOME = {"keycloak": {"KEYCLOAK_URL": "https://keycloak.example.com"}}


class Browser:
    """Follows the rules of cookies: each goes to the host and below the path that it was set for."""

    def __init__(self, sim: Simulator, front: str = "https:/") -> None:
        self.sim, self.front = sim, front
        self.jar: dict[tuple[str, str], str] = {}
        self.set: list[str] = []

    def cookies(self, host: str, path: str) -> str:
        below = [
            value for (at, of), value in self.jar.items() if at == host and f"{path}/".startswith(of.rstrip("/") + "/")
        ]
        return "; ".join(["theme=dark", *below])

    def send(self, method: str, url: str, form: dict[str, str] | Pairs | None = None) -> Response:
        url = f"{self.front}/{url}"
        parts = urlsplit(url)
        headers = {"Cookie": self.cookies(parts.netloc, parts.path), **(FORM if form is not None else {})}
        response = self.sim.handle(Request.of(method, url, headers, urlencode(form or {}).encode()))
        for name, value in response.headers:
            if name == "Set-Cookie":
                self.set.append(value)
                pair, *rest = value.split("; ")
                told = dict(part.partition("=")[::2] for part in rest)
                self.jar[parts.netloc, told["Path"]] = pair
                if told["Max-Age"] == "0":
                    del self.jar[parts.netloc, told["Path"]]
        return response

    def open(self, where: str = GOOGLE, **params: str) -> Response:
        return self.send("GET", asked(where, **params))

    def decide(self, where: str = GOOGLE, params: dict[str, str] | None = None, **fields: str) -> Response:
        told = {f"mockidp.{name}": value for name, value in {"decision": "allow", **fields}.items()}
        return self.send("POST", asked(where, **(params or {})), told)


def asked(where: str = GOOGLE, **params: str) -> str:
    usual = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": "openid email"}
    return f"{where}?{urlencode({**usual, 'state': 's', 'nonce': 'n', **params})}"


def callback(response: Response) -> dict[str, str]:
    location = response.header("location")
    assert location.startswith(BACK), (response.status, text(response)[:2000])
    return dict(parse_qsl(urlsplit(location).query))


def text(response: Response) -> str:
    return response.body.decode()


def listed(response: Response) -> list[str]:
    """The people on the page, in its order."""
    return re.findall(r'name="mockidp.person" value="([^"]*)"', text(response))


def chosen(response: Response) -> str:
    (found,) = re.findall(r'name="mockidp.person" value="([^"]*)" checked', text(response))
    return str(found)


def tokens(sim: Simulator, code: str, url: str = "https://oauth2.googleapis.com/token") -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    form |= {"client_id": "mockidp", "client_secret": "mockidp-secret"}
    body: dict[str, Any] = json.loads(sim.handle(Request.of("POST", url, FORM, urlencode(form).encode())).body)
    return body


def claims(sim: Simulator, code: str, url: str = "https://oauth2.googleapis.com/token") -> dict[str, Any]:
    return dict(jose.split(tokens(sim, code, url)["id_token"])[1])


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def browser(sim: Simulator) -> Browser:
    return Browser(sim)


# search


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("bob", ["bob"]), ("person-17", ["person-17"]), ("17", ["person-17"]), ("jo@example.net", ["jo@example.net"])],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_search_finds_without_a_script(browser: Browser, method: str, wanted: str, found: list[str]) -> None:
    if method == "GET":
        page = browser.open(**{"mockidp.search": wanted})
    else:
        page = browser.send("POST", asked(), {"mockidp.search": wanted})
    assert (page.status, listed(page)) == (200, found)
    assert chosen(page) == found[0]


def test_a_search_for_nothing_shows_everybody_and_one_for_nobody_says_so(browser: Browser) -> None:
    assert listed(browser.send("POST", asked(), {"mockidp.search": " "})) == listed(browser.open())
    nobody = browser.send("POST", asked(), {"mockidp.search": "zzzz"})
    assert listed(nobody) == []
    assert "Nobody found" in text(nobody)


def test_a_search_is_part_of_the_same_login_and_no_part_of_the_request(browser: Browser) -> None:
    browser.open()
    browser.open(**{"mockidp.search": "bob"})
    browser.send("POST", asked(**{"mockidp.search": "bob"}), {"mockidp.search": "carol"})
    went = browser.send(
        "POST", asked(**{"mockidp.search": "bob"}), {"mockidp.decision": "allow", "mockidp.person": "carol"}
    )
    assert callback(went)["state"] == "s"
    (login,) = browser.sim.world.journal
    assert (login.person, [entry.status for entry in login.entries]) == ("carol", [200, 200, 200, 302])
    assert not [entry for entry in login.entries if "mockidp.search" in entry.url or "search" in str(entry.remarks)]


# remembered


def test_who_was_chosen_last_is_preselected_at_that_provider_only(browser: Browser) -> None:
    assert chosen(browser.open()) == "alice"
    browser.decide(person="thuy")
    assert chosen(browser.open()) == "thuy"
    assert chosen(browser.open(login_hint="bob@example.org")) == "bob"
    assert chosen(browser.open("github.com/login/oauth/authorize", scope="user:email")) == "alice"
    assert chosen(Browser(browser.sim).open()) == "alice"


@pytest.mark.parametrize("other", ["person-17", "jo@example.com", "ĵo@例え.example"])
def test_somebody_who_was_typed_is_on_the_page_the_next_time(browser: Browser, other: str) -> None:
    browser.decide(other=other)
    page = browser.open()
    assert unquote(listed(page)[0]) == chosen(page) == other


def test_the_choice_outlives_a_restart_of_the_simulator_and_the_session_does_not(browser: Browser) -> None:
    browser.decide(person="bob")
    browser.sim = Simulator()
    assert chosen(browser.open()) == "bob"
    assert "signed in" not in text(browser.open())
    assert callback(browser.open(prompt="none"))["error"] == "login_required"


def test_a_cookie_of_the_real_host_is_for_that_host_and_works_in_a_frame(browser: Browser) -> None:
    browser.decide(person="bob")
    (cookie,) = browser.set
    assert re.fullmatch(r"mockidp=[\w-]{22}~bob; Path=/; Max-Age=2592000; HttpOnly; SameSite=None; Secure", cookie)


@pytest.mark.parametrize("world", ["", "/~other"])
def test_a_cookie_in_path_form_is_never_sent_to_an_application_at_the_same_address(world: str) -> None:
    sim = Simulator()
    sim.add(World("other"))
    browser = Browser(sim, f"{BASE}{world}")
    browser.decide(person="bob")
    (cookie,) = browser.set
    assert f"; Path={world}/accounts.google.com; " in cookie
    assert cookie.endswith("HttpOnly; SameSite=Lax")
    assert browser.cookies("127.0.0.1:8400", f"{world}/accounts.google.com/o/oauth2/v2/auth") != "theme=dark"
    for path in ("/", "/cb", "/github.com/login", "/accounts.google.com.evil", "/~third/accounts.google.com"):
        assert browser.cookies("127.0.0.1:8400", path) == "theme=dark"


def test_another_world_knows_neither_the_session_nor_the_people_of_this_one() -> None:
    sim = Simulator()
    other = sim.add(World("other"))
    browser = Browser(sim)
    browser.decide(new_name="Zoe", new_email="zoe@example.com")
    request = Request.of(
        "GET", f"https://{asked(prompt='none')}", {"Cookie": browser.cookies("accounts.google.com", "/")}
    )
    request.world = "other"
    assert callback(sim.handle(request))["error"] == "login_required"
    request = Request.of("GET", f"https://{asked()}", {"Cookie": browser.cookies("accounts.google.com", "/")})
    request.world = "other"
    assert chosen(sim.handle(request)) == "alice"
    assert "zoe" not in other.people


@given(st.text(max_size=80))
def test_no_cookie_breaks_the_page(cookie: str) -> None:
    sim = Simulator()
    for value in (cookie, f"mockidp={cookie}", f"mockidp={'x' * 22}~{cookie}"):
        assert sim.handle(Request.of("GET", f"https://{asked()}", {"Cookie": value})).status == 200


def test_who_denies_or_is_refused_is_not_remembered(browser: Browser) -> None:
    assert callback(browser.decide(person="bob", decision="deny"))["error"] == "access_denied"
    assert callback(browser.decide(person="dave"))["error"] == "access_denied"
    assert browser.decide(person="nobody-there").status == 400
    assert browser.set == []


def test_without_a_page_nothing_is_remembered() -> None:
    browser = Browser(Simulator(World(person="alice")))
    assert "code" in callback(browser.open())
    assert browser.set == []


# someone new


def test_someone_new_logs_in_and_is_among_the_people_from_then_on(browser: Browser) -> None:
    went = browser.decide(person="alice", new_name="Zoë Quispe", new_email="zoe@example.org", new_verified="no")
    told = claims(browser.sim, callback(went)["code"])
    assert (told["email"], told["email_verified"]) == ("zoe@example.org", False)
    person = browser.sim.world.people["zoe-quispe"]
    assert (person.name, person.given_name, person.family_name) == ("Zoë Quispe", "Zoë", "Quispe")
    page = Browser(browser.sim).open("github.com/login/oauth/authorize", scope="user:email")
    assert (listed(page)[0], chosen(page)) == ("zoe-quispe", "zoe-quispe")
    assert "code" in callback(browser.decide(person="zoe-quispe"))
    assert "zoe-quispe" not in Simulator().world.people


def test_the_same_once_more_is_the_same_person_and_a_namesake_is_another(browser: Browser) -> None:
    for _ in range(2):
        browser.decide(new_name="Zoe", new_email="zoe@example.org", new_verified="yes")
    browser.decide(new_name="Zoe", new_email="zoe@example.net", new_verified="yes")
    assert [person.id for person in browser.sim.world.people.own()] == ["zoe-2", "zoe"]
    assert len({person.number for person in browser.sim.world.people.own()}) == 2


def test_someone_new_needs_no_address_and_no_name(browser: Browser) -> None:
    browser.decide(new_name="李小龙")
    browser.decide(new_email="max.power@example.org")
    max_, li = browser.sim.world.people.own()
    assert (li.id, li.name, li.email, li.email_verified) == ("somebody", "李小龙", None, False)
    assert (max_.id, max_.name, max_.email_verified) == ("max-power", "Max Power", True)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"new_name": "Jo", "new_email": "jo at example"}, "is not an e-mail address"),
        ({"new_name": "x" * 201}, "at most 200 characters"),
        ({"new_name": "Jo", "other": "bob"}, "both filled in"),
    ],
)
def test_what_cannot_be_is_told_on_the_page_and_stays_filled_in(
    browser: Browser, fields: dict[str, str], why: str
) -> None:
    page = browser.decide(person="bob", **fields)
    assert page.status == 400
    assert why in text(page)
    assert f'value="{fields["new_name"]}"' in text(page)
    assert chosen(page) == "bob"
    assert list(browser.sim.world.people.own()) == []


def test_there_is_an_end_to_the_people_that_a_page_can_make(browser: Browser) -> None:
    for number in range(1000):
        browser.sim.world.people.invent(f"Jo {number}", "", False)
    page = browser.decide(new_name="One more")
    assert page.status == 400
    assert "that is the limit" in text(page)


def test_the_tokens_of_someone_who_is_known_no_more_are_refused_and_break_nothing() -> None:
    store = MemoryStore()
    browser = Browser(Simulator(store=store))
    code = callback(browser.decide(new_name="Zoe", new_email="zoe@example.org"))["code"]
    browser.sim = Simulator(store=store)
    assert tokens(browser.sim, code)["error"] == "invalid_grant"
    assert "nobody knows the person any more" in browser.sim.world.journal.text()
    assert callback(browser.open(prompt="none"))["error"] == "login_required"


# prompt and max_age


def test_without_a_page_only_where_somebody_is_logged_in_and_has_allowed_it(browser: Browser) -> None:
    assert callback(browser.open(prompt="none"))["error"] == "login_required"
    browser.decide(person="bob")
    assert "code" in callback(browser.open(prompt="none"))
    assert "code" in callback(browser.open(prompt="none", scope="openid"))
    more = callback(browser.open(prompt="none", scope="openid email profile"))
    assert (more["error"], more["state"]) == ("consent_required", "s")
    browser.decide(params={"scope": "profile"}, person="bob")
    assert "code" in callback(browser.open(prompt="none", scope="openid email profile"))
    told = claims(browser.sim, callback(browser.open(prompt="none"))["code"])
    assert told["email"] == "bob@example.org"


def test_what_was_allowed_to_one_app_was_not_to_another(browser: Browser) -> None:
    browser.sim.world.apps.register("google", client_id="other", redirect_uris=[BACK])
    browser.decide(person="bob")
    assert callback(browser.open(prompt="none", client_id="other"))["error"] == "consent_required"
    browser.decide(params={"client_id": "other"}, person="bob")
    assert "code" in callback(browser.open(prompt="none"))
    assert "code" in callback(browser.open(prompt="none", client_id="other"))


def test_another_person_has_another_session_and_allowed_nothing_yet(browser: Browser) -> None:
    browser.decide(person="bob")
    first = browser.cookies("accounts.google.com", "/")
    browser.decide(person="carol", params={"scope": "openid"})
    assert callback(browser.open(prompt="none"))["error"] == "consent_required"
    request = Request.of("GET", f"https://{asked(prompt='none')}", {"Cookie": first})
    assert callback(browser.sim.handle(request))["error"] == "login_required", "the old session is over"


def test_a_session_ends_with_its_time_and_with_a_sign_out(browser: Browser) -> None:
    browser.decide(person="bob")
    assert "signed in" in text(browser.open())
    kept = {"Cookie": browser.cookies("accounts.google.com", "/")}
    page = browser.decide(decision="sign_out")
    went = browser.sim.handle(Request.of("GET", f"https://{asked(prompt='none')}", kept))
    assert callback(went)["error"] == "login_required", "a copy of the cookie is worth nothing"
    assert (page.status, chosen(page)) == (200, "alice")
    assert callback(browser.open(prompt="none"))["error"] == "login_required"
    assert browser.jar == {}
    browser.decide(person="bob")
    browser.sim.world.clock.advance(31 * 86400)
    assert callback(browser.open(prompt="none"))["error"] == "login_required"


def test_a_hint_of_somebody_else_is_no_silent_login(browser: Browser) -> None:
    browser.decide(person="bob")
    assert "code" in callback(browser.open(prompt="none", login_hint="Bob@example.org"))
    assert callback(browser.open(prompt="none", login_hint="carol"))["error"] == "login_required"


@pytest.mark.parametrize("prompt", ["none login", "consent none"])
def test_none_goes_with_no_other_word(browser: Browser, prompt: str) -> None:
    browser.decide(person="bob")
    assert callback(browser.open(prompt=prompt))["error"] == "invalid_request"


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account", "login consent"])
def test_every_other_word_shows_the_page_and_is_told_there(browser: Browser, prompt: str) -> None:
    browser.decide(person="bob")
    page = browser.open(prompt=prompt)
    assert (page.status, chosen(page)) == (200, "bob")
    for word in prompt.split():
        assert f"(prompt={word})" in text(page)


@pytest.mark.parametrize("prompt", ["none", "login", "consent", "select_account"])
def test_as_somebody_there_is_no_page_whatever_the_prompt(prompt: str) -> None:
    browser = Browser(Simulator(World(person="carol")))
    assert "code" in callback(browser.open(prompt=prompt, max_age="0"))


@pytest.fixture
def keycloak() -> Browser:
    return Browser(Simulator(World(settings=AT_HOME)))


def test_a_login_that_is_older_than_max_age_is_not_enough(keycloak: Browser) -> None:
    where = f"{KEYCLOAK}/auth"
    keycloak.sim.world.clock.freeze()
    keycloak.decide(where, person="bob")
    keycloak.sim.world.clock.advance(100)
    assert "code" in callback(keycloak.open(where, prompt="none", max_age="100"))
    assert callback(keycloak.open(where, prompt="none", max_age="99"))["error"] == "login_required"
    assert "You signed in 100 seconds ago; the app takes 99 (max_age)." in text(keycloak.open(where, max_age="99"))
    assert "max_age" not in text(keycloak.open(where, max_age="100"))
    assert "code" in callback(keycloak.open(where, prompt="none", max_age="soon")), "no number is no limit"


def test_a_provider_that_does_not_document_max_age_ignores_it_and_says_so(browser: Browser) -> None:
    browser.decide(person="bob")
    browser.sim.world.clock.advance(100)
    assert "code" in callback(browser.open(prompt="none", max_age="1"))
    assert "max_age in the query is not listed in the contract" in text(browser.open(max_age="1"))


def test_auth_time_is_when_the_person_logged_in_and_not_when_the_token_was_made(keycloak: Browser) -> None:
    browser, clock = keycloak, keycloak.sim.world.clock
    clock.freeze()
    began = int(clock.now())
    browser.decide(f"{KEYCLOAK}/auth", person="bob")
    clock.advance(500)
    code = callback(browser.open(f"{KEYCLOAK}/auth", prompt="none"))["code"]
    clock.advance(7)
    told = claims(browser.sim, code, f"https://{KEYCLOAK}/token")
    assert (told["auth_time"], told["iat"]) == (began, began + 507)
    code = callback(browser.decide(f"{KEYCLOAK}/auth", person="bob"))["code"]
    clock.advance(3)
    assert claims(browser.sim, code, f"https://{KEYCLOAK}/token")["auth_time"] == began + 507


def test_auth_time_is_there_where_max_age_was_asked_for(browser: Browser) -> None:
    where, url = (f"{AUTH0}/authorize", f"https://{AUTH0}/oauth/token")
    plain = claims(browser.sim, callback(browser.decide(where, person="bob"))["code"], url)
    aged = claims(browser.sim, callback(browser.decide(where, {"max_age": "60"}, person="bob"))["code"], url)
    assert "auth_time" not in plain
    assert abs(aged["auth_time"] - aged["iat"]) <= 1


def test_a_provider_whose_prompt_knows_no_error_shows_the_page_until_all_is_allowed(browser: Browser) -> None:
    where = "discord.com/oauth2/authorize"
    page = browser.open(where, prompt="none", scope="identify")
    assert (page.status, chosen(page)) == (200, "alice")
    browser.decide(where, {"scope": "identify"}, person="bob")
    assert "code" in callback(browser.open(where, prompt="none", scope="identify"))
    assert browser.open(where, prompt="none", scope="identify email").status == 200
    assert browser.open(where, prompt="consent", scope="identify").status == 200


def test_a_provider_that_has_no_such_word_never_skips_the_page(browser: Browser) -> None:
    where = "github.com/login/oauth/authorize"  # its prompt knows select_account only
    browser.decide(where, person="bob")
    assert callback(browser.open(where, prompt="none"))["error"] == "invalid_request"
    assert browser.open(where, prompt="select_account").status == 200
    assert browser.open(where, approval_prompt="none").status == 200


def test_openid_2_answers_at_once_who_is_logged_in_and_trusts_the_site(browser: Browser) -> None:
    def checkid(mode: str, **more: str) -> str:
        select = "http://specs.openid.net/auth/2.0/identifier_select"
        fields = {"ns": "http://specs.openid.net/auth/2.0", "mode": mode, "return_to": BACK, "realm": BACK}
        fields |= {"claimed_id": select, "identity": select, **more}
        url = World().wire("openid").step("checkid") or World().wire("openid").step("authorize")
        assert url is not None
        return f"{url.urls[0].partition('://')[2]}?{urlencode({f'openid.{k}': v for k, v in fields.items()})}"

    assert callback(browser.send("GET", checkid("checkid_immediate")))["openid.mode"] == "setup_needed"
    setup = checkid("checkid_setup")
    browser.send("POST", setup, {"mockidp.person": "bob", "mockidp.decision": "allow"})
    assert callback(browser.send("GET", checkid("checkid_immediate")))["openid.mode"] == "id_res"
    other = checkid(
        "checkid_immediate", return_to="http://127.0.0.1:8000/cb/other", realm="http://127.0.0.1:8000/cb/other"
    )
    assert callback(browser.send("GET", other))["openid.mode"] == "setup_needed"


# what providers have in place of `prompt`

OWN_WORDS = [
    (provider, name, value, word)
    for provider in index()
    for exchange in World(settings=AT_HOME).wire(provider).steps.get("authorize", [])
    for name, values in exchange.prompts.items()
    for value, word in values.items()
]


@pytest.mark.parametrize(("provider", "name", "value", "word"), OWN_WORDS)
def test_a_parameter_of_the_providers_own_is_that_word_of_prompt(
    provider: str, name: str, value: str, word: str
) -> None:
    """Each is told on the page, and one that means `none` shows no page to somebody who is not logged in."""
    sim = Simulator(World(settings=AT_HOME))
    wire = sim.world.wire(provider)
    shown: list[Response] = []

    def send(request: Request) -> Response:
        shown.append(sim.handle(request))
        return shown[-1]

    walk = walk_class(provider, wire.family)(wire, sim.world.apps.ready(provider), send, override={name: value})
    walk.decide = False
    with pytest.raises(WalkError) as ended:
        walk.run()
    if word == "none":
        assert ended.value.error
        assert "login_required" in sim.world.journal.text()
        assert f"{name}={value} was asked for and nobody is logged in" in sim.world.journal.text()
    else:
        assert f"({name}={value})" in text(shown[-1])


def test_every_word_of_prompt_has_a_provider_that_says_it_otherwise() -> None:
    assert {word for *_, word in OWN_WORDS} == {"none", "login", "consent", "select_account"}


def test_another_value_of_that_parameter_asks_for_nothing(browser: Browser) -> None:
    where = "www.facebook.com/v23.0/dialog/oauth"
    assert "(auth_type=" not in text(browser.open(where, auth_type="nonsense"))
    both = text(browser.open(where, auth_type="rerequest,reauthenticate"))
    assert "(auth_type=rerequest)" in both
    assert "(auth_type=reauthenticate)" in both


def test_a_login_at_once_needs_somebody_who_is_logged_in_and_has_agreed(browser: Browser) -> None:
    where = "login.salesforce.com/services/oauth2/authorize"
    assert callback(browser.open(where, immediate="true"))["error"] == "immediate_unsuccessful"
    browser.decide(where, person="bob")
    assert "code" in callback(browser.open(where, immediate="true"))
    assert browser.open(where, immediate="false").status == 200
    assert callback(browser.open(where, immediate="true", scope="openid email full"))["error"] == (
        "immediate_unsuccessful"
    )


def test_the_name_in_a_parameter_of_the_providers_own_is_filled_in() -> None:
    client = Client(*(f"https://api.x.com/oauth/{step}" for step in ("request_token", "authenticate", "access_token")))
    client.world.person = None
    client.begin()
    query = urlencode({"oauth_token": client.token[0], "force_login": "true", "screen_name": "bob"})
    page = client.send("GET", f"{client.authorize_url}?{query}")
    assert chosen(page) == "bob"
    assert "(force_login=true)" in text(page)


def test_what_is_wrong_is_told_once_and_what_was_remarked_too(browser: Browser) -> None:
    page = text(browser.decide("github.com/login/oauth/authorize", {"scope": "user"}, person="", other="nobdy"))
    assert page.count("There is no person &#34;nobdy&#34;") == 1
    assert page.count("no code_challenge was sent") == 1


# misbehaving


def faults_on(page: Response) -> list[str]:
    return re.findall(r'name="mockidp.misbehave" value="([^"]+)"', text(page))


def test_every_fault_of_the_table_can_strike_somewhere_and_says_what_it_does() -> None:
    shown: set[str] = set()
    for provider, where in (("google", GOOGLE), ("openid", ""), ("github", "github.com/login/oauth/authorize")):
        world = World()
        step = world.wire(provider).step("authorize")
        assert step is not None
        where = where or step.urls[0].partition("://")[2]
        select = "http://specs.openid.net/auth/2.0/identifier_select"
        openid = {"ns": "http://specs.openid.net/auth/2.0", "mode": "checkid_setup", "return_to": BACK, "realm": BACK}
        more = {f"openid.{k}": v for k, v in {**openid, "claimed_id": select, "identity": select}.items()}
        page = Browser(Simulator(world)).open(where, **(more if provider == "openid" else {}))
        for name in faults_on(page):
            assert FAULTS[name].about.replace("'", "&#39;") in text(page)
        shown |= set(faults_on(page))
    assert shown == {fault.name for fault in TABLE}


def test_a_provider_without_an_identity_token_offers_none_of_its_faults(browser: Browser) -> None:
    offered = faults_on(browser.open("github.com/login/oauth/authorize", scope="user:email"))
    assert not [name for name in offered if FAULTS[name].where == "token" or name == "missing_id_token"]
    assert {"denied", "slow", "wrong_state", "sub_differs"} <= set(offered)


@pytest.mark.parametrize(
    ("fault", "claim"),
    [("wrong_nonce", "nonce"), ("wrong_aud", "aud"), ("wrong_iss", "iss"), ("missing_nonce", "nonce")],
)
def test_a_fault_strikes_in_that_login_and_in_no_other(browser: Browser, fault: str, claim: str) -> None:
    browser.open()
    spoilt = callback(browser.decide(person="bob", misbehave=fault))["code"]
    sound = claims(browser.sim, callback(browser.decide(person="bob"))["code"])
    assert claims(browser.sim, spoilt).get(claim) != sound[claim]
    assert fault in browser.sim.world.journal.text()


def test_a_refusal_can_be_had_at_the_very_request(browser: Browser) -> None:
    browser.open()
    assert callback(browser.decide(person="bob", misbehave="denied"))["error"] == "access_denied"
    profile = "https://openidconnect.googleapis.com/v1/userinfo"

    def access(**fields: str) -> Response:
        token = tokens(browser.sim, callback(browser.decide(person="bob", **fields))["code"])["access_token"]
        return browser.sim.handle(Request.of("GET", profile, {"Authorization": f"Bearer {token}"}))

    browser.open()
    assert access(misbehave="expired_token", step="userinfo").status == 401
    assert access(misbehave="html_error", step="userinfo").status == 502
    assert access().status == 200


@pytest.mark.parametrize("opened", [True, False], ids=["page-seen", "at-once"])
def test_an_oauth_1_login_can_misbehave_too(opened: bool) -> None:
    profile = "https://api.xing.com/v1/users/me"
    client = Client(*(f"https://api.xing.com/v1/{step}" for step in ("request_token", "authorize", "access_token")))
    client.world.person = None
    for misbehave, status in (("server_error", 500), ("", 200), ("html_error", 502)):
        client.token = ("", "")
        client.begin()
        url = f"{client.authorize_url}?{urlencode({'oauth_token': client.token[0]})}"
        if opened:
            assert client.send("GET", url).status == 200
        fields = {"mockidp.person": "bob", "mockidp.decision": "allow", "mockidp.misbehave": misbehave}
        step = next(name for name in client.world.wire("xing").steps if "users/me" in str(name) or name == "userinfo")
        form = urlencode({**fields, "mockidp.step": step if misbehave else ""}).encode()
        client.finish(client.sim.handle(Request.of("POST", url, FORM, form)))
        assert client.signed("GET", profile).status == status


@pytest.mark.parametrize(
    "fields", [{"misbehave": "wrong_kye"}, {"misbehave": "unsigned_identity"}, {"misbehave": "slow", "step": "jwks"}]
)
def test_a_fault_that_there_is_not_is_told_on_the_page(browser: Browser, fields: dict[str, str]) -> None:
    page = browser.decide(person="bob", **fields)
    assert page.status == 400
    assert re.search("has no (fault|step)", text(page))
    assert browser.sim.world.faults.rules == []


def test_the_faults_of_single_logins_do_not_pile_up() -> None:
    faults = Faults()
    always = faults.add("slow")
    for number in range(1000):
        faults.add("denied", login=f"x-{number}")
    assert len(faults.rules) == 201
    assert faults.rules[0] is always
    assert faults.rules[-1].login == "x-999"
