"""Real drifts: each is reported at its level, nothing is where nothing changed, and a client hears what hits it."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mockidp.browser import Callback
from mockidp.check.client import Job
from mockidp.check.drifts import Drift, believing, read, sides
from mockidp.check.finding import Severity
from mockidp.check.live import login
from mockidp.check.mock import Lab
from mockidp.check.replay import Replayed, replay, table
from mockidp.check.replay_client import Verdict, drive_all
from mockidp.cli import cli
from mockidp.contract.files import provider_ids
from mockidp.contract.load import load
from mockidp.errors import ContractError
from mockidp.jose import b64url
from mockidp.wire import Request, Response

DRIFTS = read()
IDS = [f"{number}-{row.number}-{row.provider}-{row.level}" for number, row in enumerate(DRIFTS.drift)]
# The rows of the list that these were taken from: what is not here was never in it.
NUMBERS = set(range(1, 40)) - {5, 12, 16, 17, 20, 26, 29, 32, 37}
# The first level at which each is told to be seen.
LEVELS = {
    **dict.fromkeys((3, 7, 8, 10, 11, 15, 21, 22, 24, 28, 35, 36), "L0"),
    **dict.fromkeys((2, 4, 13, 14, 18, 23, 30, 34, 38), "L1"),
    **dict.fromkeys((1, 6, 9), "L2"),
    **dict.fromkeys((25, 31, 39), "C"),
}


@pytest.fixture(scope="module")
def replayed() -> list[Replayed]:
    return replay(DRIFTS.drift)


def test_the_table_of_all_drifts_shows_every_one_caught(replayed: list[Replayed]) -> None:
    text = table(replayed, DRIFTS.unexpressed)
    print(f"\n{text}")  # what `pytest -s` and a failure show
    assert "NOTHING" not in text
    assert "where nothing changed" not in text
    assert len(text.splitlines()) == 1 + len(DRIFTS.drift) + len(DRIFTS.unexpressed)


@pytest.mark.parametrize("number", range(len(DRIFTS.drift)), ids=IDS)
def test_a_drift_is_reported_where_it_is_said_to_be_and_as_gravely(number: int, replayed: list[Replayed]) -> None:
    done = replayed[number]
    assert done.caught is not None, [item.id for item in done.findings]
    assert done.caught.severity == done.drift.severity
    assert done.caught.message
    assert (Path("contracts") / done.caught.file.removeprefix("contracts/")).is_file()


@pytest.mark.parametrize("number", range(len(DRIFTS.drift)), ids=IDS)
def test_where_nothing_changed_the_same_check_reports_nothing(number: int, replayed: list[Replayed]) -> None:
    assert [item.id for item in replayed[number].control] == []


def test_every_row_is_replayed_at_its_level_or_told_why_not() -> None:
    told = {row.number for row in DRIFTS.drift} | {row.number for row in DRIFTS.unexpressed}
    assert told == NUMBERS
    for number, level in LEVELS.items():
        assert level in {row.level for row in DRIFTS.drift if row.number == number}, number
    known = provider_ids()
    assert all(row.provider not in known and len(row.reason.split()) > 5 for row in DRIFTS.unexpressed)


def test_every_row_names_threads_that_tell_of_it() -> None:
    for row in [*DRIFTS.drift, *DRIFTS.unexpressed]:
        assert row.references
        assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", name) for name in row.references), row.references


def test_a_drift_that_the_contract_does_not_hold_is_not_said_to_be_caught() -> None:
    """The check would say so: two days between which nothing happened."""
    row = Drift(
        number=3,
        provider="linkedin_oauth2",
        title="nothing",
        before=datetime.date(2024, 5, 1),
        after=datetime.date(2024, 5, 3),
        level="L0",
        finding="linkedin_oauth2-live-discovery-differs:issuer",
        references=[],
    )
    done = replay([row])[0]
    assert done.caught is None
    assert not done.ok
    assert "NOTHING" in table([done])


def test_what_is_found_where_nothing_changed_spoils_a_row() -> None:
    row = next(row for row in read().drift if row.number == 3)
    done = replay([row])[0]
    assert done.ok
    assert done.caught is not None
    row.severity, grave = "note", row.severity
    assert not done.ok  # it is not as grave as that
    row.severity = grave
    done.control = done.findings
    assert not done.ok
    assert "where nothing changed" in table([done])


# the list


GOOD = """
[[drift]]
number = 1
provider = "github"
title = "a change"
before = 2021-01-01
after = 2021-01-03
level = "L0"
finding = "github-live-*"
references = ["a/b#1"]
"""


def drifts_file(folder: Path, text: str) -> Path:
    path = folder / "_drifts.toml"
    path.write_text(text)
    return path


def test_a_list_is_read_with_the_days_of_both_sides(tmp_path: Path) -> None:
    row = read(drifts_file(tmp_path, GOOD)).drift[0]
    assert (row.before, row.after) == (datetime.date(2021, 1, 1), datetime.date(2021, 1, 3))
    assert (row.app, row.person, row.severity) == ("old", "alice", "break")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("after = 2021-01-03", "after = 2020-01-03", 12),
        ("after = 2021-01-03\n", "", 12),
        ("before = 2021-01-01\nafter = 2021-01-03\n", "", 12),
        ("before = 2021-01-01", "before = 2021-01-01\nbelief = { client = { pkce = 'optional' } }", 12),
        ('level = "L0"', 'level = "L3"', 8),
        ('level = "L0"', 'level = "L0"\nlevels = 1', 9),
    ],
    ids=["backwards", "one day", "no day", "both", "level", "key"],
)
def test_a_row_that_cannot_be_replayed_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int) -> None:
    text = GOOD.replace(old, new) if line != 12 else GOOD + GOOD.replace(old, new)
    with pytest.raises(ContractError) as caught:
        read(drifts_file(tmp_path, text))
    assert caught.value.line == line


def test_a_belief_is_laid_over_the_contract_in_force_and_over_nothing_else() -> None:
    true = load("linkedin_oauth2")
    believed = believing(true, {"client": {"pkce": "optional"}})
    assert (believed.at().client.pkce, true.at().client.pkce) == ("optional", "forbidden")
    with pytest.raises(ContractError, match="no exchange"):
        believing(true, {"exchange": {"nothing": {"spare": True}}})
    with pytest.raises(ContractError):
        believing(true, {"client": {"pkce": "perhaps"}})


# what the history of a contract can say for it


def test_what_has_ended_is_served_as_on_its_last_day_unless_a_later_one_is_named() -> None:
    scope = "https://api.instagram.com/oauth/authorize?client_id=998877665544332&response_type=code&scope=user_profile"
    url = f"{scope}&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb"
    assert Lab("instagram").send(Request.of("GET", url)).status == 200
    later = Lab("instagram", date=datetime.date(2025, 1, 1)).send(Request.of("GET", url))
    assert later.status == 400
    assert b"Invalid scope: user_profile" in later.body


def test_an_identity_is_read_where_it_was_on_the_day() -> None:
    then, now = (load("strava").at(None, day).spec.identity for day in (datetime.date(2019, 1, 1), None))
    assert then["email"].at == "/email"
    assert "email" not in now


@pytest.mark.parametrize(("day", "answer"), [("2019-07-29", "response"), ("2019-07-31", "error")])
def test_an_old_version_was_answered_until_it_was_refused(day: str, answer: str) -> None:
    lab = Lab("vk", date=datetime.date.fromisoformat(day))
    walk = lab.walk()
    lab.until(walk, "userinfo")
    url = f"https://api.vk.com/method/users.get?v=3.0&access_token={walk.values['access_token']}"
    told = json.loads(lab.send(Request.of("GET", url)).body)
    assert answer in told
    assert answer == "response" or told["error"]["error_code"] == 8


def test_an_address_that_moved_sends_on_with_all_that_was_asked() -> None:
    answer = Lab("discord").send(
        Request.of("GET", "https://discordapp.com/oauth2/authorize?client_id=1&scope=identify")
    )
    assert answer.status == 301
    assert answer.header("location") == "https://discord.com/oauth2/authorize?client_id=1&scope=identify"


def test_a_variant_that_has_ended_says_only_what_was_different(tmp_path: Path) -> None:
    wire = load("github").at(None, datetime.date(2021, 1, 1))
    old = next(item for item in wire.exchanges if item.label == "userinfo.query")
    usual = wire.step("userinfo")
    assert usual is not None
    assert old.answer.body is not None
    assert usual.answer.body is not None
    assert old.answer.body.bind == usual.answer.body.bind
    assert "access_token" in old.params["query"]
    assert "Authorization" not in old.params["headers"]
    assert all(item.label != "userinfo.query" for item in load("github").at().exchanges)


@pytest.mark.parametrize("provider", provider_ids())
def test_what_is_gone_refuses_and_is_no_step_of_a_login(provider: str) -> None:
    lab = Lab(provider)
    steps = lab.walk().steps()
    for item in lab.wire.exchanges:
        if item.spec.gone:
            assert item.step not in steps
            refused = item.answer.status >= 300 or b'"ok":false' in (item.answer.body.data if item.answer.body else b"")
            assert refused, item.label


# a whole login against the contract


@pytest.mark.parametrize("provider", provider_ids())
def test_a_login_at_the_simulator_differs_in_nothing(provider: str) -> None:
    lab = Lab(provider)
    done = login.walk(lab.wire, lab.world.apps.ready(provider), lab.send)
    rows = list(login.of_walk(lab.wire, done))
    assert done.identity is not None
    assert rows
    assert [(row.case, item.kind) for row in rows for item in row.differences] == []


def one_login(provider: str, change: Callable[[Request, Response], Response]) -> dict[str, Severity]:
    """The differences of a login whose answers are changed on the way."""
    lab = Lab(provider)

    def send(request: Request) -> Response:
        asked = changed(request, headers=dict(request.headers))
        return change(asked, lab.send(request))

    done = login.walk(lab.wire, lab.world.apps.ready(provider), send)
    return {
        f"{row.case}-{item.kind}": item.severity for row in login.of_walk(lab.wire, done) for item in row.differences
    }


def in_json(part: str, edit: Callable[[dict[str, Any]], None]) -> Callable[[Request, Response], Response]:
    """Edit the JSON answers of one address."""

    def change(request: Request, response: Response) -> Response:
        if part in request.url and response.body[:1] == b"{":
            document = json.loads(response.body)
            edit(document)
            response.body = json.dumps(document).encode()
        return response

    return change


def in_callback(old: str, new: str) -> Callable[[Request, Response], Response]:
    def change(request: Request, response: Response) -> Response:
        response.headers = [(k, re.sub(old, new, v) if k.lower() == "location" else v) for k, v in response.headers]
        return response

    return change


def in_token(head: Mapping[str, Any] = {}, **claims: Any) -> Callable[[dict[str, Any]], None]:
    """Write another header or other claims into an identity token; None takes a claim away."""

    def edit(document: dict[str, Any]) -> None:
        from mockidp import jose

        header, payload = jose.split(document["id_token"])[:2]
        payload = {k: v for k, v in {**payload, **claims}.items() if v is not None}
        parts = [b64url(json.dumps(part).encode()) for part in ({**header, **head}, payload)]
        document["id_token"] = ".".join([*parts, "c2ln"])

    return edit


TOKEN = "oauth2.googleapis.com/token"
PLANTED: list[tuple[str, Any, str, Severity]] = [
    ("github", in_callback("state=", "status="), "login-authorize-missing:/state", Severity.BREAK),
    ("github", in_callback("code=", "extra=1&code="), "login-authorize-added:/extra", Severity.NOTE),
    ("discord", in_callback("code=", "iss=x&code="), "login-authorize-added:/iss", Severity.WARN),
    ("github", in_callback("iss=[^&]*", "iss=x"), "login-authorize-differs:/iss", Severity.BREAK),
    ("github", in_callback("code=[^&]*", "error=access_denied"), "login-authorize-refused", Severity.BREAK),
    ("github", in_json("/user", lambda it: it.pop("id", None)), "login-userinfo-missing:/id", Severity.BREAK),
    ("github", in_json("/user", lambda it: it.update(id="7")), "login-userinfo-type:/id", Severity.BREAK),
    ("github", in_json("/user", lambda it: it.update(bio=None)), "", Severity.FINE),
    ("github", in_json("/user", lambda it: it.update(new=1)), "login-userinfo-added:/new", Severity.NOTE),
    ("github", in_json("access_token", lambda it: it.pop("scope")), "login-token-missing:/scope", Severity.WARN),
    ("github", in_json("access_token", lambda it: (it.clear(), it.update(error="bad_verification_code"))),
     "login-token-missing:/access_token", Severity.BREAK),
    ("google", in_json(TOKEN, in_token(iss="https://example.com")), "login-id_token-differs:/iss", Severity.BREAK),
    ("google", in_json(TOKEN, in_token(nonce=None)), "login-id_token-missing:/nonce", Severity.BREAK),
    ("google", in_json(TOKEN, in_token(email=None)), "", Severity.FINE),
    ("google", in_json(TOKEN, in_token(sub=None)), "login-id_token-missing:/sub", Severity.BREAK),
    ("google", in_json(TOKEN, in_token(new="x")), "login-id_token-added:/new", Severity.NOTE),
    ("google", in_json(TOKEN, in_token({"alg": "ES256"})), "login-id_token-alg", Severity.BREAK),
    ("google", in_json(TOKEN, lambda it: it.update(id_token="x")), "login-id_token-format", Severity.BREAK),
]  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "change", "case", "severity"), PLANTED, ids=[f"{row[0]}-{row[2] or 'nothing'}" for row in PLANTED]
)
def test_what_changes_in_a_login_is_told_by_its_place(
    provider: str, change: Any, case: str, severity: Severity
) -> None:
    seen = one_login(provider, change)
    if case:
        assert seen.get(case) is severity, seen
    else:
        assert seen == {}


def test_the_callback_is_found_in_traffic_that_somebody_else_recorded() -> None:
    lab = Lab("discord")
    done = login.walk(lab.wire, lab.world.apps.ready("discord"), lab.send)
    rows = {row.case: row for row in login.judged(lab.wire, [*done.traffic, *done.traffic])}
    assert set(rows) == {"login-authorize", "login-token", "login-userinfo"}
    assert all(row.differences == [] for row in rows.values())
    there = [(request, in_callback("code=", "iss=x&code=")(request, answer)) for request, answer in done.traffic]
    rows = {row.case: row for row in login.judged(lab.wire, there)}
    assert [item.kind for item in rows["login-authorize"].differences] == ["added:/iss"]


def test_no_value_of_a_login_is_in_what_is_said_of_it() -> None:
    lab = Lab("google")
    done = login.walk(lab.wire, lab.world.apps.ready("google"), lab.send)
    assert done.identity is not None
    secret = [str(done.values[name]) for name in ("code", "access_token", "id_token", "state")]
    wire = believing(load("google"), {"id_token": {"alg": "ES256"}, "client": {"pkce": "required"}}).at()
    broken = [(request, changed(answer, body=answer.body[:-1])) for request, answer in done.traffic]
    said = " ".join(item.message for row in login.judged(wire, broken) for item in row.differences)
    assert said
    assert not [value for value in (*secret, str(done.identity["uid"]), str(done.identity["email"])) if value in said]


# clients


class Reader:
    """The smallest client of GitHub: `url` is where it reads the profile, `token` in what it sends it."""

    def __init__(self, in_url: bool = False, strict: bool = True, verified: bool = False) -> None:
        self.in_url, self.strict, self.verified = in_url, strict, verified

    def begin(self, job: Job) -> str:
        query = f"client_id={job.app['client_id']}&redirect_uri={job.redirect_uri}&scope=user:email&state=s"
        return f"https://github.com/login/oauth/authorize?{query}"

    def finish(self, job: Job, callback: Callback) -> Mapping[str, Any]:
        import requests

        if self.strict and callback.params.keys() - {"code", "state"}:
            raise ValueError("unknown parameter")
        form = {
            "client_id": job.app["client_id"],
            "client_secret": job.app["client_secret"],
            "redirect_uri": job.redirect_uri,
        }
        form["code"] = callback.params["code"]
        accept = {"Accept": "application/json"}
        token = requests.post("https://github.com/login/oauth/access_token", data=form, headers=accept).json()
        key = token["access_token"]
        way = {"params": {"access_token": key}} if self.in_url else {"headers": {"Authorization": f"Bearer {key}"}}
        answer = requests.get("https://api.github.com/user", **way)  # type: ignore[arg-type]
        answer.raise_for_status()
        return {"uid": str(answer.json()["id"]), "email": None, "email_verified": self.verified}


GITHUB = [row for row in DRIFTS.drift if row.provider == "github"]


def verdicts(client: Any) -> dict[str, Verdict]:
    return {item.drift.title: item.verdict for item in drive_all(GITHUB, client)}


def test_a_client_that_takes_what_comes_survives() -> None:
    assert set(verdicts(Reader(strict=False)).values()) == {Verdict.SURVIVES}


def test_a_client_is_broken_by_what_it_cannot_read_and_by_nothing_else() -> None:
    told = verdicts(Reader(strict=True))
    assert told["The callback gains the `iss` of RFC 9207"] is Verdict.BROKEN
    assert told["The `iss` is taken back"] is Verdict.MENDED
    assert told["The `iss` comes again"] is Verdict.BROKEN
    assert told["A token in the URL is refused"] is Verdict.SURVIVES
    told = verdicts(Reader(strict=False, in_url=True))
    assert told["A token in the URL is refused"] is Verdict.BROKEN
    assert told["The `iss` comes again"] is Verdict.FAILS


def test_an_address_that_is_taken_for_verified_is_no_login() -> None:
    row = next(row for row in DRIFTS.drift if row.number == 31)

    class Trusting(Reader):
        def begin(self, job: Job) -> str:
            query = f"client_id={job.app['client_id']}&redirect_uri={job.redirect_uri}&response_type=code"
            url = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
            return f"{url}?{query}&scope=User.Read&state=s"

        def finish(self, job: Job, callback: Callback) -> Mapping[str, Any]:
            import requests

            form = {
                "grant_type": "authorization_code",
                "redirect_uri": job.redirect_uri,
                "code": callback.params["code"],
            }
            pair = {"client_id": job.app["client_id"], "client_secret": job.app["client_secret"]}
            token = requests.post(
                "https://login.microsoftonline.com/common/oauth2/v2.0/token", data={**form, **pair}
            ).json()
            key = {"Authorization": f"Bearer {token['access_token']}"}
            me = requests.get("https://graph.microsoft.com/v1.0/me", headers=key).json()
            return {"uid": me["id"], "email": me["mail"], "email_verified": self.verified}

    assert drive_all([row], Trusting(verified=False))[0].verdict is Verdict.SURVIVES
    done = drive_all([row], Trusting(verified=True))[0]
    assert done.verdict is Verdict.BROKEN
    assert "verified" in done.after


def test_another_uid_after_the_change_is_another_account() -> None:
    uids = iter(["1", "2", "3"])

    class Changing(Reader):
        def finish(self, job: Job, callback: Callback) -> Mapping[str, Any]:
            return {**super().finish(job, callback), "uid": next(uids)}

    done = drive_all(GITHUB[:1], Changing(strict=False))[0]
    assert done.verdict is Verdict.BROKEN
    assert "somebody else" in done.after


@pytest.fixture(scope="module")
def ours() -> Any:
    from providers.adapter import Adapter

    return {id(item.drift): item for item in drive_all(DRIFTS.drift, Adapter())}


CLIENTS = [number for number, row in enumerate(DRIFTS.drift) if not row.beyond]


@pytest.mark.parametrize("number", CLIENTS, ids=[IDS[number] for number in CLIENTS])
def test_our_clients_survive_what_a_drift_left(number: int, ours: Any) -> None:
    """An after side that is itself over may refuse today's client, which was written for what came later."""
    done = ours[id(DRIFTS.drift[number])]
    assert done.today == ""
    if done.after:
        assert done.verdict is Verdict.OUTLIVED
        later = [day for day in load(done.drift.provider).boundaries if done.drift.after and day > done.drift.after]
        assert later, "nothing came later"


