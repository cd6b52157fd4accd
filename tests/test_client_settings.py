"""Ready settings, used as they are printed: Django and Authlib log in with them, the others at least read them."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mockidp.browser import browse
from mockidp.cli_settings import settings_command
from mockidp.client_settings import Form, client, libraries, library_of, settings
from mockidp.contract.files import index
from mockidp.errors import UsageError
from mockidp.mounts.responses_mount import mocked
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BASE = "http://127.0.0.1:8400"
NODE = shutil.which("node")
FOLDER = Path(__file__).parent
CALLBACK = "http://127.0.0.1/callback"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Simulator(), port=0) as server:
        yield server


def every(library: str, urls: Form) -> list[tuple[str, str]]:
    """All that a library can have, each rendered alone."""
    found = []
    for provider in index():
        try:
            found.append((provider, settings(library, [provider], World(), base=BASE, urls=urls)))
        except UsageError:
            continue
    return found


# what is printed, by everybody's own reader


@pytest.mark.parametrize("urls", ["real", "path"])
@pytest.mark.parametrize("library", ["django-allauth", "authlib"])
def test_python_reads_all_of_it(library: str, urls: Form) -> None:
    for _, text in every(library, urls):
        ast.parse(text)


@pytest.mark.parametrize("urls", ["real", "path"])
def test_yaml_reads_all_of_it(urls: Form) -> None:
    for provider, text in every("spring", urls):
        table = yaml.safe_load(text)["spring"]["security"]["oauth2"]["client"]
        made = client(provider, World(), BASE if urls == "path" else "")
        row, there = table["registration"][provider], table["provider"][provider]
        assert (row["client-id"], row["client-secret"][:7]) == (made.client_id, made.client_secret[:7])
        assert there.get("issuer-uri") == made.issuer or there["authorization-uri"] == made.urls["authorize"]
        assert all(url.startswith(f"{BASE}/") == (urls == "path") for name, url in there.items() if name[-4:] == "-uri")


SHAM = """
const seen = [], class_ = (name) => class { constructor(options) { seen.push([name, options]); } };
const require_ = (name) => ({ Strategy: class_(name) });
const passport = { use() {} };
const run = (text) => (seen.splice(0), new Function("require", "passport", text)(require_, passport), [...seen]);
const list = (text) => new Function(`return [${text}]`)().map((row) => ({ ...row, profile: row.profile?.toString() }));
const told = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(told.map(([library, text]) => (library === "passport" ? run(text) : list(text)))));
"""


@pytest.mark.skipif(NODE is None, reason="no Node on this machine")
@pytest.mark.parametrize("urls", ["real", "path"])
def test_javascript_reads_all_of_it(urls: Form) -> None:
    asked = [(library, of, text) for library in ("passport", "nextauth") for of, text in every(library, urls)]
    told = json.dumps([(library, text) for library, _, text in asked])
    done = subprocess.run([str(NODE), "-e", SHAM], input=told, capture_output=True, text=True, check=True)
    for (library, of, _), (row,) in zip(asked, json.loads(done.stdout), strict=True):
        made = client(of, World(), BASE if urls == "path" else "")
        options = row[1] if library == "passport" else row
        known = {options.get(name) for name in ("clientID", "clientId", "consumerKey")} - {None}
        assert known == {made.client_id}
        if library == "passport" and urls == "path":
            where = options["userAuthorizationURL" if made.family == "oauth1" else "authorizationURL"]
            assert where == made.urls["authorize"]


def test_variables_are_read_by_a_shell_as_they_were_meant() -> None:
    for provider, text in every("env", "real"):
        made = client(provider, World())
        name = f"{made.env}_CLIENT_SECRET"
        done = subprocess.run(["sh", "-c", f'{text}\nprintf %s "${name}"'], capture_output=True, text=True, check=True)
        assert done.stdout[:20] == made.client_secret[:20]


def test_ruby_text_is_quoted() -> None:
    text = settings("omniauth", ["github", "google", "twitter"], World(), base=BASE)
    assert "provider OmniAuth::Strategies::OAuth2, 'mockidp', 'mockidp-secret',\n  name: 'github'," in text
    assert "issuer: 'https://accounts.google.com'" in text
    assert "request_token_url: 'https://api.x.com/oauth/request_token'" in text


# logins with what is printed


class Flask:
    """A Flask application that registers with Authlib what was printed, and answers with who logged in."""

    def __init__(self, text: str, profiles: dict[str, str]) -> None:
        import flask
        from authlib.integrations.flask_client import OAuth

        self.app = flask.Flask("site")
        self.app.secret_key = "test"
        self.oauth, self.profiles = OAuth(self.app), profiles
        exec(text, {"oauth": self.oauth})
        self.app.add_url_rule("/login/<name>", view_func=self.login)
        self.app.add_url_rule("/callback", view_func=self.callback, methods=["GET", "POST"])

    def login(self, name: str) -> Any:
        self.name = name
        return self.oauth.create_client(name).authorize_redirect(CALLBACK)

    def callback(self) -> Any:
        client = self.oauth.create_client(self.name)
        token = client.authorize_access_token()
        return dict(token.get("userinfo") or client.get(self.profiles[self.name], token=token).json())

    def person(self, name: str, send: Any) -> dict[str, Any]:
        """Log alice in and return what the provider tells of her."""
        with self.app.test_client() as visitor:
            begun = visitor.get(f"/login/{name}")
            callback = browse(send, begun.headers["Location"], person="alice")
            told: dict[str, Any] = visitor.open(
                callback.path, method=callback.method, data=callback.form or None
            ).get_json()
        return told


AUTHLIB = ["github", "google", "microsoft", "gitlab", "okta", "discord", "keycloak", "twitter"]


@pytest.mark.parametrize("provider", AUTHLIB)
def test_authlib_logs_in_with_the_real_urls(provider: str) -> None:
    simulator = Simulator()
    profile = client(provider, simulator.world).urls["userinfo"]
    site = Flask(settings("authlib", [provider], simulator.world, base=BASE), {provider: profile})
    with mocked(simulator):
        assert site.person(provider, simulator.handle)
    login = simulator.world.journal.last(provider)
    assert login is not None
    assert (login.person, login.outcome) == ("alice", "logged_in")


@pytest.mark.parametrize("provider", [*AUTHLIB, "apple"])
def test_authlib_logs_in_in_path_form(server: Server, provider: str) -> None:
    profile = client(provider, World(), server.url).urls.get("userinfo", "")
    site = Flask(settings("authlib", [provider], World(), base=server.url, urls="path"), {provider: profile})
    if provider == "apple":  # takes no address on loopback
        server.simulator.world.app("apple", redirect_uris=[CALLBACK])  # type: ignore[attr-defined]
    told = site.person(provider, over_http)
    assert "alice" in json.dumps(told)


def over_http(request: Request) -> Response:
    import requests

    answer = requests.request(
        request.method, request.url.replace("https://127", "http://127"), headers=request.headers, data=request.body,
        allow_redirects=False, timeout=10,
    )  # fmt: skip
    return Response(answer.status_code, list(answer.headers.items()), answer.content)


DJANGO = """
import json, sys
from urllib.parse import urlsplit
import django
from django.conf import settings

