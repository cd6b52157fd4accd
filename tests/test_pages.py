"""The pages: sound HTML for every reader, nothing unescaped, and a policy that fits what is on them."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from read_page import Document, Element, policy, source

from mockidp.faults import TABLE
from mockidp.people import People
from mockidp.simulator import Simulator
from mockidp.web import pages
from mockidp.web.pages import ProviderCard, Scope
from mockidp.wire import Request, Response
from mockidp.world import World

ROOT = Path(__file__).parents[1]
PEOPLE = People(ROOT / "contracts" / "_people")
CARD = ProviderCard("acme", "Acme", "#fee500", "oauth2")
NASTY = '<img src=x onerror="alert(1)">"\'&</script></style>'

FAULTS = (("person", (TABLE[0],)), ("answer", (next(fault for fault in TABLE if fault.name == "slow"),)))
PAGES = {
    "login": pages.login(CARD, "Shop", PEOPLE.named(), [Scope("email", "Your address", True)], [("w", "1")]),
    "login-remark": pages.login(CARD, "Shop", PEOPLE.cast()[:3], query="x", remark=["Who is x?"], status=400),
    "form_post": pages.form_post("https://shop.example.com/cb", [("code", "1"), ("state", "2")], CARD),
    "error": pages.error(CARD, "Unknown app", "No such app.", "client_id", "Register it.", expected="a", got="b"),
    "not_found": pages.not_found("nowhere.example.com", "/x", 'Did you mean "acme.example.com"?'),
}
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def fields(document: Document) -> dict[str, str | None]:
    return {str(e.attrs["name"]): e.attrs["value"] for e in document.all("input", type="hidden")}


# -- every page


@each_page
def test_a_page_has_a_language_a_title_one_main_heading_and_landmarks(page: Response) -> None:
    document = Document(page)
    assert document.one("html").attrs["lang"] == "en"
    assert document.one("title").text.strip()
    assert document.one("h1").text.strip()
    assert document.one("h1").path[-1] == "main"
    document.one("header")
    document.one("meta", name="viewport")
    assert document.all("a")[0].attrs["href"] == "#" + str(document.one("main").attrs["id"])


@each_page
def test_headings_skip_no_level(page: Response) -> None:
    levels = [int(e.tag[1]) for e in Document(page).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@each_page
def test_every_control_has_a_label_and_no_id_is_there_twice(page: Response) -> None:
    document = Document(page)
    ids = [e.attrs["id"] for e in document.elements if "id" in e.attrs]
    assert len(ids) == len(set(ids))
    labelled = {e.attrs["for"] for e in document.all("label") if e.text.strip()}
    controls = [e for e in document.all("input", "select", "textarea") if e.attrs.get("type") != "hidden"]
    assert {e.attrs["id"] for e in controls} == labelled
    assert all(e.text.strip() for e in document.all("button", "a", "summary", "legend"))
    for e in document.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert e.attrs.get(name) is None or e.attrs[name] in ids


@each_page
def test_nothing_is_loaded_and_nothing_inline_escapes_the_policy(page: Response) -> None:
    document = Document(page)
    assert document.all("link", "img", "iframe", "object", "embed", "base") == []
    for e in document.elements:
        assert not [name for name in e.attrs if name.startswith("on") or name in ("style", "src", "srcdoc")]
    assert "@import" not in page.body.decode()
    assert "url(" not in page.body.decode()


@each_page
def test_the_policy_allows_what_is_on_the_page_by_its_hash_and_no_more(page: Response) -> None:
    document, allowed = Document(page), policy(page)
    assert allowed["default-src"] == ["'none'"]
    assert allowed["base-uri"] == ["'none'"]
    assert allowed["frame-ancestors"] == ["'none'"]
    assert set(allowed["style-src"]) == {source(e.text) for e in document.all("style")}
    assert allowed.get("script-src", []) == [source(e.text) for e in document.all("script")]
    assert (allowed["form-action"] == ["'none'"]) == (document.all("form") == [])


@each_page
def test_a_page_is_neither_stored_nor_sniffed_nor_told_to_others(page: Response) -> None:
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert page.header("cache-control") == "no-store"
    assert page.header("x-content-type-options") == "nosniff"
    assert page.header("referrer-policy") in ("same-origin", "origin")


@each_page
def test_a_page_says_that_it_is_a_simulation(page: Response) -> None:
    header = Document(page).one("header").text
    assert "mockidp" in header
    assert "nobody’s real account is touched" in header


@each_page
def test_only_sign_in_and_a_form_that_sends_itself_have_a_script(page: Response) -> None:
    scripted = [PAGES[name] for name in ("form_post", "login", "login-remark")]
    assert ("script-src" in policy(page)) == any(page is one for one in scripted)


def test_every_class_on_a_page_has_a_rule_or_the_page_has_no_use_for_it() -> None:
    style = (pages.TEMPLATES / "style.css").read_text()
    used = {
        name
        for page in PAGES.values()
        for e in Document(page).elements
        for name in (e.attrs.get("class") or "").split()
    }
    assert {name for name in used if f".{name}" not in style} <= {"expected"}


def nasty_pages() -> dict[str, Response]:
    nasty_card = ProviderCard(NASTY, NASTY, "red;}*{display:none", NASTY, NASTY)
    return {
        "login": pages.login(
            nasty_card, NASTY, PEOPLE.named(), [Scope(NASTY, NASTY)], [(NASTY, NASTY)],
            query=NASTY, remark=[NASTY], redirect_origin=NASTY, new=(NASTY, NASTY, True), search=NASTY, demands=[NASTY],
            steps=[NASTY],
        ),
        "form_post": pages.form_post("https://shop.example.com/" + NASTY, [(NASTY, NASTY)], nasty_card),
        "error": pages.error(nasty_card, NASTY, NASTY, NASTY, NASTY, expected=NASTY, got=NASTY + "x"),
        "not_found": pages.not_found(NASTY, NASTY, NASTY),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["login", "form_post", "error", "not_found"])
def test_whatever_is_shown_is_shown_as_text(name: str) -> None:
    page = nasty_pages()[name]
    document = Document(page)
    plain = Document(PAGES[name])
    assert {e.tag for e in document.elements} <= {e.tag for e in plain.elements} | {"p", "mark", "li", "ul"}
    assert not [e for e in document.elements if any(key.startswith("on") for key in e.attrs)]
    assert NASTY in document.text()
    assert "display:none" not in page.body.decode()
    assert set(policy(page)["style-src"]) == {source(e.text) for e in document.all("style")}


@given(st.text(alphabet=st.characters(), max_size=60))
def test_no_text_breaks_a_page(text: str) -> None:
    for page in (
        pages.login(CARD, text, PEOPLE.cast()[:2], [Scope(text, text)], [(text, text)], hint=text, query=text),
        pages.error(CARD, "No", text, text, text, expected=text, got=text[1:]),
        pages.form_post(text, [(text, text)], CARD),
        pages.not_found(text, text),
    ):
        assert "\n" not in page.header("content-security-policy")
        assert Document(page).one("h1").text


# -- sign-in


def login(**more: Any) -> Document:
    return Document(pages.login(CARD, "Shop", PEOPLE.named(), **more))


def checked(document: Document) -> list[str | None]:
    return [e.attrs["value"] for e in people(document) if "checked" in e.attrs]


def people(document: Document) -> list[Element]:
    return document.all("input", type="radio", name="mockidp.person")


def fold(document: Document) -> Element:
    return next(e for e in document.all("details") if "class" not in e.attrs)


def controls(document: Document, form: str | None = None) -> list[Element]:
    """What one of the two forms sends: the decision's, or the one that asks for the page again."""
    return [e for e in document.all("input", "button", "select") if e.attrs.get("form") == form]