# the command


def told(*words: str) -> tuple[int, Any]:
    result = CliRunner().invoke(cli, ["check", *words, "--replay", "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_the_command_tells_programs_what_caught_each() -> None:
    code, rows = told("linkedin_oauth2")
    assert code == 0
    third = next(row for row in rows if row["number"] == 3)
    assert third == {
        "number": 3,
        "provider": "linkedin_oauth2",
        "title": "The issuer becomes …/oauth",
        "before": "2024-04-11",
        "after": "2024-04-13",
        "references": ["keycloak/keycloak#28686", "nextauthjs/next-auth#10671"],
        "level": "L0",
        "ok": True,
        "caught": "linkedin_oauth2-live-discovery-differs:issuer",
        "severity": "break",
        "control": [],
        "reason": "",
    }


def test_the_command_fails_when_a_drift_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    import mockidp.check.drifts as module

    bad = read()
    bad.drift = [row for row in bad.drift if row.number == 3]
    bad.drift[0].finding = "linkedin_oauth2-live-something-else"
    monkeypatch.setattr(module, "read", lambda: bad)
    result = CliRunner().invoke(cli, ["check", "--replay"])
    assert result.exit_code == 1
    assert "NOTHING" in result.stdout
    assert "linkedin_oauth2-live-discovery-differs:issuer" in result.stdout


def test_the_command_tells_a_client_what_would_have_broken_it() -> None:
    code, rows = told("facebook", "--client", "providers")
    assert code == 0
    assert {row["verdict"] for row in rows} == {"survives"}
    assert {row["wrong_today"] for row in rows} == {""}


class Nobody:
    """A client that can do nothing."""

    def begin(self, job: Job) -> str:
        raise RuntimeError("no")

    def finish(self, job: Job, callback: Callback) -> Mapping[str, Any]:
        raise RuntimeError("no")


def test_the_command_fails_for_a_client_that_does_not_log_in_today() -> None:
    code, rows = told("facebook", "--client", "tests.test_drift:Nobody")
    assert code == 1
    assert {row["verdict"] for row in rows} == {"fails"}


def test_a_provider_without_drifts_is_told_so() -> None:
    result = CliRunner().invoke(cli, ["check", "gitea", "--replay"])
    assert result.exit_code == 0
    assert "gitea" in result.output


def test_sides_are_the_days_or_the_belief() -> None:
    dated, believed = GITHUB[0], next(row for row in DRIFTS.drift if row.belief)
    two = sides(dated)
    assert two.believed is two.true
    assert (two.before, two.after) == (dated.before, dated.after)
    assert sides(believed).believed is not sides(believed).true
