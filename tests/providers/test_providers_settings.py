"""`get`: what is unknown, mistyped, missing or of another type is said at once; and each setting has an effect."""

import pytest

import providers
from providers import Misconfigured
from providers.registry import kind_of

CREDENTIALS = {"client_id": "app-1", "client_secret": "s3cret-of-the-app"}


IDS = """
    500px agave amazon amazon_cognito angellist apple auth0 authentiq baidu basecamp battlenet bitbucket
    bitbucket_oauth2 box cern cilogon dataporten daum digitalocean discord doximity draugiem dropbox dwolla edmodo
    edx eventbrite eveonline evernote exist facebook feishu figma flickr frontier fxa gitea github gitlab globus
    google instagram jupyterhub kakao keycloak line linkedin linkedin_oauth2 mailchimp microsoft naver netiq
    nextcloud odnoklassniki okta openid openstreetmap orcid patreon paypal persona pinterest quickbooks reddit
    salesforce sharefile shopify slack soundcloud stackexchange steam stocktwits strava stripe telegram
    trainingpeaks trello twentythreeandme twitch twitter untappd vimeo vimeo_oauth2 vk weibo weixin windowslive xing
    yahoo yandex ynab zoho zoom
"""


GENERIC = ("openid_connect",)  # any server of OpenID Connect, beside those with a name


def test_there_are_ninety_three_named_providers_and_a_generic_one():
    assert providers.ids() == tuple(sorted((*IDS.split(), *GENERIC)))
    assert len(IDS.split()) == 93


@pytest.mark.parametrize("name", providers.ids())
def test_each_provider_is_what_it_says(make, name):
    provider = make(name)
    assert provider.id == name
    assert provider.name
    assert "Source:" in type(provider).__doc__
    assert repr(provider) == f"<providers.{name}>"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("githb", "'github'"), ("Google", "'google'"), ("qqq", "there are 94, such as 500px, agave, amazon")],
)
def test_an_unknown_provider_is_named_with_the_nearest(refused, name, hint):
    error = refused(providers.get, name, **CREDENTIALS)
    assert (type(error), error.code) == (Misconfigured, "unknown_provider")
    assert hint in str(error)


@pytest.mark.parametrize(
    ("name", "setting", "hint"),
    [
        ("github", "GITHUB_ULR", "'GITHUB_URL'"),
        ("github", "github_url", "'GITHUB_URL'"),
        ("google", "SCOPES", "'SCOPE'"),
        ("keycloak", "KEYCLOACK_REALM", "'KEYCLOAK_REALM'"),
        ("telegram", "token", "'TOKEN'"),
        ("steam", "zzz", "APP, REALM"),
    ],
)
def test_an_unknown_setting_is_named_with_the_nearest(make, refused, name, setting, hint):
    error = refused(make, name, {setting: "x"})
    assert (type(error), error.code) == (Misconfigured, "setting")
    assert hint in str(error)
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("github", {"GITHUB_URL": "github.example"}),
        ("github", {"GITHUB_URL": "ftp://github.example"}),
        ("github", {"GITHUB_URL": None}),
        ("github", {"SCOPE": "user"}),
        ("github", {"SCOPE": [1]}),
        ("github", {"SCOPE": 7}),
        ("github", {"SCOPE": [""]}),
        ("github", {"AUTH_PARAMS": [("a", "b")]}),
        ("github", {"AUTH_PARAMS": {1: "b"}}),
        ("github", {"VERIFIED_EMAIL": "yes"}),
        ("github", {"APP": {"secrt": "x"}}),
        ("google", {"FETCH_USERINFO": 1}),
        ("shopify", {"IS_EMBEDDED": "true"}),
        ("facebook", {"METHOD": "oauth"}),
        ("facebook", {"VERSION": "7.0"}),
        ("facebook", {"LOCALE_FUNC": "nodots"}),
        ("facebook", {"LOCALE_FUNC": 7}),
        ("facebook", {"FIELDS": "id,name"}),
        ("facebook", {"SDK_URL": " "}),
        ("openid", {"SERVERS": {"id": "x"}}),
        ("openid", {"SERVERS": [{"id": "x"}]}),
        ("openid", {"SERVERS": [{"id": "x", "openid_url": "x"}]}),
        ("openid", {"SERVERS": [{"id": "x", "openid_url": "http://x", "stateles": True}]}),
        ("openid", {"SERVERS": [{"id": "x", "openid_url": "http://x", "stateless": 1}]}),
        ("openid", {"SERVERS": [{"id": "x", "openid_url": "http://x", "extra_attributes": [("a", "b")]}]}),
        ("telegram", {"TOKEN": "4242:x", "auth_date_validity": 0}),
        ("telegram", {"TOKEN": "4242:x", "auth_date_validity": "30"}),
        ("telegram", {"TOKEN": "4242:x", "AUTH_PARAMS": {"auth_date_validity": True}}),
        ("telegram", {"TOKEN": ""}),
        ("keycloak", {"KEYCLOAK_REALM": ""}),
    ],
    ids=str,
)
def test_a_setting_of_another_type_is_refused(make, refused, name, settings):
    error = refused(make, name, settings)
    assert (type(error), error.code, error.step) == (Misconfigured, "setting", "configure")