def test_the_decision_is_one_form_that_is_posted_to_where_it_came_from() -> None:
    document = login(hidden=[("w", "1")], faults=FAULTS, steps=["authorize"])
    for form in document.all("form"):
        assert form.attrs["method"] == "post"
        assert "action" not in form.attrs
    names = {str(e.attrs["name"]) for e in controls(document)}
    own = ("person", "other", "new_name", "new_email", "new_verified", "misbehave", "step", "decision")
    assert names == {*(f"mockidp.{name}" for name in own), "w"}
    assert fields(document) == {"w": "1"}
    assert all("form" in e.path for e in controls(document))


def test_search_and_sign_out_send_a_form_of_their_own_so_that_the_enter_key_finds_and_decides_nothing() -> None:
    document = login(hidden=[("w", "1")], search="bob", last="bob", logged_in=True)
    assert [e.attrs.get("id") for e in document.all("form")] == ["again", None]
    assert [e.attrs["value"] for e in document.all("input", name="w")] == ["1", "1"]
    again = [(e.attrs.get("name"), e.attrs.get("value"), e.text) for e in controls(document, "again")]
    assert again == [
        ("mockidp.search", "bob", ""),
        (None, None, "Find"),
        ("mockidp.search", "", "Show everybody"),
        ("mockidp.decision", "sign_out", "Sign out"),
    ]


