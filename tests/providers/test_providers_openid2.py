"""OpenID 2.0 against a small server of the test's own: discovery, associations, assertions and what must be refused."""

import base64
import hashlib
import hmac
import secrets
from time import gmtime, strftime
from urllib.parse import parse_qsl

import httpx
import pytest

from providers import DeniedByUser, IdentityUnusable
from providers.openid2_association import GENERATOR, MODULUS, btwoc

CALLBACK = "https://app.example/cb"
NS = "http://specs.openid.net/auth/2.0"
OP = "https://op.example/endpoint"
ALICE = "https://op.example/alice"


def xrds(*services):
    rows = "".join(
        f'<Service priority="{priority}"><Type>{kind}</Type><URI>{uri}</URI>'
        + (f"<LocalID>{local}</LocalID>" if local else "")
        + "</Service>"
        for priority, kind, uri, local in services
    )
    return f'<?xml version="1.0"?><xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)"><XRD>{rows}</XRD></xrds:XRDS>'


SERVER = xrds((0, f"{NS}/server", OP, None))
SIGNON = xrds((0, f"{NS}/signon", OP, None))
XRDS = {"Content-Type": "application/xrds+xml"}


class Server:
    """Pages by URL, and an endpoint that associates and signs."""

    def __init__(self):
        self.pages = {"https://op.example/": (200, XRDS, SERVER), ALICE: (200, XRDS, SIGNON)}
        self.asked = []
        self.handles = {}
        self.offer = None
        self.association_answer = None
        self.verdict = f"ns:{NS}\nis_valid:true\n"

    def client(self):
        return httpx.Client(transport=httpx.MockTransport(self.handle))

    def handle(self, request):
        if request.method == "GET":
            self.asked.append(("discovery", str(request.url)))
            status, headers, body = self.pages.get(str(request.url), (404, {}, ""))
            return httpx.Response(status, headers=headers, content=body.encode())
        assert str(request.url) == OP
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        self.asked.append((form["openid.mode"], form))
        answer = self.associate(form) if form["openid.mode"] == "associate" else self.verdict
        status, answer = answer if isinstance(answer, tuple) else (200, answer)
        return httpx.Response(status, content=answer.encode(), headers={"Content-Type": "text/plain"})

    def associate(self, form):
        if self.association_answer is not None:
            return self.association_answer
        kind = (form["openid.assoc_type"], form["openid.session_type"])
        if self.offer and kind != self.offer:
            return (
                400,
                f"ns:{NS}\nerror:x\nerror_code:unsupported-type\nassoc_type:{self.offer[0]}\nsession_type:{self.offer[1]}\n",
            )
        digest = getattr(hashlib, kind[0][5:].lower())
        handle, key = secrets.token_hex(8), secrets.token_bytes(digest().digest_size)
        self.handles[handle] = (digest, key)
        rows = {
            "ns": NS,
            "assoc_handle": handle,
            "assoc_type": kind[0],
            "session_type": kind[1],
            "expires_in": "1209600",
        }
        if kind[1] == "no-encryption":
            rows["mac_key"] = base64.b64encode(key).decode()
        else:
            theirs = int.from_bytes(base64.b64decode(form["openid.dh_consumer_public"]), "big")
            private = secrets.randbelow(MODULUS)
            mask = getattr(hashlib, kind[1][3:].lower())(btwoc(pow(theirs, private, MODULUS))).digest()
            rows["dh_server_public"] = base64.b64encode(btwoc(pow(GENERATOR, private, MODULUS))).decode()
            rows["enc_mac_key"] = base64.b64encode(bytes(a ^ b for a, b in zip(mask, key, strict=True))).decode()
        return "".join(f"{name}:{value}\n" for name, value in rows.items())

    def assertion(self, login, now, claimed_id=ALICE, extra=None, unsigned=(), **changes):
        fields = dict(parse_qsl(login.url.partition("?")[2], keep_blank_values=True))
        handle = fields.get("openid.assoc_handle", "private")
        made = {
            "ns": NS,
            "mode": "id_res",
            "op_endpoint": OP,
            "claimed_id": claimed_id,
            "identity": claimed_id.partition("#")[0],
            "return_to": fields["openid.return_to"],
            "response_nonce": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(now)) + "x",
            "assoc_handle": handle,
            **(extra or {}),
            **changes,
        }
        names = [name for name in made if name not in ("ns", "mode", *unsigned)]
        digest, key = self.handles.get(handle, (hashlib.sha256, b"private"))
        text = "".join(f"{name}:{made[name]}\n" for name in names)
        signature = base64.b64encode(hmac.new(key, text.encode(), digest).digest()).decode()
        callback = {f"openid.{name}": value for name, value in made.items()}
        return {**callback, "openid.signed": ",".join(names), "openid.sig": signature}

    def modes(self):
        return [one[0] for one in self.asked]


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def openid(make, server):
    class Site:
        provider = make("openid")
        client = server.client()

        def begin(self, openid_url="https://op.example"):
            return self.provider.begin(redirect_uri=CALLBACK, openid_url=openid_url, http=self.client)

        def finish(self, login, callback):
            return self.provider.finish(login.session, callback, http=self.client)

    return Site()


