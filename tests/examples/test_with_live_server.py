"""Testing over real HTTP, as for an application in another process or language: a provider's URL is a setting."""

from http.client import HTTPConnection
from urllib.parse import parse_qsl, urlsplit

import pytest
import webapp


def browse(url):
    parts = urlsplit(url)
    browser = HTTPConnection(parts.netloc, timeout=5)
    browser.request("GET", f"{parts.path}?{parts.query}")
    callback = browser.getresponse().getheader("Location")
    browser.close()
    return dict(parse_qsl(urlsplit(callback).query))


@pytest.fixture
def login(idp_server, monkeypatch):
    monkeypatch.setattr(webapp, "GITHUB", f"{idp_server.url}/github.com")
    monkeypatch.setattr(webapp, "GITHUB_API", f"{idp_server.url}/api.github.com")
    return lambda session: webapp.finish_github(session, browse(webapp.start_github(session)))


@pytest.mark.idp(person="carol")
def test_carol_logs_in_without_an_address(login):
    assert login({})["email"] is None


@pytest.mark.idp(person="dave")
def test_dave_always_says_no(login):
    with pytest.raises(webapp.LoginError, match="You did not allow it"):
        login({})


@pytest.mark.idp(person="alice")
def test_a_broken_github_is_no_crash(idp, login):
    idp.fault("server_error", provider="github", step="userinfo")
    with pytest.raises(webapp.LoginError, match="try again later"):
        login({})