@pytest.mark.parametrize("missing", ["KEYCLOAK_URL", "KEYCLOAK_REALM"])
def test_keycloak_needs_its_address_and_realm(refused, missing):
    settings = {"KEYCLOAK_URL": "https://kc.example", "KEYCLOAK_REALM": "master"}
    settings.pop(missing)
    assert refused(providers.get, "keycloak", settings=settings, **CREDENTIALS).code == "setting"


SECRETIVE = [one for one in providers.ids() if "client_secret" in kind_of(one).credentials]


@pytest.mark.parametrize("name", SECRETIVE)
@pytest.mark.parametrize("value", [None, "", " ", 7])
def test_missing_credentials_are_refused(make, refused, name, value):
    error = refused(make, name, client_secret=value)
    assert (type(error), error.code) == (Misconfigured, "credentials")


@pytest.mark.parametrize("credential", ["client_id", "key", "certificate_key"])
def test_apple_needs_all_four(make, refused, credential):
    assert refused(make, "apple", **{credential: ""}).code == "credentials"
    assert refused(make, "apple", client_id=" , ").code == "credentials"


@pytest.mark.parametrize("wrong", ["no PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_key_that_apple_would_not_read_is_refused_before_it_is_used(make, script, refused, wrong):
    apple = make("apple", certificate_key=wrong)
    session = script.begin(apple).session
    error = refused(script.finish, apple, session, {"state": session["state"], "code": "c"})
    assert (error.code, error.step) == ("credentials", "token")
    assert "AAAA" not in f"{error}"


@pytest.mark.parametrize(
    "given", [{}, {"client_id": "1"}, {"client_secret": "x"}, {"settings": {"TOKEN": "no-bot-id"}}], ids=str
)
def test_telegram_needs_a_bot_token_or_a_client(refused, given):
    assert refused(providers.get, "telegram", **given).code == "credentials"


def test_a_bot_token_may_be_the_client_secret(script):
    telegram = providers.get("telegram", client_secret="77:abc")
    assert "bot_id=77" in script.begin(telegram).url


def test_credentials_may_be_in_the_app_setting(script, query):
    app = {"client_id": "in-app", "secret": "x", "key": "", "certificate_key": ""}
    github = providers.get("github", settings={"APP": app})
    assert query(script.begin(github).url)["client_id"] == "in-app"
    assert (github.client_secret, providers.get("github", client_id="out", settings={"APP": app}).client_id) == (
        "x",
        "out",
    )


@pytest.mark.parametrize("wrong", ["cb", "/cb", "https://app.example/#x", "javascript:x", "", None, 7])
def test_a_redirect_uri_must_be_absolute(make, script, refused, wrong):
    assert refused(script.begin, make("github"), redirect_uri=wrong).code == "redirect_uri"


def test_an_unknown_parameter_of_begin_is_named_with_the_nearest(make, script, refused):
    error = refused(script.begin, make("github"), promt="x")
    assert error.code == "unknown_parameter"
    assert "'prompt'" in str(error)


@pytest.mark.parametrize(
    ("name", "param"),
    [
        *[("github", one) for one in ("state", "redirect_uri", "client_id", "response_type", "code_challenge")],
        ("google", "nonce"),
        ("weixin", "appid"),
    ],
)
@pytest.mark.parametrize("how", ["setting", "begin"])
def test_what_protects_a_login_cannot_be_replaced(make, script, refused, name, param, how):
    provider = make(name, {"AUTH_PARAMS": {param: "x"}} if how == "setting" else None)
    options = {} if how == "setting" else {"auth_params": {param: "x"}}
    assert refused(script.begin, provider, **options).code == "reserved_parameter"


@pytest.mark.parametrize("options", [{"scope": "user"}, {"scope": [1]}, {"auth_params": {"a": 1}}, {"prompt": None}])
def test_options_of_another_type_are_refused(make, script, refused, options):
    assert isinstance(refused(script.begin, make("github"), **options), Misconfigured)


EFFECTS = [
    ("github", {"SCOPE": ["user", "repo", "read:org"]}, "scope", "user repo read:org"),
    ("github", {"SCOPE": []}, "scope", None),
    ("github", {"AUTH_PARAMS": {"allow_signup": "false"}}, "allow_signup", "false"),
    ("google", {"SCOPE": ["profile", "email"]}, "scope", "profile email"),
    ("google", {"AUTH_PARAMS": {"access_type": "online"}}, "access_type", "online"),
    ("facebook", {"SCOPE": ["email", "public_profile", "user_link"]}, "scope", "email,public_profile,user_link"),
    ("facebook", {"AUTH_PARAMS": {"auth_type": "reauthenticate"}}, "auth_type", "reauthenticate"),
    ("apple", {"SCOPE": ["email"]}, "scope", "email"),
    ("weixin", {"SCOPE": ["snsapi_base", "snsapi_userinfo"]}, "scope", "snsapi_base,snsapi_userinfo"),
    ("nextcloud", {"SCOPE": ["read"]}, "scope", "read"),
    ("shopify", {"SCOPE": ["read_all_orders"]}, "scope", "read_all_orders"),
    ("steam", {"REALM": "https://*.app.example"}, "openid.realm", "https://*.app.example/"),
    ("telegram", {"TOKEN": "4:x", "AUTH_PARAMS": {"request_access": "write"}}, "request_access", "write"),
]


@pytest.mark.parametrize(("name", "settings", "param", "value"), EFFECTS, ids=lambda value: str(value)[:50])
def test_a_setting_changes_the_redirect(make, script, query, name, settings, param, value):
    options = {"shop": "petstore"} if name == "shopify" else {}
    assert query(script.begin(make(name), **options).url).get(param) != value
    assert query(script.begin(make(name, settings), **options).url).get(param) == value


PLACES = [
    ("github", {"GITHUB_URL": "https://git.example/"}, "https://git.example/login/oauth/authorize"),
    ("google", {"AUTHORIZE_URL": "https://x.example/auth"}, "https://x.example/auth"),
    ("facebook", {"VERSION": "v7.0"}, "https://www.facebook.com/v7.0/dialog/oauth"),
    (
        "facebook",
        {"AUTHORIZE_URL": "https://m.facebook.com/v7.0/dialog/oauth"},
        "https://m.facebook.com/v7.0/dialog/oauth",
    ),
    (
        "weixin",
        {"AUTHORIZE_URL": "https://open.weixin.qq.com/connect/oauth2/authorize"},
        "https://open.weixin.qq.com/connect/oauth2/authorize",
    ),
    ("nextcloud", {"SERVER": "https://x.example/sub/"}, "https://x.example/sub/apps/oauth2/authorize"),
    (
        "keycloak",
        {"KEYCLOAK_URL": "https://x.example/auth/"},
        "https://x.example/auth/realms/master/protocol/openid-connect/auth",
    ),
    ("keycloak", {"KEYCLOAK_REALM": "a b/c"}, "https://kc.example/auth/realms/a%20b%2Fc/protocol/openid-connect/auth"),
]


@pytest.mark.parametrize(("name", "settings", "place"), PLACES, ids=lambda value: str(value)[:60])
def test_a_setting_changes_where_the_browser_goes(make, script, name, settings, place):
    assert script.begin(make(name, settings)).url.startswith(f"{place}?")


def test_the_realm_may_be_misspelt_as_the_documentation_has_it(script):
    settings = {"KEYCLOAK_URL": "https://kc.example", "KEYCLOAK_REAML": "typo"}
    keycloak = providers.get("keycloak", settings=settings, **CREDENTIALS)
    assert "/realms/typo/" in script.begin(keycloak).url


@pytest.mark.parametrize(
    ("settings", "api"),
    [
        ({}, "https://api.github.com"),
        ({"GITHUB_URL": "https://github.com/"}, "https://api.github.com"),
        ({"GITHUB_URL": "https://git.example"}, "https://git.example/api/v3"),
        ({"GITHUB_URL": "https://octo.ghe.com", "API_URL": "https://api.octo.ghe.com/"}, "https://api.octo.ghe.com"),
    ],
)
def test_the_api_of_github_follows_its_address(make, script, settings, api):
    github = make("github", {**settings, "SCOPE": []})
    session = script.begin(github).session
    base = settings.get("GITHUB_URL", "https://github.com").rstrip("/")
    form = {
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
        "code": "c",
        "code_verifier": session["verifier"],
    }
    form["redirect_uri"] = "https://app.example/cb"
    script.expect("POST", f"{base}/login/oauth/access_token", form=form, answer={"access_token": "t"})
    script.expect("GET", f"{api}/user", answer={"id": 1})
    script.finish(github, session, {"state": session["state"], "code": "c", "iss": f"{base}/login/oauth"})
    script.done()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ACCESS_TOKEN_URL", "https://x.example/t"),
        ("CERTS_URL", "https://x.example/c"),
        ("IDENTITY_URL", "https://x.example/i"),
        ("ID_TOKEN_ISSUER", "https://x.example"),
    ],
)
def test_each_endpoint_of_google_can_be_replaced(make, script, claims, sign, keys, jwk, setting, value):
    google = make("google", {setting: value, "FETCH_USERINFO": True})
    session = script.begin(google).session
    places = {
        "ACCESS_TOKEN_URL": "https://oauth2.googleapis.com/token",
        "CERTS_URL": "https://www.googleapis.com/oauth2/v3/certs",
        "IDENTITY_URL": "https://openidconnect.googleapis.com/v1/userinfo",
        "ID_TOKEN_ISSUER": "https://accounts.google.com",
        setting: value,
    }
    form = {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": "https://app.example/cb",
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
        "code_verifier": session["verifier"],
    }
    token = sign(claims(session, iss=places["ID_TOKEN_ISSUER"]))
    script.expect("POST", places["ACCESS_TOKEN_URL"], form=form, answer={"access_token": "t", "id_token": token})
    script.expect("GET", places["CERTS_URL"], answer={"keys": [jwk(keys.signing)]})
    script.expect("GET", places["IDENTITY_URL"], answer={"id": "u-1", "verified_email": True, "email": "a@x.example"})
    identity = script.finish(google, session, {"state": session["state"], "code": "c"})
    script.done()
    assert (identity.uid, identity.email_verified) == ("u-1", True)