AX = "http://axschema.org"
ATTRIBUTES = {
    "ns.sreg": "http://openid.net/extensions/sreg/1.1",
    "sreg.email": "a@op.example",
    "sreg.fullname": "Al Ice",
    "sreg.nickname": "alice",
    "ns.ext1": "http://openid.net/srv/ax/1.0",
    "ext1.mode": "fetch_response",
    "ext1.type.a": f"{AX}/namePerson/first",
    "ext1.value.a": "Al",
    "ext1.type.b": f"{AX}/namePerson/last",
    "ext1.count.b": "2",
    "ext1.value.b.1": "Ice",
    "ext1.value.b.2": "Cube",
}


def test_a_login_with_an_association(openid, server, now, query):
    login = openid.begin()
    assert server.modes() == ["discovery", "associate"]
    sent = query(login.url)
    assert login.url.startswith(f"{OP}?")
    assert sent["openid.claimed_id"] == sent["openid.identity"] == f"{NS}/identifier_select"
    assert sent["openid.return_to"] == f"{CALLBACK}?state={login.session['state']}"
    assert sent["openid.sreg.required"] == "email,fullname"
    assert sent["openid.ax.mode"] == "fetch_request"
    assert f"{AX}/contact/email" in sent.values()
    identity = openid.finish(login, server.assertion(login, now, extra=ATTRIBUTES))
    assert server.modes() == ["discovery", "associate", "discovery"]  # the claimed identifier is looked up
    assert (identity.uid, identity.username, identity.name) == (ALICE, "alice", "Al Ice")
    assert (identity.email, identity.email_verified) == ("a@op.example", False)
    assert (identity.first_name, identity.last_name, identity.token) == ("Al", "Ice", None)


@pytest.mark.parametrize(
    "offer", [("HMAC-SHA1", "DH-SHA1"), ("HMAC-SHA256", "no-encryption"), ("HMAC-SHA1", "no-encryption")], ids=str
)
def test_the_kind_of_association_that_the_server_offers_is_taken(openid, server, now, offer):
    server.offer = offer
    login = openid.begin()
    kinds = [
        (form["openid.assoc_type"], form["openid.session_type"]) for mode, form in server.asked if mode == "associate"
    ]
    assert kinds == [("HMAC-SHA256", "DH-SHA256"), offer]
    assert openid.finish(login, server.assertion(login, now)).uid == ALICE
    assert "check_authentication" not in server.modes()


@pytest.mark.parametrize(
    "answer",
    [
        (400, f"ns:{NS}\nerror:x\n"),
        (500, "x"),
        (404, "<html>"),
        (200, "<html>"),
        (400, "error_code:unsupported-type\nassoc_type:HMAC-MD5\nsession_type:no-encryption\n"),
        (400, "error_code:unsupported-type\nassoc_type:HMAC-SHA256\nsession_type:DH-SHA1\n"),
        (200, "assoc_handle:h\nassoc_type:HMAC-SHA1\nsession_type:no-encryption\nmac_key:AA==\nexpires_in:9\n"),
        (
            200,
            "assoc_handle:h\nassoc_type:HMAC-SHA256\nsession_type:DH-SHA256\ndh_server_public:AQ==\nenc_mac_key:AA==\nexpires_in:9\n",
        ),
        (
            200,
            "assoc_handle:h\nassoc_type:HMAC-SHA256\nsession_type:DH-SHA256\ndh_server_public:!\nenc_mac_key:!\nexpires_in:9\n",
        ),
    ],
    ids=lambda answer: answer[1][:40],
)
def test_without_an_association_the_server_is_asked(openid, server, now, query, answer):
    server.association_answer = answer
    login = openid.begin()
    assert "openid.assoc_handle" not in query(login.url)
    callback = server.assertion(login, now)
    assert openid.finish(login, callback).uid == ALICE
    mode, form = server.asked[-2]
    assert mode == "check_authentication"
    assert form == {**callback, "openid.mode": "check_authentication"}


