"""`mockidp record`: real answers become a contract's, and nothing of anybody's is in them. The simulator stands in."""

from __future__ import annotations

import base64
import datetime
import json
import subprocess
import sys
import threading
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec
import pytest
from recording import CALLBACK, Service, record, service

from mockidp.check.contract import RULES
from mockidp.check.record import callback as callbacks
from mockidp.check.record import rows as row_edits
from mockidp.check.record import toml_text
from mockidp.check.record.capture import RecordError, Taken, read_har
from mockidp.check.record.fakes import Fakes
from mockidp.check.record.forward import RecordingServer
from mockidp.check.record.plan import Plan, plan
from mockidp.check.record.write import base, difference, write
from mockidp.contract.files import contracts_folder, provider_ids
from mockidp.contract.load import load, load_from
from mockidp.errors import UsageError
from mockidp.wire import Request, Response

ROOT = Path(__file__).parent.parent
SOURCE = "Software 1.2.3, by mockidp record"
FAMILIES = [
    "github",
    "apple",
    "twitter",
    "steam",
    "keycloak",
]  # OAuth 2.0, form_post and tokens, 1.0a, OpenID, self-hosted
IDENTITY = {"github": "userinfo", "apple": "token", "twitter": "userinfo", "steam": "userinfo", "keycloak": "userinfo"}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("home")) as made:
        yield made


def planned(provider: str, taken: list[Taken], **more: Any) -> Plan:
    return plan(load(provider), taken, source=SOURCE, environ={}, **more)


def everything(made: Plan) -> str:
    """All that a plan would put on a disk or a terminal."""
    files = "".join((new or b"").decode() for _, new in made.files.values())
    return files + json.dumps(made.exchanges) + json.dumps([item.as_dict() for item in made.outcomes])


def issued(real: Service, provider: str, values: dict[str, Any]) -> set[str]:
    """What this login was given, by the walk's own account, and who it was."""
    names = ("token", "secret", "code", "verifier", "sig", "nonce", "handle")
    person = real.world.people["alice"]
    told = {str(v) for k, v in values.items() if k.endswith(names) and v and k not in ("app.secret", "basic")}
    return {value for value in told if len(value) > 5} | {str(person.email), str(person.username)}


# each family, over loopback


@pytest.mark.parametrize("provider", FAMILIES)
def test_a_login_becomes_evidence_and_nothing_of_it_is_anybodys(real: Service, provider: str) -> None:
    recorder, taken = record(real, provider)
    made = planned(provider, taken)
    assert {item.name: item.problem for item in made.outcomes if item.problem} == {}
    table = tomllib.loads(made.files["contract.toml"][1].decode())
    named = table["evidence"]["recorded"]
    assert (named["kind"], named["source"], named["date"]) == ("recorded", SOURCE, datetime.date.today())
    of = {(row["step"], row.get("name", "")): row.get("evidence") for row in table["exchange"] if not row.get("until")}
    assert of[IDENTITY[provider], ""] == "recorded"
    text = everything(made)
    published = (contracts_folder() / provider / "contract.toml").read_text(encoding="utf-8")
    for value in issued(real, provider, recorder.walk.values):
        if value in published:  # Steam's handle is one and the same in every assertion
            continue
        data = value.encode()
        spellings = [value, urlencode({"": value})[1:], base64.b64encode(data).decode(), data.hex()]
        assert [way for way in spellings if way in text] == [], "a value of the login is in what would be written"


@pytest.mark.parametrize("provider", FAMILIES)
def test_what_is_written_loads_and_holds_as_a_contract(real: Service, provider: str, tmp_path: Path) -> None:
    _, taken = record(real, provider)
    written = write(load(provider), planned(provider, taken), tmp_path)
    assert tmp_path / provider / "contract.toml" in written
    loaded = load_from(provider, tmp_path / provider)
    before = load(provider)
    rules = {name: rule for name, rule in RULES.items() if name != "published"}  # that one is told by the folder's id
    worse = [(name, c) for name, rule in rules.items() for c in rule(loaded) if c not in list(rule(before))]
    assert worse == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [provider]  # and no stage is left