told = json.load(sys.stdin)
names = {"INSTALLED_APPS": [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "allauth", "allauth.account", "allauth.socialaccount",
]}
exec(told["text"], names)
settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], USE_TZ=True, ROOT_URLCONF="allauth_urls",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
        "context_processors": ["django.template.context_processors.request"]}}],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    LOGIN_REDIRECT_URL="/", ACCOUNT_EMAIL_VERIFICATION="none", ACCOUNT_RATE_LIMITS=False,
    INSTALLED_APPS=names["INSTALLED_APPS"], SOCIALACCOUNT_PROVIDERS=names["SOCIALACCOUNT_PROVIDERS"],
    SOCIALACCOUNT_QUERY_EMAIL=names["SOCIALACCOUNT_QUERY_EMAIL"],
)
django.setup()
from django.core.management import call_command
from django.test import Client
from mockidp.browser import browse
from mockidp.mounts.responses_mount import mocked
from mockidp.simulator import Simulator
from test_client_settings import over_http

call_command("migrate", verbosity=0, run_syncdb=True)
from contextlib import nullcontext
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command

simulator = Simulator()
found = {}
def login(provider, button):
    send = over_http if told["path"] else simulator.handle
    with nullcontext() if told["path"] else mocked(simulator):
        visitor = Client(headers={"host": "127.0.0.1"})
        begun = visitor.post(button)
        assert begun.status_code == 302, (provider, begun.content[:3000])
        callback = browse(send, begun["Location"], person="alice")
        open_ = visitor.post if callback.method == "POST" else visitor.get
        answer = open_(callback.path, callback.form) if callback.method == "POST" else visitor.get(callback.path)
        while answer.status_code == 302 and answer["Location"] != "/":
            answer = visitor.get(answer["Location"])
        assert SocialAccount.objects.exists(), answer.content[:2000]
        account = SocialAccount.objects.get()
        return [account.uid, account.user.email]