def test_a_key_in_the_clear_is_only_taken_over_tls(openid, server):
    plain = "http://op.example/endpoint"
    server.pages["https://op.example/"] = (200, XRDS, xrds((0, f"{NS}/server", plain, None)))
    kinds = []

    def handle(request):
        if request.method == "GET":
            return server.handle(request)
        form = dict(parse_qsl(request.content.decode()))
        kinds.append(form["openid.session_type"])
        return httpx.Response(
            400, text="error_code:unsupported-type\nassoc_type:HMAC-SHA1\nsession_type:no-encryption\n"
        )

    openid.client = httpx.Client(transport=httpx.MockTransport(handle))
    openid.begin()
    assert kinds == ["DH-SHA256"]


def test_an_own_identifier_needs_no_second_look(openid, server, now, query):
    login = openid.begin(ALICE)
    assert query(login.url)["openid.claimed_id"] == ALICE
    assert openid.finish(login, server.assertion(login, now, claimed_id=f"{ALICE}#1")).uid == f"{ALICE}#1"
    assert server.modes() == ["discovery", "associate"]


@pytest.mark.parametrize(
    "page",
    [
        (404, {}, ""),
        (200, {"Content-Type": "text/html"}, "<html>"),
        (200, XRDS, xrds((0, f"{NS}/signon", "https://other.example/", None))),
        (200, XRDS, xrds((0, f"{NS}/signon", OP, "https://op.example/bob"))),
        (200, XRDS, SERVER),
        (200, XRDS, f'<!DOCTYPE a [<!ENTITY e "{OP}">]>' + SIGNON.partition("?>")[2].replace(OP, "&e;")),
        (302, {"Location": "https://op.example/bob"}, ""),
    ],
)
def test_an_identifier_that_does_not_name_the_server_is_refused(openid, server, refused, now, page):
    login = openid.begin()
    server.pages[ALICE] = page
    error = refused(openid.finish, login, server.assertion(login, now))
    assert (error.code, type(error)) == ("claimed_id", IdentityUnusable)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c.update({"openid.sig": "AAAA"}), "bad_signature"),
        (lambda c: c.pop("openid.sig"), "bad_signature"),
        (
            lambda c: c.update(
                {"openid.claimed_id": "https://op.example/root", "openid.identity": "https://op.example/root"}
            ),
            "bad_signature",
        ),
        (lambda c: c.update({"openid.signed": c["openid.signed"].replace("claimed_id,", "")}), "assertion_incomplete"),
        (lambda c: c.update({"openid.signed": c["openid.signed"] + ",claimed_id"}), "assertion_incomplete"),
        (lambda c: c.update({"openid.signed": c["openid.signed"] + ",missing"}), "assertion_incomplete"),
        (lambda c: c.pop("openid.signed"), "assertion_incomplete"),
        (lambda c: c.pop("openid.identity"), "assertion_incomplete"),
        (lambda c: c.update({"openid.op_endpoint": "https://evil.example/"}), "wrong_issuer"),
        (lambda c: c.update({"openid.return_to": CALLBACK}), "return_to_mismatch"),
        (lambda c: c.pop("openid.return_to"), "state_missing"),
        (lambda c: c.update({"state": "other"}), "state_mismatch"),
        (lambda c: c.update({"openid.ns": "http://openid.net/signon/1.1"}), "openid_version"),
        (lambda c: c.pop("openid.mode"), "code_missing"),
        (lambda c: c.update({"openid.mode": "setup_needed"}), "interaction_required"),
        (lambda c: c.update({"openid.mode": "error", "openid.error": "secret text"}), "invalid_request"),
    ],
)
def test_a_changed_assertion_is_refused(openid, server, refused, now, change, code):
    login = openid.begin()
    callback = server.assertion(login, now)
    change(callback)
    error = refused(openid.finish, login, callback)
    assert error.code == code
    assert "secret text" not in str(error)
    assert "check_authentication" not in server.modes()