def test_the_same_login_twice_gives_the_same_bodies(real: Service) -> None:
    first, second = (planned("github", record(real, "github")[1]) for _ in range(2))
    assert first.files == second.files


def test_errors_are_provoked_and_recorded_on_request(real: Service) -> None:
    _, taken = record(real, "github", errors=True)
    made = planned("github", taken)
    assert {"bad_code", "wrong_secret", "no_token"} <= {item.name for item in made.outcomes if item.kept}
    table = tomllib.loads(made.files["contract.toml"][1].decode())
    assert table["error"]["bad_code"]["evidence"] == "recorded"
    assert table["error"]["redirect_mismatch"]["evidence"] == "token_errors"  # nobody asked for that one


# what stays and what does not


def answered(provider: str, step: str, document: Any, **request: Any) -> list[Taken]:
    """One captured exchange of a step with the answer given."""
    exchange = load(provider).at().step(step)
    assert exchange is not None
    headers = {"authorization": "Bearer gho_0123456789012345678901234567890123AB", "user-agent": "x"}
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    sent = [("Content-Type", "application/json")] + [(name, "x") for name in exchange.answer.headers]
    asked = Request.of(exchange.method, exchange.urls[0], {**headers, **request})
    return [Taken(asked, Response(200, sent, body))]


def profile(**more: Any) -> dict[str, Any]:
    """A GitHub profile of somebody who is not in any contract."""
    sample = json.loads((contracts_folder() / "github/bodies/user.json").read_bytes())
    mine = {key: value.replace("octocat", "zora-quill") for key, value in sample.items() if isinstance(value, str)}
    mine |= {"id": 91827364, "avatar_url": "https://avatars.githubusercontent.com/u/91827364?v=4", "name": "Zora Quill"}
    mine |= {"company": "Quill & Daughters", "location": "Trondheim", "blog": "https://zora.quill.example.net/x"}
    return {**sample, **mine, **more}


def body_of(made: Plan, name: str = "user.json") -> Any:
    return json.loads(made.files[f"bodies/{name}"][1])


def test_an_unknown_field_becomes_a_placeholder_of_its_type() -> None:
    new = {
        "badge_name": "Night owl of Trondheim",
        "badge_count": 4711,
        "badge_ratio": 2.5,
        "badge_shown": True,
        "badge_url": "https://badges.example.net/u/zora",
        "badge_mail": "zora@quill.example.net",
        "badge_since": "2019-05-17T10:11:12.345Z",
        "badge_list": [{"owner": "zora-quill"}],
        "badge_map": {"zora-quill": {"since": 2019}},
    }
    got = body_of(planned("github", answered("github", "userinfo", profile(**new))))
    assert {key: got[key] for key in new} == {
        "badge_name": "string",
        "badge_count": 0,
        "badge_ratio": 0.0,
        "badge_shown": False,
        "badge_url": "https://example.com/",
        "badge_mail": "someone@example.com",
        "badge_since": "2020-01-02T03:04:05.678Z",
        "badge_list": [],
        "badge_map": {},
    }


def test_a_fixed_value_stays_and_another_one_leaves_the_contracts_sample() -> None:
    made = planned("github", answered("github", "userinfo", profile(type="User", public_repos=77, badge="x")))
    got = body_of(made)
    assert (got["type"], got["public_repos"], got["name"]) == ("User", 12, "Mona Example")
    assert "/public_repos has another value than the contract's, which stays" in made.outcomes[0].notes


def test_a_place_that_is_bound_and_gone_is_told_and_nothing_is_written() -> None:
    document = profile()
    del document["login"]
    made = planned("github", answered("github", "userinfo", document))
    assert made.files == {}
    assert "/login is missing" in made.outcomes[0].problem


def test_a_place_that_may_be_null_keeps_its_sample() -> None:
    made = planned("github", answered("github", "userinfo", profile(name=None, hireable=True, badge=1)))
    assert body_of(made)["name"] == "Mona Example"


