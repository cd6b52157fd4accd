"""One whole login of each provider, with the exact requests of its documentation, through each client library."""

import hashlib
import hmac
import json
from urllib.parse import parse_qsl, urlencode

import jwt
import pytest

from providers import Email, oauth1_signature
from providers.oauth2 import s256

SECRET = "s3cret-of-the-app"
CALLBACK = "https://app.example/cb"
BIG = 2**53 + 1


def test_github_logs_in(any_script, make, query, now):
    github = make("github")
    login = any_script.begin(github, prompt="select_account")
    sent = query(login.url)
    assert login.url.startswith("https://github.com/login/oauth/authorize?")
    assert sent["scope"] == "user:email"
    assert sent["prompt"] == "select_account"
    assert sent["code_challenge"] == s256(login.session["verifier"])
    any_script.expect(
        "POST",
        "https://github.com/login/oauth/access_token",
        form={
            "client_id": "app-1",
            "client_secret": SECRET,
            "code": "c0de",
            "redirect_uri": CALLBACK,
            "code_verifier": login.session["verifier"],
        },
        headers={"Accept": "application/json"},
        answer={"access_token": "gho_t", "token_type": "bearer", "scope": "user:email"},
    )
    bearer = {"Authorization": "Bearer gho_t", "Accept": "application/vnd.github+json"}
    user = {"id": BIG, "login": "alice", "name": "Alice A", "email": "public@x.example", "avatar_url": "https://a/1"}
    any_script.expect("GET", "https://api.github.com/user", headers=bearer, answer=user)
    rows = [
        {"email": "public@x.example", "primary": False, "verified": True, "visibility": None},
        {"email": "alice@x.example", "primary": True, "verified": True, "visibility": "private"},
    ]
    any_script.expect(
        "GET", "https://api.github.com/user/emails", query={"per_page": "100"}, headers=bearer, answer=rows
    )
    callback = {"code": "c0de", "state": login.session["state"], "iss": "https://github.com/login/oauth"}
    identity = any_script.finish(github, login.session, callback)
    any_script.done()
    assert (identity.provider, identity.uid, identity.username) == ("github", "9007199254740993", "alice")
    assert (identity.email, identity.email_verified, identity.name) == ("alice@x.example", True, "Alice A")
    assert identity.emails[0] == Email("public@x.example", verified=True, primary=False)
    assert (identity.token.access, identity.token.type, identity.token.expires_at) == ("gho_t", "bearer", None)
    assert identity.raw == {"token": {"token_type": "bearer", "scope": "user:email"}, "userinfo": user, "emails": rows}
    assert login.session["used"] is True


def test_github_works_without_iss_as_before_2026(script, make):
    github = make("github", {"SCOPE": ["repo"]})
    login = script.begin(github)
    script.expect(
        "POST",
        "https://github.com/login/oauth/access_token",
        form={
            "client_id": "app-1",
            "client_secret": SECRET,
            "code": "c0de",
            "redirect_uri": CALLBACK,
            "code_verifier": login.session["verifier"],
        },
        answer="access_token=gho_t&scope=repo&token_type=bearer",
        kind="application/x-www-form-urlencoded; charset=utf-8",
    )
    script.expect("GET", "https://api.github.com/user", answer={"id": 7, "login": "a", "email": "p@x.example"})
    identity = script.finish(github, login.session, f"code=c0de&state={login.session['state']}")
    script.done()
    assert (identity.email, identity.email_verified) == ("p@x.example", False)


