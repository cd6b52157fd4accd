"""Reading contracts: the template language, bodies, merging, history, and errors that name file, line and key."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockidp.check.contract import check_contract
from mockidp.contract.body import MISSING, Body, Json, differences, kind_of, pick
from mockidp.contract.load import Loaded, load_from, merge
from mockidp.contract.template import Listed, Pattern, builder, chooser, url_regex
from mockidp.errors import ContractError, UsageError
from mockidp.wire import Request

CONTRACT = """id = "acme"
name = "Acme"
family = "oauth2"
status = "alive"

[settings.BASE]
default = "https://acme.example"
[settings.API]
default = "https://api.acme.example"
derive = { when = "BASE", value = "{BASE}/api" }

[person]
uid = "{8 digit}"

[[exchange]]
step = "authorize"
request = "GET {BASE}/authorize"
evidence = "docs"

[[exchange]]
step = "token"
request = "POST {BASE}/token"
response = { raw = '{"access_token":"x","scope":"a"}' }
bind = { "/access_token" = "$access_token", "/scope" = "$granted" }
evidence = "docs"

[[exchange]]
step = "userinfo"
request = "GET {API}/me"
response = { raw = '{"id":1,"mail":"m@example.com","ok":"true"}' }
bind = { "/id" = "$uid", "/mail" = "$person.email", "/ok" = "$person.email_verified" }
optional = ["/mail", "/ok"]
evidence = "docs"

[[exchange]]
step = "userinfo"
until = 2022-01-01
request = "GET {BASE}/v1/me"
evidence = "docs"

[identity]
uid = { from = "userinfo", at = "/id" }

[evidence]
docs = { kind = "documented", source = "https://acme.example/docs", date = 2026-01-01 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "contract.toml").write_text(CONTRACT)
    return tmp_path / "acme"


def changed(folder: Path, old: str, new: str) -> Loaded:
    path = folder / "contract.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return load_from("acme", folder)


def compile_all(loaded: Loaded) -> None:
    for exchange in loaded.at().exchanges:
        assert exchange.answer


def line_of(text: str) -> int:
    return CONTRACT[: CONTRACT.index(text)].count("\n") + 1