def test_another_status_or_a_lost_header_is_no_evidence() -> None:
    taken = answered("github", "userinfo", profile())
    assert planned("github", [Taken(taken[0].request, Response(202, *_rest(taken)))]).files == {}
    bare = Response(200, [("Content-Type", "application/json")], taken[0].response.body)
    assert "X-OAuth-Scopes" in planned("github", [Taken(taken[0].request, bare)]).outcomes[0].problem


def _rest(taken: list[Taken]) -> tuple[list[tuple[str, str]], bytes]:
    return taken[0].response.headers, taken[0].response.body


def test_fakes_have_the_form_of_what_they_stand_for_and_are_the_same_throughout() -> None:
    fakes = Fakes(set(), lambda text: False)
    token = "gho_16C7e42F292c6912E7710c838347Ae178B4a"
    made = fakes.of(token)
    assert made.startswith("gho_")
    assert len(made) == len(token)
    assert made != token
    assert fakes.of(token) == made
    assert fakes.of("zora@quill.example.net").endswith("@example.com")
    assert fakes.number(91827364) not in (91827364, 0)
    assert len(str(fakes.number(91827364))) == 8
    name = fakes.of("Zora Quill")
    assert [len(part) for part in name.split()] == [4, 5]
    assert name.istitle()
    pair = base64.b64encode(b"my-client:my secret").decode()
    told = base64.b64decode(fakes.of(pair)).decode()
    assert told == f"{fakes.of('my-client')}:{urlencode({'': fakes.of('my secret')})[1:].replace('+', '%20')}"


def test_a_signed_token_stays_one_and_is_signed_by_somebody_else(real: Service) -> None:
    from mockidp import jose

    recorder, taken = record(real, "keycloak")
    made = planned("keycloak", taken)
    token = json.loads(made.files["bodies/token.recorded.json"][1])["id_token"]
    theirs = recorder.walk.values["id_token"]
    header, claims, _, signature = jose.split(token)
    assert header["alg"] == jose.split(theirs)[0]["alg"]
    assert signature != jose.split(theirs)[3]
    assert claims.keys() == jose.split(theirs)[1].keys() | claims.keys()
    assert claims["sub"] != jose.split(theirs)[1]["sub"]


def test_one_secret_has_one_fake_in_urls_forms_headers_and_bodies(real: Service) -> None:
    _, taken = record(real, "github")
    shown = {item["name"]: item for item in planned("github", taken).exchanges}
    code = shown["token"]["request"]["form"]["code"]
    assert shown["authorize"]["response"]["callback"]["code"] == code
    token = json.loads(shown["token"]["response"]["body"])["access_token"]
    assert shown["userinfo"]["request"]["headers"]["authorization"] == f"Bearer {token}"
    assert code not in (None, "", token)


# where it is written


def test_comments_and_layout_stay_as_they_are(real: Service) -> None:
    made = planned("github", record(real, "github")[1])
    old, new = (text.decode().splitlines() for text in made.files["contract.toml"])
    changed = [line for line in new if line not in old]
    assert all("recorded" in line for line in changed)
    assert [line for line in old if line.lstrip().startswith("#")] == [
        line for line in new if line.lstrip().startswith("#")
    ]


@pytest.mark.parametrize("provider", provider_ids())
def test_every_value_of_every_contract_is_found_where_it_stands(provider: str) -> None:
    text = (contracts_folder() / provider / "contract.toml").read_text(encoding="utf-8")
    found, table = toml_text.read(text), tomllib.loads(text)
    assert {path for path, _ in _leaves(table)} <= found.values.keys()
    for path, span in found.values.items():
        assert tomllib.loads(f"k = {text[span.start : span.end]}")["k"] == toml_text.at(table, path)


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(value, (*path, key))
    else:
        yield path, node


def test_a_recording_of_an_earlier_day_goes_to_the_row_of_that_day() -> None:
    rows = row_edits.Rows(load("github"), datetime.date(2026, 4, 10))
    _, layers = rows.of_exchange("authorize", "")
    rows.cite(layers[-1], "recorded")
    table = tomllib.loads(rows.result("recorded", SOURCE, datetime.date(2026, 11, 24)))
    row = next(row for row in table["exchange"] if row["step"] == "authorize")
    assert [old["evidence"] for old in row["before"]] == ["iss", "recorded", "iss"]
    assert row["evidence"] == "authorizing"