def test_allow_comes_before_deny_so_that_the_enter_key_allows() -> None:
    buttons = [e for e in controls(Document(PAGES["login"])) if e.tag == "button"]
    assert [(e.attrs["value"], e.text) for e in buttons] == [("allow", "Allow"), ("deny", "Deny")]


def test_everybody_can_be_chosen_and_all_but_eight_are_folded_away() -> None:
    radios = people(login())
    assert [e.attrs["value"] for e in radios] == [person.id for person in PEOPLE.named()]
    assert [e.attrs["value"] for e in radios if "details" not in e.path] == [person.id for person in PEOPLE.named()][:8]
    assert all("fieldset" in e.path for e in radios)


@pytest.mark.parametrize(
    ("hint", "chosen", "other"),
    [
        ("", "alice", ""),
        ("bob", "bob", ""),
        ("BOB@example.org", "bob", ""),
        ("bob-baumann", "bob", ""),
        ("thuy", "thuy", ""),
        ("person-17", "alice", "person-17"),
        ("jo@example.com", "alice", "jo@example.com"),
        ("whatever", "alice", ""),
    ],
)
def test_a_hint_preselects(hint: str, chosen: str, other: str) -> None:
    document = login(hint=hint)
    assert checked(document) == [chosen]
    assert document.one("input", id="other").attrs["value"] == other


def test_what_was_typed_stays_and_the_remark_is_read_aloud() -> None:
    document = login(query="alcie", remark=['There is no "alcie".'], status=400)
    assert document.one("input", id="other").attrs["value"] == "alcie"
    assert 'There is no "alcie".' in document.one("div", role="alert").text
    assert PAGES["login-remark"].status == 400


@pytest.mark.parametrize(("hint", "unfolded"), [("bob", False), ("thuy", True)])
def test_the_fold_is_open_only_when_the_chosen_one_is_in_it(hint: str, unfolded: bool) -> None:
    assert ("open" in fold(login(hint=hint)).attrs) is unfolded


def test_few_people_are_not_folded_and_nobody_at_all_is_a_page_too() -> None:
    few = Document(pages.login(CARD, "Shop", PEOPLE.named()[:8]))
    assert [e.attrs["class"] for e in few.all("details")] == ["new"]
    assert checked(Document(pages.login(CARD, "Shop", []))) == []


def test_whoever_was_last_is_preselected_unless_the_app_names_somebody() -> None:
    assert checked(login(last="thuy")) == ["thuy"]
    assert "open" in fold(login(last="thuy")).attrs
    assert checked(login(last="thuy", hint="bob")) == ["bob"]
    assert checked(login(last="nobody-now")) == ["alice"]


def test_who_is_signed_in_is_marked_and_can_sign_out() -> None:
    assert "signed in" not in login(last="bob").text()
    document = login(last="bob", logged_in=True)
    assert next(e.text for e in document.all("label") if "signed in" in e.text).split()[1:3] == ["Bob", "Baumann"]