def test_google_logs_in(any_script, make, query, sign, claims, keys, jwk, now):
    google = make("google", {"AUTH_PARAMS": {"access_type": "offline"}})
    login = any_script.begin(google)
    sent = query(login.url)
    assert login.url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert (sent["scope"], sent["access_type"]) == ("openid profile email", "offline")
    assert sent["nonce"] == login.session["nonce"]
    known = claims(
        login.session,
        iss="https://accounts.google.com",
        azp="app-1",
        email="a@g.example",
        email_verified=True,
        name="Al Ice",
        given_name="Al",
        family_name="Ice",
        picture="https://p/1",
    )
    token = sign(known)
    any_script.expect(
        "POST",
        "https://oauth2.googleapis.com/token",
        form={
            "grant_type": "authorization_code",
            "code": "4/0A",
            "redirect_uri": CALLBACK,
            "client_id": "app-1",
            "client_secret": SECRET,
            "code_verifier": login.session["verifier"],
        },
        answer={
            "access_token": "ya29.t",
            "expires_in": 3599,
            "refresh_token": "1//r",
            "scope": "openid",
            "token_type": "Bearer",
            "id_token": token,
        },
    )
    any_script.expect("GET", "https://www.googleapis.com/oauth2/v3/certs", answer={"keys": [jwk(keys.signing)]})
    callback = f"{CALLBACK}?state={login.session['state']}&code=4%2F0A&authuser=0&hd=x&iss=https://accounts.google.com"
    identity = any_script.finish(google, login.session, callback)
    any_script.done()
    assert (identity.uid, identity.email, identity.email_verified) == ("u-1", "a@g.example", True)
    assert (identity.first_name, identity.last_name, identity.name) == ("Al", "Ice", "Al Ice")
    assert (identity.token.refresh, identity.token.expires_at) == ("1//r", now + 3599)
    assert identity.token.id_token == token
    assert identity.raw["id_token"] == known
    assert "id_token" not in identity.raw["token"]


def test_apple_logs_in(any_script, make, query, sign, claims, keys, jwk, now):
    apple = make("apple", client_id="web.example, ios.example", client_secret="KEYID12345")
    login = any_script.begin(apple)
    sent = query(login.url)
    assert (sent["client_id"], sent["response_type"]) == ("web.example", "code id_token")
    assert (sent["response_mode"], sent["scope"]) == ("form_post", "name email")
    assert "code_challenge" not in sent
    assert "+" not in login.url
    known = claims(
        login.session,
        iss="https://appleid.apple.com",
        aud="ios.example",
        email="r@privaterelay.appleid.com",
        email_verified="true",
        is_private_email="true",
    )
    any_script.expect("GET", "https://appleid.apple.com/auth/keys", answer={"keys": [jwk(keys.signing)]})
    any_script.expect(
        "POST",
        "https://appleid.apple.com/auth/token",
        form=AnySecret(keys, now),
        answer={
            "access_token": "a.t",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": "r.t",
            "id_token": sign(known),
        },
    )
    user = json.dumps({"name": {"firstName": "Al", "lastName": "Ice"}, "email": "other@x.example"})
    callback = [("state", login.session["state"]), ("code", "c0de"), ("id_token", sign(known)), ("user", user)]
    identity = any_script.finish(apple, login.session, callback)
    any_script.done()
    assert (identity.uid, identity.email) == ("u-1", "r@privaterelay.appleid.com")
    assert identity.email_verified is True
    assert (identity.first_name, identity.last_name, identity.name) == ("Al", "Ice", "Al Ice")


