"""requests-oauthlib walks all three legs at Twitter, with its signature in each place that OAuth 1.0a allows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oauthlib.oauth1 import SIGNATURE_TYPE_AUTH_HEADER, SIGNATURE_TYPE_BODY, SIGNATURE_TYPE_QUERY
from requests_oauthlib import OAuth1Session
from requests_oauthlib.oauth1_session import TokenMissing, TokenRequestDenied

from mockidp.browser import browse
from mockidp.mounts.responses_mount import mocked
from mockidp.simulator import Simulator

SECRET = "mockidp-secret"
CALLBACK = "http://127.0.0.1:8000/callback"
API = "https://api.twitter.com"
PLACES = [SIGNATURE_TYPE_AUTH_HEADER, SIGNATURE_TYPE_BODY, SIGNATURE_TYPE_QUERY]
PROFILE = f"{API}/1.1/account/verify_credentials.json?include_email=true&skip_status=true"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    with mocked(simulator):
        yield simulator


def session(place: str, secret: str = SECRET, **known: str) -> OAuth1Session:
    return OAuth1Session("mockidp", secret, callback_uri=CALLBACK, signature_type=place, **known)


def authorized(simulator: Simulator, place: str, person: str = "alice", deny: bool = False) -> OAuth1Session:
    """The first two legs."""
    client = session(place)
    told = client.fetch_request_token(f"{API}/oauth/request_token")
    assert told["oauth_callback_confirmed"] == "true"
    begun = client.authorization_url(f"{API}/oauth/authorize")
    client.parse_authorization_response(browse(simulator.handle, begun, person=person, deny=deny).url)
    return client


@pytest.mark.parametrize("place", PLACES)
def test_requests_oauthlib_logs_in(simulator: Simulator, place: str) -> None:
    client = authorized(simulator, place)
    token = client.fetch_access_token(f"{API}/oauth/access_token")
    assert token["screen_name"] == "alice_archer"
    # A GET has no body to sign in.
    reader = session(
        SIGNATURE_TYPE_AUTH_HEADER if place == SIGNATURE_TYPE_BODY else place,
        resource_owner_key=token["oauth_token"],
        resource_owner_secret=token["oauth_token_secret"],
    )
    profile = reader.get(PROFILE)
    assert profile.status_code == 200, profile.text
    assert (profile.json()["id_str"], profile.json()["email"]) == (token["user_id"], "alice@example.com")
    assert not simulator.world.journal.refusals()


@pytest.mark.parametrize("place", PLACES)
def test_requests_oauthlib_is_refused_with_a_wrong_secret(simulator: Simulator, place: str) -> None:
    with pytest.raises(TokenRequestDenied, match="401"):
        session(place, secret="wrong").fetch_request_token(f"{API}/oauth/request_token")
    assert simulator.world.journal.refusals()[-1].refused == "bad_signature"


@pytest.mark.parametrize("place", PLACES)
def test_requests_oauthlib_is_refused_with_a_wrong_verifier(simulator: Simulator, place: str) -> None:
    client = authorized(simulator, place)
    with pytest.raises(TokenRequestDenied, match="401"):
        client.fetch_access_token(f"{API}/oauth/access_token", verifier="wrong")


def test_requests_oauthlib_finds_no_token_in_the_answer_of_a_person_who_says_no(simulator: Simulator) -> None:
    with pytest.raises(TokenMissing):
        authorized(simulator, SIGNATURE_TYPE_AUTH_HEADER, "dave", deny=True)
