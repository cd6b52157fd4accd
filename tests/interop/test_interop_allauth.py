"""The outside judge: django-allauth, as it comes from the package index, logs in at the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockidp.browser import browse
from mockidp.mounts.responses_mount import mocked
from mockidp.simulator import Simulator

from .allauth_site import APP, configure

pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning"),  # the judge's own; ours are errors everywhere else
    pytest.mark.filterwarnings("default::PendingDeprecationWarning"),
]
SITE = {
    "github": {"APPS": [APP]},
    "google": {"APPS": [APP], "SCOPE": ["profile", "email", "openid"]},
}


@pytest.fixture(scope="session", autouse=True)
def site() -> None:
    configure(SITE)


@pytest.fixture
def simulator(site: None) -> Iterator[Simulator]:
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)
    simulator = Simulator()
    with mocked(simulator):
        yield simulator


def login(simulator: Simulator, path: str, person: str = "alice", **start: str) -> Any:
    """Press the button, decide at the provider, come back; the social account that there is then, or the last page."""
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    begun = client.post(f"/accounts/{path}", start)
    assert begun.status_code == 302, begun.content[:2000].decode()
    callback = browse(simulator.handle, begun["Location"], person=person)
    parts = urlsplit(callback.url)
    answer = (client.post(parts.path, dict(callback.form)) if callback.method == "POST"
              else client.get(f"{parts.path}?{parts.query}"))
    while answer.status_code in (301, 302) and answer["Location"] != "/":
        answer = client.get(answer["Location"])
    return answer


def account(answer: Any) -> Any:
    from allauth.socialaccount.models import SocialAccount

    assert answer.status_code == 302, answer.content[:4000].decode()
    return SocialAccount.objects.get()


def addresses(user: Any) -> list[tuple[str, bool]]:
    from allauth.account.models import EmailAddress

    return [(row.email, row.verified) for row in EmailAddress.objects.filter(user=user).order_by("-primary")]


@pytest.mark.parametrize("path", ["github/login/", "google/login/"])
def test_allauth_logs_alice_in_and_reads_what_the_contract_says(simulator: Simulator, path: str) -> None:
    from mockidp.check.mock import Lab

    provider = path.partition("/")[0]
    want = Lab(provider).walk("alice").run()
    found = account(login(simulator, path))
    assert found.uid == want["uid"]
    assert addresses(found.user) == [(want["email"], want["email_verified"])]
