"""X (Twitter) as simulated, held against its documentation (log in with X, verify_credentials, response codes).

The client of this file signs by itself, so that it shares no line with what it judges. At the end, the family is
held to RFC 5849 with providers that are nothing but data.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import itertools
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

import mockidp.world
from mockidp.contract.files import Card
from mockidp.contract.load import load_from
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

API = "https://api.x.com"
BACK = "http://127.0.0.1:9000/back"
PROFILE = f"{API}/1.1/account/verify_credentials.json"
NOW = 1_790_000_000.0
count = itertools.count()


def percent(text: str) -> str:
    return quote(text, safe="-._~")


def signed(
    method: str,
    url: str,
    *,
    query: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    oauth: dict[str, str] | None = None,
    token: tuple[str, str] = ("", ""),
    secret: str = "mockidp-secret",
    sign_as: tuple[str, str] = ("", ""),
    place: str = "header",
    accept: str = "*/*",
) -> Request:
    """One request as RFC 5849 has it. `sign_as` is another method or URL to sign; `place` is where oauth_* go."""
    mine = {
        "oauth_consumer_key": "mockidp",
        "oauth_nonce": f"n{next(count)}",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(NOW)),
        "oauth_version": "1.0",
        **({"oauth_token": token[0]} if token[0] else {}),
        **(oauth or {}),
    }
    mine = {key: value for key, value in mine.items() if value}
    pairs = sorted((percent(key), percent(value)) for key, value in {**mine, **(query or {}), **(form or {})}.items())
    base = "&".join(
        percent(part)
        for part in (sign_as[0] or method, sign_as[1] or url, "&".join(f"{key}={value}" for key, value in pairs))
    )
    key = f"{percent(secret)}&{percent(token[1])}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    mine["oauth_signature"] = key if mine.get("oauth_signature_method") == "PLAINTEXT" else b64encode(digest).decode()
    headers, sent = {"Accept": accept}, {"query": dict(query or {}), "form": dict(form or {})}
    if place == "header":
        headers["Authorization"] = "OAuth " + ", ".join(f'{percent(k)}="{percent(v)}"' for k, v in mine.items())
    else:
        sent[place] |= mine
    if sent["form"]:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    whole = f"{url}?{urlencode(sent['query'], quote_via=quote)}" if sent["query"] else url
    return Request.of(method, whole, headers, urlencode(sent["form"]).encode())


@pytest.fixture
def sim() -> Simulator:
    world = World(person="alice")
    world.clock.freeze(NOW)
    return Simulator(world)


def fields(response: Response) -> dict[str, str]:
    assert response.status == 200, response.body
    return dict(parse_qsl(response.body.decode(), strict_parsing=True))


def why(sim: Simulator) -> tuple[str, str, str | None, str | None]:
    entry = sim.world.journal.refusals()[-1]
    return entry.refused, entry.why, entry.expected, entry.got


def code_of(response: Response) -> tuple[int, int]:
    assert response.header("content-type") == "application/json; charset=utf-8"
    return response.status, json.loads(response.body)["errors"][0]["code"]


def request_token(sim: Simulator, base: str = API, callback: str = BACK, **more: Any) -> tuple[str, str]:
    url = f"{base}/oauth/request_token"
    answer = fields(sim.handle(signed("POST", url, oauth={"oauth_callback": callback}, **more)))
    return answer["oauth_token"], answer["oauth_token_secret"]


def authorize(sim: Simulator, token: str, page: str = f"{API}/oauth/authenticate", **more: str) -> Response:
    return sim.handle(Request.of("GET", f"{page}?{urlencode({'oauth_token': token, **more})}"))


def callback(response: Response) -> dict[str, str]:
    assert response.status == 302, response.body
    return dict(parse_qsl(urlsplit(response.header("location")).query))


def access(sim: Simulator, **more: Any) -> dict[str, str]:
    token = request_token(sim)
    back = callback(authorize(sim, token[0]))
    return fields(
        sim.handle(
            signed(
                "POST",
                f"{API}/oauth/access_token",
                token=token,
                form={"oauth_verifier": back["oauth_verifier"]},
                **more,
            )
        )
    )


def profile(sim: Simulator, **query: str) -> dict[str, Any]:
    got = access(sim)
    response = sim.handle(signed("GET", PROFILE, query=query, token=(got["oauth_token"], got["oauth_token_secret"])))
    assert response.status == 200, response.body
    answer: dict[str, Any] = json.loads(response.body)
    return answer


# three legs


def test_the_three_legs_end_in_a_token_that_begins_with_the_user_id(sim: Simulator) -> None:
    response = sim.handle(signed("POST", f"{API}/oauth/request_token", oauth={"oauth_callback": BACK}))
    assert response.header("content-type") == "text/html; charset=utf-8"
    first = fields(response)
    assert first["oauth_callback_confirmed"] == "true"
    back = callback(authorize(sim, first["oauth_token"]))
    assert set(back) == {"oauth_token", "oauth_verifier"}
    assert back["oauth_token"] == first["oauth_token"]
    got = fields(
        sim.handle(
            signed(
                "POST",
                f"{API}/oauth/access_token",
                form={"oauth_verifier": back["oauth_verifier"]},
                token=(first["oauth_token"], first["oauth_token_secret"]),
            )
        )
    )
    assert set(got) == {"oauth_token", "oauth_token_secret", "user_id", "screen_name"}
    assert got["oauth_token"].partition("-")[0] == got["user_id"]
    assert len(got["screen_name"]) <= 15
    assert "-" not in got["screen_name"]


@pytest.mark.parametrize("place", ["header", "query", "form"])
def test_the_verifier_and_all_else_may_travel_in_any_of_the_three_places(sim: Simulator, place: str) -> None:
    token = request_token(sim, place=place)
    verifier = callback(authorize(sim, token[0]))["oauth_verifier"]
    response = sim.handle(
        signed("POST", f"{API}/oauth/access_token", token=token, oauth={"oauth_verifier": verifier}, place=place)
    )
    assert "user_id" in fields(response)


def test_both_pages_and_the_older_host_are_served_and_mix(sim: Simulator) -> None:
    token = request_token(sim, base="https://api.twitter.com")
    back = callback(authorize(sim, token[0], f"{API}/oauth/authorize", force_login="true", screen_name="alice"))
    assert back["oauth_token"] == token[0]


def test_in_2021_there_was_one_host() -> None:
    sim = Simulator(World(person="alice", date=datetime.date(2021, 11, 15)))
    sim.world.clock.freeze(NOW)
    assert request_token(sim, base="https://api.twitter.com")[0]
    assert sim.handle(signed("POST", f"{API}/oauth/request_token", oauth={"oauth_callback": BACK})).status == 404


def test_a_pin_is_shown_where_the_callback_is_out_of_band(sim: Simulator) -> None:
    token = request_token(sim, callback="oob")
    page = authorize(sim, token[0])
    assert page.status == 200
    pin = "".join(c for c in page.body.decode().partition("Your code is ")[2][:8] if c.isdigit())
    assert len(pin) == 7
    response = sim.handle(signed("POST", f"{API}/oauth/access_token", token=token, oauth={"oauth_verifier": pin}))
    assert "user_id" in fields(response)


def test_in_path_form_either_url_may_be_signed_and_answers_stay_in_path_form(sim: Simulator) -> None:
    local = "http://127.0.0.1:8400/api.x.com"
    for base in (local, API):
        request = signed(
            "POST",
            f"{local}/oauth/request_token",
            oauth={"oauth_callback": BACK},
            sign_as=("", f"{base}/oauth/request_token"),
        )
        assert fields(sim.handle(request))["oauth_token"]
    other = signed(
        "POST",
        f"{local}/oauth/request_token",
        oauth={"oauth_callback": BACK},
        sign_as=("", "http://localhost:8400/api.x.com/oauth/request_token"),
    )
    assert sim.handle(other).status == 401


# the profile


def test_an_id_beyond_2_to_the_53_keeps_every_digit(sim: Simulator) -> None:
    user = profile(sim)
    assert isinstance(user["id"], int)
    assert user["id"] > 2**53
    assert user["id_str"] == str(user["id"])


def test_the_email_comes_only_for_the_literal_true_and_an_allowed_app(sim: Simulator) -> None:
    assert profile(sim, include_email="true")["email"] == "alice@example.com"
    assert "email" not in profile(sim)
    assert "email" not in profile(sim, include_email="1")
    sim.world.app("twitter").facts["email"] = "refused"
    assert "email" not in profile(sim, include_email="true")


@pytest.mark.parametrize("person", ["bob", "carol", "eve"])
def test_an_email_that_is_not_verified_or_not_there_is_null(sim: Simulator, person: str) -> None:
    sim.world.person = person
    assert profile(sim, include_email="true")["email"] is None


def test_entities_and_the_last_post_can_be_left_out(sim: Simulator) -> None:
    assert {"entities", "status"} <= set(profile(sim))
    assert "entities" not in profile(sim, include_entities="false")
    assert "status" not in profile(sim, skip_status="1")


def test_dates_and_names_have_the_forms_of_the_data_dictionary(sim: Simulator) -> None:
    sim.world.person = "pedro"
    user = profile(sim)
    at = datetime.datetime.strptime(user["created_at"], "%a %b %d %H:%M:%S %z %Y")
    assert at == datetime.datetime(2011, 5, 23, 11, 34, 19, tzinfo=datetime.UTC)
    assert len(user["name"]) == 50
    assert len(user["screen_name"]) <= 15


# refusals


def test_a_person_who_says_no_comes_back_with_denied_alone(sim: Simulator) -> None:
    sim.world.person = "dave"
    token = request_token(sim)
    assert callback(authorize(sim, token[0])) == {"denied": token[0]}
    sim.world.person = "alice"
    assert authorize(sim, token[0]).status == 403


@pytest.mark.parametrize(
    ("callback", "as_json", "refused"),
    [
        ("https://app.example/cb", True, "callback_unregistered"),
        ("https://app.example/cb", False, "callback_refused_as_xml"),
        ("http://localhost:9000/back", True, "callback_on_localhost"),
    ],
)
def test_a_callback_that_is_not_approved_is_415(sim: Simulator, callback: str, as_json: bool, refused: str) -> None:
    request = signed(
        "POST",
        f"{API}/oauth/request_token",
        oauth={"oauth_callback": callback},
        accept="application/json" if as_json else "*/*",
    )
    response = sim.handle(request)
    assert response.status == 403
    if as_json:
        assert code_of(response) == (403, 415)
    else:
        assert b'<error code="415">' in response.body
    assert (why(sim)[0], why(sim)[3]) == (refused, callback)


def test_a_callback_is_compared_without_its_query_but_with_its_slash(sim: Simulator) -> None:
    sim.world.apps.register("twitter", redirect_uris=["https://app.example/cb"])
    assert request_token(sim, callback="https://app.example/cb?next=%2Fhome")[0]
    request = signed(
        "POST",
        f"{API}/oauth/request_token",
        oauth={"oauth_callback": "https://app.example/cb/"},
        accept="application/json",
    )
    assert code_of(sim.handle(request)) == (403, 415)


@pytest.mark.parametrize(
    ("oauth", "expected", "refused"),
    [
        ({"oauth_consumer_key": "nobody"}, (401, 32), "unknown_consumer"),
        ({"oauth_timestamp": str(int(NOW) - 301)}, (401, 135), "timestamp_refused"),
        ({"oauth_timestamp": "soon"}, (401, 135), "timestamp_refused"),
        ({"oauth_signature_method": "PLAINTEXT"}, (400, 215), "signature_method_rejected"),
        ({"oauth_version": "2.0"}, (400, 215), "version_rejected"),
        ({"oauth_nonce": ""}, (400, 215), "bad_request"),
        ({"oauth_callback": ""}, (403, 415), "callback_missing"),
    ],
)
def test_each_wrong_parameter_has_its_own_code(
    sim: Simulator, oauth: dict[str, str], expected: tuple[int, int], refused: str
) -> None:
    url = f"{API}/oauth/request_token"
    request = signed("POST", url, oauth={"oauth_callback": BACK, **oauth}, accept="application/json")
    assert code_of(sim.handle(request)) == expected
    assert why(sim)[0] == refused


def test_the_limits_of_a_timestamp_are_300_seconds(sim: Simulator) -> None:
    for seconds in (-300, 300):
        request = signed(
            "POST",
            f"{API}/oauth/request_token",
            oauth={"oauth_callback": BACK, "oauth_timestamp": str(int(NOW) + seconds)},
        )
        assert sim.handle(request).status == 200


def test_a_request_cannot_be_sent_twice(sim: Simulator) -> None:
    request = signed("POST", f"{API}/oauth/request_token", oauth={"oauth_callback": BACK})
    assert sim.handle(request).status == 200
    assert code_of(sim.handle(request)) == (401, 32)
    assert why(sim)[0] == "nonce_used"


def test_a_nonce_is_not_used_up_by_somebody_without_the_secret(sim: Simulator) -> None:
    mine = {"oauth_callback": BACK, "oauth_nonce": "the-same"}
    url = f"{API}/oauth/request_token"
    assert sim.handle(signed("POST", url, oauth=mine, secret="guessed")).status == 401
    assert sim.handle(signed("POST", url, oauth=mine)).status == 200


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sign_as": ("GET", "")}, "with the method GET"),
        ({"sign_as": ("", f"{API.replace('https', 'http')}/oauth/request_token")}, "with http in the place of https"),
        (
            {"sign_as": ("", "https://api.twitter.com/oauth/request_token")},
            "for https://api.twitter.com/oauth/request_token",
        ),
        ({"sign_as": ("", f"{API}/oauth/request_token/")}, "with a slash at the end of the path"),
    ],
)
def test_the_journal_says_what_was_signed_instead(sim: Simulator, wrong: dict[str, Any], words: str) -> None:
    request = signed("POST", f"{API}/oauth/request_token", oauth={"oauth_callback": BACK}, **wrong)
    assert code_of(sim.handle(request)) == (401, 32)
    name, told, expected, got = why(sim)
    assert (name, told) == ("bad_signature", f"the request was signed {words}")
    assert expected is not None
    assert got is not None
    assert expected.startswith("POST&https%3A%2F%2Fapi.x.com%2Foauth%2Frequest_token&oauth_callback%3D")
    assert got != expected


def test_the_journal_knows_an_unsigned_query_and_a_forgotten_token_secret(sim: Simulator) -> None:
    got = access(sim)
    pair = (got["oauth_token"], got["oauth_token_secret"])
    request = signed("GET", PROFILE, token=pair)
    request.query = "include_email=true"
    sim.handle(request)
    assert why(sim)[1] == "the request was signed without the parameters of the query"
    sim.handle(signed("GET", PROFILE, token=(pair[0], "")))
    assert why(sim)[1] == "the request was signed with the token secret left out"


def test_no_secret_and_no_token_stands_in_the_journal(sim: Simulator) -> None:
    got = access(sim)
    for pair in ((got["oauth_token"], "wrong"), (got["oauth_token"], "")):
        sim.handle(signed("GET", PROFILE, token=pair, sign_as=("POST", "")))
    token = request_token(sim)
    verifier = callback(authorize(sim, token[0]))["oauth_verifier"]
    sim.handle(signed("POST", f"{API}/oauth/access_token", token=(token[0], ""), query={"oauth_verifier": verifier}))
    text = sim.world.journal.text()
    for secret in ("mockidp-secret", *got.values(), *token, verifier):
        if secret not in (got["user_id"], got["screen_name"]):
            assert secret not in text


@pytest.mark.parametrize(
    ("verifier", "body"),
    [
        ("wrong", "Error processing your OAuth request: Invalid oauth_verifier parameter"),
        ("", "Error processing your OAuth request: Invalid oauth_verifier parameter"),
    ],
)
def test_a_wrong_or_missing_verifier_is_told_in_plain_text(sim: Simulator, verifier: str, body: str) -> None:
    token = request_token(sim)
    authorize(sim, token[0])
    response = sim.handle(
        signed("POST", f"{API}/oauth/access_token", token=token, form={"oauth_verifier": verifier} if verifier else {})
    )
    assert (response.status, response.body.decode()) == (401, body)


def test_a_request_token_opens_once_and_only_after_a_decision(sim: Simulator) -> None:
    token = request_token(sim)
    url, early = f"{API}/oauth/access_token", {"oauth_verifier": "x"}
    assert sim.handle(signed("POST", url, token=token, form=early)).body == b"Reverse auth credentials are invalid"
    verifier = callback(authorize(sim, token[0]))
    form = {"oauth_verifier": verifier["oauth_verifier"]}
    assert sim.handle(signed("POST", url, token=token, form=form)).status == 200
    again = sim.handle(signed("POST", url, token=token, form=form))
    assert (again.status, why(sim)[0]) == (401, "request_token_used")


def test_a_request_token_ages(sim: Simulator) -> None:
    early, late = request_token(sim), request_token(sim)
    form = {"oauth_verifier": callback(authorize(sim, late[0]))["oauth_verifier"]}
    sim.world.clock.advance(3600)
    assert authorize(sim, early[0]).status == 403
    now = {"oauth_timestamp": str(int(NOW) + 3600)}
    response = sim.handle(signed("POST", f"{API}/oauth/access_token", token=late, form=form, oauth=now))
    assert (response.status, why(sim)[0]) == (401, "request_token_expired")


def test_a_request_token_is_decided_upon_once(sim: Simulator) -> None:
    token = request_token(sim)
    callback(authorize(sim, token[0]))
    assert authorize(sim, token[0]).status == 403
    assert why(sim)[0] == "request_token_authorized"
    assert sim.handle(Request.of("GET", f"{API}/oauth/authenticate")).status == 403
    assert why(sim)[0] == "request_token_missing"


@pytest.mark.parametrize(
    ("spoil", "refused"),
    [
        ({"oauth": {"oauth_consumer_key": "nobody"}}, "unknown_consumer"),
        ({"secret": "guessed"}, "bad_signature"),
        ({"oauth": {"oauth_timestamp": str(int(NOW) - 301)}}, "timestamp_refused"),
        ({"oauth": {"oauth_nonce": "twice"}}, "nonce_used"),
        ({"tail": ", oops"}, "bad_request"),
    ],
)
@pytest.mark.parametrize("step", ["request_token", "access_token", "userinfo"])
def test_every_signed_request_is_held_to_the_same_rules(
    sim: Simulator, step: str, spoil: dict[str, Any], refused: str
) -> None:
    first = request_token(sim)
    form = {"oauth_verifier": callback(authorize(sim, first[0]))["oauth_verifier"]}
    tail, spoil = spoil.get("tail", ""), {key: value for key, value in spoil.items() if key != "tail"}
    if step == "request_token":
        spoil["oauth"] = {"oauth_callback": BACK, **spoil.get("oauth", {})}
        request = signed("POST", f"{API}/oauth/request_token", **spoil)
    elif step == "access_token":
        request = signed("POST", f"{API}/oauth/access_token", token=first, form=form, **spoil)
    else:
        got = fields(sim.handle(signed("POST", f"{API}/oauth/access_token", token=first, form=form)))
        request = signed("GET", PROFILE, token=(got["oauth_token"], got["oauth_token_secret"]), **spoil)
    request.headers["authorization"] += tail
    if refused == "nonce_used":
        assert sim.handle(request).status == 200
    assert sim.handle(request).status in (400, 401)
    assert why(sim)[0] == refused


def test_tokens_are_bound_to_their_app(sim: Simulator) -> None:
    sim.world.apps.register("twitter", client_id="other", client_secret="other-secret", loopback=True)
    token = request_token(sim)
    form = {"oauth_verifier": callback(authorize(sim, token[0]))["oauth_verifier"]}
    theirs: dict[str, Any] = {"oauth": {"oauth_consumer_key": "other"}, "secret": "other-secret"}
    response = sim.handle(signed("POST", f"{API}/oauth/access_token", token=token, form=form, **theirs))
    assert (response.status, why(sim)[0]) == (401, "request_token_of_another_app")
    got = fields(sim.handle(signed("POST", f"{API}/oauth/access_token", token=token, form=form)))
    pair = (got["oauth_token"], got["oauth_token_secret"])
    assert code_of(sim.handle(signed("GET", PROFILE, token=pair, **theirs))) == (401, 89)
    assert sim.handle(signed("GET", PROFILE, token=pair)).status == 200


def test_a_revoked_token_and_a_made_up_one_are_89_and_none_is_215(sim: Simulator) -> None:
    got = access(sim)
    pair = (got["oauth_token"], got["oauth_token_secret"])
    revoked = sim.handle(signed("POST", f"{API}/1.1/oauth/invalidate_token", token=pair))
    assert json.loads(revoked.body) == {"access_token": pair[0]}
    assert code_of(sim.handle(signed("GET", PROFILE, token=pair))) == (401, 89)
    assert code_of(sim.handle(signed("GET", PROFILE, token=("1-made-up", "secret")))) == (401, 89)
    assert code_of(sim.handle(signed("GET", PROFILE))) == (400, 215)
    assert code_of(sim.handle(Request.of("GET", PROFILE))) == (400, 215)
    assert code_of(sim.handle(Request.of("GET", PROFILE, {"Authorization": f"Bearer {pair[0]}"}))) == (400, 215)


def test_a_deleted_account_is_89(sim: Simulator) -> None:
    sim.world.person = "ghost"
    got = access(sim)
    response = sim.handle(signed("GET", PROFILE, token=(got["oauth_token"], got["oauth_token_secret"])))
    assert code_of(response) == (401, 89)


def test_an_app_of_the_free_tier_reads_no_profile(sim: Simulator) -> None:
    sim.world.app("twitter").facts["access"] = "free"
    got = access(sim)
    response = sim.handle(signed("GET", PROFILE, token=(got["oauth_token"], got["oauth_token_secret"])))
    assert code_of(response) == (403, 453)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("rate_limited", (429, 88)),
        ("server_error", (503, 130)),
        ("error:access_level", (403, 453)),
        ("error:account_locked", (403, 326)),
        ("revoked_token", (401, 89)),
    ],
)
def test_a_fault_is_told_in_the_providers_words(sim: Simulator, fault: str, expected: tuple[int, int]) -> None:
    got = access(sim)
    sim.world.faults.add(fault, provider="twitter", step="userinfo")
    response = sim.handle(signed("GET", PROFILE, token=(got["oauth_token"], got["oauth_token_secret"])))
    assert code_of(response) == expected
    if fault == "rate_limited":
        assert response.header("x-rate-limit-remaining") == "0"
        assert int(response.header("x-rate-limit-reset")) == int(NOW) + 900


@pytest.mark.parametrize(
    "header",
    [
        "OAuth",
        "OAuth oauth_consumer_key",
        'OAuth oauth_consumer_key="mockidp", oops',
        "Basic eDp5",
        "OAuth " + 'a="' * 500,
    ],
)
def test_a_header_of_any_kind_is_a_clear_400(sim: Simulator, header: str) -> None:
    response = sim.handle(Request.of("POST", f"{API}/oauth/request_token", {"Authorization": header}))
    assert code_of(response) == (400, 215)


def test_a_parameter_that_comes_twice_is_refused(sim: Simulator) -> None:
    request = signed("POST", f"{API}/oauth/request_token", oauth={"oauth_callback": BACK})
    request.query = "oauth_nonce=n"
    assert code_of(sim.handle(request)) == (400, 215)
    assert "oauth_nonce" in why(sim)[1]


def test_a_learned_app_needs_no_secret_of_ours() -> None:
    sim = Simulator(World(person="alice", apps="learn"))
    sim.world.clock.freeze(NOW)
    request = signed(
        "POST",
        f"{API}/oauth/request_token",
        secret="theirs",
        oauth={"oauth_callback": "https://app.example/cb", "oauth_consumer_key": "their-key"},
    )
    assert fields(sim.handle(request))["oauth_token"]
    remark = [line for entry in sim.world.journal.last("twitter").entries for line in entry.remarks]  # type: ignore[union-attr]
    assert any("not checked" in line for line in remark)


# the family, with providers that are only data


Serve = Callable[[str], Simulator]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """A simulator for a contract written here."""

    def serve(text: str) -> Simulator:
        folder = tmp_path / "plainone"
        folder.mkdir()
        whole = f'id = "plainone"\nname = "Plain"\nfamily = "oauth1"\nstatus = "alive"\n{text}'
        (folder / "contract.toml").write_text(whole, encoding="utf-8")
        loaded = load_from("plainone", folder)
        card = Card("plainone", "Plain", "oauth1", "alive", "#000000", ["api.plain.example"])
        monkeypatch.setattr(mockidp.world, "index", lambda: {"plainone": card})
        world = World(person="alice", loader=lambda provider: loaded)
        world.clock.freeze(NOW)
        return Simulator(world)

    return serve


ONE_URL = """
[forms]
access_secret = ""
[person]
uid = "{6 digit}"
[[exchange]]
step = "request_token"
request = ["GET https://api.plain.example/oauth", "POST https://api.plain.example/oauth"]
form = { oauth_signature_method = "HMAC-SHA1|PLAINTEXT" }
[[exchange]]
step = "authorize"
request = "GET https://api.plain.example/OAuth.action"
[[exchange]]
step = "access_token"
request = ["GET https://api.plain.example/oauth", "POST https://api.plain.example/oauth"]
form = { oauth_signature_method = "HMAC-SHA1|PLAINTEXT" }
response = { raw = "oauth_token=t&oauth_token_secret=&user=1" }
bind = { oauth_token = "$access_token", oauth_token_secret = "$access_secret", user = "$uid" }
[error]
denied = { redirect = { oauth_problem = false } }
[identity]
uid = { from = "access_token", at = "/user" }
"""


@pytest.mark.parametrize("method", ["HMAC-SHA1", "PLAINTEXT"])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_one_url_may_give_both_tokens_by_either_method(served: Serve, verb: str, method: str) -> None:
    sim, url = served(ONE_URL), "https://api.plain.example/oauth"
    how = {"oauth_signature_method": method, "oauth_version": ""}
    first = fields(sim.handle(signed(verb, url, oauth={"oauth_callback": BACK, **how}, place="query")))
    back = callback(authorize(sim, first["oauth_token"], "https://api.plain.example/OAuth.action"))
    got = fields(
        sim.handle(
            signed(
                verb,
                url,
                oauth={"oauth_verifier": back["oauth_verifier"], **how},
                token=(first["oauth_token"], first["oauth_token_secret"]),
            )
        )
    )
    assert set(got) == {"oauth_token", "user"}  # the secret is empty


def test_plaintext_still_needs_both_secrets(served: Serve) -> None:
    sim = served(ONE_URL)
    request = signed(
        "GET",
        "https://api.plain.example/oauth",
        secret="wrong",
        oauth={"oauth_callback": BACK, "oauth_signature_method": "PLAINTEXT"},
    )
    response = sim.handle(request)
    assert (response.status, response.body) == (401, b"oauth_problem=signature_invalid")


def test_a_denial_may_be_a_callback_without_a_verifier(served: Serve) -> None:
    sim = served(ONE_URL)
    sim.world.person = "dave"
    first = fields(sim.handle(signed("GET", "https://api.plain.example/oauth", oauth={"oauth_callback": BACK})))
    back = callback(authorize(sim, first["oauth_token"], "https://api.plain.example/OAuth.action"))
    assert back == {"oauth_token": first["oauth_token"]}


UNSIGNED = """
[lifetimes]
access_token = 2592000
[client.scope]
delimiter = ","
default = ["read"]
[person]
uid = "{24 hex}"
[[exchange]]
step = "request_token"
request = "POST https://api.plain.example/request"
[[exchange]]
step = "authorize"
request = "GET https://api.plain.example/authorize"
query = { scope = "$scope?", name = "*?" }
[[exchange]]
step = "access_token"
request = "POST https://api.plain.example/access"
[[exchange]]
step = "userinfo"
request = "GET https://api.plain.example/me"
accepts = ["query"]
scope = ["read"]
response = { raw = '{"id":"a"}' }
bind = { "/id" = "$uid" }
[exchange.form]
oauth_consumer_key = false
oauth_token = false
oauth_signature_method = false
oauth_timestamp = false
oauth_nonce = false
oauth_version = false
oauth_signature = false
key = "$app.id"
token = "$access_token"
[error]
bad_signature = { status = 500, raw = "Invalid Signature", type = "text/plain; charset=utf-8" }
[identity]
uid = { from = "userinfo", at = "/id" }
"""


def plain_access(sim: Simulator, scope: str) -> str:
    first = fields(sim.handle(signed("POST", "https://api.plain.example/request", oauth={"oauth_callback": BACK})))
    back = callback(authorize(sim, first["oauth_token"], "https://api.plain.example/authorize", scope=scope))
    request = signed(
        "POST",
        "https://api.plain.example/access",
        query={"oauth_verifier": back["oauth_verifier"]},
        token=(first["oauth_token"], first["oauth_token_secret"]),
    )
    return fields(sim.handle(request))["oauth_token"]


def test_a_profile_may_be_opened_by_key_and_token_without_a_signature(served: Serve) -> None:
    sim = served(UNSIGNED)
    token = plain_access(sim, "read,account")
    me = "https://api.plain.example/me?key=mockidp&token="
    assert set(json.loads(sim.handle(Request.of("GET", me + token)).body)) == {"id"}
    assert sim.handle(Request.of("GET", me + "made-up")).status == 401
    assert sim.handle(Request.of("GET", me.replace("mockidp", "nobody") + token)).status == 401
    sim.world.clock.advance(2_592_000)
    assert sim.handle(Request.of("GET", me + token)).status == 401


def test_scopes_and_statuses_of_their_own_are_data(served: Serve) -> None:
    sim = served(UNSIGNED)
    token = plain_access(sim, "write")
    response = sim.handle(Request.of("GET", f"https://api.plain.example/me?key=mockidp&token={token}"))
    assert (response.status, response.body) == (403, b"oauth_problem=permission_denied")
    request = signed("POST", "https://api.plain.example/request", oauth={"oauth_callback": BACK}, secret="wrong")
    response = sim.handle(request)
    assert (response.status, response.body) == (500, b"Invalid Signature")
