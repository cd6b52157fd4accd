import pytest

TOKEN = "S=s1:U=4a:E=17:C=16:P=1cd:A=app-1:V=2:H=0123"
ACCESS = (
    f"oauth_token={TOKEN.replace('=', '%3D').replace(':', '%3A')}&oauth_token_secret=&edam_shard=s1"
    "&edam_userId=9007199254740993&edam_expires=1790000600500"
    "&edam_noteStoreUrl=https%3A%2F%2Fwww.evernote.com%2Fshard%2Fs1%2Fnotestore"
    "&edam_webApiUrlPrefix=https%3A%2F%2Fwww.evernote.com%2Fshard%2Fs1%2F"
)


def request_answer(secret):
    return f"oauth_token=req&oauth_token_secret={secret}&oauth_callback_confirmed=true"


@pytest.mark.parametrize("secret", ["req-sec", ""])
@pytest.mark.parametrize("host", [None, "sandbox.evernote.com", "app.yinxiang.com"])
def test_a_login(oauth1, make, host, secret):
    evernote = make("evernote", {"EVERNOTE_HOSTNAME": host} if host else {})
    host = host or "www.evernote.com"
    answer = request_answer(secret)
    login = oauth1.begin(evernote, f"https://{host}/oauth", method="GET", answer=answer, preferRegistration="true")
    assert login.url == f"https://{host}/OAuth.action?oauth_token=req&preferRegistration=true"
    oauth1.expect("GET", f"https://{host}/oauth", answer=ACCESS)
    identity = oauth1.done(evernote, login, secrets=["", secret], sandbox_lnb="false")
    assert (identity.uid, identity.email, identity.name) == ("9007199254740993", None, None)
    assert (identity.token.access, identity.token.secret) == (TOKEN, "")
    assert identity.token.expires_at == 1790000600.5
    assert identity.raw["token"]["edam_shard"] == "s1"
    assert TOKEN not in str(identity.raw)


def test_a_user_who_declines_comes_back_without_verifier(error_after):
    error = error_after("evernote", (200, request_answer("x")), callback={"oauth_token": "req", "sandbox_lnb": "false"})
    assert (error.code, error.step) == ("access_denied", "authorize")


def page(name):
    return 401, f"<html><h1>HTTP Status 401 - {name}</h1></html>", "text/html"


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([page("oauth_consumer_key")], "invalid_client", "request_token"),
        ([page("oauth_signature")], "invalid_client", "request_token"),
        ([page("oauth_callback")], "redirect_uri_mismatch", "request_token"),
        *[
            ([page(f"oauth_{name}")], "invalid_request", "request_token")
            for name in ("timestamp", "nonce", "version", "signature_method")
        ],
        ([(200, request_answer("x")), page("oauth_consumer_key")], "invalid_client", "token"),
        ([(200, request_answer("x")), page("oauth_signature")], "invalid_client", "token"),
        ([(200, request_answer("x")), page("oauth_token")], "invalid_grant", "token"),
        ([(200, request_answer("x")), page("oauth_verifier")], "invalid_grant", "token"),
        ([(200, request_answer("x")), page("")], "invalid_grant", "token"),
        ([(200, request_answer("x")), (400, "Bad")], "invalid_request", "token"),
        ([(200, request_answer("x")), (200, "oauth_token=t")], "bad_response", "token"),
        ([(200, request_answer("x")), (200, "oauth_token=t&oauth_token_secret=")], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("evernote", *answers)
    assert (error.code, error.step) == (code, step)


@pytest.mark.parametrize("wrong", ["https://www.evernote.com", "evernote.com/x", "a@evernote.com", None, 7])
def test_the_host_is_a_name(make, refused, wrong):
    error = refused(make, "evernote", {"EVERNOTE_HOSTNAME": wrong})
    assert error.code == "setting"
    assert "EVERNOTE_HOSTNAME" in str(error)


@pytest.mark.parametrize("expires", ["", "soon", "9" * 40])
def test_an_end_that_is_no_number_is_none(oauth1, make, expires):
    evernote = make("evernote")
    login = oauth1.begin(evernote, "https://www.evernote.com/oauth", method="GET", answer=request_answer("x"))
    answer = f"oauth_token=acc&oauth_token_secret=&edam_userId=1&edam_expires={expires}"
    oauth1.expect("GET", "https://www.evernote.com/oauth", answer=answer)
    assert oauth1.done(evernote, login, secrets=["", "x"]).token.expires_at is None
