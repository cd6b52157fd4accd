"""Level 2: a login in a browser, or one that a HAR file has, compared with the contract answer by answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from ports import free_port

from mockidp.check.walk import walk_class
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:8000/callback"
MOCKIDP = (sys.executable, "-m", "mockidp")
Entry = dict[str, Any]
Edit = Callable[[Entry], object]


def har(provider: str, edit: Edit | None = None) -> dict[str, Any]:
    """A login of alice as a browser and a server would have kept it, with an edit made to every entry."""
    simulator, entries = Simulator(World()), []

    def send(request: Request) -> Response:
        asked = {"method": request.method, "url": request.url, "headers": _rows(request.headers.items())}
        if request.body:
            asked["postData"] = {"mimeType": request.content_type, "text": request.body.decode()}
        response = simulator.handle(request)
        told = {"status": response.status, "headers": _rows(response.headers), "redirectURL": ""}
        kind = response.header("content-type")
        told["content"] = {"mimeType": kind, "text": response.body.decode("utf-8", "replace")}
        entry = {"request": asked, "response": told}
        if edit is not None:
            edit(entry)
        entries.append(entry)
        return response

    wire = simulator.world.wire(provider)
    walk_class(provider, wire.family)(wire, simulator.world.apps.ready(provider), send, redirect_uri=BACK).run()
    return {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}}


def _rows(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def check(tmp_path: Path, provider: str, edit: Edit | None = None) -> tuple[int, dict[str, str]]:
    """`mockidp check --live ID --har FILE`: the exit code, and what is not fine by its id."""
    file = tmp_path / "login.har"
    file.write_text(json.dumps(har(provider, edit)), encoding="utf-8")
    done = run("check", "--live", provider, "--har", str(file), "--json")
    rows = json.loads(done.stdout)["findings"]
    assert len(rows) >= 3, rows
    return done.returncode, {row["id"]: row["severity"] for row in rows if row["severity"] != "fine"}


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [*MOCKIDP, *words], capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **env}
    )


@pytest.mark.parametrize("provider", ["github", "google", "apple", "twitter", "steam", "keycloak", "discord"])
def test_a_login_that_is_as_the_contract_says_is_clean(tmp_path: Path, provider: str) -> None:
    assert check(tmp_path, provider) == (0, {})


def in_callback(**more: str) -> Edit:
    """The browser is sent back with other parameters."""

    def edit(entry: Entry) -> None:
        for row in entry["response"]["headers"]:
            if row["name"] == "Location" and row["value"].startswith(BACK):
                params = {**dict(parse_qsl(urlsplit(row["value"]).query)), **more}
                row["value"] = f"{BACK}?{urlencode({key: value for key, value in params.items() if value})}"

    return edit


def in_body(part: str, change: Callable[[dict[str, Any]], object]) -> Edit:
    """The JSON of the answer at a URL is another one."""

    def edit(entry: Entry) -> None:
        if part in entry["request"]["url"]:
            document = json.loads(entry["response"]["content"]["text"])
            change(document)
            entry["response"]["content"]["text"] = json.dumps(document)

    return edit


TOKEN, USER = "/token", "users/@me"
CHANGED: dict[str, tuple[str, Edit, str, str, int]] = {
    # at which provider, how; the finding without its provider, its severity, the exit code
    "a parameter more": ("discord", in_callback(extra="1"), "authorize-added:/extra", "note", 0),
    "an issuer": ("discord", in_callback(iss="https://x"), "authorize-added:/iss", "warn", 1),
    "no code": ("discord", in_callback(code=""), "authorize-missing:/code", "break", 1),
    "no token": ("discord", in_body(TOKEN, lambda it: it.clear()), "token-missing:/access_token", "break", 1),
    "a number": ("discord", in_body(USER, lambda it: it.update(id=1)), "userinfo-type:/id", "break", 1),
    "a field more": ("discord", in_body(USER, lambda it: it.update(nick="a")), "userinfo-added:/nick", "note", 0),
    "no JWT": ("google", in_body(TOKEN, lambda it: it.update(id_token="none")), "id_token-format", "break", 1),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_login_that_went_otherwise_is_reported(tmp_path: Path, what: str) -> None:
    provider, edit, found, severity, code = CHANGED[what]
    returned, rows = check(tmp_path, provider, edit)
    assert rows.get(f"{provider}-live-login-{found}") == severity, rows
    assert returned == code


def test_no_value_of_a_recorded_login_is_in_its_report(tmp_path: Path) -> None:
    file = tmp_path / "login.har"
    kept = har("discord", in_body("users/@me", lambda it: it.update(id=1)))
    file.write_text(json.dumps(kept), encoding="utf-8")
    done = run("check", "--live", "discord", "--har", str(file), "--json")
    token = next(
        json.loads(entry["response"]["content"]["text"])["access_token"]
        for entry in kept["log"]["entries"]
        if entry["request"]["url"].endswith("/token")
    )
    assert "curl" in done.stdout
    assert not [word for word in (token, "mockidp-secret", "alice@example.com") if word in done.stdout + done.stderr]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "--live", "--har", "{file}"), "name the provider"),
        (("check", "--live", "github", "--har", "{file}"), "has no request that github answers"),
        (("check", "--live", "github", "--level", "2"), "MOCKIDP_LIVE_GITHUB_CLIENT_ID"),
        (("check", "--live", "--level", "2"), "name one provider"),
    ],
)
def test_what_cannot_be_compared_is_told_before_anything_is_sent(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    file = tmp_path / "login.har"
    file.write_text('{"log": {"entries": []}}', encoding="utf-8")
    done = run(*(word.format(file=file) for word in words))
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
@pytest.mark.parametrize("provider", ["github", "google", "twitter"])
def test_a_login_made_now_with_a_sandbox_app(tmp_path: Path, provider: str) -> None:
    """The simulator plays the provider at its real hosts; curl is the person's browser."""
    app = World().app(provider)
    prefix = f"MOCKIDP_LIVE_{provider.upper()}"
    out, back = tmp_path / "report.json", f"http://127.0.0.1:{free_port()}/callback"
    env = {"CLIENT_ID": app.client_id, "CLIENT_SECRET": app.client_secret, "REDIRECT_URI": back}
    done = run(
        *("run", "--as", "alice", "--quiet", "--", *MOCKIDP, "check", "--live", provider, "--level", "2"),
        *("--out", str(out), "--command", "curl --silent --output /dev/null --write-out %{redirect_url}"),
        MOCKIDP_HOME=str(tmp_path / "home"),
        **{f"{prefix}_{name}": value for name, value in env.items()},
    )  # fmt: skip
    report = json.loads(out.read_text("utf-8"))
    cases = {row["case"] for row in report["findings"]}
    assert [row for row in report["findings"] if not row["ok"]] == [], done.stderr
    assert {"authorize", "app-authorize", "login-authorize"} <= cases
    assert done.returncode == 0
    assert app.client_secret not in out.read_text("utf-8")