for provider, button in told["buttons"].items():
    try:
        found[provider] = login(provider, button)
    except Exception as error:
        found[provider] = f"{type(error).__name__}: {error}"[:300]
    call_command("flush", verbosity=0, interactive=False)
print(json.dumps(found))
"""


def by_allauth(text: str, buttons: dict[str, str], *, path: bool) -> dict[str, list[str]]:
    """Log alice in at each provider at a Django site that was given these settings."""
    told = json.dumps({"text": text, "path": path, "buttons": {of: f"/accounts/{at}" for of, at in buttons.items()}})
    code = f"import sys; sys.path[:0] = {[str(FOLDER), str(FOLDER / 'interop')]!r}\n{DJANGO}"
    done = subprocess.run([sys.executable, "-c", code], input=told, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, list[str]] = json.loads(done.stdout)
    assert {of: why for of, why in found.items() if isinstance(why, str)} == {}
    return found


NOT_TODAY = {  # what today's release of django-allauth cannot do, with settings or without: see tests/interop
    *("eveonline", "figma", "linkedin_oauth2", "openstreetmap", "soundcloud"),
    *("apple", "shopify", "telegram"),  # want an address, a shop or a button of their own
    *("openid", "steam"),  # ask by urllib, which nothing answers within the process
}
BUTTONS = {
    "amazon_cognito": "amazon-cognito/login/",
    "daum": "Daum/login/",
    "keycloak": "oidc/keycloak/login/",
    "openid": "openid/login/?openid=https://openid.example.org",
    "openid_connect": "oidc/op/login/",
    "twentythreeandme": "23andme/login/",
}


def test_django_allauth_logs_in_everywhere_with_the_real_urls() -> None:
    can = [of for of, _ in every("django-allauth", "real") if of not in NOT_TODAY]
    text = settings("django-allauth", can, World(), base=BASE)
    found = by_allauth(text, {of: BUTTONS.get(of, f"{of}/login/") for of in can}, path=False)
    assert list(found) == can
    assert found["github"][1] == "alice@example.com"
    assert len(can) > 70


def test_django_allauth_logs_in_in_path_form_where_it_has_a_setting_for_it(server: Server) -> None:
    can = [of for of, _ in every("django-allauth", "path") if of not in NOT_TODAY]
    text = settings("django-allauth", can, World(), base=server.url, urls="path")
    own = libraries()["django-allauth"]["base"]
    buttons = {of: f"{of}/login/" if of in own else BUTTONS.get(of, f"oidc/{of}/login/") for of in can}
    found = by_allauth(text, buttons, path=True)
    assert list(found) == can
    assert {"google", "gitlab", "keycloak", "okta"} <= set(can)


# the command


def test_the_command_prints_them_and_says_on_stderr_what_to_do(tmp_path: Path) -> None:
    done = CliRunner().invoke(settings_command, ["django", "github"])
    assert '"allauth.socialaccount.providers.github"' in done.stdout
    assert "mockidp run" in done.stderr
    found = CliRunner().invoke(settings_command, ["authjs", "github", "--urls", "path", "--world", "mine", "--json"])
    told = json.loads(found.stdout)
    assert (told["library"], told["providers"], told["urls"]) == ("nextauth", ["github"], "path")
    assert "http://127.0.0.1:8400/~mine/github.com/login/oauth/authorize" in told["text"]


def test_the_command_lists_the_libraries() -> None:
    told = json.loads(CliRunner().invoke(settings_command, ["--json"]).stdout)
    assert [row["library"] for row in told] == list(libraries())
    assert "django-allauth" in CliRunner().invoke(settings_command, []).stdout


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (["djnago", "github"], 'Did you mean "django"'),
        (["spring"], "which provider?"),
        (["spring", "steam"], "does not speak OpenID 2.0"),
        (["django", "persona"], "dropped it"),
        (["django", "github", "--urls", "path"], "take --urls real"),
    ],
)
def test_what_cannot_be_had_is_said_with_what_to_do(told: list[str], why: str) -> None:
    error = CliRunner().invoke(settings_command, told).exception
    assert isinstance(error, UsageError)
    assert why in str(error)


def test_settings_of_the_configuration_are_in_it() -> None:
    world = World(settings={"github": {"GITHUB_URL": "https://git.example.com"}})
    text = settings("env", ["github"], world, base=BASE)
    assert "GITHUB_USERINFO_URL=https://git.example.com/api/v3/user" in text


def test_every_name_of_the_data_is_a_providers() -> None:
    for table in libraries().values():
        for name in ("absent", "package", "key", "needs", "base", "app", "extra", "unread"):
            assert set(table.get(name, {})) <= set(index())
    assert library_of("Django") == "django-allauth"
