"""The second entries, and the rule that holds every contract against its own."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mockidp.check.published import differences, published
from mockidp.check.second_entry import FOLDER, SOURCE_KINDS, Entry, Shape, entry_of, kind, read, url_fits
from mockidp.contract.files import contracts_folder, provider_ids
from mockidp.contract.load import Loaded, load_from
from mockidp.errors import ContractError

ENTRIES = sorted(path.stem for path in (contracts_folder() / FOLDER).glob("*.json"))

CONTRACT = """id = "acme"
name = "Acme"
family = "oidc"
status = "alive"

[settings.BASE]
default = "https://acme.example"

[client]
pkce = "optional"
[client.scope]
delimiter = ","

[person]
uid = "{8 digit}"

[lifetimes]
code = 60

[[exchange]]
step = "authorize"
request = "GET {BASE}/authorize"
response = { redirect = { realm = "main" } }
evidence = "docs"

[[exchange]]
step = "token"
request = "POST {BASE}/token"
form = { audience = "api" }
response = { raw = '{"access_token":"x","token_type":"bearer","id_token":"e30.e30.e30"}' }
bind = { "/access_token" = "$access_token", "/id_token" = "$id_token" }
evidence = "docs"

[[exchange]]
step = "token"
name = "offline"
when = { access_type = "offline" }
response = { raw = '{"access_token":"x","token_type":"bearer","id_token":"e30.e30.e30","refresh_token":"y"}' }
bind = { "/access_token" = "$access_token", "/id_token" = "$id_token", "/refresh_token" = "$refresh_token" }
evidence = "docs"

[[exchange]]
step = "userinfo"
request = "GET {BASE}/people/$uid"
headers = { User-Agent = "*" }
scope = ["profile"]
response = { type = "application/json; charset=utf-8", raw = '{"id":1,"mail":null,"tags":["a"],"plan":{"name":"free"}}'}
bind = { "/id" = "$uid" }
evidence = "docs"

[id_token]
raw = '{"sub":"1","aud":"x"}'
bind = { "/sub" = "$uid", "/aud" = "$app.id" }
evidence = "docs"

[error]
bad_code = { status = 400, raw = '{"error":"bad_code"}', evidence = "docs" }
denied = { evidence = "docs" }
rate_limited = { status = 503, type = "application/json", raw = '{"oops":true}', evidence = "guess" }

[identity]
uid = { from = "userinfo", at = "/id" }