VERIFIED = [
    ("github", {"SCOPE": []}, {"access_token": "t"}, {"id": 1, "email": "a@x.example"}),
    ("facebook", {}, {"access_token": "t"}, {"id": "1", "email": "a@x.example"}),
    (
        "nextcloud",
        {},
        {"access_token": "t", "user_id": "a"},
        {"ocs": {"meta": {"statuscode": 100}, "data": {"id": "a", "email": "a@x.example"}}},
    ),
    ("google", {"SCOPE": ["email"]}, {"access_token": "t"}, {"sub": "1", "email": "a@x.example"}),
    (
        "keycloak",
        {"SCOPE": ["email"]},
        {"access_token": "t"},
        {"sub": "1", "email": "a@x.example", "email_verified": False},
    ),
]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("name", "settings", "token", "profile"), VERIFIED, ids=[one[0] for one in VERIFIED])
def test_verified_email_marks_every_address(make, name, settings, token, profile, force):
    import httpx

    bodies = iter([token, profile])
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=next(bodies))))
    provider = make(name, {**settings, "VERIFIED_EMAIL": force})
    session = provider.begin(redirect_uri="https://app.example/cb").session
    identity = provider.finish(session, {"state": session["state"], "code": "c"}, http=client)
    assert (identity.email, identity.email_verified, identity.emails[0].verified) == ("a@x.example", force, force)