# errors


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('status = "alive"', 'status = "alvie"', 'Did you mean "alive"?'),
        ('step = "token"', 'stepp = "token"', 'Did you mean "step"?'),
        ('optional = ["/mail", "/ok"]', "optional = 3", "array"),
        ('name = "Acme"', "name = ", "not TOML"),
        ('request = "GET {API}/me"', 'request = "GET {APJ}/me"', "{APJ}"),
        ('family = "oauth2"', 'family = "oauth3"', 'Did you mean "oauth2"?'),
        ('"/id" = "$uid"', '"/idd" = "$uid"', "no place '/idd'"),
    ],
)
def test_a_mistake_is_named_with_its_line(folder: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        compile_all(changed(folder, old, new))
    assert says in str(caught.value)
    assert "contracts/" in str(caught.value)
    assert caught.value.line == line_of(old), str(caught.value)


def test_a_body_that_does_not_parse_is_named_with_its_exchange(folder: Path) -> None:
    loaded = changed(folder, '{"id":1,"mail"', '{"id":1 "mail"')
    with pytest.raises(ContractError, match="does not parse") as caught:
        compile_all(loaded)
    assert caught.value.line >= line_of('step = "userinfo"')


def test_a_missing_body_file_is_named(folder: Path) -> None:
    loaded = changed(folder, 'raw = \'{"access_token":"x","scope":"a"}\'', 'body = "gone.json"')
    with pytest.raises(ContractError, match=r"no body file bodies/gone\.json"):
        compile_all(loaded)


def test_a_contract_in_the_wrong_folder_is_refused(folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "other")
    with pytest.raises(ContractError, match="the folder is 'other'"):
        load_from("other", folder.parent / "other")


def test_an_unknown_setting_suggests_the_nearest(folder: Path) -> None:
    with pytest.raises(UsageError, match='Did you mean "BASE"'):
        load_from("acme", folder).at({"BSAE": "https://x.example"})


# settings and history


def test_a_derived_setting_follows_the_one_that_it_is_derived_from(folder: Path) -> None:
    loaded = load_from("acme", folder)
    assert loaded.at().step("userinfo").urls == ["https://api.acme.example/me"]  # type: ignore[union-attr]
    own = loaded.at({"BASE": "https://own.example/"})
    assert own.step("userinfo").urls == ["https://own.example/api/me"]  # type: ignore[union-attr]
    both = loaded.at({"BASE": "https://own.example", "API": "https://api.own.example"})
    assert both.step("userinfo").urls == ["https://api.own.example/me"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("date", "url"),
    [
        (None, "https://api.acme.example/me"),
        (datetime.date(2022, 1, 1), "https://api.acme.example/me"),
        (datetime.date(2021, 12, 31), "https://acme.example/v1/me"),
        (datetime.date(2015, 1, 1), "https://acme.example/v1/me"),
    ],
)
def test_the_date_picks_the_wire(folder: Path, date: datetime.date | None, url: str) -> None:
    assert load_from("acme", folder).at(None, date).step("userinfo").urls == [url]  # type: ignore[union-attr]


def test_a_client_has_the_settings_of_its_family_and_those_of_its_own(folder: Path) -> None:
    own = '[client]\nsettings = { COLOUR = "what it is painted in", SCOPE = false }\n[person]'
    loaded = changed(folder, "[person]", own)
    assert list(loaded.at().client.settings) == ["AUTH_PARAMS", "VERIFIED_EMAIL", "COLOUR"]
    with pytest.raises(UsageError, match=r"COLOUR of acme is a choice of the client's"):
        loaded.at({"COLOUR": "red"})


def test_a_folder_holds_the_whole_contract_as_it_was_before_a_day(folder: Path) -> None:
    before = folder / "until-2019-05-01"
    before.mkdir()
    (before / "contract.toml").write_text(CONTRACT.replace("{BASE}/v1/me", "{BASE}/v0/me"))
    loaded = load_from("acme", folder)
    urls = {
        day: loaded.at(None, datetime.date.fromisoformat(day)).step("userinfo").urls[0]  # type: ignore[union-attr]
        for day in ("2019-04-30", "2019-05-01", "2022-01-01")
    }
    assert urls == {
        "2019-04-30": "https://acme.example/v0/me",
        "2019-05-01": "https://acme.example/v1/me",
        "2022-01-01": "https://api.acme.example/me",
    }
    assert datetime.date(2019, 5, 1) in loaded.boundaries


def test_a_former_contract_is_judged_with_the_file_that_it_stands_in(folder: Path) -> None:
    before = folder / "until-2019-05-01"
    (before / "bodies").mkdir(parents=True)
    (before / "bodies" / "left.json").write_text("{}")
    (before / "contract.toml").write_text(CONTRACT)
    found = [item for item in check_contract("acme", load_from("acme", folder)) if "left.json" in item.message]
    assert [item.file for item in found] == ["contracts/acme/until-2019-05-01/contract.toml"]
    (folder / "until-spring").mkdir()
    with pytest.raises(ContractError, match="until-spring is no folder until-YYYY-MM-DD"):
        load_from("acme", folder)


def test_what_a_contract_leaves_out_comes_from_the_family_and_false_takes_away(folder: Path) -> None:
    before = load_from("acme", folder).at().step("token")
    assert before is not None
    assert set(before.params["form"]) == {"grant_type", "code", "redirect_uri", "client_id", "client_secret"}
    after = changed(
        folder, 'request = "POST {BASE}/token"', 'request = "POST {BASE}/token"\nform = { redirect_uri = false }'
    )
    assert "redirect_uri" not in after.at().step("token").params["form"]  # type: ignore[union-attr]


def test_new_content_of_an_answer_replaces_the_old_as_a_whole() -> None:
    assert merge({"status": 400, "raw": "old", "type": "t"}, {"body": "new.json"}) == {
        "status": 400,
        "body": "new.json",
        "type": "t",
    }


# templates


def test_a_lone_value_keeps_its_type_and_half_a_text_is_never_built() -> None:
    assert builder("$n")({"n": 7}) == 7
    assert builder("a/$n")({"n": 7}) == "a/7"
    assert builder("a/$n")({"n": None}) is None


def test_a_form_gives_that_many_characters_of_the_kind_and_a_number_never_begins_with_nought() -> None:
    made = chooser("x_{12 hex}-{5 digit}")(lambda count: bytes(count), {})
    assert made == "x_000000000000-10000"


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        ("$code", "abc", {"code": "abc"}),
        ("Bearer $t|token $t", "token x y", {"t": "x y"}),
        ("Bearer $t", "Basic x", None),
        ("a|b", "b", {}),
        ("a|b", "c", None),
        ("*", "anything", {}),
        ("S256?", "plain", None),
        ("x-$app.id", "x-7", {"app.id": "7"}),
    ],
)
def test_a_pattern_tells_values_or_does_not_fit(pattern: str, value: str, found: dict[str, str] | None) -> None:
    assert Pattern(pattern).match(value) == found