def test_a_search_shows_all_that_it_found_and_says_how_many() -> None:
    found = Document(pages.login(CARD, "Shop", PEOPLE.named()[:9], search=" ex "))
    assert len(people(found)) == 9
    assert all("details" not in e.path for e in people(found))
    assert found.one("p", role="status").text == "9 people found for “ex”"
    assert found.one("input", type="search").attrs["value"] == "ex"
    nobody = Document(pages.login(CARD, "Shop", [], search="zzz"))
    assert nobody.one("p", role="status").text == "Nobody found for “zzz”"
    assert login(search="").one("p", role="status").text == ""


def test_faults_are_told_in_words_by_the_moment_at_which_they_strike() -> None:
    document = login(faults=FAULTS, steps=["authorize", "token"])
    assert [e.text for e in document.all("legend")][-2:] == [
        "Instead of your answer",
        "The answer is broken on its way",
    ]
    rows = document.all("input", type="radio", name="mockidp.misbehave")
    assert [(e.attrs["value"], "checked" in e.attrs) for e in rows] == [("", True), ("denied", False), ("slow", False)]
    assert "the answer takes 30 seconds slow" in document.text()
    assert [e.attrs["value"] for e in document.all("option")] == ["", "authorize", "token"]
    again = login(faults=FAULTS, steps=["authorize", "token"], fault="slow", step="token")
    assert "open" in again.one("details", **{"class": "misbehave"}).attrs
    assert [e.attrs["value"] for e in again.all("option") if "selected" in e.attrs] == ["token"]


def test_what_was_typed_of_someone_new_stays() -> None:
    document = login(new=("Jo", "jo@", False), status=400)
    assert [document.one("input", id=f"new-{name}").attrs["value"] for name in ("name", "email")] == ["Jo", "jo@"]
    assert "checked" in document.one("input", id="new-no").attrs
    assert "open" in document.one("details", **{"class": "new"}).attrs
    assert "open" not in login().one("details", **{"class": "new"}).attrs


def test_names_are_isolated_so_that_right_to_left_text_stays_in_its_place() -> None:
    names = {e.text: e.attrs.get("dir") for e in login().all("bdi") if e.attrs.get("class") == "name"}
    assert names[PEOPLE["amal"].name] == "auto"
    assert len(names) == len(PEOPLE)


@pytest.mark.parametrize(
    ("person", "badge"),
    [
        ("bob", "not verified"),
        ("carol", "no e-mail"),
        ("dave", "always denies"),
        ("ghost", "deleted"),
        ("robin", "hides e-mail"),
    ],
)
def test_a_badge_says_what_is_special(person: str, badge: str) -> None:
    document = Document(pages.login(CARD, "Shop", [PEOPLE[person]]))
    assert badge in [e.text for e in document.all("span") if "badge" in str(e.attrs.get("class"))]
    assert PEOPLE[person].note in document.text()


def test_scopes_are_told_in_words_with_their_names() -> None:
    document = login(scopes=[Scope("email", "Your address", True), Scope("openid", "openid")])
    first, second = [e.text for e in document.all("li") if "ul" in e.path]
    assert "Your address" in first
    assert "sensitive" in first
    assert "email" in first
    assert second == "openid"
    assert "No more than who you are." in login().text()


@pytest.mark.parametrize(
    ("target", "sources"),
    [
        ("", "'self' http: https:"),
        ("https://shop.example.com/cb?x=1", "'self' http: https:"),
        ("http://[::1]:8000", "'self' http: https:"),
        ("com.example.shop:/cb", "'self' http: https: com.example.shop:"),
        ("MyApp://cb", "'self' http: https: myapp:"),
        ("javascript:alert(1)", "'none'"),
        ("JavaScript:alert(1)", "'none'"),
        ("data:text/html,x", "'none'"),
        ("x;script-src *", "'self' http: https:"),
    ],
)
def test_a_form_may_be_redirected_to_the_application_and_never_to_code(target: str, sources: str) -> None:
    for page in (pages.login(CARD, "Shop", [], redirect_origin=target), pages.form_post(target, [], CARD)):
        assert policy(page)["form-action"] == sources.split()