@pytest.mark.parametrize("name", ["openid.sig", "openid.claimed_id", "openid.mode", "openid.signed", "state"])
def test_no_parameter_of_an_assertion_may_come_twice(openid, server, refused, now, name):
    login = openid.begin()
    callback = {"state": login.session["state"], **server.assertion(login, now)}
    assert refused(openid.finish, login, [*callback.items(), (name, "x")]).code == "duplicate_parameter"


@pytest.mark.parametrize(
    ("nonce", "code"),
    [
        ("2026-09-21T13:20:00Zx", None),
        ("2026-09-21T11:20:00Zx", "nonce_expired"),
        ("2026-09-21T15:20:00Zx", "nonce_expired"),
        ("2026-13-21T13:20:00Zx", "nonce_invalid"),
        ("today", "nonce_invalid"),
        ("٢٠٢٦-09-21T13:20:00Zx", "nonce_invalid"),
    ],
)
def test_the_nonce_bounds_the_age_of_an_assertion(openid, server, refused, now, nonce, code):
    assert strftime("%Y-%m-%dT%H:%M", gmtime(now)) == "2026-09-21T14:13"
    login = openid.begin()
    callback = server.assertion(login, now, response_nonce=nonce)
    if code is None:
        assert openid.finish(login, callback).uid == ALICE
    else:
        assert refused(openid.finish, login, callback).code == code


def test_a_cancelled_login_is_a_denial(openid, server, refused):
    login = openid.begin()
    error = refused(openid.finish, login, {"state": login.session["state"], "openid.ns": NS, "openid.mode": "cancel"})
    assert isinstance(error, DeniedByUser)


def test_a_cancel_without_state_is_not_believed(openid, server, refused):
    login = openid.begin()
    assert refused(openid.finish, login, {"openid.mode": "cancel"}).code == "state_missing"
    assert login.session["used"] is False


def test_a_handle_that_the_server_gave_up_is_checked_with_the_server(openid, server, now):
    login = openid.begin()
    callback = server.assertion(login, now, assoc_handle="private", extra={"invalidate_handle": "old"})
    assert openid.finish(login, callback).uid == ALICE
    assert "check_authentication" in server.modes()


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (f"ns:{NS}\nis_valid:false\n", "bad_signature"),
        ("is_valid:maybe\n", "bad_response"),
        ((400, "error:x\nis_valid:true\n"), "bad_response"),
        ((403, "<html>"), "bad_response"),
        ((429, ""), "rate_limited"),
        ((503, ""), "server_error"),
        ("", "bad_response"),
    ],
)
def test_the_server_must_stand_by_an_assertion(openid, server, refused, now, verdict, code):
    server.association_answer = (404, "")
    server.verdict = verdict
    login = openid.begin()
    assert refused(openid.finish, login, server.assertion(login, now)).code == code


def test_an_expired_association_proves_nothing(openid, server, make, refused, now):
    real = server.associate

    def short(form):
        return real(form).replace("1209600", "60")

    server.associate = short
    login = openid.begin()
    openid.provider = make("openid", clock=lambda: now + 61)
    assert refused(openid.finish, login, server.assertion(login, now)).code == "association_expired"


def test_the_key_is_not_readable_in_the_session(openid, server):
    import json

    login = openid.begin()
    ((_, key),) = server.handles.values()
    kept = json.dumps(login.session)
    assert base64.b64encode(key).decode() not in kept
    assert key not in base64.b64decode(login.session["association"])


def test_another_process_reads_the_key_with_the_same_client_secret(openid, server, make, refused, now):
    login = openid.begin()
    assertion = server.assertion(login, now)
    openid.provider = make("openid", client_secret="another")
    assert refused(openid.finish, login, assertion).code == "association_unreadable"
    login.session["used"] = False
    openid.provider = make("openid")
    assert openid.finish(login, assertion).uid == ALICE