def test_rows_that_lean_on_a_recorded_one_keep_the_evidence_they_had(tmp_path: Path) -> None:
    (tmp_path / "github").mkdir()
    text = (contracts_folder() / "github/contract.toml").read_text(encoding="utf-8")
    bare = text.replace('response = { raw = "[]" }\nevidence = "schema"\n', 'response = { raw = "[]" }\n')
    assert bare != text
    (tmp_path / "github/contract.toml").write_text(bare, encoding="utf-8")
    (tmp_path / "github/bodies").symlink_to(contracts_folder() / "github/bodies")
    rows = row_edits.Rows(load_from("github", tmp_path / "github"), None)
    rows.cite(rows.of_exchange("emails", "")[1][-1], "recorded")
    table = tomllib.loads(rows.result("recorded", SOURCE, datetime.date.today()))
    assert [r["evidence"] for r in table["exchange"] if r["step"] == "emails"] == ["recorded", "schema"]


def test_a_second_recording_of_the_same_software_renews_the_date_and_adds_no_row(tmp_path: Path) -> None:
    taken = answered("github", "userinfo", profile(badge="x"))
    old = datetime.date(2026, 11, 20)
    write(load("github"), planned("github", taken, today=old), tmp_path)
    again = plan(base("github", tmp_path), taken, source=SOURCE, environ={})
    evidence = tomllib.loads(again.files["contract.toml"][1].decode())["evidence"]
    assert [name for name, row in evidence.items() if row["kind"] == "recorded"] == ["recorded"]
    assert evidence["recorded"]["date"] == datetime.date.today()


def test_all_is_written_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mockidp.check.record.write as module

    write(load("github"), planned("github", answered("github", "userinfo", profile(one="x"))), tmp_path)
    held = {path: path.read_bytes() for path in (tmp_path / "github").rglob("*") if path.is_file()}
    real_replace = module.os.replace

    def fails_at_the_contract(source: Path, target: Path) -> None:
        if Path(target).name == "contract.toml":
            raise OSError(28, "No space left on device")
        real_replace(source, target)

    monkeypatch.setattr(module.os, "replace", fails_at_the_contract)
    loaded = base("github", tmp_path)
    made = plan(loaded, answered("github", "userinfo", profile(two="y")), source="Other 2.0", environ={})
    with pytest.raises(UsageError, match="nothing was changed"):
        write(loaded, made, tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / "github").rglob("*") if path.is_file()} == held
    assert sorted(path.name for path in tmp_path.iterdir()) == ["github"]


def test_a_result_that_would_not_load_is_never_written(tmp_path: Path) -> None:
    made = planned("github", answered("github", "userinfo", profile(badge="x")))
    made.files["bodies/user.json"] = made.files["bodies/user.json"][0], b'{"login": "x"}'
    with pytest.raises(RecordError, match="nothing was written"):
        write(load("github"), made, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_difference_is_unified() -> None:
    made = planned("github", answered("github", "userinfo", profile(badge="x")))
    lines = list(difference("github", made))
    assert lines[:2] == ["--- a/github/bodies/user.json", "+++ b/github/bodies/user.json"]
    assert any(line.startswith("+recorded = ") for line in lines)


# the ways to capture


def har_of(taken: list[Taken]) -> dict[str, Any]:
    """A HAR as browsers and proxies write one."""
    return {"log": {"version": "1.2", "entries": [_entry(item) for item in taken]}}


def _entry(item: Taken) -> dict[str, Any]:
    request, response = item.request, item.response
    named = [{"name": name, "value": value} for name, value in request.headers.items()]
    post = {"mimeType": request.headers.get("content-type", ""), "text": request.body.decode()}
    return {
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": named,
            **({"postData": post} if request.body else {}),
        },
        "response": {
            "status": response.status,
            "headers": [{"name": name, "value": value} for name, value in response.headers],
            "content": {
                "mimeType": response.header("content-type"),
                "text": base64.b64encode(response.body).decode(),
                "encoding": "base64",
            },
            "redirectURL": response.header("location"),
        },
    }


