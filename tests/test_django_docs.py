"""docs/django.md is true: a new project, with its snippets in the files that they name, is checked and logged in to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "django.md").read_text()
SECONDS = 60
# What stands in for pytest-django: the same fixtures, over a database in memory.
CONFTEST = """
import os, django, pytest
os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
django.setup()
import welcome
from django.test.utils import setup_databases, setup_test_environment
setup_test_environment()
setup_databases(verbosity=0, interactive=False)

@pytest.fixture
def db():
    from django.db import transaction
    with transaction.atomic():
        yield
        transaction.set_rollback(True)

@pytest.fixture
def client():
    from django.test import Client
    return Client()

@pytest.fixture
def django_user_model():
    from django.contrib.auth import get_user_model
    return get_user_model()
"""
OWN_TESTS = """
import pytest
from django.template import Template
from django.test import RequestFactory
from test_login import HERE
import tokens

def log_in(idp, client, person, **headers):
    begun = client.post("/accounts/github/login/", headers={**HERE, **headers})
    callback = idp.authorize(begun["Location"], person=person)
    return client.get(callback.path, headers={**HERE, **headers})

def test_the_adapter_lets_only_the_beta_sign_up(idp_responses, client, django_user_model, db):
    assert log_in(idp_responses, client, "bob").status_code == 403
    assert not django_user_model.objects.exists()

def test_staff_need_a_verified_address(idp_responses, client, django_user_model, db):
    log_in(idp_responses, client, "alice")
    django_user_model.objects.update(is_staff=True)
    assert log_in(idp_responses, client, "alice")["Location"] == "/"
    import rules  # the cast has nobody whose address becomes unverified, so the rule is asked directly
    from providers import Identity
    from providers.django.models import Account
    with pytest.raises(rules.Stop):
        rules.Rules().before_login(None, Identity("github", "1"), Account.objects.get())

def test_the_limit_counts_whom_the_proxy_names(client, db, settings_limit):
    for count, address in enumerate(["1.1.1.1", "1.1.1.1", "2.2.2.2"]):
        answer = client.get("/accounts/github/login/", headers={**HERE, "X-Forwarded-For": f"9.9.9.9, {address}"})
        assert answer.status_code == (429 if count == 1 else 200)

@pytest.fixture
def settings_limit():
    from django.core.cache import cache
    from django.test import override_settings
    cache.clear()
    with override_settings(SOCIALACCOUNT_RATE_LIMITS={"login": 1}):
        yield
    cache.clear()

def test_the_signal_and_the_token_are_there(idp_responses, client, django_user_model, db):
    log_in(idp_responses, client, "alice")
    assert client.session["welcome"] == "github: Alice Archer"
    assert tokens.github_token(django_user_model.objects.get()).startswith("gho_")

def test_the_template_renders(db):
    request = RequestFactory().get("/", {"next": "/after/"}, headers=HERE)
    from django.template import engines
    html = engines["django"].from_string(open("snippet.html").read()).render({}, request)
    assert 'action="/accounts/github/login/"' in html
    assert 'value="/after/"' in html
    assert "/accounts/github/login/?scope=repo&amp;next=%2Fprojects%2F" in html
    assert "/accounts/shopify/login/?shop=petstore" in html
    assert "/accounts/battlenet/login/?region=eu" in html
    assert "openid=https%3A%2F%2Fopenid.example.org" in html
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `django-admin startproject` makes, with the snippets added to the files that their first line names."""
    folder = tmp_path_factory.mktemp("project")
    run(folder, "-m", "django", "startproject", "site_project", ".")
    inner = folder / "site_project"
    places = {"settings.py": inner / "settings.py", "urls.py": inner / "urls.py"}
    for block in blocks("python"):
        name = re.match(r"# (\w+\.py)\n", block)
        assert name, f"a snippet does not say which file it is of:\n{block}"
        with places.get(name[1], folder / name[1]).open("a") as file:
            file.write(f"\n{block}")
    (folder / "snippet.html").write_text("".join(blocks("html+django")))
    (folder / "site_settings.py").write_text("from site_project.settings import *\nALLOWED_HOSTS = ['127.0.0.1']\n")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_own.py").write_text(OWN_TESTS)
    return folder


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=SECONDS
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_new_project_with_the_snippets_has_nothing_to_complain_about(project: Path) -> None:
    assert "no issues" in run(project, "manage.py", "check", "--fail-level", "DEBUG")


def test_the_snippets_do_what_is_said_of_them(project: Path) -> None:
    without = [
        part for name in ("cacheprovider", "randomly", "schemathesis", "valkey") for part in ("-p", f"no:{name}")
    ]
    own = ["-q", "-c", "/dev/null", "--rootdir", ".", *without]
    told = run(project, "-m", "pytest", *own, "test_login.py", "test_own.py")
    assert "6 passed" in told


def test_every_setting_that_there_is_is_in_the_table() -> None:
    """By the text of the module, as Django cannot be configured in this process."""
    source = (ROOT / "providers" / "django" / "conf.py").read_text()
    names = re.findall(r'^    "([A-Z_]+)": ', source, re.MULTILINE)
    assert len(names) >= 8
    for name in [*names, "RATE_LIMITS"]:
        assert f"| `SOCIALACCOUNT_{name}` |" in TEXT, name


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("https://") or (ROOT / "docs" / target).exists(), target


def test_it_is_read_in_ten_minutes() -> None:
    assert len(re.findall(r"\S+", TEXT)) < 2200