@pytest.mark.parametrize(
    ("user", "names"),
    [
        (None, (None, None, None)),
        ("", (None, None, None)),
        ("{", (None, None, None)),
        ("[1]", (None, None, None)),
        ('{"name": null}', (None, None, None)),
        ('{"name": {"firstName": "Al"}}', ("Al", None, "Al")),
        ('{"name": {"firstName": 7, "lastName": "Ice"}}', (None, "Ice", "Ice")),
        ("[" * 9000, (None, None, None)),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize(("verified", "expected"), [(True, True), ("true", True), ("false", False), (1, False)])
def test_apple_takes_names_as_they_come(script, make, sign, claims, keys, jwk, now, user, names, verified, expected):
    apple = make("apple", client_id="web.example", client_secret="KEYID12345")
    session = script.begin(apple).session
    known = claims(session, iss="https://appleid.apple.com", aud="web.example", email="a@x", email_verified=verified)
    form = AnySecret(keys, now)
    answer = {"access_token": "a.t", "id_token": sign(known)}
    script.expect("POST", "https://appleid.apple.com/auth/token", form=form, answer=answer)
    script.expect("GET", "https://appleid.apple.com/auth/keys", answer={"keys": [jwk(keys.signing)]})
    callback = {"state": session["state"], "code": "c0de", **({} if user is None else {"user": user})}
    identity = script.finish(apple, session, callback)
    assert (identity.first_name, identity.last_name, identity.name) == names
    assert identity.email_verified is expected


class AnySecret(dict):
    """Apple's token form, whose client secret is a JWT that nobody can write down beforehand."""

    def __init__(self, keys, now):
        super().__init__()
        self.keys, self.now = keys, now

    def __eq__(self, form):
        secret = form.pop("client_secret")
        assert jwt.get_unverified_header(secret) == {"alg": "ES256", "kid": "KEYID12345", "typ": "JWT"}
        made = jwt.decode(
            secret,
            self.keys.client.public_key(),
            ["ES256"],
            audience="https://appleid.apple.com",
            options={"verify_exp": False, "verify_iat": False},
        )
        assert (made["iss"], made["sub"], made["iat"]) == ("TEAM123456", "web.example", self.now)
        assert 0 < made["exp"] - made["iat"] <= 3600
        common = {"grant_type": "authorization_code", "client_id": "web.example"}
        return form == {**common, "code": "c0de", "redirect_uri": CALLBACK}

    __hash__ = None


def shopify_callback(session, now, secret=SECRET, **changes):
    params = {
        "code": "c0de",
        "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvcGV0c3RvcmU",
        "shop": "petstore.myshopify.com",
        "state": session["state"],
        "timestamp": str(now),
        **changes,
    }
    mac = hmac.new(secret.encode(), urlencode(sorted(params.items())).encode(), hashlib.sha256).hexdigest()
    return {**params, "hmac": mac}


def test_shopify_logs_a_shop_in(any_script, make, query, now):
    shopify = make("shopify")
    login = any_script.begin(shopify, shop="petstore")
    assert login.url.startswith("https://petstore.myshopify.com/admin/oauth/authorize?")
    assert query(login.url)["scope"] == "read_orders,read_products"
    any_script.expect(
        "POST",
        "https://petstore.myshopify.com/admin/oauth/access_token",
        body={"client_id": "app-1", "client_secret": SECRET, "code": "c0de", "expiring": "1"},
        headers={"Accept": "application/json"},
        answer={"access_token": "shpat_t", "scope": "read_orders", "expires_in": 3600, "refresh_token": "shprt_r"},
    )
    shop = {
        "id": 548380009,
        "name": "Pet Store",
        "email": "shop@x.example",
        "myshopify_domain": "petstore.myshopify.com",
    }
    any_script.expect(
        "GET",
        "https://petstore.myshopify.com/admin/shop.json",
        headers={"X-Shopify-Access-Token": "shpat_t", "Authorization": None},
        answer={"shop": shop},
    )
    identity = any_script.finish(shopify, login.session, shopify_callback(login.session, now))
    any_script.done()
    assert (identity.uid, identity.name, identity.username) == ("548380009", "Pet Store", "petstore")
    assert (identity.email, identity.email_verified) == ("shop@x.example", False)


def test_shopify_logs_a_member_of_staff_in(script, make, query, now):
    shopify = make("shopify", {"AUTH_PARAMS": {"grant_options[]": "per-user"}})
    login = script.begin(shopify, shop="Petstore.myshopify.com")
    assert query(login.url)["grant_options[]"] == "per-user"
    user = {
        "id": 902541635,
        "first_name": "John",
        "last_name": "Smith",
        "email": "john@x.example",
        "email_verified": True,
    }
    script.expect(
        "POST",
        "https://petstore.myshopify.com/admin/oauth/access_token",
        body={"client_id": "app-1", "client_secret": SECRET, "code": "c0de"},
        answer={"access_token": "shpat_t", "scope": "read_orders", "expires_in": 86399, "associated_user": user},
    )
    identity = script.finish(shopify, login.session, shopify_callback(login.session, now))
    script.done()
    assert (identity.uid, identity.first_name, identity.last_name) == ("902541635", "John", "Smith")
    assert (identity.email, identity.email_verified) == ("john@x.example", True)


def oauth_header(headers):
    kind, _, rest = headers["authorization"].partition(" ")
    assert kind == "OAuth"
    from urllib.parse import unquote

    return {name: unquote(value.strip('"')) for name, value in (one.strip().split("=", 1) for one in rest.split(","))}


def test_twitter_logs_in(any_script, make, now):
    twitter = make("twitter")
    any_script.expect(
        "POST",
        "https://api.x.com/oauth/request_token",
        answer="oauth_token=req&oauth_token_secret=req%2Bsecret&oauth_callback_confirmed=true",
        kind="text/html; charset=utf-8",
    )
    login = any_script.begin(twitter, redirect_uri="http://127.0.0.1:8000/cb")
    assert login.url == "https://api.x.com/oauth/authenticate?oauth_token=req"
    any_script.expect(
        "POST",
        "https://api.x.com/oauth/access_token",
        form={"oauth_verifier": "ver"},
        answer="oauth_token=7-acc&oauth_token_secret=acc-secret&user_id=7&screen_name=alice",
        kind="text/html",
    )
    user = {
        "id": BIG,
        "id_str": str(BIG),
        "screen_name": "alice",
        "name": "Alice",
        "email": "a@x.example",
        "profile_image_url_https": "https://pbs/1",
    }
    any_script.expect(
        "GET",
        "https://api.x.com/1.1/account/verify_credentials.json",
        query={"include_email": "true", "skip_status": "true"},
        answer=user,
    )
    identity = any_script.finish(twitter, login.session, "oauth_token=req&oauth_verifier=ver")
    any_script.done()
    assert (identity.uid, identity.username, identity.email) == (str(BIG), "alice", "a@x.example")
    assert identity.email_verified is True
    assert (identity.token.access, identity.token.secret) == ("7-acc", "acc-secret")
    assert identity.raw["token"] == {"user_id": "7", "screen_name": "alice"}
    nonces = set()
    token_secrets = ["", "req+secret", "acc-secret"]
    tokens = [None, "req", "7-acc"]
    for (method, url, headers, body), token_secret, token in zip(any_script.seen, token_secrets, tokens, strict=True):
        params = oauth_header(headers)
        nonces.add(params["oauth_nonce"])
        assert (params["oauth_consumer_key"], params["oauth_timestamp"]) == ("app-1", str(now))
        assert (params.get("oauth_token"), params["oauth_version"]) == (token, "1.0")
        base = oauth1_signature.base_string(method, url, [*params.items(), *parse_qsl(body.decode())])
        assert params["oauth_signature"] == oauth1_signature.hmac_sha1(base, SECRET, token_secret)
    assert len(nonces) == 3
    assert oauth_header(any_script.seen[0][2])["oauth_callback"] == "http://127.0.0.1:8000/cb"


def test_a_provider_may_sign_in_plain_text(script, now):
    """RFC 5849 section 3.4.4; the class stands for one of those that ask for it, with a scope as some have."""
    from providers.oauth1 import OAuth1

    class Plain(OAuth1):
        id, name = "plain", "Plain"
        signature_method = "PLAINTEXT"
        request_token_url, authorize_url = "https://plain.example/request", "https://plain.example/authorize"
        access_token_url, profile_url = "https://plain.example/access", "https://plain.example/me"
        scope = ("read", "write")
        uid = "id"

    plain = Plain(client_id="app-1", client_secret="a&b", clock=lambda: now)
    script.expect(
        "POST",
        "https://plain.example/request",
        query={"scope": "read write"},
        answer="oauth_token=req&oauth_token_secret=s%26&oauth_callback_confirmed=true",
    )
    login = script.begin(plain)
    assert login.url == "https://plain.example/authorize?oauth_token=req"
    script.expect("POST", "https://plain.example/access", answer="oauth_token=acc&oauth_token_secret=t")
    script.expect("GET", "https://plain.example/me", answer={"id": 1})
    assert script.finish(plain, login.session, "oauth_token=req&oauth_verifier=ver").uid == "1"
    script.done()
    headers = [oauth_header(one[2]) for one in script.seen]
    assert [one["oauth_signature"] for one in headers] == ["a%26b&", "a%26b&s%26", "a%26b&t"]
    assert headers[1]["oauth_verifier"] == "ver"
    assert {one["oauth_signature_method"] for one in headers} == {"PLAINTEXT"}


def test_facebook_logs_in(any_script, make, query):
    facebook = make("facebook")
    login = any_script.begin(facebook, auth_type="rerequest")
    sent = query(login.url)
    assert login.url.startswith("https://www.facebook.com/v24.0/dialog/oauth?")
    assert (sent["scope"], sent["auth_type"]) == ("email,public_profile", "rerequest")
    any_script.expect(
        "GET",
        "https://graph.facebook.com/v24.0/oauth/access_token",
        query={"client_id": "app-1", "client_secret": SECRET, "code": "c0de", "redirect_uri": CALLBACK},
        answer={"access_token": "EAA", "token_type": "bearer", "expires_in": 5183944},
        kind="text/javascript; charset=UTF-8",
    )
    any_script.expect(
        "GET",
        "https://graph.facebook.com/v24.0/me",
        query={
            "fields": "id,email,name,first_name,last_name,picture",
            "appsecret_proof": hmac.new(SECRET.encode(), b"EAA", hashlib.sha256).hexdigest(),
        },
        headers={"Authorization": "Bearer EAA"},
        answer={
            "id": "10221",
            "email": "a@f.example",
            "name": "Al Ice",
            "first_name": "Al",
            "last_name": "Ice",
            "verified": True,
            "picture": {"data": {"url": "https://p/1", "is_silhouette": False}},
        },
    )
    callback = f"{CALLBACK}?code=c0de&state={login.session['state']}#_=_"
    identity = any_script.finish(facebook, login.session, callback)
    any_script.done()
    assert (identity.uid, identity.email, identity.email_verified) == ("10221", "a@f.example", False)
    assert (identity.name, identity.first_name, identity.last_name) == ("Al Ice", "Al", "Ice")
    assert identity.picture == "https://p/1"


def expect_sdk_check(script, data, **debug):
    graph = "https://graph.facebook.com/v24.0"
    app = {"client_id": "app-1", "client_secret": SECRET}
    script.expect(
        "GET",
        f"{graph}/oauth/access_token",
        query={"grant_type": "client_credentials", **app},
        answer={"access_token": "app-1|t", "token_type": "bearer"},
    )
    script.expect(
        "GET",
        f"{graph}/debug_token",
        query={"input_token": "EAAshort", "access_token": "app-1|t"},
        answer={"data": {"app_id": "app-1", "is_valid": True, "user_id": "10221", "type": "USER", **data}},
        **debug,
    )


def test_facebook_takes_a_token_of_its_sdk(any_script, make):
    facebook = make("facebook", {"EXCHANGE_TOKEN": True})
    graph = "https://graph.facebook.com/v24.0"
    expect_sdk_check(any_script, {})
    exchange = {"grant_type": "fb_exchange_token", "fb_exchange_token": "EAAshort"}
    any_script.expect(
        "GET",
        f"{graph}/oauth/access_token",
        query={**exchange, "client_id": "app-1", "client_secret": SECRET},
        answer={"access_token": "EAAlong", "token_type": "bearer", "expires_in": 5183944},
    )
    proof = hmac.new(SECRET.encode(), b"EAAlong", hashlib.sha256).hexdigest()
    any_script.expect(
        "GET",
        f"{graph}/me",
        query={"fields": "id,email,name,first_name,last_name,picture", "appsecret_proof": proof},
        answer={"id": "10221", "name": "Al"},
    )
    identity = any_script.with_token(facebook, "EAAshort")
    any_script.done()
    assert (identity.uid, identity.token.access, identity.email) == ("10221", "EAAlong", None)


@pytest.mark.parametrize(
    ("data", "me", "code"),
    [
        ({"app_id": "another"}, None, "wrong_audience"),
        ({"is_valid": False, "error": {"code": 190}}, None, "invalid_token"),
        ({"user_id": "1"}, {"id": "10221"}, "sub_mismatch"),
    ],
)
def test_facebook_refuses_a_token_that_is_not_for_this_app(script, make, refused, data, me, code):
    facebook = make("facebook")
    expect_sdk_check(script, data)
    if me:
        proof = hmac.new(SECRET.encode(), b"EAAshort", hashlib.sha256).hexdigest()
        fields = "id,email,name,first_name,last_name,picture"
        script.expect(
            "GET", "https://graph.facebook.com/v24.0/me", query={"fields": fields, "appsecret_proof": proof}, answer=me
        )
    assert refused(script.with_token, facebook, "EAAshort").code == code
    script.done()


def telegram_fields(now, **changes):
    fields = {
        "id": "99",
        "first_name": "Al",
        "last_name": "Ice",
        "username": "alice",
        "photo_url": "https://t.me/i/1.jpg",
        "auth_date": str(now),
        **changes,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    key = hashlib.sha256(b"4242:bot-token-of-a-test").digest()
    return {**fields, "hash": hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()}


def test_telegram_logs_in_by_widget(any_script, make, query, now):
    telegram = make("telegram")
    login = any_script.begin(telegram, redirect_uri=f"{CALLBACK}?next=/x")
    sent = query(login.url)
    assert login.url.startswith("https://oauth.telegram.org/auth?")
    assert (sent["bot_id"], sent["origin"], sent["embed"]) == ("4242", "https://app.example", "0")
    assert sent["return_to"] == f"{CALLBACK}?next=/x&state={login.session['state']}"
    callback = {"next": "/x", "state": login.session["state"], **telegram_fields(now)}
    identity = any_script.finish(telegram, login.session, callback)
    assert (identity.uid, identity.username, identity.name) == ("99", "alice", "Al Ice")
    assert (identity.first_name, identity.last_name, identity.email) == ("Al", "Ice", None)
    assert identity.picture == "https://t.me/i/1.jpg"


def pack(members):
    import base64

    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


@pytest.mark.parametrize("posted", [True, False], ids=["posted", "in the fragment"])
def test_telegram_logs_in_by_redirect(script, make, now, posted):
    telegram = make("telegram")
    login = script.begin(telegram)
    fields = telegram_fields(now, id=str(BIG), username=None)
    packed = pack({**fields, "id": BIG, "auth_date": now})
    state = login.session["state"]
    callback = {"state": state, "tgAuthResult": packed} if posted else f"{CALLBACK}?state={state}#tgAuthResult={packed}"
    identity = script.finish(telegram, login.session, callback)
    assert (identity.uid, identity.username) == (str(BIG), None)


def test_telegram_logs_in_by_openid_connect(any_script, make, query, sign, claims, keys, jwk):
    telegram = make("telegram", {}, client_id="4242")
    login = any_script.begin(telegram)
    sent = query(login.url)
    assert (sent["client_id"], sent["scope"], sent["response_type"]) == ("4242", "openid profile", "code")
    known = claims(
        login.session,
        iss="https://oauth.telegram.org",
        aud="4242",
        sub="1111111111111111111",
        id=99,
        nonce=None,
        name="Al Ice",
        preferred_username="alice",
        picture="https://t.me/1",
    )
    any_script.expect(
        "POST",
        "https://oauth.telegram.org/token",
        form={
            "grant_type": "authorization_code",
            "code": "c0de",
            "redirect_uri": CALLBACK,
            "client_id": "4242",
            "code_verifier": login.session["verifier"],
        },
        headers={"Authorization": "Basic NDI0MjpzM2NyZXQtb2YtdGhlLWFwcA=="},
        answer={"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "id_token": sign(known)},
    )
    odd = {"kty": "EC", "crv": "secp256k1", "kid": "oidc-es256k-1", "alg": "ES256K", "use": "sig", "x": "AA", "y": "AA"}
    any_script.expect(
        "GET", "https://oauth.telegram.org/.well-known/jwks.json", answer={"keys": [odd, {}, 7, jwk(keys.signing)]}
    )
    identity = any_script.finish(telegram, login.session, f"code=c0de&state={login.session['state']}")
    any_script.done()
    assert (identity.uid, identity.username, identity.name, identity.email) == ("99", "alice", "Al Ice", None)


def test_weixin_logs_in(any_script, make, query):
    weixin = make("weixin")
    login = any_script.begin(weixin, lang="en")
    sent = query(login.url)
    assert login.url.endswith("#wechat_redirect")
    assert (sent["appid"], sent["scope"], sent["lang"]) == ("app-1", "snsapi_login", "en")
    assert "client_id" not in sent
    any_script.expect(
        "GET",
        "https://api.weixin.qq.com/sns/oauth2/access_token",
        query={"appid": "app-1", "secret": SECRET, "code": "c0de", "grant_type": "authorization_code"},
        answer=json.dumps(
            {"access_token": "9_t", "expires_in": 7200, "refresh_token": "9_r", "openid": "oX", "scope": "s"}
        ),
        kind="text/plain",
    )
    profile = {"openid": "oX", "nickname": "微信\ud83d", "headimgurl": "https://thirdwx/132", "sex": 0, "unionid": "oU"}
    any_script.expect(
        "GET",
        "https://api.weixin.qq.com/sns/userinfo",
        query={"access_token": "9_t", "openid": "oX"},
        headers={"Authorization": None},
        answer=json.dumps(profile, ensure_ascii=True).replace("\\u5fae\\u4fe1", "微信"),
        kind="text/plain",
    )
    identity = any_script.finish(weixin, login.session, f"code=c0de&state={login.session['state']}")
    any_script.done()
    assert (identity.uid, identity.name, identity.email) == ("oX", "微信?", None)
    assert identity.raw["token"]["openid"] == "oX"


NEXTCLOUD_XML = """<?xml version="1.0"?>
<ocs><meta><status>ok</status><statuscode>100</statuscode><message>OK</message></meta>
<data><id>al ice/é</id><email>a@n.example</email><displayname>Al Ice</displayname><groups/></data></ocs>"""


@pytest.mark.parametrize("as_xml", [False, True], ids=["json", "xml"])
def test_nextcloud_logs_in(any_script, make, query, as_xml):
    nextcloud = make("nextcloud")
    login = any_script.begin(nextcloud)
    assert login.url.startswith("https://cloud.example/apps/oauth2/authorize?")
    assert "scope" not in query(login.url)
    any_script.expect(
        "POST",
        "https://cloud.example/apps/oauth2/api/v1/token",
        form={
            "grant_type": "authorization_code",
            "code": "c0de",
            "client_id": "app-1",
            "client_secret": SECRET,
            "code_verifier": login.session["verifier"],
        },
        answer={
            "access_token": "t",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": "r",
            "user_id": "al ice/é",
        },
    )
    body = {"id": "al ice/é", "email": "a@n.example", "displayname": "Al Ice", "groups": []}
    meta = {"status": "ok", "statuscode": 100, "message": "OK"}
    any_script.expect(
        "GET",
        "https://cloud.example/ocs/v1.php/cloud/users/al%20ice%2F%C3%A9",
        query={"format": "json"},
        headers={"Authorization": "Bearer t", "OCS-APIRequest": "true"},
        answer=NEXTCLOUD_XML if as_xml else {"ocs": {"meta": meta, "data": body}},
        kind="application/xml; charset=utf-8" if as_xml else None,
    )
    identity = any_script.finish(nextcloud, login.session, f"state={login.session['state']}&code=c0de")
    any_script.done()
    assert (identity.uid, identity.username, identity.name) == ("al ice/é", "al ice/é", "Al Ice")
    assert (identity.email, identity.email_verified) == ("a@n.example", False)


def test_keycloak_logs_in(any_script, make, query, sign, claims, keys, jwk):
    keycloak = make("keycloak", {"KEYCLOAK_URL_ALT": "http://kc.internal:8080/auth/"})
    login = any_script.begin(keycloak, kc_idp_hint="saml")
    assert login.url.startswith("https://kc.example/auth/realms/master/protocol/openid-connect/auth?")
    assert query(login.url)["kc_idp_hint"] == "saml"
    inside = "http://kc.internal:8080/auth/realms/master/protocol/openid-connect"
    known = claims(login.session, iss="https://kc.example/auth/realms/master", azp="app-1", email_verified=True)
    any_script.expect(
        "POST",
        f"{inside}/token",
        form={
            "grant_type": "authorization_code",
            "code": "c0de",
            "redirect_uri": CALLBACK,
            "client_id": "app-1",
            "client_secret": SECRET,
            "code_verifier": login.session["verifier"],
        },
        answer={"access_token": "t", "token_type": "Bearer", "expires_in": 300, "id_token": sign(known)},
    )
    any_script.expect("GET", f"{inside}/certs", answer={"keys": [jwk(keys.signing)]})
    info = {
        "sub": "u-1",
        "preferred_username": "alice",
        "name": "Al Ice",
        "given_name": "Al",
        "family_name": "Ice",
        "email": "a@k.example",
        "email_verified": True,
    }
    any_script.expect("POST", f"{inside}/userinfo", headers={"Authorization": "Bearer t"}, answer=info)
    callback = f"state={login.session['state']}&session_state=1&iss=https://kc.example/auth/realms/master&code=c0de"
    identity = any_script.finish(keycloak, login.session, callback)
    any_script.done()
    assert (identity.uid, identity.username, identity.email) == ("u-1", "alice", "a@k.example")
    assert identity.email_verified is True
    assert (identity.first_name, identity.last_name) == ("Al", "Ice")


STEAM = "https://steamcommunity.com/openid"


def steam_callback(session, now, **changes):
    from time import gmtime, strftime

    return {
        "state": session["state"],
        "openid.ns": "http://specs.openid.net/auth/2.0",
        "openid.mode": "id_res",
        "openid.op_endpoint": f"{STEAM}/login",
        "openid.claimed_id": f"{STEAM}/id/76561197960435530",
        "openid.identity": f"{STEAM}/id/76561197960435530",
        "openid.return_to": session["return_to"],
        "openid.response_nonce": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(now)) + "abc=",
        "openid.assoc_handle": "1234567890",
        "openid.signed": "signed,op_endpoint,claimed_id,identity,return_to,response_nonce,assoc_handle",
        "openid.sig": "c2lnbmF0dXJl",
        **changes,
    }


def test_steam_logs_in(any_script, make, query, now):
    steam = make("steam")
    login = any_script.begin(steam)
    sent = query(login.url)
    assert login.url.startswith(f"{STEAM}/login?")
    assert login.form is None
    assert sent["openid.identity"] == sent["openid.claimed_id"] == "http://specs.openid.net/auth/2.0/identifier_select"
    assert sent["openid.realm"] == "https://app.example/"
    assert "openid.assoc_handle" not in sent
    callback = steam_callback(login.session, now)
    asked = {name: value for name, value in callback.items() if name.startswith("openid.")}
    any_script.expect(
        "POST",
        f"{STEAM}/login",
        form={**asked, "openid.mode": "check_authentication"},
        headers={"Origin": "https://steamcommunity.com", "Referer": "https://steamcommunity.com/"},
        answer="ns:http://specs.openid.net/auth/2.0\nis_valid:true\n",
        kind="text/plain;charset=utf-8",
    )
    player = {
        "steamid": "76561197960435530",
        "personaname": "Robin",
        "realname": "Robin Walker",
        "avatarfull": "https://a/1",
    }
    any_script.expect(
        "GET",
        "https://api.steampowered.com/ISteamUser/GetPlayerSummaries/v0002/",
        query={"key": SECRET, "steamids": "76561197960435530"},
        answer={"response": {"players": [player]}},
    )
    identity = any_script.finish(steam, login.session, callback)
    any_script.done()
    assert (identity.uid, identity.username, identity.name) == ("76561197960435530", "Robin", "Robin Walker")
    assert (identity.picture, identity.email) == ("https://a/1", None)


REFRESHES = [
    (
        "google",
        "POST",
        "https://oauth2.googleapis.com/token",
        {"form": {"client_id": "app-1", "client_secret": SECRET}},
    ),
    (
        "github",
        "POST",
        "https://github.com/login/oauth/access_token",
        {"form": {"client_id": "app-1", "client_secret": SECRET}},
    ),
    ("weixin", "GET", "https://api.weixin.qq.com/sns/oauth2/refresh_token", {"query": {"appid": "app-1"}}),
    (
        "shopify",
        "POST",
        "https://petstore.myshopify.com/admin/oauth/access_token",
        {"body": {"client_id": "app-1", "client_secret": SECRET}},
    ),
]


@pytest.mark.parametrize(("provider", "method", "url", "sent"), REFRESHES, ids=[one[0] for one in REFRESHES])
def test_a_token_is_refreshed(any_script, make, now, provider, method, url, sent):
    ((where, fields),) = sent.items()
    fields = {"grant_type": "refresh_token", "refresh_token": "old", **fields}
    any_script.expect(method, url, **{where: fields}, answer={"access_token": "new", "expires_in": "60"})
    options = {"shop": "petstore"} if provider == "shopify" else {}
    token = any_script.refresh(make(provider), "old", **options)
    any_script.done()
    assert (token.access, token.refresh, token.expires_at) == ("new", "old", now + 60)


@pytest.mark.parametrize("provider", ["facebook", "telegram"])
def test_a_provider_without_refresh_says_so(script, make, refused, provider):
    assert refused(script.refresh, make(provider), "old").code == "refresh_unsupported"


def test_a_refresh_without_token_says_so(script, make, refused):
    from providers import Token

    assert refused(script.refresh, make("google"), Token("access-only")).code == "refresh_missing"