def test_a_har_file_tells_the_same_as_the_recorder(real: Service, tmp_path: Path) -> None:
    _, taken = record(real, "github")
    (tmp_path / "login.har").write_text(json.dumps(har_of(taken)), encoding="utf-8")
    assert planned("github", read_har(tmp_path / "login.har")).files == planned("github", taken).files


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"log": 1}', '{"log": {}}', '{"log": {"entries": [1]}}', '{"log": {"entries": [{}]}}'],
)
def test_what_is_no_har_is_refused_without_its_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.har").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"is no HAR file|is no request") as caught:
        read_har(tmp_path / "x.har")
    assert len(str(caught.value)) < len(str(tmp_path)) + 80


def test_a_callback_that_is_posted_is_found_in_a_har(real: Service) -> None:
    """Apple posts it: the browser's own request to the app is all that a HAR has of it."""
    _, taken = record(real, "apple")
    start = next(item for item in taken if "authorize" in item.request.path)
    back = urlsplit(start.response.header("location"))
    page = Taken(start.request, Response(200, [("Content-Type", "text/html")], b"<p>sign in"))
    posted = Request.of("POST", CALLBACK, {"Content-Type": "application/x-www-form-urlencoded"}, back.query.encode())
    made = planned("apple", [page, Taken(posted, Response(200))])
    assert [(item.name, item.kept) for item in made.outcomes] == [("authorize", True)]
    assert set(made.exchanges[0]["response"]["callback"]) == set(dict(parse_qsl(back.query)))


def test_the_proxy_passes_on_to_the_provider_and_keeps_what_was_said(
    real: Service, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("MOCKIDP_HOME", str(tmp_path))
    taken: list[Taken] = []
    wire = load("github").at()
    with RecordingServer(wire, taken.append, transport=real.transport()) as server:
        from mockidp import authority

        found = authority.ensure(wire.hosts, tmp_path)
        import ssl

        trust = ssl.create_default_context()
        trust.load_verify_locations(cadata=found.pem.decode())
        with httpx.Client(proxy=server.url, verify=trust, trust_env=False) as client:
            answer = client.get("https://api.github.com/user", headers={"Authorization": "Bearer made-up-token-1"})
            with pytest.raises(httpx.ProxyError):
                client.get("https://gitlab.com/oauth/authorize")
    assert answer.status_code == 401
    assert [(item.request.path, item.response.status) for item in taken] == [("/user", 401)]
    assert taken[0].request.headers["authorization"] == "Bearer made-up-token-1"
    assert [item.name for item in planned("github", taken).outcomes] == ["bad_token"]


@pytest.mark.parametrize("how", ["get", "post", "fragment"])
def test_the_listener_takes_a_callback_however_it_comes(how: str, capfd: pytest.CaptureFixture[str]) -> None:
    from mockidp.mounts.ports import listen

    with listen("127.0.0.1", 0)[0] as free:
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}/callback"
    said: list[str] = []
    wait = callbacks.in_browser(uri, said.append, opened=False, patience=10)

    def come_back() -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        data = b"code=abc&state=s" if how == "post" else None
        opener.open(uri if how == "post" else f"{uri}?code=abc&state=s", data).read()

    timer = threading.Timer(0.3, come_back)
    timer.start()
    assert wait("https://example.com/authorize") == f"{uri}?code=abc&state=s"
    assert said == ["log in there: https://example.com/authorize"]
    timer.join()
    assert tuple(capfd.readouterr()) == ("", ""), "what came is in no log"
    assert callbacks.in_query(f"{uri}#code=abc&state=s") == f"{uri}?code=abc&state=s"


def test_a_command_is_given_the_url_and_prints_the_callback() -> None:
    script = "import sys; print('working'); print('https://app.example/cb?code=abc&at=' + sys.argv[-1][-4:])"
    wait = callbacks.by_command(f'{sys.executable} -c "{script}"', "https://app.example/cb")
    assert wait("https://example.com/1234") == "https://app.example/cb?code=abc&at=1234"