def test_attributes_that_are_not_signed_are_not_believed(openid, server, now):
    login = openid.begin()
    unsigned = ("sreg.email", "ns.ext1")
    identity = openid.finish(login, server.assertion(login, now, extra=ATTRIBUTES, unsigned=unsigned))
    assert (identity.email, identity.first_name, identity.name) == (None, None, "Al Ice")


def test_ax_gives_what_sreg_does_not(openid, server, now):
    extra = {
        "ns.ax": "http://openid.net/srv/ax/1.0",
        "ax.mode": "fetch_response",
        "ax.type.e": f"{AX}/contact/email",
        "ax.count.e": "1",
        "ax.value.e.1": "ax@op.example",
        "ax.type.n": "http://openid.net/schema/namePerson",
        "ax.value.n": "Old Name",
        "ax.type.f": f"{AX}/namePerson/first",
        "ax.count.f": "0",
    }
    login = openid.begin()
    identity = openid.finish(login, server.assertion(login, now, extra=extra))
    assert (identity.email, identity.name, identity.first_name) == ("ax@op.example", "Old Name", None)


def test_the_settings_of_a_server_are_used(openid, server, make, now, query):
    extra = [("phone", f"{AX}/contact/phone/default", False), ("born", f"{AX}/birthDate", True)]
    known = {"id": "op", "name": "OP", "openid_url": "https://OP.example", "stateless": True, "extra_attributes": extra}
    openid.provider = make("openid", {"SERVERS": [known], "REALM": "https://*.example"})
    login = openid.begin()
    sent = query(login.url)
    assert "associate" not in server.modes()
    assert sent["openid.realm"] == "https://*.example/"
    assert (sent["openid.ax.type.ext0"], sent["openid.ax.if_available"]) == (extra[0][1], "ext0")
    assert sent["openid.ax.required"].endswith("ext1")
    answers = {"ns.ax": "http://openid.net/srv/ax/1.0", "ax.mode": "fetch_response"}
    answers |= {"ax.type.ext0": extra[0][1], "ax.value.ext0": "+1"}
    identity = openid.finish(login, server.assertion(login, now, extra=answers))
    assert "check_authentication" in server.modes()
    assert identity.raw["extra_attributes"] == {"phone": "+1"}


def test_a_long_request_comes_as_a_form(openid, make, query):
    extra = [(f"n{i}", f"{AX}/a/very/long/attribute/name/{i}", False) for i in range(40)]
    known = {"id": "op", "name": "OP", "openid_url": "https://op.example/", "extra_attributes": extra}
    openid.provider = make("openid", {"SERVERS": [known]})
    login = openid.begin()
    assert len(login.url) > 2047
    assert login.form.action == OP
    assert login.form.fields == query(login.url)


HTML = """<html><head><LINK rel="openid2.provider openid.server" href="{op}">
<link rel="openid2.local_id" href="{local}"></head><body>{body}</body></html>"""


@pytest.mark.parametrize(
    ("pages", "claimed", "local"),
    [
        (
            {"": (200, {"Content-Type": "text/html"}, HTML.format(op=OP, local="https://op.example/u/1", body=""))},
            "https://me.example/",
            "https://op.example/u/1",
        ),
        (
            {
                "": (302, {"Location": "/me#x"}, ""),
                "me": (200, {"Content-Type": "text/html"}, HTML.format(op=OP, local="", body="")),
            },
            "https://me.example/me",
            "https://me.example/me",
        ),
        (
            {"": (200, {"X-XRDS-Location": "https://me.example/x"}, "<html>"), "x": (200, {}, SIGNON)},
            "https://me.example/",
            "https://me.example/",
        ),
        (
            {
                "": (200, {}, '<head><meta http-equiv="X-XRDS-Location" content="https://me.example/x"></head>'),
                "x": (
                    200,
                    {},
                    xrds((5, f"{NS}/signon", "https://second.example/", None), (1, f"{NS}/signon", OP, "https://l/")),
                ),
            },
            "https://me.example/",
            "https://l/",
        ),
        (
            {
                "": (
                    200,
                    XRDS,
                    xrds((1, f"{NS}/signon", "https://second.example/", None), (9, f"{NS}/server", OP, None)),
                )
            },
            "",
            "",
        ),
    ],
    ids=["html links", "redirect", "header", "meta", "server first"],
)
def test_discovery_finds_the_endpoint(openid, server, pages, claimed, local):
    server.pages |= {f"https://me.example/{path}": page for path, page in pages.items()}
    login = openid.begin("https://ME.example")
    assert (login.session["endpoint"], login.session["claimed_id"], login.session["local_id"]) == (OP, claimed, local)


