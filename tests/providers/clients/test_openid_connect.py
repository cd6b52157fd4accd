import httpx
import pytest

import providers
from providers import Misconfigured

OP = "https://op.example"
CONFIGURATION = f"{OP}/.well-known/openid-configuration"
DOCUMENT = {
    "issuer": OP,
    "authorization_endpoint": "https://login.op.example/authorize",
    "token_endpoint": "https://login.op.example/token",
    "userinfo_endpoint": "https://login.op.example/userinfo",
    "jwks_uri": "https://login.op.example/jwks.json",
    "response_types_supported": ["code", "id_token", "code id_token"],
    "subject_types_supported": ["pairwise"],
    "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
    "claims_supported": ["sub", "iss", "name"],
}
USERINFO = {
    "sub": "248289761001",
    "name": "Jane Example",
    "given_name": "Jane",
    "family_name": "Doe",
    "preferred_username": "j.doe",
    "email": "jane@example.com",
    "email_verified": True,
    "picture": "https://people.example/janedoe/me.jpg",
    "employee": "E-17",
}
ANSWER = {"access_token": "SlAV32hkKG", "token_type": "Bearer", "refresh_token": "8xLOxBtZp8", "expires_in": 3600}


def wire(userinfo=USERINFO, **more):
    return {
        "authorize": DOCUMENT["authorization_endpoint"],
        "scope": "openid profile email",
        "token": DOCUMENT["token_endpoint"],
        "answer": ANSWER,
        "basic": True,
        "claims": {"iss": OP, "sub": "248289761001"},
        "jwks": DOCUMENT["jwks_uri"],
        "api": [("GET", DOCUMENT["userinfo_endpoint"], {"answer": userinfo})] if userinfo else [],
        **more,
    }


@pytest.fixture
def at(script):
    """The login after a server has described itself so."""

    def described(**changes):
        document = {name: value for name, value in {**DOCUMENT, **changes}.items() if value is not None}
        return script.expect("GET", CONFIGURATION, answer=document)

    return described


def test_everything_is_where_the_server_says(any_script, code_login):
    any_script.expect("GET", CONFIGURATION, answer=DOCUMENT)
    identity = code_login("openid_connect", **wire(), begin={"prompt": "login"})
    assert code_login.sent["prompt"] == "login"
    assert (identity.uid, identity.username, identity.name) == ("248289761001", "j.doe", "Jane Example")
    assert (identity.first_name, identity.last_name) == ("Jane", "Doe")
    assert (identity.email, identity.email_verified) == ("jane@example.com", True)
    assert (identity.picture, identity.token.refresh) == (USERINFO["picture"], "8xLOxBtZp8")


@pytest.mark.parametrize("url", [OP, f"{OP}/", CONFIGURATION])
def test_the_server_is_named_by_its_issuer_or_by_its_document(at, one_login, url):
    at()
    assert one_login("openid_connect", **wire(), settings={"server_url": url}).uid == "248289761001"


def test_an_issuer_may_end_in_a_slash(at, one_login):
    at(issuer=f"{OP}/")
    assert one_login("openid_connect", **wire(claims={"iss": f"{OP}/", "sub": "248289761001"})).uid == "248289761001"


@pytest.mark.parametrize("iss", [f"{OP}/", "https://other.example", None])
def test_a_token_of_any_other_issuer_is_refused(at, code_refused, iss):
    at()
    claims = {"iss": iss, "sub": "248289761001"}
    assert code_refused("openid_connect", **wire(claims=claims, userinfo=None)) == "id_token_issuer"


@pytest.mark.parametrize(
    ("methods", "setting", "basic"),
    [
        (None, "", True),  # Discovery 1.0 section 3: without the member it is Basic
        (["client_secret_post", "client_secret_basic"], "", True),
        (["client_secret_post"], "", False),
        (["client_secret_basic"], "client_secret_post", False),
        (["client_secret_post"], "client_secret_basic", True),
    ],
)
def test_the_client_proves_who_it_is_as_the_server_or_the_setting_says(at, one_login, methods, setting, basic):
    at(token_endpoint_auth_methods_supported=methods)
    settings = {"token_auth_method": setting}
    assert one_login("openid_connect", **wire(basic=basic), settings=settings).uid == "248289761001"


def test_a_server_that_takes_no_secret_is_told_at_once(at, script, make, refused):
    at(token_endpoint_auth_methods_supported=["private_key_jwt"])
    error = refused(script.begin, make("openid_connect"))
    assert (type(error), error.code) == (Misconfigured, "token_auth_method")