def test_weixin_with_only_snsapi_base_asks_for_no_profile(make, script):
    weixin = make("weixin", {"SCOPE": ["snsapi_base"]})
    session = script.begin(weixin).session
    query = {"appid": "app-1", "secret": "s3cret-of-the-app", "code": "c", "grant_type": "authorization_code"}
    script.expect(
        "GET",
        "https://api.weixin.qq.com/sns/oauth2/access_token",
        query=query,
        answer={"access_token": "t", "openid": "oX", "unionid": "oU"},
    )
    identity = script.finish(weixin, session, {"state": session["state"], "code": "c"})
    script.done()
    assert (identity.uid, identity.name) == ("oX", None)


def test_an_embedded_shopify_app_leaves_the_frame_by_script(make, script):
    assert script.begin(make("shopify"), shop="petstore").page is None
    login = script.begin(make("shopify", {"IS_EMBEDDED": True}), shop="petstore", auth_params={"x": "</script>"})
    assert "window.top.location.href" in login.page
    assert login.page.count("</script>") == 1
    assert login.url in login.page


def test_shopify_can_ask_for_a_token_that_does_not_expire(make):
    for value, sent in ((True, {"expiring": "1"}), (False, {})):
        assert make("shopify", {"EXPIRING": value}).token_params({"shop": "petstore"}) == sent