[evidence]
docs = { kind = "documented", source = "https://acme.example/docs", date = 2026-01-01 }
guess = { kind = "reconstructed", source = "a client", date = 2026-01-01 }
"""

ENTRY: dict[str, Any] = {
    "about": "what Acme says of itself",
    "id": "acme",
    "gathered": "2026-01-01",
    "sources": {"s1": {"kind": "documentation", "where": "acme.example/handbook"}},
    "client": {"auth": "post", "pkce": "optional", "pkce_methods": ["S256"], "delimiter": ",", "source": ["s1"]},
    "lifetimes": {"code": [60, 61], "source": ["s1"]},
    "id_token": {
        "alg": ["RS256"],
        "complete": True,
        "claims": {"/sub": "string, own", "/aud": "string"},
        "source": ["s1"],
    },
    "steps": [
        {
            "step": "authorize",
            "request": ["GET {+base}/authorize"],
            "source": ["s1"],
            "params": {"client_id": "string", "redirect_uri": "string?", "response_type": "string = code"},
            "callback": {"code": "string", "state": "string?", "realm": "string = main"},
            "errors": [
                {
                    "status": [302],
                    "means": "access_denied",
                    "source": ["s1"],
                    "callback": {"error": "string = access_denied", "state": "string?"},
                }
            ],
        },
        {
            "step": "token",
            "request": ["POST {+base}/token"],
            "source": ["s1"],
            "places": ["form"],
            "params": {
                "client_id": "string",
                "client_secret": "string",
                "code": "string",
                "audience": "string = api",
                "grant_type": "string = authorization_code",
            },
            "answers": [
                {
                    "status": 200,
                    "about": "plain",
                    "type": ["application/json"],
                    "complete": True,
                    "fields": {
                        "/access_token": "string, own",
                        "/token_type": "string = bearer",
                        "/id_token": "string?",
                    },
                },
                {
                    "status": 200,
                    "about": "offline",
                    "like": "plain",
                    "when": {"access_type": "offline"},
                    "complete": True,
                    "fields": {"/refresh_token": "string"},
                },
            ],
            "errors": [
                {
                    "status": [400],
                    "means": "invalid_grant",
                    "source": ["s1"],
                    "fields": {"/error": "string = bad_code", "/hint": "string?"},
                }
            ],
        },
        {
            "step": "userinfo",
            "request": ["GET {+base}/people/{id}"],
            "source": ["s1"],
            "scope": ["profile"],
            "headers": {"Authorization": "Bearer", "User-Agent": "*"},
            "answers": [
                {
                    "status": 200,
                    "type": ["application/json; charset=utf-8"],
                    "complete": True,
                    "fields": {
                        "/id": "integer, own",
                        "/mail": "string|null",
                        "/tags/*": "string?",
                        "/plan": "object",
                        "/plan/name": "string = free|paid",
                    },
                }
            ],
        },
    ],
}


def entry(**changes: Any) -> Entry:
    return msgspec.convert({**copy.deepcopy(ENTRY), **changes}, Entry)


def contract(folder: Path, old: str = "", new: str = "") -> Loaded:
    (folder / "acme").mkdir()
    assert old in CONTRACT
    (folder / "acme" / "contract.toml").write_text(CONTRACT.replace(old, new, 1))
    return load_from("acme", folder / "acme")


def told(loaded: Loaded, second: Entry | None = None) -> dict[str, str]:
    return {key: text for key, text, _ in differences(second or entry(), loaded.at(), loaded.table)}


# the entries themselves


LATER = {"openid_connect": "2026-11-24"}


@pytest.mark.parametrize("provider", ENTRIES)
def test_an_entry_is_well_formed_and_every_fact_in_it_has_a_source(provider: str) -> None:
    found = read(contracts_folder() / FOLDER / f"{provider}.json")
    assert (found.id, found.gathered) == (provider, LATER.get(provider, "2026-11-20"))
    assert "not from" in found.about
    assert {source.kind for source in found.sources.values()} <= set(SOURCE_KINDS)
    cited: set[str] = set()
    for step in found.steps:
        for source in (step.source, *(error.source for error in step.errors)):
            assert source, f"{step.step} has no source"
            cited.update(source)
        assert all(re.fullmatch(r"[A-Z]+ (https://|\{\+)[^ ?]+", text) for text in step.request)
        assert {answer.like for answer in step.answers} <= {"", *(answer.about for answer in step.answers)}
        for texts in (
            step.params,
            step.callback or {},
            *(answer.fields for answer in step.answers),
            *(error.fields for error in step.errors),
            *(error.callback or {} for error in step.errors),
        ):
            assert all(kind(text) for text in texts.values())
    cited.update(found.client.source, found.lifetimes.get("source", ()))
    cited.update(found.id_token.source if found.id_token else ())
    assert cited == set(found.sources)


def test_every_step_of_an_entry_is_told_once() -> None:
    for provider in ENTRIES:
        steps = [step.step for step in read(contracts_folder() / FOLDER / f"{provider}.json").steps]
        assert len(steps) == len(set(steps)), provider


@pytest.mark.parametrize("provider", provider_ids())
def test_a_contract_says_what_its_provider_publishes(provider: str) -> None:
    assert [text for text, _ in published(load_from(provider, contracts_folder() / provider))] == []


def test_an_unknown_key_of_an_entry_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "acme.json"
    path.write_bytes(msgspec.json.encode({**ENTRY, "stpes": []}))
    with pytest.raises(ContractError, match="stpes") as caught:
        read(path)
    assert caught.value.file.endswith("acme.json")


# the notation


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("string", "a", ""),
        ("string", 1, "integer"),
        ("string", True, "boolean"),
        ("integer", True, "boolean"),
        ("integer", 1.5, "number"),
        ("number", 1, ""),
        ("string|null", None, ""),
        ("string", None, "null"),
        ("boolean", "true", "string"),
        ("any", [], ""),
        ("object", [], "array"),
        ("string = a|b", "b", ""),
        ("string = a|b", "c", "'c'"),
        ("string? = a *", "a b", ""),
        ("string = a.*", "abc", "'abc'"),
        ("integer = 40029", 40029, ""),
        ("integer = 40029", 40030, "40029"),
        ("boolean = true", False, "false"),
        ("string|null = public", None, ""),
        ("string, own = x", "x", ""),
    ],
)
def test_a_kind_says_what_is_wrong_with_a_value(text: str, value: object, words: str) -> None:
    wrong = kind(text).wrong(value)
    assert (words in wrong) if words else wrong == ""


@pytest.mark.parametrize("text", ["", "text", "string ?", "string=a", "string,own", "string|"])
def test_what_is_no_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no kind"):
        kind(text)


@pytest.mark.parametrize(
    ("known", "url", "fits"),
    [
        ("https://a.example/x", "https://a.example/x", True),
        ("https://a.example/x", "https://a.example/x/moved", False),
        ("https://{shop}.example/{version}/x", "https://$shop.example/2026-01/x", True),
        ("https://{shop}.example/x", "https://a.b/c.example/x", False),
        ("{+server}/realms/{realm}/auth", "https://kc.example/auth/realms/main/auth", True),
        ("{+server}/realms/{realm}/auth", "https://kc.example/realms/a/b/auth", False),
        ("{+server}/x", "ftp://kc.example/x", False),
    ],
)
def test_a_url_fits_its_published_form(known: str, url: str, fits: bool) -> None:
    assert url_fits(known, url) is fits


def test_fields_of_list_items_are_asked_of_every_item() -> None:
    shape = Shape({"/players": "array", "/players/*/id": "string", "/players/*/age": "integer?"}, complete=True)
    assert shape.problems({"": {}, "/players": []}, True) == {}
    rows = {"": {}, "/players": [{}, {}], "/players/0": {}, "/players/0/id": "a", "/players/1": {}, "/players/1/age": 1}
    assert list(shape.problems(rows, True)) == ["/players/1/id"]


def test_what_lies_below_a_field_of_which_no_more_is_published_may_be_anything() -> None:
    nodes: dict[str, Any] = {"": {}, "/plan": {"a": 1}, "/plan/a": 1}
    assert Shape({"/plan": "object"}, complete=True).problems(nodes, True) == {}
    assert list(Shape({"/plan": "object", "/plan/b": "string?"}, complete=True).problems(nodes, True)) == ["/plan/a"]


# the rule


def test_a_contract_that_says_the_same_has_no_difference(tmp_path: Path) -> None:
    assert told(contract(tmp_path)) == {}


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("{BASE}/authorize", "{BASE}/authorise", "authorize:url", "/authorise is not published"),
        ("POST {BASE}/token", "PUT {BASE}/token", "token:method", "is PUT, published is POST"),
        ('audience = "api"', 'audienz = "api"', "token:audience", "no parameter audience"),
        ('audience = "api"', 'audienz = "api"', "token:audienz", "must have audienz, which is not published"),
        ('audience = "api"', 'audience = "api?"', "token:audience", "may be left out"),
        ('audience = "api"', 'audience = "web"', "token:audience", "is 'web', published is 'api'"),
        ("form = { audience", 'accepts = ["json"]\nform = { audience', "token:places", "travel as json"),
        ("User-Agent", "X-Agent", "userinfo:User-Agent", "no header User-Agent"),
        ("User-Agent", "X-Agent", "userinfo:x-agent", "not published"),
        (
            'User-Agent = "*"',
            'User-Agent = "*", Authorization = "token $access_token"',
            "userinfo:Authorization",
            "published is Bearer",
        ),
        ('scope = ["profile"]', 'scope = ["openid"]', "userinfo:scope", "['openid']"),
        ('realm = "main"', 'kingdom = "main"', "authorize:callback:realm", "always there"),
        ('realm = "main"', 'kingdom = "main"', "authorize:callback:kingdom", "not published"),
        ('realm = "main"', 'realm = "other"', "authorize:callback:realm", "'other', published is 'main'"),
        ("; charset=utf-8", "", "userinfo:type", "application/json"),
        ('raw = \'{"id"', 'status = 201, raw = \'{"id"', "userinfo:status", "201, published is 200"),
        ('"mail":null', '"mail":7', "userinfo:/mail", "is integer"),
        ('"tags":["a"]', '"tags":[true]', "userinfo:/tags/0", "is boolean"),
        ('"mail":null,', "", "userinfo:/mail", "is missing"),
        ('"mail":null', '"mail":null,"age":1', "userinfo:/age", "is not published"),
        ('"name":"free"', '"name":"gift"', "userinfo:/plan/name", "'gift'"),
        ('bind = { "/id" = "$uid" }', "", "userinfo:/id", "is always the same"),
        ('bind = { "/id" = "$uid" }', 'bind = { "/id" = "$uid" }\nnullable = ["/id"]', "userinfo:/id", "may be null"),
        (
            'bind = { "/id" = "$uid" }',
            'bind = { "/id" = "$uid" }\noptional = ["/mail"]',
            "userinfo:/mail",
            "may be left out",
        ),
        ('access_type = "offline"', 'access_type = "never"', "token.offline:when", "offline"),
        ('{"error":"bad_code"}', '{"error":"other"}', "error:bad_code", "'other', published is 'bad_code'"),
        ('{"error":"bad_code"}', "{}", "error:bad_code", "/error is missing"),
        ('{"error":"bad_code"}', '{"error":"bad_code","more":1}', "error:bad_code", "/more is not published"),
        ("bad_code = { status = 400", "bad_code = { status = 401", "error:bad_code", "401, published is 400"),
        ("bad_code = {", 'bad_code = { means = "invalid_client",', "error:bad_code", "published is invalid_grant"),
        (
            "bad_code = {",
            'bad_token = { raw = "{}", evidence = "docs" }\nbad_code = {',
            "error:bad_token",
            "no such error",
        ),
        ("denied = {", 'denied = { redirect = { error = "no" },', "error:denied", "'no', published is 'access_denied'"),
        ('{"sub":"1","aud":"x"}', '{"sub":1,"aud":"x"}', "id_token:/sub", "is integer"),
        ('{"sub":"1","aud":"x"}', '{"sub":"1","aud":"x","role":"y"}', "id_token:/role", "is not published"),
        ("[id_token]", '[id_token]\nalg = "ES256"', "id_token:alg", "RS256"),
        ('pkce = "optional"', 'pkce = "forbidden"', "client:pkce", "'optional'"),
        ('pkce = "optional"', 'pkce = "optional"\npkce_methods = ["plain"]', "client:pkce_methods", "S256"),
        ('pkce = "optional"', 'pkce = "optional"\nauth = "basic"', "client:auth", "'post'"),
        ('delimiter = ","', 'delimiter = " "', "client:scope:delimiter", "','"),
        ("code = 60", "code = 600", "lifetimes:code", "600 s, published is 60 or 61 s"),
        (
            'step = "userinfo"\nrequest = "GET {BASE}/people/$uid"',
            'step = "profile"\nrequest = "GET {BASE}/me"',
            "profile",
            "nothing is published",
        ),
    ],
)
def test_a_planted_change_is_told_with_its_place_and_both_values(
    tmp_path: Path, old: str, new: str, key: str, words: str
) -> None:
    found = told(contract(tmp_path, old, new))
    assert key in found, found
    assert words in found[key]
    assert key.startswith("profile") or "acme.example/handbook" in found[key] or "no such error" in found[key]


def test_a_step_with_another_name_is_found_by_its_url(tmp_path: Path) -> None:
    found = told(contract(tmp_path, 'step = "userinfo"', 'step = "people"'))
    assert not any(key.startswith("people") for key in found)


def test_an_error_that_is_only_reconstructed_may_be_unknown_but_not_contradict(tmp_path: Path) -> None:
    loaded = contract(tmp_path)
    assert "error:rate_limited" not in told(loaded)
    steps = copy.deepcopy(ENTRY["steps"])
    steps[2]["errors"] = [{"status": [429], "means": "rate_limited", "source": ["s1"], "fields": {"/oops": "boolean"}}]
    assert "503, published is 429" in told(loaded, entry(steps=steps))["error:rate_limited"]


def test_an_identity_token_on_one_side_alone_is_a_difference(tmp_path: Path) -> None:
    assert "an identity token" in told(contract(tmp_path), entry(id_token=None))["id_token"]


def test_forms_lines_and_xml_are_compared_by_their_places(tmp_path: Path) -> None:
    steps = copy.deepcopy(ENTRY["steps"])
    steps[2]["answers"] = [
        {
            "status": 200,
            "complete": True,
            "fields": {
                "/ocs/data/id": "integer, own",
                "/ocs/data/@since": "string",
                "/ocs/data/kind": "string = person",
            },
        }
    ]
    text = '<ocs><data since="1"><id>1</id><kind>robot</kind></data></ocs>'
    start = CONTRACT.index('type = "application/json; charset')
    old = CONTRACT[start : CONTRACT.index('\nevidence = "docs"\n\n[id_token]')]
    loaded = contract(tmp_path, old, f'type = "text/xml", raw = \'{text}\' }}\nbind = {{ "data/id" = "$uid" }}')
    assert told(loaded, entry(steps=steps)).keys() >= {"userinfo:/ocs/data/kind"}
    assert "userinfo:/ocs/data/id" not in told(loaded, entry(steps=steps))


def test_a_key_that_holds_a_slash_is_written_as_in_a_json_pointer(tmp_path: Path) -> None:
    loaded = contract(tmp_path, '"mail":null', '"mail":null,"https://acme.example/team":"a"')
    steps = copy.deepcopy(ENTRY["steps"])
    steps[2]["answers"][0]["fields"]["/https:~1~1acme.example~1team"] = "string, own"
    found = told(loaded, entry(steps=steps))
    assert list(found) == ["userinfo:/https:~1~1acme.example~1team"]
    assert "is always the same" in found["userinfo:/https:~1~1acme.example~1team"]


# waivers


def waived(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> list[str]:
    monkeypatch.setattr("mockidp.check.published.entry_of", lambda provider: entry())
    rows = "\n".join(f'"{name}" = "the contract has the better source"' for name in names)
    text = CONTRACT.replace('"mail":null', '"mail":7').replace("[identity]", f"[waive]\n{rows}\n\n[identity]")
    (folder / "acme").mkdir()
    (folder / "acme" / "contract.toml").write_text(text)
    return [text for text, _ in published(load_from("acme", folder / "acme"))]


@pytest.mark.parametrize("name", ["published:userinfo:/mail", "published:userinfo"])
def test_a_difference_can_be_waived_by_its_name_or_its_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    assert waived(monkeypatch, tmp_path, name) == []


def test_a_complaint_says_by_what_name_it_can_be_waived(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (text,) = waived(monkeypatch, tmp_path)
    assert text.endswith("[published:userinfo:/mail]")


@pytest.mark.parametrize("name", ["published:userinfo:/mai", "published:user", "published:token"])
def test_a_waiver_of_no_difference_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    found = waived(monkeypatch, tmp_path, name)
    assert f"{name} waives no difference" in found
    assert len(found) == 2


def test_a_provider_without_an_entry_has_no_difference(tmp_path: Path) -> None:
    assert entry_of("acme") is None
    assert list(published(contract(tmp_path))) == []