# -- the form that carries an answer back


def test_form_post_carries_every_field_in_order_and_can_be_sent_by_hand() -> None:
    page = pages.form_post(
        "https://shop.example.com/cb?a=1&b=2", [("code", 'a"b'), ("submit", "x"), ("code", "c")], CARD
    )
    document = Document(page)
    assert document.one("form").attrs == {
        "method": "post", "action": "https://shop.example.com/cb?a=1&b=2", "accept-charset": "utf-8", "class": "card",
    }  # fmt: skip
    hidden = [(e.attrs["name"], e.attrs["value"]) for e in document.all("input")]
    assert hidden == [("code", 'a"b'), ("submit", "x"), ("code", "c")]
    assert document.one("button").text == "Continue"
    assert "submit.call(" in document.one("script").text  # a field may be called submit


def test_form_post_lets_the_browser_send_its_origin_as_a_real_provider_does() -> None:
    assert PAGES["form_post"].header("referrer-policy") == "origin"


# -- refusals


def test_a_refusal_shows_both_values_and_marks_where_they_differ() -> None:
    page = pages.error(
        CARD, "Not registered", "What.", "redirect_uri", "Do this.",
        expected="https://a.example.com/cb", got="https://a.example.com/cb/",
    )  # fmt: skip
    document = Document(page)
    assert page.status == 400
    assert [e.text for e in document.all("dd")] == [
        "What.", "redirect_uri", "Do this.", "https://a.example.com/cb", "https://a.example.com/cb/",
    ]  # fmt: skip
    assert [e.text for e in document.all("mark")] == ["/"]


@pytest.mark.parametrize(
    ("expected", "got", "first", "second"),
    [
        ("abc", "abc", ("abc", "", ""), ("abc", "", "")),
        ("abxcd", "abycd", ("ab", "x", "cd"), ("ab", "y", "cd")),
        ("aa", "aaa", ("aa", "", ""), ("aa", "a", "")),
        ("aaa", "aa", ("aa", "a", ""), ("aa", "", "")),
        ("", "x", ("", "", ""), ("", "x", "")),
        (None, "x", ("", "", ""), ("x", "", "")),
        ("x", None, ("x", "", ""), ("", "", "")),
    ],
)
def test_the_difference_of(expected: str | None, got: str | None, first: object, second: object) -> None:
    assert pages.difference(expected, got) == (first, second)


few = st.text("ab", max_size=4)


@given(few, few, few, few)
def test_a_difference_loses_nothing_and_is_as_short_as_can_be(start: str, one: str, other: str, end: str) -> None:
    first, second = pages.difference(start + one + end, start + other + end)
    assert ("".join(first), "".join(second)) == (start + one + end, start + other + end)
    assert len(first[1]) <= len(one)
    assert len(second[1]) <= len(other)


def test_a_value_that_is_missing_or_empty_is_called_so() -> None:
    text = Document(pages.error(CARD, "No", "", "", "", expected="", got=None)).text()
    assert "an empty text" in text
    assert "nothing" in text
    assert "Expected" not in Document(pages.error(CARD, "No", "", "", "")).text()


def test_an_unknown_host_says_what_to_do() -> None:
    text = Document(PAGES["not_found"]).text()
    assert PAGES["not_found"].status == 404
    for words in (
        "nowhere.example.com",
        "/x",
        'Did you mean "acme.example.com"?',
        "mockidp list",
        "Nothing is passed on",
    ):
        assert words in text


# -- colours and start-up

