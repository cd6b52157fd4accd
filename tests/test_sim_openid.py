"""The OpenID 2.0 provider as simulated, held against the specifications of it, of Simple Registration and of
Attribute Exchange.

The relying party of this file computes keys and signatures by itself, so that it shares no line with what it judges.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

OP = "https://openid.example.org"
SERVER = f"{OP}/server"
LOCAL = "http://127.0.0.1:8400/openid.example.org"
NS = "http://specs.openid.net/auth/2.0"
SELECT = f"{NS}/identifier_select"
BACK = "http://127.0.0.1:9000/back?next=%2Fhome"
XRD = "{xri://$xrd*($v*2.0)}"
NOW = 1_790_000_000.0
P = int(  # appendix B
    "155172898181473697471232257763715539915724801966915404479707795314057629378541917580651227423698188993727816152646631"
    "438561595825688188889951272158842675419950341258706556549803580104870537681476726513255747040765857479291291572334510"
    "643245094715007229621094194349783925984760375594985848253359305585439638443"
)


@pytest.fixture
def sim() -> Simulator:
    world = World(person="alice")
    world.clock.freeze(NOW)
    return Simulator(world)


def lines(response: Response, status: int = 200) -> dict[str, str]:
    """A direct answer in key-value form."""
    assert (response.status, response.header("content-type")) == (status, "text/plain")
    assert response.body.endswith(b"\n")
    return dict(line.split(":", 1) for line in response.body.decode().splitlines())


def post(sim: Simulator, fields: dict[str, str], url: str = SERVER) -> Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return sim.handle(Request.of("POST", url, headers, urlencode(fields).encode()))


def btwoc(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def associate(
    sim: Simulator, kind: str = "HMAC-SHA256", session: str = "DH-SHA256", url: str = SERVER
) -> tuple[str, bytes]:
    """Handle and MAC key."""
    private, digest = 54321, hashlib.sha256 if session.endswith("256") else hashlib.sha1
    asked = {"openid.ns": NS, "openid.mode": "associate", "openid.assoc_type": kind, "openid.session_type": session}
    if session != "no-encryption":
        asked["openid.dh_consumer_public"] = b64encode(btwoc(pow(2, private, P))).decode()
    answer = lines(post(sim, asked, url))
    assert (answer["ns"], answer["assoc_type"], answer["session_type"]) == (NS, kind, session)
    assert int(answer["expires_in"]) == 14 * 86400
    if session == "no-encryption":
        return answer["assoc_handle"], b64decode(answer["mac_key"])
    assert "mac_key" not in answer
    shared = pow(int.from_bytes(b64decode(answer["dh_server_public"]), "big"), private, P)
    mask = digest(btwoc(shared)).digest()
    return answer["assoc_handle"], bytes(a ^ b for a, b in zip(mask, b64decode(answer["enc_mac_key"]), strict=True))


def asking(**more: str | None) -> dict[str, str]:
    """The fields of a checkid_setup request; `__` in a name is a dot."""
    fields: dict[str, str | None] = {
        "ns": NS,
        "mode": "checkid_setup",
        "claimed_id": SELECT,
        "identity": SELECT,
        "return_to": BACK,
        "realm": "http://127.0.0.1:9000/",
        **{key.replace("__", "."): value for key, value in more.items()},
    }
    return {f"openid.{key}": value for key, value in fields.items() if value is not None}


def checkid(sim: Simulator, url: str = SERVER, **more: str | None) -> Response:
    return sim.handle(Request.of("GET", f"{url}?{urlencode(asking(**more))}"))


def came_back(response: Response) -> dict[str, str]:
    assert response.status == 302, response.body
    location = response.header("location")
    assert location.startswith(f"{BACK}&openid.ns=")
    return {key: value for key, value in parse_qsl(urlsplit(location).query) if key.startswith("openid.")}


def mac(fields: dict[str, str], key: bytes, digest: Any = hashlib.sha256) -> str:
    text = "".join(f"{name}:{fields[f'openid.{name}']}\n" for name in fields["openid.signed"].split(","))
    return b64encode(hmac.new(key, text.encode(), digest).digest()).decode()


def check(sim: Simulator, fields: dict[str, str], url: str = SERVER) -> dict[str, str]:
    return lines(post(sim, {**fields, "openid.mode": "check_authentication"}, url))


def why(sim: Simulator) -> str:
    return sim.world.journal.refusals()[-1].refused


def found(sim: Simulator, url: str, accept: str = "application/xrds+xml") -> Response:
    return sim.handle(Request.of("GET", url, {"Accept": accept}))


def services(response: Response) -> list[tuple[list[str | None], str | None, str | None]]:
    """Types, endpoint and local identifier of each service of an XRDS document."""
    assert (response.status, response.header("content-type")) == (200, "application/xrds+xml")
    root = ElementTree.fromstring(response.body)
    assert root.tag == "{xri://$xrds}XRDS"
    return [
        (
            [item.text for item in service.findall(f"{XRD}Type")],
            service.findtext(f"{XRD}URI"),
            service.findtext(f"{XRD}LocalID"),
        )
        for service in root.findall(f"{XRD}XRD/{XRD}Service")
    ]


# discovery


def test_the_provider_is_found_at_once_or_by_the_header_that_points_to_the_document(sim: Simulator) -> None:
    at_once = found(sim, OP)
    ((types, uri, _),) = services(at_once)
    assert types[0] == f"{NS}/server"
    assert {"http://openid.net/extensions/sreg/1.1", "http://openid.net/srv/ax/1.0"} <= set(types)
    assert uri == SERVER
    page = found(sim, OP, "text/html; q=0.3")
    assert page.header("content-type").startswith("text/html")
    assert services(found(sim, page.header("x-xrds-location"))) == services(at_once)
    assert f'http-equiv="X-XRDS-Location" content="{page.header("x-xrds-location")}"' in page.body.decode()


def test_a_person_is_found_by_document_and_by_link_elements(sim: Simulator) -> None:
    url = f"{OP}/id/alice-archer"
    ((types, uri, local),) = services(found(sim, url))
    assert (types[0], uri, local) == (f"{NS}/signon", SERVER, url)
    page = found(sim, url, "*/*")
    links = dict(re.findall(r'<link rel="([^"]+)" href="([^"]+)">', page.body.decode()))
    assert links == {"openid2.provider openid.server": SERVER, "openid2.local_id openid.delegate": url}
    assert services(found(sim, page.header("x-xrds-location"))) == services(found(sim, url))


def test_nobody_is_found_where_nobody_is(sim: Simulator) -> None:
    assert found(sim, f"{OP}/id/nobody-at-all").status == 404
    assert found(sim, f"{OP}/id/user17").status == 200


def test_the_provider_may_have_another_url() -> None:
    sim = Simulator(World(person="alice", settings={"openid": {"OPENID_URL": "https://id.example.net/op"}}))
    ((_, uri, _),) = services(found(sim, "https://id.example.net/op"))
    assert uri == "https://id.example.net/op/server"
    assert came_back(checkid(sim, uri))["openid.claimed_id"] == "https://id.example.net/op/id/alice-archer"


# with an association


@pytest.mark.parametrize(
    ("kind", "session"),
    [
        ("HMAC-SHA1", "DH-SHA1"),
        ("HMAC-SHA256", "DH-SHA256"),
        ("HMAC-SHA1", "no-encryption"),
        ("HMAC-SHA256", "no-encryption"),
    ],
)
def test_an_assertion_is_signed_with_the_associations_key(sim: Simulator, kind: str, session: str) -> None:
    handle, key = associate(sim, kind, session)
    assert len(key) == (20 if kind == "HMAC-SHA1" else 32)
    fields = came_back(checkid(sim, assoc_handle=handle))
    assert fields["openid.sig"] == mac(fields, key, hashlib.sha1 if kind == "HMAC-SHA1" else hashlib.sha256)
    assert set(fields["openid.signed"].split(",")) == {
        "op_endpoint",
        "claimed_id",
        "identity",
        "return_to",
        "response_nonce",
        "assoc_handle",
    }
    assert fields["openid.assoc_handle"] == handle
    assert "openid.invalidate_handle" not in fields
    assert (fields["openid.op_endpoint"], fields["openid.return_to"]) == (SERVER, BACK)
    assert fields["openid.claimed_id"] == fields["openid.identity"] == f"{OP}/id/alice-archer"
    when = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    assert fields["openid.response_nonce"].startswith(f"{when:%Y-%m-%dT%H:%M:%SZ}")


def test_no_two_assertions_have_the_same_nonce(sim: Simulator) -> None:
    assert came_back(checkid(sim))["openid.response_nonce"] != came_back(checkid(sim))["openid.response_nonce"]


def test_the_provider_does_not_check_what_the_application_can(sim: Simulator) -> None:
    handle, _ = associate(sim)
    assert check(sim, came_back(checkid(sim, assoc_handle=handle)))["is_valid"] == "false"
    assert why(sim) == "handle_shared"


@pytest.mark.parametrize(
    ("kind", "session"),
    [
        ("HMAC-SHA1", "DH-SHA256"),
        ("HMAC-SHA256", "DH-SHA1"),
        ("HMAC-MD5", "no-encryption"),
        ("HMAC-SHA256", "blank"),
    ],
)
def test_a_type_that_does_not_exist_or_fit_is_answered_with_one_that_does(
    sim: Simulator, kind: str, session: str
) -> None:
    answer = lines(
        post(
            sim,
            {
                "openid.ns": NS,
                "openid.mode": "associate",
                "openid.assoc_type": kind,
                "openid.session_type": session,
                "openid.dh_consumer_public": "Ag==",
            },
        ),
        400,
    )
    assert (answer["ns"], answer["error_code"]) == (NS, "unsupported-type")
    assert associate(sim, answer["assoc_type"], answer["session_type"])


def test_a_key_is_not_sent_in_the_clear(sim: Simulator) -> None:
    asked = {
        "openid.ns": NS,
        "openid.mode": "associate",
        "openid.assoc_type": "HMAC-SHA1",
        "openid.session_type": "no-encryption",
    }
    request = Request.of(
        "POST",
        SERVER.replace("https", "http"),
        {"Content-Type": "application/x-www-form-urlencoded"},
        urlencode(asked).encode(),
    )
    assert lines(sim.handle(request), 400)["error_code"] == "unsupported-type"


@pytest.mark.parametrize("public", ["", "AA==", "AQ==", "!!", "gA=="])
def test_numbers_that_give_the_key_away_are_refused(sim: Simulator, public: str) -> None:
    asked = {
        "openid.ns": NS,
        "openid.mode": "associate",
        "openid.assoc_type": "HMAC-SHA256",
        "openid.session_type": "DH-SHA256",
        "openid.dh_consumer_public": public,
    }
    assert "error" in lines(post(sim, asked), 400)
    assert why(sim) == "dh_refused"


# without one


def test_an_assertion_without_an_association_is_checked_once(sim: Simulator) -> None:
    fields = came_back(checkid(sim))
    assert check(sim, fields) == {"ns": NS, "is_valid": "true"}
    assert check(sim, fields) == {"ns": NS, "is_valid": "false"}
    assert why(sim) == "assertion_used"


@pytest.mark.parametrize(
    "change",
    [
        {"openid.claimed_id": f"{OP}/id/bob-baumann"},
        {"openid.return_to": "https://evil.example/"},
        {"openid.sig": "AAAA"},
        {"openid.signed": "return_to"},
        {"openid.signed": "return_to,nothing"},
        {"openid.response_nonce": "2026-01-01T00:00:00Zother"},
        {"openid.assoc_handle": "other"},
    ],
)
def test_a_changed_assertion_is_not_valid(sim: Simulator, change: dict[str, str]) -> None:
    fields = came_back(checkid(sim))
    assert check(sim, {**fields, **change})["is_valid"] == "false"
    assert check(sim, fields)["is_valid"] == "true"


def test_an_assertion_can_be_checked_for_five_minutes(sim: Simulator) -> None:
    fields = came_back(checkid(sim))
    sim.world.clock.advance(300)
    assert check(sim, fields)["is_valid"] == "false"
    assert why(sim) == "assertion_expired"


def test_a_handle_that_is_unknown_or_too_old_is_given_up_and_that_is_confirmed(sim: Simulator) -> None:
    handle, _ = associate(sim)
    sim.world.clock.advance(14 * 86400)
    for old in (handle, "never-issued"):
        fields = came_back(checkid(sim, assoc_handle=old))
        assert fields["openid.invalidate_handle"] == old
        assert fields["openid.assoc_handle"] != old
        assert check(sim, fields) == {"ns": NS, "is_valid": "true", "invalidate_handle": old}


def test_a_good_handle_is_not_confirmed_as_bad(sim: Simulator) -> None:
    handle, _ = associate(sim)
    fields = {**came_back(checkid(sim)), "openid.invalidate_handle": handle}
    assert check(sim, fields) == {"ns": NS, "is_valid": "true"}


# the request


def test_a_request_may_come_as_a_form_and_through_the_page(sim: Simulator) -> None:
    assert came_back(post(sim, asking()))["openid.mode"] == "id_res"
    sim.world.person = None
    page = post(sim, asking())
    assert page.status == 200
    assert "http://127.0.0.1:9000/" in page.body.decode()
    chosen = post(sim, {**asking(), "mockidp.person": "bob", "mockidp.decision": "allow"})
    assert came_back(chosen)["openid.claimed_id"] == f"{OP}/id/bob-baumann"


def test_an_immediate_request_is_answered_without_a_page(sim: Simulator) -> None:
    assert came_back(checkid(sim, mode="checkid_immediate"))["openid.mode"] == "id_res"
    for person in (None, "dave"):
        sim.world.person = person
        assert came_back(checkid(sim, mode="checkid_immediate")) == {"openid.ns": NS, "openid.mode": "setup_needed"}


def test_a_person_who_says_no_is_a_cancel(sim: Simulator) -> None:
    sim.world.person = "dave"
    assert came_back(checkid(sim)) == {"openid.ns": NS, "openid.mode": "cancel"}


def test_an_identifier_that_was_asked_for_is_asserted_for_its_owner_only(sim: Simulator) -> None:
    mine = f"{OP}/id/alice-archer"
    assert came_back(checkid(sim, claimed_id=mine, identity=mine))["openid.claimed_id"] == mine
    sim.world.person = "bob"
    assert came_back(checkid(sim, claimed_id=mine, identity=mine))["openid.mode"] == "cancel"
    assert why(sim) == "identifier_of_another"


def test_an_identifier_elsewhere_may_delegate_to_one_here(sim: Simulator) -> None:
    fields = came_back(checkid(sim, claimed_id="https://alice.example/", identity=f"{OP}/id/alice-archer"))
    assert fields["openid.claimed_id"] == "https://alice.example/"
    assert fields["openid.identity"] == f"{OP}/id/alice-archer"


def test_a_request_may_be_about_no_identifier(sim: Simulator) -> None:
    handle, key = associate(sim)
    fields = came_back(checkid(sim, claimed_id=None, identity=None, assoc_handle=handle))
    assert not {"openid.claimed_id", "openid.identity"} & fields.keys()
    assert fields["openid.signed"] == "op_endpoint,return_to,response_nonce,assoc_handle"
    assert fields["openid.sig"] == mac(fields, key)


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"realm": "http://127.0.0.1:9001/"}, "realm_mismatch"),
        ({"realm": "https://127.0.0.1:9000/"}, "realm_mismatch"),
        ({"realm": "http://127.0.0.1:9000/elsewhere"}, "realm_mismatch"),
        ({"realm": "nonsense"}, "realm_invalid"),
        ({"ns": "http://openid.net/signon/1.1"}, "bad_request"),
        ({"ns": None}, "bad_request"),
        ({"identity": None}, "identity_alone"),
        ({"claimed_id": None}, "identity_alone"),
        ({"identity": "https://other.example/"}, "bad_identity"),
        ({"identity": "https://other.example/", "claimed_id": "https://other.example/"}, "bad_identity"),
        ({"mode": "checkid_later"}, "bad_request"),
    ],
)
def test_a_malformed_request_is_told_to_the_application(sim: Simulator, more: dict[str, Any], refused: str) -> None:
    fields = came_back(checkid(sim, **more))
    assert (fields["openid.ns"], fields["openid.mode"]) == (NS, "error")
    assert fields["openid.error"]
    assert why(sim) == refused


@pytest.mark.parametrize("return_to", [None, "", "javascript:alert(1)", "/relative", "http://127.0.0.1:9000/#x"])
def test_without_a_place_to_go_back_to_there_is_a_page(sim: Simulator, return_to: str | None) -> None:
    response = checkid(sim, return_to=return_to)
    assert response.status == 400
    assert response.header("content-type").startswith("text/html")
    assert not response.header("location")


@pytest.mark.parametrize("realm", ["http://*.example.com/", "http://*.com/"])
def test_a_realm_may_begin_with_a_wildcard(sim: Simulator, realm: str) -> None:
    response = checkid(sim, realm=realm, return_to="http://login.example.com/cb")
    assert "openid.mode=id_res" in response.header("location")
    strict = Simulator(World(person="alice", strict=True))
    mode = "error" if realm == "http://*.com/" else "id_res"
    location = checkid(strict, realm=realm, return_to="http://login.example.com/cb").header("location")
    assert f"openid.mode={mode}" in location


def test_what_the_endpoint_cannot_read_is_a_direct_error(sim: Simulator) -> None:
    assert "error" in lines(post(sim, {"openid.mode": "something"}), 400)
    assert "error" in lines(post(sim, {}), 400)
    asked = {"openid.mode": "associate", "openid.assoc_type": "HMAC-SHA1", "openid.session_type": "no-encryption"}
    assert "error" in lines(post(sim, asked), 400)  # no openid.ns: that would be version 1
    assert why(sim) == "bad_request"
    assert sim.handle(Request.of("GET", SERVER)).status == 400


# extensions


def sreg(fields: dict[str, str]) -> dict[str, str]:
    return {key.removeprefix("openid.sreg."): value for key, value in fields.items() if key.startswith("openid.sreg.")}


ALL = "nickname,email,fullname,dob,gender,postcode,country,language,timezone"


def test_simple_registration_tells_all_nine_fields_and_signs_them(sim: Simulator) -> None:
    handle, key = associate(sim)
    space = "http://openid.net/extensions/sreg/1.1"
    fields = came_back(
        checkid(
            sim,
            assoc_handle=handle,
            ns__sreg=space,
            sreg__required="email,nickname",
            sreg__optional=ALL,
            sreg__policy_url="https://app.example/privacy",
        )
    )
    told = sreg(fields)
    assert re.fullmatch(r"\d{5}", told.pop("postcode"))
    assert told == {
        "nickname": "Ali",
        "email": "alice@example.com",
        "fullname": "Alice Archer",
        "dob": "1990-04-17",
        "gender": "F",
        "country": "GB",
        "language": "en",
        "timezone": "Europe/London",
    }
    signed = fields["openid.signed"].split(",")
    assert {"ns.sreg", *(f"sreg.{name}" for name in ALL.split(","))} <= set(signed)
    assert fields["openid.sig"] == mac(fields, key)


def test_simple_registration_1_0_has_the_older_name_or_none(sim: Simulator) -> None:
    old = came_back(checkid(sim, ns__sreg="http://openid.net/sreg/1.0", sreg__required="email"))
    assert old["openid.ns.sreg"] == "http://openid.net/sreg/1.0"
    none = came_back(checkid(sim, sreg__required="email"))
    assert "openid.ns.sreg" not in none
    assert sreg(old) == sreg(none) == {"email": "alice@example.com"}


def test_what_a_person_does_not_have_is_left_out(sim: Simulator) -> None:
    sim.world.person = "carol"
    space = "http://openid.net/extensions/sreg/1.1"
    fields = came_back(checkid(sim, ns__sreg=space, sreg__required="email,fullname,shoe_size"))
    assert sreg(fields) == {"fullname": "Carol Chevalier"}
    assert "openid.ns.sreg" not in came_back(checkid(sim, ns__sreg=space, sreg__required="email"))


def ax(**more: str) -> dict[str, str]:
    return {"ns__ax": "http://openid.net/srv/ax/1.0", "ax__mode": "fetch_request", **more}


def test_attributes_of_each_vocabulary_are_fetched(sim: Simulator) -> None:
    handle, key = associate(sim)
    fields = came_back(
        checkid(
            sim,
            assoc_handle=handle,
            **ax(
                ax__type__a="http://axschema.org/contact/email",
                ax__type__b="http://schema.openid.net/namePerson/first",
                ax__type__c="http://openid.net/schema/namePerson/last",
                ax__type__d="http://axschema.org/birthDate",
                ax__required="a,b",
                ax__if_available="c,d",
            ),
        )
    )
    assert fields["openid.ns.ax"] == "http://openid.net/srv/ax/1.0"
    assert fields["openid.ax.mode"] == "fetch_response"
    assert [fields[f"openid.ax.value.{name}"] for name in "abcd"] == [
        "alice@example.com",
        "Alice",
        "Archer",
        "1990-04-17",
    ]
    assert fields["openid.ax.type.a"] == "http://axschema.org/contact/email"
    assert {"ns.ax", "ax.mode", "ax.type.a", "ax.value.a"} <= set(fields["openid.signed"].split(","))
    assert fields["openid.sig"] == mac(fields, key)


def test_an_attribute_that_is_not_there_is_counted_as_none(sim: Simulator) -> None:
    sim.world.person = "carol"
    fields = came_back(
        checkid(
            sim,
            **ax(
                ax__type__mail="http://axschema.org/contact/email",
                ax__type__odd="http://example.com/odd",
                ax__required="mail,odd",
            ),
        )
    )
    assert (fields["openid.ax.count.mail"], fields["openid.ax.count.odd"]) == ("0", "0")
    assert "openid.ax.value.mail" not in fields


def test_a_count_brings_numbered_values(sim: Simulator) -> None:
    sim.world.person = "mateo"
    type_ = "http://axschema.org/contact/email"
    many = came_back(checkid(sim, **ax(ax__type__m=type_, ax__required="m", ax__count__m="unlimited")))
    assert int(many["openid.ax.count.m"]) >= 2
    assert many["openid.ax.value.m.1"] != many["openid.ax.value.m.2"]
    one = came_back(checkid(sim, **ax(ax__type__m=type_, ax__required="m", ax__count__m="1")))
    assert (one["openid.ax.count.m"], one["openid.ax.value.m.1"]) == ("1", many["openid.ax.value.m.1"])
    assert "openid.ax.value.m.2" not in one


def test_an_extension_may_go_by_any_name(sim: Simulator) -> None:
    fields = came_back(
        checkid(
            sim,
            ns__zz="http://openid.net/srv/ax/1.0",
            zz__mode="fetch_request",
            zz__type__e="http://axschema.org/contact/email",
            zz__required="e",
        )
    )
    assert fields["openid.zz.value.e"] == "alice@example.com"


def test_a_long_answer_is_a_form_that_sends_itself(sim: Simulator) -> None:
    sim.world.person = "pedro"
    response = checkid(
        sim,
        ns__sreg="http://openid.net/extensions/sreg/1.1",
        sreg__required=ALL,
        **ax(ax__type__a="http://axschema.org/namePerson", ax__required="a"),
    )
    assert response.status == 200
    page = response.body.decode()
    assert 'action="http://127.0.0.1:9000/back?next=%2Fhome"' in page
    fields = dict(re.findall(r'name="(openid\.[^"]+)" value="([^"]*)"', page))
    assert check(sim, fields)["is_valid"] == "true"


# path form


def test_in_path_form_every_url_is_in_path_form(sim: Simulator) -> None:
    page = found(sim, LOCAL, "text/html")
    assert page.header("x-xrds-location") == f"{LOCAL}/xrds"
    for answer in (
        page,
        found(sim, LOCAL),
        found(sim, f"{LOCAL}/id/alice-archer"),
        found(sim, f"{LOCAL}/id/alice-archer", "text/html"),
    ):
        assert LOCAL in answer.body.decode()
        assert OP not in answer.body.decode()
    handle, key = associate(sim, url=f"{LOCAL}/server")
    fields = came_back(checkid(sim, f"{LOCAL}/server", assoc_handle=handle))
    assert fields["openid.op_endpoint"] == f"{LOCAL}/server"
    assert fields["openid.claimed_id"] == f"{LOCAL}/id/alice-archer"
    assert fields["openid.sig"] == mac(fields, key)


def test_a_browser_in_path_form_and_an_application_at_the_real_host_mix(sim: Simulator) -> None:
    handle, key = associate(sim)
    fields = came_back(checkid(sim, f"{LOCAL}/server", assoc_handle=handle))
    assert (fields["openid.op_endpoint"], fields["openid.claimed_id"]) == (SERVER, f"{OP}/id/alice-archer")
    assert fields["openid.sig"] == mac(fields, key)
    mine = f"{LOCAL}/id/alice-archer"
    fields = came_back(checkid(sim, SERVER, claimed_id=mine, identity=mine))
    assert (fields["openid.op_endpoint"], fields["openid.claimed_id"]) == (f"{LOCAL}/server", mine)
    assert check(sim, fields)["is_valid"] == "true"


def test_without_an_association_the_form_is_that_of_the_last_discovery(sim: Simulator) -> None:
    found(sim, OP)
    assert came_back(checkid(sim, f"{LOCAL}/server"))["openid.op_endpoint"] == SERVER
    found(sim, LOCAL)
    assert came_back(checkid(sim, SERVER))["openid.op_endpoint"] == f"{LOCAL}/server"


# faults


@pytest.mark.parametrize(
    ("fault", "holds"),
    [
        ("wrong_key", lambda f, key: f["openid.sig"] != mac(f, key)),
        ("alg_none", lambda f, key: "openid.sig" not in f),
        ("wrong_iss", lambda f, key: f["openid.op_endpoint"] != SERVER and f["openid.sig"] == mac(f, key)),
        ("wrong_aud", lambda f, key: f["openid.return_to"] != BACK and f["openid.sig"] == mac(f, key)),
        ("missing_nonce", lambda f, key: "openid.response_nonce" not in f and f["openid.sig"] == mac(f, key)),
        (
            "wrong_nonce",
            lambda f, key: not f["openid.response_nonce"].startswith("20") and f["openid.sig"] == mac(f, key),
        ),
        ("id_token_expired", lambda f, key: f["openid.response_nonce"] < "2026-09" and f["openid.sig"] == mac(f, key)),
        ("unsigned_identity", lambda f, key: "claimed_id" not in f["openid.signed"] and f["openid.sig"] == mac(f, key)),
    ],
)
def test_a_fault_spoils_one_thing_of_the_assertion(sim: Simulator, fault: str, holds: Any) -> None:
    handle, key = associate(sim)
    sim.world.faults.add(fault, provider="openid")
    assert holds(came_back(checkid(sim, assoc_handle=handle)), key)


def test_a_login_is_one_story_from_discovery_on(sim: Simulator) -> None:
    for _ in range(2):
        found(sim, OP)
        check(sim, came_back(checkid(sim)))
        found(sim, f"{OP}/id/alice-archer")
    stories = [[entry.step for entry in login.entries] for login in sim.world.journal]
    assert stories == [["discovery", "authorize", "check_authentication", "identifier"]] * 2
    assert {login.outcome for login in sim.world.journal} == {"logged_in"}