def test_fields_of_facebook_are_asked_for(make, script):
    import hashlib
    import hmac

    facebook = make("facebook", {"FIELDS": ["id", "short_name"], "GRAPH_API_URL": "https://g.example/v9.0/"})
    session = script.begin(facebook).session
    query = {"client_id": "app-1", "client_secret": "s3cret-of-the-app", "code": "c"}
    query["redirect_uri"] = "https://app.example/cb"
    script.expect("GET", "https://g.example/v9.0/oauth/access_token", query=query, answer={"access_token": "t"})
    proof = hmac.new(b"s3cret-of-the-app", b"t", hashlib.sha256).hexdigest()
    script.expect(
        "GET",
        "https://g.example/v9.0/me",
        query={"fields": "id,short_name", "appsecret_proof": proof},
        answer={"id": "1"},
    )
    assert script.finish(facebook, session, {"state": session["state"], "code": "c"}).uid == "1"
    script.done()


def locale_of(request):
    return request


@pytest.mark.parametrize(
    ("settings", "request_", "url"),
    [
        ({}, None, "//connect.facebook.net/en_US/sdk.js"),
        ({"LOCALE_FUNC": lambda request: "de_DE"}, None, "//connect.facebook.net/de_DE/sdk.js"),
        ({"LOCALE_FUNC": locale_of}, "fr_FR", "//connect.facebook.net/fr_FR/sdk.js"),
        ({"LOCALE_FUNC": "posixpath.basename"}, "x/nl_NL", "//connect.facebook.net/nl_NL/sdk.js"),
        ({"SDK_URL": "//x.example/sdk.js"}, None, "//x.example/sdk.js"),
    ],
)
def test_the_sdk_is_loaded_in_the_users_locale(make, settings, request_, url):
    facebook = make(
        "facebook", {**settings, "INIT_PARAMS": {"cookie": True}, "AUTH_PARAMS": {"auth_type": "rerequest"}}
    )
    assert facebook.sdk_url(request_) == url
    assert facebook.sdk(request_) == {
        "url": url,
        "init": {"appId": "app-1", "version": "v24.0", "cookie": True},
        "login": {"scope": "email,public_profile", "auth_type": "rerequest"},
    }


@pytest.mark.parametrize("function", ["no.such.module", "os.path.nothing", lambda request: "en", lambda request: None])
def test_a_locale_that_is_none_is_refused(make, refused, function):
    assert refused(make("facebook", {"LOCALE_FUNC": function}).sdk_url).code == "setting"


@pytest.mark.parametrize(("method", "code"), [("js_sdk", "bad_response"), ("oauth2", "code_missing")])
def test_method_js_sdk_lets_finish_take_a_token(make, refused, method, code):
    import httpx

    facebook = make("facebook", {"METHOD": method})
    session = facebook.begin(redirect_uri="https://app.example/cb").session
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="")))
    assert refused(facebook.finish, session, {"access_token": "t"}, http=client).code in (code, "state_missing")
    assert refused(facebook.finish, session, {"access_token": "t", "state": session["state"]}, http=client).code == code
    assert session["used"] is True