@pytest.mark.parametrize(
    "page",
    [
        (404, {}, ""),
        (200, {"Content-Type": "text/html"}, "<html><p>no links"),
        (200, {"Content-Type": "text/html"}, HTML.format(op="javascript:x", local="", body="")),
        (200, {"Content-Type": "text/html"}, f'<body><link rel="openid2.provider" href="{OP}">'),
        (200, {"Content-Type": "text/html"}, f'<head><link rel="openid.server" href="{OP}">'),
        (200, XRDS, "<x"),
        (200, XRDS, xrds((0, "http://openid.net/signon/1.1", OP, None))),
        (302, {"Location": "http://me.example/plain"}, ""),
        (302, {"Location": "https://me.example/"}, ""),
        (302, {"Location": "file:///etc/passwd"}, ""),
    ],
)
def test_a_page_that_is_no_openid_is_refused(openid, server, refused, page):
    server.pages["https://me.example/"] = page
    error = refused(openid.begin, "https://me.example/")
    assert (error.code, error.step) == ("bad_response", "discovery")


@pytest.mark.parametrize(
    "url", [None, "", "=alice", "@x", "ftp://x", "http://", "file:///x", "http://a@b/", "http://x y/", 7]
)
def test_what_is_no_address_is_refused(openid, refused, url):
    assert refused(openid.begin, url).code == "openid_url"


def test_an_address_needs_no_scheme(openid, server):
    server.pages["http://op.example/"] = server.pages["https://op.example/"]
    assert openid.begin("op.example").session["identifier"] == "http://op.example/"


STEAM_ID = "https://steamcommunity.com/openid/id/76561197960435530"


@pytest.mark.parametrize(
    "claimed_id",
    [
        "http://steamcommunity.com/openid/id/76561197960435530",
        "https://steamcommunity.com/openid/id/76561197960435530/",
        "https://steamcommunity.com/openid/id/7656119796043553",
        "https://steamcommunity.com/openid/id/7656119796043553٠",
        "https://steamcommunity.com.evil.example/openid/id/76561197960435530",
        "https://steamcommunityXcom/openid/id/76561197960435530",
        f"{STEAM_ID}\n",
    ],
)
def test_steam_takes_only_its_own_identifiers(make, refused, now, claimed_id):
    steam = make("steam")
    login = steam.begin(redirect_uri=CALLBACK)
    other = Server()
    callback = other.assertion(login, now, claimed_id=claimed_id, op_endpoint="https://steamcommunity.com/openid/login")
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="is_valid:true\n")))
    assert refused(steam.finish, login.session, callback, http=client).code == "claimed_id"


@pytest.mark.parametrize(
    ("status", "body", "code", "uid"),
    [
        (200, '{"response":{"players":[]}}', None, "76561197960435530"),
        (200, '{"response":{"players":[{"steamid":"1"}]}}', "sub_mismatch", None),
        (403, "<html>Forbidden key=", "invalid_client", None),
        (401, "<html>", "invalid_client", None),
        (429, "<html>", "rate_limited", None),
        (500, "<html>", "server_error", None),
        (200, "<html>", "bad_response", None),
        (200, "[]", "bad_response", None),
    ],
)
def test_steam_asks_for_the_profile(make, refused, now, status, body, code, uid):
    steam = make("steam")
    login = steam.begin(redirect_uri=CALLBACK)
    callback = Server().assertion(
        login, now, claimed_id=STEAM_ID, op_endpoint="https://steamcommunity.com/openid/login"
    )

    def handle(request):
        if request.method == "POST":
            return httpx.Response(200, text="is_valid:true\n")
        return httpx.Response(status, text=body)

    client = httpx.Client(transport=httpx.MockTransport(handle))
    if code:
        assert refused(steam.finish, login.session, callback, http=client).code == code
    else:
        identity = steam.finish(login.session, callback, http=client)
        assert (identity.uid, identity.username) == (uid, uid)
