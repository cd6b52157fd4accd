import pytest

LOGIN = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com/v1.0/me"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
OID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd"
FIELDS = {"$select": "id,displayName,givenName,surname,mail,userPrincipalName,mailNickname"}
CLAIMS = {
    "iss": f"{LOGIN}/{TENANT}/v2.0",
    "tid": TENANT,
    "oid": OID,
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "ver": "2.0",
    "name": "Alice Example",
    "preferred_username": "alice@example.com",
    "at_hash": None,
}
USER = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users(id)/$entity",
    "id": OID,
    "displayName": "Alice Example",
    "givenName": "Alice",
    "surname": "Example",
    "mail": "alice@example.com",
    "userPrincipalName": "alice@example.onmicrosoft.com",
    "mailNickname": "alice",
}
ANSWER = {
    "access_token": "eyJ.ms.t",
    "token_type": "Bearer",
    "expires_in": 3599,
    "ext_expires_in": 3599,
    "scope": "openid profile User.Read",
}


def wire(tenant="common", user=USER, **claims):
    return {
        "authorize": f"{LOGIN}/{tenant}/oauth2/v2.0/authorize",
        "scope": "openid profile User.Read",
        "token": f"{LOGIN}/{tenant}/oauth2/v2.0/token",
        "answer": ANSWER,
        "claims": {**CLAIMS, **claims},
        "jwks": f"{LOGIN}/{tenant}/discovery/v2.0/keys",
        "api": [("GET", GRAPH, {"query": FIELDS, "answer": user})],
        "settings": {"tenant": tenant},
    }


def of(tid):
    return {"tid": tid, "iss": f"{LOGIN}/{tid}/v2.0"}


def test_a_login(code_login):
    identity = code_login("microsoft", **{**wire(), "settings": {}}, callback={"session_state": "x"})
    assert (identity.uid, identity.username, identity.name) == (OID, "alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({"mail": None}, None),
        ({"mail": None, "userPrincipalName": "alice_example.com#EXT#@example.onmicrosoft.com"}, None),
        (
            {"mail": None, "id": "48d31887fad3e123", "userPrincipalName": "alice@outlook.example"},
            "alice@outlook.example",
        ),
        ({"mail": "m@x.example", "id": "48d31887fad3e123"}, "m@x.example"),
    ],
)
def test_mail_is_often_null(one_login, changes, email):
    oid = "00000000-0000-0000-48d3-1887fad3e123" if "id" in changes else OID
    identity = one_login("microsoft", **wire(user={**USER, **changes}, oid=oid))
    assert (identity.email, identity.email_verified) == (email, False)


@pytest.mark.parametrize(
    ("tenant", "own"),
    [
        ("common", of(PERSONAL)),
        ("organizations", of(TENANT)),
        ("consumers", of(PERSONAL)),
        (TENANT, of(TENANT)),
        (TENANT.upper(), of(TENANT)),
    ],
)
def test_tenants_that_are_let_in(one_login, tenant, own):
    assert one_login("microsoft", **wire(tenant, **own)).uid == OID


@pytest.mark.parametrize(
    ("tenant", "own"),
    [
        ("organizations", of(PERSONAL)),
        ("consumers", of(TENANT)),
        (TENANT, of("11111111-86f1-41af-91ab-2d7cd011db47")),
        (TENANT, of(PERSONAL)),
        ("common", {"tid": TENANT, "iss": f"{LOGIN}/{PERSONAL}/v2.0"}),
        ("common", {"iss": "https://sts.windows.net/x/"}),
        ("common", {"tid": None}),
        ("common", {"tid": "{tenantid}", "iss": f"{LOGIN}/{{tenantid}}/v2.0"}),
        ("common", {"tid": "../evil", "iss": f"{LOGIN}/../evil/v2.0"}),
    ],
)
def test_another_tenant_is_refused(code_refused, tenant, own):
    assert code_refused("microsoft", **wire(tenant, **own)) == "id_token_issuer"


DISCOVERY = f"{LOGIN}/contoso.example/v2.0/.well-known/openid-configuration"


def test_a_tenant_named_by_its_domain_is_looked_up(one_login):
    found = ("GET", DISCOVERY, {"answer": {"issuer": f"{LOGIN}/{TENANT}/v2.0"}})
    assert one_login("microsoft", **wire("contoso.example"), before=[found]).uid == OID


@pytest.mark.parametrize(
    "answer", [{"issuer": f"{LOGIN}/{PERSONAL}/v2.0"}, {"issuer": f"{LOGIN}/{{tenantid}}/v2.0"}, {}]
)
def test_the_issuer_of_a_domain_is_exact(code_refused, answer):
    found = ("GET", DISCOVERY, {"answer": answer})
    assert code_refused("microsoft", **wire("contoso.example"), before=[found]) == "id_token_issuer"


@pytest.mark.parametrize(
    "user", [{**USER, "id": "11111111-44d7-43e1-9a83-5f2406dee5bd"}, {**USER, "id": "48d31887fad3e123"}]
)
def test_graph_must_speak_of_the_id_tokens_user(code_refused, user):
    assert code_refused("microsoft", **wire(user=user)) == "sub_mismatch"


def test_without_profile_the_id_token_has_no_oid(one_login):
    bare = {**wire(oid=None), "settings": {"SCOPE": ["openid", "User.Read"]}, "scope": "openid User.Read"}
    assert one_login("microsoft", **bare).uid == OID


def test_without_openid_there_is_no_id_token(one_login):
    bare = {**wire(), "settings": {"SCOPE": ["User.Read"]}, "scope": "User.Read", "claims": None, "jwks": None}
    assert one_login("microsoft", **bare).uid == OID


@pytest.mark.parametrize("tenant", ["", " ", 7, None, "a/b", "a?b", "../x", "x..y"])
def test_a_tenant_of_another_form_is_refused(make, refused, tenant):
    assert refused(make, "microsoft", {"tenant": tenant}).code == "setting"


def aad(status, error, *codes):
    words = {"timestamp": "2026-05-01 10:00:00Z", "trace_id": "t", "correlation_id": "c"}
    return (status, {"error": error, "error_description": "AADSTS0: x", "error_codes": list(codes), **words})


def graph(status, code):
    return (status, {"error": {"code": code, "message": "x", "innerError": {"date": "2026-05-01T10:00:00"}}})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([aad(400, "invalid_grant", 54005)], "invalid_grant"),
        ([aad(401, "invalid_client", 7000215)], "invalid_client"),
        ([aad(400, "invalid_scope", 70011)], "invalid_scope"),
        ([aad(400, "interaction_required", 50076)], "interaction_required"),
        ([aad(400, "consent_required", 65001)], "consent_required"),
        ([aad(400, "invalid_resource", 500011)], "token_refused"),
        ([aad(503, "temporarily_unavailable")], "server_error"),
        ([(200, ANSWER), graph(401, "InvalidAuthenticationToken")], "invalid_token"),
        ([(200, ANSWER), graph(403, "Authorization_RequestDenied")], "insufficient_scope"),
        ([(200, ANSWER), graph(429, "TooManyRequests")], "rate_limited"),
        ([(200, ANSWER), (200, {**USER, "id": None})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("microsoft", *answers, settings={"SCOPE": ["User.Read"]}).code == code


def test_a_user_who_declines(declined):
    assert declined("microsoft", "access_denied").code == "access_denied"
