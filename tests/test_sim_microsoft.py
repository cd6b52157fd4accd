"""Microsoft as simulated, held against entra-docs: tenants, ids by kind of account, AADSTS errors, Graph's own."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp import jose
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

LOGIN = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com"
BACK = "http://127.0.0.1:9000/back"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def post(sim: Simulator, url: str, **form: str) -> Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return sim.handle(Request.of("POST", url, headers, urlencode(form).encode()))


def authorize(sim: Simulator, tenant: str, **params: str) -> Response:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": "User.Read", "state": "s1"}
    return sim.handle(Request.of("GET", f"{LOGIN}/{tenant}/oauth2/v2.0/authorize?{urlencode({**query, **params})}"))


def code(sim: Simulator, tenant: str, **params: str) -> str:
    return dict(parse_qsl(urlsplit(authorize(sim, tenant, **params).header("location")).query))["code"]


def token(sim: Simulator, tenant: str, **form: str) -> Response:
    own = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK}
    return post(sim, f"{LOGIN}/{tenant}/oauth2/v2.0/token", **{**own, "grant_type": "authorization_code", **form})


def me(sim: Simulator, access: str, query: str = "") -> dict[str, Any]:
    response = sim.handle(Request.of("GET", f"{GRAPH}/v1.0/me{query}", {"Authorization": f"Bearer {access}"}))
    answer: dict[str, Any] = json.loads(response.body)
    return answer


def logged_in(sim: Simulator, tenant: str, scope: str = "User.Read") -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(token(sim, tenant, code=code(sim, tenant, scope=scope)).body)
    return answer


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def test_a_work_account_has_a_guid_and_a_personal_one_sixteen_digits(sim: Simulator) -> None:
    assert re.fullmatch(GUID, me(sim, logged_in(sim, "organizations")["access_token"])["id"])
    assert re.fullmatch(r"[0-9a-f]{16}", me(sim, logged_in(sim, "consumers")["access_token"])["id"])


@pytest.mark.parametrize(
    ("tenant", "tid"),
    [("consumers", PERSONAL), (PERSONAL, PERSONAL), ("aaaabbbb-0000-4ccc-8111-dddd2222eeee",) * 2, ("common", GUID)],
)
def test_the_issuer_has_the_tenant_of_whoever_logs_in(sim: Simulator, tenant: str, tid: str) -> None:
    claims = jose.split(logged_in(sim, tenant, "openid profile")["id_token"])[1]
    assert re.fullmatch(tid, claims["tid"])
    assert claims["iss"] == f"{LOGIN}/{claims['tid']}/v2.0"
    assert (claims["oid"].startswith("00000000-0000-0000-")) is (claims["tid"] == PERSONAL)


def test_the_issuer_of_many_tenants_is_a_placeholder(sim: Simulator) -> None:
    issuers = {}
    for tenant in ("common", "organizations", "consumers", "contoso.example.com"):
        url = f"{LOGIN}/{tenant}/v2.0/.well-known/openid-configuration"
        document = json.loads(sim.handle(Request.of("GET", url)).body)
        assert document["token_endpoint"] == f"{LOGIN}/{tenant}/oauth2/v2.0/token"
        issuers[tenant] = document["issuer"].removeprefix(f"{LOGIN}/").removesuffix("/v2.0")
    assert issuers["common"] == issuers["organizations"] == "{tenantid}"
    assert issuers["consumers"] == PERSONAL
    assert re.fullmatch(GUID, issuers["contoso.example.com"])


def test_a_word_that_is_no_tenant_is_refused(sim: Simulator) -> None:
    assert (authorize(sim, "nowhere").status, token(sim, "nowhere", code="x").status) == (400, 400)
    assert json.loads(token(sim, "nowhere", code="x").body)["error_codes"] == [900023]


def test_an_error_of_the_token_endpoint_names_its_number_thrice_and_the_time(sim: Simulator) -> None:
    answer = json.loads(token(sim, "common", code=code(sim, "common"), client_secret="other").body)
    assert list(answer) == [
        "error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri",
    ]  # fmt: skip
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]
    assert answer["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert f"Trace ID: {answer['trace_id']} " in answer["error_description"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", answer["timestamp"])
    assert answer["error_description"].endswith(f"Timestamp: {answer['timestamp']}")


def test_a_code_redeemed_twice_is_54005(sim: Simulator) -> None:
    given = code(sim, "common")
    assert token(sim, "common", code=given).status == 200
    assert json.loads(token(sim, "common", code=given).body)["error_codes"] == [54005]


def test_select_chooses_and_the_context_says_so(sim: Simulator) -> None:
    access = logged_in(sim, "common")["access_token"]
    assert len(me(sim, access)) == 12
    chosen = me(sim, access, "?$select=id,mailNickname")
    assert set(chosen) == {"@odata.context", "id", "mailNickname"}
    assert chosen["@odata.context"] == f"{GRAPH}/v1.0/$metadata#users(id,mailNickname)/$entity"


def test_somebody_without_an_address_has_null_and_a_name_that_looks_like_one() -> None:
    sim = Simulator(World(person="carol"))
    answer = me(sim, logged_in(sim, "common")["access_token"])
    assert answer["mail"] is None
    assert answer["userPrincipalName"] == "carol-chevalier@example.onmicrosoft.com"


def test_a_refresh_brings_a_new_token_and_the_old_one_stays_good(sim: Simulator) -> None:
    first = logged_in(sim, "common", "User.Read offline_access")["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": first}
    seconds = [json.loads(token(sim, "common", **form).body)["refresh_token"] for _ in range(2)]
    assert len({first, *seconds}) == 3


def test_a_subject_belongs_to_one_app(sim: Simulator) -> None:
    sim.world.apps.register("microsoft", client_id="other", client_secret="other-secret", redirect_uris=[BACK])
    own = jose.split(logged_in(sim, "common", "openid")["id_token"])[1]["sub"]
    given = code(sim, "common", scope="openid", client_id="other")
    answer = json.loads(token(sim, "common", code=given, client_id="other", client_secret="other-secret").body)
    assert jose.split(answer["id_token"])[1]["sub"] != own