@given(st.text(), st.text())
def test_what_a_pattern_builds_it_matches(one: str, two: str) -> None:
    pattern = Pattern("p:$one|$two")
    built = pattern.build({"one": one or "x", "two": two})
    assert built is not None
    assert pattern.match(built) == {"one": one or "x"}


@pytest.mark.parametrize(
    ("pattern", "accept", "fits"),
    [
        ("application/json", "text/html, application/json;q=0.9", True),
        ("application/json", "*/*", False),
        ("application/json?", "*/*", True),
        ("application/json?", "text/html", False),
    ],
)
def test_one_type_of_accept_must_fit_and_any_type_says_nothing(pattern: str, accept: str, fits: bool) -> None:
    assert Listed(pattern).tell(accept, {}) is fits


def test_a_value_in_a_url_stands_for_one_label_or_segment() -> None:
    host = url_regex("$shop.shops.example")
    assert host.fullmatch("petstore.shops.example")["shop"] == "petstore"  # type: ignore[index]
    assert host.fullmatch("shops.example") is None
    path = url_regex("/users/$id/mail")
    assert path.fullmatch("/users/7/mail")["id"] == "7"  # type: ignore[index]
    assert path.fullmatch("/users/7/8/mail") is None


# bodies


def test_a_value_is_written_in_the_type_that_the_file_has_there() -> None:
    body = Body(
        b'{"a":"true","b":true,"c":1,"d":"1","e":[{"f":null}]}',
        "json",
        {"/a": "$yes", "/b": "$yes", "/c": "$n", "/d": "$n", "/e/0/f": "$n"},
    )
    assert body.render({"yes": False, "n": "42"}) == b'{"a":"false","b":false,"c":42,"d":"42","e":[{"f":"42"}]}'


def test_what_varies_not_is_sent_byte_for_byte() -> None:
    assert Body(b'{ "a" :\t1.0 }\n', "json", {}).render({}) == b'{ "a" :\t1.0 }\n'


def test_a_missing_value_is_left_out_null_or_empty_only_where_the_contract_says_so() -> None:
    bind = {"/a": "$v", "/b": "$v", "/c": "$v"}
    body = Body(b'{"a":"x","b":"y","c":"z"}', "json", bind, optional=["/a"], nullable=["/b"], blank=["/c"])
    assert body.render({"v": None}) == b'{"b":null,"c":""}'
    with pytest.raises(ContractError, match="neither optional nor nullable"):
        Body(b'{"a":"x"}', "json", {"/a": "$v"}).render({"v": None})


def test_a_scope_that_was_not_granted_hides_its_places() -> None:
    body = Body(b'{"a":"x","b":"y"}', "json", {"/a": "$v"}, needs={"/a": "email|mail"})
    assert body.render({"v": "w"}, frozenset({"mail"})) == b'{"a":"w","b":"y"}'
    assert body.render({"v": "w"}, frozenset({"other"})) == b'{"b":"y"}'


def test_an_item_of_an_array_is_left_out_like_a_member() -> None:
    body = Body(b'{"a":["x","y","z"]}', "json", {"/a/0": "$v"}, optional=["/a/0"], needs={"/a/1": "email"})
    assert body.render({"v": None}, frozenset()) == b'{"a":["z"]}'
    assert body.render({"v": "w"}, frozenset({"email"})) == b'{"a":["w","y","z"]}'