def test_userinfo_can_be_left_alone(at, one_login):
    at()
    claims = {"iss": OP, "sub": "u-2", "email": "two@example.com", "email_verified": False}
    given = wire(claims=claims, userinfo=None)
    identity = one_login("openid_connect", **given, settings={"fetch_userinfo": False})
    assert (identity.uid, identity.email, identity.email_verified) == ("u-2", "two@example.com", False)


def test_a_server_without_userinfo_has_it_all_in_the_token(at, one_login):
    at(userinfo_endpoint=None)
    identity = one_login("openid_connect", **wire(claims={"iss": OP, "sub": "u-2", "name": "Two"}, userinfo=None))
    assert (identity.uid, identity.name) == ("u-2", "Two")


def test_another_claim_can_be_the_uid_and_sub_is_compared_all_the_same(at, one_login, code_refused):
    at()
    assert one_login("openid_connect", **wire(), settings={"uid_field": "employee"}).uid == "E-17"
    at()
    other = wire({**USERINFO, "sub": "somebody-else"})
    assert code_refused("openid_connect", **other, settings={"uid_field": "employee"}) == "sub_mismatch"


def test_a_code_challenge_can_be_left_out(at, one_login):
    at()
    assert one_login("openid_connect", **wire(pkce=False), settings={"oauth_pkce_enabled": False}).uid == "248289761001"


@pytest.mark.parametrize("iss", ["https://other.example", f"{OP}/", None])
def test_a_server_that_names_itself_must_do_so_on_the_callback(at, code_refused, iss):
    at(authorization_response_iss_parameter_supported=True)
    callback = {"iss": iss} if iss else {}
    given = wire(callback=callback, userinfo=None)
    assert code_refused("openid_connect", **{**given, "claims": None, "answer": ANSWER}) == "wrong_issuer"


def test_a_server_that_names_itself_is_believed(at, one_login):
    at(authorization_response_iss_parameter_supported=True)
    assert one_login("openid_connect", **wire(callback={"iss": OP})).uid == "248289761001"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": "https://other.example"}, "wrong_issuer"),
        ({"issuer": None}, "wrong_issuer"),
        ({"token_endpoint": None}, "bad_response"),
        ({"token_endpoint": "http://login.op.example/token"}, "bad_response"),
        ({"userinfo_endpoint": "http://login.op.example/userinfo"}, "bad_response"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "bad_response"),
        ({"jwks_uri": 7}, "bad_response"),
        ({"jwks_uri": "https://"}, "bad_response"),
    ],
    ids=str,
)
def test_a_document_that_is_not_of_this_server_begins_no_login(at, script, make, refused, changes, code):
    at(**changes)
    error = refused(script.begin, make("openid_connect"))
    assert (error.code, error.step) == (code, "discovery")


@pytest.mark.parametrize(
    ("status", "body", "code"), [(404, {}, "bad_response"), (200, [], "bad_response"), (503, "", "server_error")]
)
def test_a_server_that_does_not_describe_itself(script, make, refused, status, body, code):
    script.expect("GET", CONFIGURATION, answer=body, status=status)
    assert refused(script.begin, make("openid_connect")).code == code


def test_the_document_is_read_again_after_ten_minutes(make):
    now, asked = [1_790_000_000], []

    def handle(request):
        asked.append(request.url.path)
        return httpx.Response(200, json=DOCUMENT)

    provider = make("openid_connect", clock=lambda: now[0])
    http = httpx.Client(transport=httpx.MockTransport(handle))
    for later in (0, 599, 1):
        now[0] += later
        provider.begin(redirect_uri="https://app.example/cb", http=http)
    assert len(asked) == 2


def test_a_refresh_asks_where_the_token_endpoint_is(at, script, make):
    at()
    script.expect(
        "POST",
        DOCUMENT["token_endpoint"],
        form={"grant_type": "refresh_token", "refresh_token": "8xLOxBtZp8"},
        answer={"access_token": "TlBN45jURg", "token_type": "Bearer", "expires_in": 3600},
    )
    token = script.refresh(make("openid_connect"), "8xLOxBtZp8")
    script.done()
    assert (token.access, token.refresh) == ("TlBN45jURg", "8xLOxBtZp8")


def test_server_url_is_needed(refused):
    error = refused(providers.get, "openid_connect", client_id="a", client_secret="b")
    assert (error.code, "server_url" in str(error)) == ("setting", True)


@pytest.mark.parametrize(
    "settings",
    [
        {"server_url": "op.example"},
        {"token_auth_method": "none"},
        {"fetch_userinfo": "yes"},
        {"oauth_pkce_enabled": 1},
        {"uid_field": ""},
    ],
    ids=str,
)
def test_a_setting_of_another_type_is_refused(make, refused, settings):
    assert refused(make, "openid_connect", settings).code == "setting"