rgb = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(rgb)
def test_text_on_any_accent_can_be_read_and_its_edge_be_seen(colour: str) -> None:
    page = pages.error(ProviderCard("a", "A", colour), "T", "", "", "")
    rule = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", Document(page).all("style")[1].text))
    assert rule["accent"] == colour
    assert pages.contrast(rule["on-accent"], rule["accent"]) >= 4.5
    assert pages.contrast(rule["on-go-dark"], rule["go-dark"]) >= 4.5
    assert pages.contrast(rule["go-dark"], pages.DARK_CARD) >= 2
    assert pages.contrast(rule["edge-light"], pages.LIGHT_CARD) >= 3
    assert pages.contrast(rule["edge-dark"], pages.DARK_CARD) >= 3


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read_on_what_is_behind_it(scheme: int) -> None:
    style = (pages.TEMPLATES / "style.css").read_text()
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", style.split("@media")[scheme]))
    pairs = [(text, behind) for text in ("text", "soft", "link") for behind in ("page", "card", "fill")]
    pairs += [(word, f"{word}-fill") for word in ("good", "warn", "bad")] + [("warn", "card"), ("text", "line")]
    assert {
        pair: pages.contrast(colours[pair[0]], colours[pair[1]])
        for pair in pairs
        if pages.contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    } == {}
    assert colours["card"] == (pages.LIGHT_CARD, pages.DARK_CARD)[scheme]


@pytest.mark.parametrize("colour", ["", "red", "#12", "#12345g", "#123456;}", "url(x)", "#1234567"])
def test_a_colour_that_is_none_becomes_the_plain_one(colour: str) -> None:
    style = Document(pages.error(ProviderCard("a", "A", colour), "T", "", "", "")).all("style")[1].text
    assert f"--accent:{pages.PLAIN_COLOUR};" in style


def test_contrast_is_that_of_wcag() -> None:
    assert pages.contrast("#000000", "#ffffff") == 21
    assert pages.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert pages.ink("#fee500") == "#000000"
    assert pages.ink("#24292f") == "#ffffff"


def test_a_template_engine_is_loaded_with_the_first_page_only() -> None:
    code = "import sys, mockidp.web.pages; print('jinja2' in sys.modules, 'markupsafe' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.split() == ["False", "False"]


def test_more_scopes_than_fit_are_a_box_that_the_keyboard_can_scroll() -> None:
    few, many = (
        Document(pages.login(CARD, "Shop", PEOPLE.cast()[:1], [Scope(str(nth), f"see {nth}") for nth in range(count)]))
        for count in (8, 9)
    )
    assert not [e for e in few.elements if e.attrs.get("tabindex")]
    (box,) = [e for e in many.all("ul") if "many" in str(e.attrs.get("class"))]
    assert (box.attrs["tabindex"], box.attrs["aria-labelledby"]) == ("0", "scopes")


def test_a_command_within_a_sentence_is_set_as_one() -> None:
    page = Document(pages.error(CARD, "No", "no app of `that` id.", "x", "Use `mockidp apps`."))
    assert [e.text for e in page.all("code")] == ["that", "x", "mockidp apps"]
    assert "No app of that id." in page.text()


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
JAVA = "text/html, image/gif, image/jpeg, */*; q=0.2"  # what HttpURLConnection says unless it is told


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/login/nonsense", 404), ("DELETE", "/user", 405)])
def test_a_browser_that_is_lost_at_a_provider_is_shown_what_there_is(method: str, path: str, status: int) -> None:
    host = "api.github.com" if status == 405 else "github.com"
    simulator = Simulator(World())
    shown = simulator.handle(Request.of(method, f"https://{host}{path}", {"Accept": BROWSER}))
    told = simulator.handle(Request.of(method, f"https://{host}{path}", {"Accept": JAVA}))
    assert (shown.status, told.status) == (status, status)
    assert shown.header("content-type") == "text/html; charset=utf-8"
    assert "<code>GET https://api.github.com/user</code>" in shown.body.decode()
    assert "<h2>GitHub answers at</h2>" in shown.body.decode()
    assert told.header("content-type") == "text/plain; charset=utf-8"
    assert b"GET https://api.github.com/user\n" in told.body
    assert [item.header("allow") for item in (shown, told)] == (["GET", "GET"] if status == 405 else ["", ""])