def test_xml_and_forms_are_bound_by_path_and_key() -> None:
    xml = Body(b'<r><a k="1">x</a><b/></r>', "xml", {"a": "$v", "a/@k": "$v", "b": "$w"}, optional=["b"])
    assert xml.render({"v": "<&>", "w": None}).endswith(b'<r><a k="&lt;&amp;&gt;">&lt;&amp;&gt;</a></r>')
    assert Body(b"a=1&b=2", "form", {"a": "$v"}).render({"v": "x y&z"}) == b"a=x+y%26z&b=2"


@given(st.text(max_size=40))
def test_any_text_survives_xml(text: str) -> None:
    written = Body(b"<r><a/></r>", "xml", {"a": "$v"}).render({"v": text or "x"})
    kind = kind_of("application/xml")
    from mockidp.contract.body import FORMATS

    assert pick(kind, FORMATS[kind].parse(written), "a") is not None


KEYS = st.text(min_size=1, max_size=8)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(TREES)
def test_every_leaf_has_a_pointer_that_finds_it(tree: object) -> None:
    def leaves(node: object, at: str = "") -> list[tuple[str, object]]:
        if isinstance(node, dict):
            return [
                leaf
                for key, value in node.items()
                for leaf in leaves(value, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")
            ]
        if isinstance(node, list):
            return [leaf for number, value in enumerate(node) for leaf in leaves(value, f"{at}/{number}")]
        return [(at, node)]

    for place, value in leaves(tree):
        assert Json.get(tree, place) == value
    assert Json.get(tree, "/no such key here/x") is MISSING


@given(TREES)
def test_a_tree_never_differs_from_itself_in_shape(tree: object) -> None:
    assert differences(tree, tree) == []


def test_differences_name_the_place_and_both_types() -> None:
    want = {"id": 1, "ok": True, "rows": [{"a": "x"}]}
    got = {"id": "1", "rows": [{"a": "x"}, {"a": None}], "new": 1}
    assert differences(want, got) == [
        "/id is a string, the contract has an integer",
        "/new is not in the contract",
        "/ok is missing",
        "/rows/1/a is null, the contract has a string",
    ]
    assert differences({"a": "x"}, {"a": None}, frozenset({"/a"})) == []


# requests


def exchange(folder: Path, step: str) -> object:
    return load_from("acme", folder).at().step(step)


def test_a_request_tells_values_and_every_misfit(folder: Path) -> None:
    request = Request.of(
        "POST",
        "https://acme.example/token?client_id=q",
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"grant_type=password&code=1&code=2&extra=3&client_id=me",
    )
    told, problems = load_from("acme", folder).at().step("token").match(request)  # type: ignore[union-attr]
    assert told == {"app.id": "me"}
    assert sorted((p.kind, p.place, p.key) for p in problems) == [
        ("differs", "form", "grant_type"),
        ("duplicated", "form", "code"),
        ("missing", "form", "client_secret"),
        ("unlisted", "form", "extra"),
        ("unlisted", "query", "client_id"),
    ]


def test_an_object_is_as_in_the_file_or_left_out_with_all_that_is_in_it() -> None:
    bind = {"/a": "$there", "/a/b": "$v", "/c/0": "$there", "/c/0/b": "$v"}
    body = Body(b'{"a":{"b":"x","d":1},"c":[{"b":"y"}]}', "json", bind, nullable=["/a"], optional=["/c/0"])
    assert body.render({"there": True, "v": "w"}) == b'{"a":{"b":"w","d":1},"c":[{"b":"w"}]}'
    assert body.render({"there": None, "v": None}) == b'{"a":null,"c":[]}'
    xml = Body(b"<r><a><b>x</b></a></r>", "xml", {"a": "$there", "a/b": "$v"}, optional=["a"])
    assert xml.render({"there": True, "v": "w"}).endswith(b"<r><a><b>w</b></a></r>")
    assert xml.render({"there": None, "v": None}).endswith(b"<r />")