def test_a_command_that_fails_ends_the_recording_without_its_output() -> None:
    script = "import sys; print('s3cr3t-code'); sys.exit(7)"
    wait = callbacks.by_command(f'{sys.executable} -c "{script}"', "https://app.example/cb")
    with pytest.raises(RecordError, match="exit code 7") as caught:
        wait("https://example.com/")
    assert "s3cr3t" not in str(caught.value)


def test_a_redirect_uri_elsewhere_needs_another_way() -> None:
    with pytest.raises(UsageError, match="--paste"):
        callbacks.in_browser("https://app.example/cb", print)


# the command


def run(*words: str, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    import os

    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOCKIDP_")}
    command = [sys.executable, "-W", "error", "-m", "mockidp", "record", *words]
    return subprocess.run(
        command, env={**clean, "MOCKIDP_HOME": str(home), **env}, capture_output=True, text=True, timeout=60,
        check=False, cwd=home,
    )  # fmt: skip


def har_file(tmp_path: Path, taken: list[Taken]) -> str:
    path = tmp_path / "login.har"
    path.write_bytes(msgspec.json.encode(har_of(taken)))
    return str(path)


def test_the_command_shows_asks_and_writes(real: Service, tmp_path: Path) -> None:
    har = har_file(tmp_path, record(real, "github")[1])
    dry = run("github", "--har", har, "--into", "mine", "--dry-run", home=tmp_path)
    assert (dry.returncode, dry.stderr) == (0, "")
    assert '+evidence = "recorded"' in dry.stdout
    assert not (tmp_path / "mine").exists()
    asked = run("github", "--har", har, "--into", "mine", home=tmp_path)
    assert asked.returncode == 2
    assert "--yes" in asked.stderr
    wrote = run("github", "--har", har, "--into", "mine", "--yes", "--json", home=tmp_path)
    document = json.loads(wrote.stdout)
    assert wrote.returncode == 0
    assert document["written"] == [str(Path("mine/github/contract.toml"))]
    assert {row["name"] for row in document["recorded"] if row["recorded"]} >= {
        "authorize",
        "token",
        "userinfo",
        "emails",
    }
    assert load_from("github", tmp_path / "mine/github").at().spec.evidence["recorded"].kind == "recorded"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["github", "--dry-run"], "MOCKIDP_LIVE_GITHUB_CLIENT_ID"),
        (["github", "--har", "x.har", "--paste", "--dry-run"], "--har takes"),
        (["github", "--proxy", "--paste", "--dry-run"], "choose one"),
        (["github", "--proxy", "port", "--dry-run"], "wants a port"),
        (["gitea", "--set", "gitea.GITEA_URL=http://127.0.0.1:9", "--dry-run"], "--software"),
        (["gitea", "--software", "Gitea", "--dry-run"], "version"),
        (["github", "--json"], "--yes"),
        (["github", "--har", "nowhere.har", "--dry-run"], "cannot be read"),
    ],
)
def test_usage_errors_come_before_anything_is_captured(tmp_path: Path, words: list[str], told: str) -> None:
    done = run(*words, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_server_that_is_not_there_is_inconclusive(tmp_path: Path) -> None:
    app = {"MOCKIDP_LIVE_KEYCLOAK_CLIENT_ID": "app", "MOCKIDP_LIVE_KEYCLOAK_CLIENT_SECRET": "a-secret-of-mine"}
    words = ["--set", "keycloak.KEYCLOAK_URL=http://127.0.0.1:9", "--software", "Keycloak 26.1", "--dry-run"]
    done = run("keycloak", *words, "--paste", home=tmp_path, **app)
    assert done.returncode == 3
    assert "a-secret-of-mine" not in done.stdout + done.stderr


def test_a_capture_with_nothing_of_the_provider_exits_with_1(tmp_path: Path) -> None:
    item = Taken(Request.of("GET", "https://example.org/"), Response(200, [], b"hello"))
    done = run("github", "--har", har_file(tmp_path, [item]), "--into", "mine", "--yes", home=tmp_path)
    assert done.returncode == 1
    assert not (tmp_path / "mine").exists()
