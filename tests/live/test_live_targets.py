"""The contracts against real servers that run here: clean as they are, and every planted change is found.

JupyterHub, panva's oidc-provider, LemonLDAP::NG and python3-openid are other people's software, asked as a real
provider would be. One worker has them all, so that each is started once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from asking import cases, checked, grave, identity
from click.testing import CliRunner, Result
from targets import TARGETS, Target

from mockidp.check.finding import Severity
from mockidp.check.live.courier import Manners
from mockidp.cli import cli
from mockidp.contract.load import load_from

pytestmark = pytest.mark.xdist_group("live")
BREAK, WARN, REVIEW, FINE = Severity.BREAK, Severity.WARN, Severity.REVIEW, Severity.FINE

PETRA = {
    "jupyterhub": ("petra", None, False, "petra"),
    "lemonldap": ("5f8d0c2b7a6e4d3c9b1a0f2e", "petra@example.com", True, "Petra Nordlund"),
    "oidc_provider": ("5f8d0c2b7a6e4d3c9b1a0f2e", "petra@example.com", True, "Petra Nordlund"),
    "openid2": ("{url}/id/petra", "petra@example.com", False, "Petra Nordlund"),
}
# Cases that a check of the level must have asked, or it is clean because it was silent.
ASKED = {
    "jupyterhub": ("userinfo", "app-wrong-secret", "login-userinfo"),
    "lemonldap": ("jwks", "app-refresh", "login-refresh"),
    "oidc_provider": ("jwks", "app-refresh", "login-id_token"),
    "openid2": ("check_authentication", "app-authorize", "login-associate"),
}
# What differs although nothing is wrong, as somebody with such a server would write it down.
IGNORED = """
[[ignore]]
id = "openid_connect-live-login-*type:/aud"
until = 2999-12-31
reason = "OpenID Connect Core section 2: the audience is an array, or a string where there is one"
"""
ARRAYS = {"login-id_token-type:/aud": WARN, "login-refresh-id_token-type:/aud": WARN}
KNOWN = {"lemonldap": ARRAYS}


@pytest.mark.parametrize("name", TARGETS)
def test_petra_logs_in_with_our_client(start, name: str) -> None:
    target = start(name)
    found = identity(target)
    uid, *rest = PETRA[name]
    assert (found.uid, found.email, found.email_verified, found.name) == (uid.format(url=target.url), *rest)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("name", TARGETS)
def test_a_server_as_it_is_differs_in_nothing_grave(start, name: str, level: int) -> None:
    found = checked(start(name), level)
    assert grave(found) == (KNOWN.get(name, {}) if level == 2 else {})
    assert [cases(found).get(case) for case in ASKED[name][: level + 1]] == [FINE] * (level + 1)


# A change that somebody makes to a server, and what a check with a login says of it.
PLANTED = {
    "a claim has another name": (
        "oidc_provider",
        {"claims": {"preferred_username": "login"}},
        {"app-userinfo-missing:/preferred_username": REVIEW, "login-userinfo-missing:/preferred_username": BREAK},
    ),
    "a claim that not everybody has is called otherwise": (
        "oidc_provider",
        {"claims": {"email": "mail"}},
        {"app-userinfo-missing:/email": REVIEW},
    ),
    "PKCE is gone": (
        "oidc_provider",
        {"pkce": False},
        {"*discovery-missing:/code_challenge_methods_supported": WARN},
    ),
    "it has another issuer": (
        "oidc_provider",
        {"issuer": "https://moved.example.org"},
        {
            "*discovery-differs:issuer": BREAK,
            "login-authorize-differs:/iss": BREAK,
            "login-id_token-differs:/iss": BREAK,
            "login-refresh-id_token-differs:/iss": BREAK,
        },
    ),
    "it signs with another algorithm": (
        "oidc_provider",
        {"alg": "ES256"},
        {
            "*discovery-dropped:id_token_signing_alg_values_supported": BREAK,
            "*jwks-keys": BREAK,
            "login-id_token-alg": BREAK,
            "login-refresh-id_token-alg": BREAK,
        },
    ),
    "apps must prove otherwise who they are": (
        "oidc_provider",
        {"auth": ["client_secret_jwt"]},
        {
            "*discovery-dropped:token_endpoint_auth_methods_supported": WARN,
            "app-token-refused": BREAK,
            "login-token-refused": BREAK,
        },
    ),
    "userinfo has moved": (
        "oidc_provider",
        {"routes": {"userinfo": "/userinfo"}},
        {
            "*discovery-differs:userinfo_endpoint": WARN,
            "userinfo-gone": BREAK,
            "app-userinfo-gone": BREAK,
            "login-userinfo-gone": BREAK,
        },
    ),
    "another server calls a claim otherwise": (
        "lemonldap",
        {"claims": {"name": "label"}},
        {"app-userinfo-missing:/name": REVIEW, "login-userinfo-missing:/name": BREAK, **ARRAYS},
    ),
    "this app's tokens alone are signed otherwise": (
        "lemonldap",
        {"client": {"IDTokenSignAlg": "HS256"}},
        {"login-id_token-alg": BREAK, "login-refresh-id_token-alg": BREAK, **ARRAYS},
    ),
    "there are no refresh tokens any more": (
        "lemonldap",
        {"client": {"RefreshToken": 0}},
        {"*discovery-dropped:grant_types_supported": WARN, "login-id_token-type:/aud": WARN},
    ),
    "the code flow is off": (
        "lemonldap",
        {"oidcServiceAllowAuthorizationCodeFlow": 0, "oidcServiceAllowHybridFlow": 1},
        {
            "*discovery-dropped:response_types_supported": WARN,
            "*discovery-dropped:grant_types_supported": WARN,
            "login-authorize-refused": BREAK,
        },
    ),
    "the hub calls its users otherwise": (
        "jupyterhub",
        {"rename": {"name": "login"}},
        {"login-userinfo-missing:/name": BREAK},
    ),
    "the hub calls something otherwise that no login reads": (
        "jupyterhub",
        {"rename": {"groups": "teams"}},
        {"app-userinfo-missing:/groups": WARN, "login-userinfo-missing:/groups": WARN},
    ),
    "the OpenID server has another endpoint": (
        "openid2",
        {"endpoint": "/op"},
        {
            "discovery-differs:URI": BREAK,
            "xrds-differs:URI": BREAK,
            "authorize-gone": BREAK,
            "check_authentication-gone": BREAK,
            "app-authorize-gone": BREAK,
            "login-associate-gone": BREAK,
        },
    ),
    "the OpenID server is of another version": (
        "openid2",
        {"server_type": "http://specs.openid.net/auth/2.1/server"},
        {"discovery-differs:Type": BREAK, "xrds-differs:Type": BREAK, "login-ended": BREAK},
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_change_is_reported_as_grave_as_it_is(plant, what: str) -> None:
    name, change, wanted = PLANTED[what]
    twice = {case: severity for case, severity in wanted.items() if not case.startswith("*")}
    for case, severity in wanted.items():  # the documents are read by the probes and by the login
        twice |= {case.replace("*", ""): severity, case.replace("*", "login-"): severity} if "*" in case else {}
    with plant(name, change) as target:
        assert grave(checked(target, 2)) == twice


@pytest.fixture
def mockidp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The command, in a folder of its own, without the waits that a real provider is owed."""
    monkeypatch.setattr("mockidp.check.live.courier.Manners", partial(Manners, apart=0.0))
    monkeypatch.setattr("mockidp.check.live.run.SECOND_LOOK", 0.0)
    monkeypatch.chdir(tmp_path)

    def run(target: Target, verb: str, *more: str) -> Result:
        words = [verb, target.provider, *target.options(), *target.login_command(), *more]
        return CliRunner().invoke(cli, words, env=target.environ())

    return run


@pytest.mark.parametrize("name", TARGETS)
def test_the_command_finds_nothing_twice_and_no_difference_between(start, mockidp, name: str) -> None:
    target = start(name)
    if name in KNOWN:
        Path("mockidp-ignore.toml").write_text(IGNORED)
    for report in ("monday.json", "tuesday.json"):
        done = mockidp(target, "check", "--live", "--level", "2", "--out", report)
        assert done.exit_code == 0, done.output
    compared = CliRunner().invoke(cli, ["diff", "monday.json", "tuesday.json", "--json"])
    assert compared.exit_code == 0, compared.output
    told = json.loads(compared.output)
    assert [told[part] for part in ("new", "graver", "milder", "gone", "unclear")] == [[]] * 5


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_recorded_is_a_contract_from_which_the_server_does_not_differ(start, mockidp, name: str) -> None:
    target = start(name)
    options = ["--software", target.server.version, "--into", "mine", "--json"]
    done = mockidp(target, "record", *options, "--yes")
    assert done.exit_code == 0, done.output
    assert _recorded(done) >= {"authorize"}
    loaded = load_from(target.provider, Path("mine") / target.provider)
    source = loaded.at().spec.evidence["recorded"]
    assert (source.kind, source.source) == ("recorded", f"{target.server.version}, by mockidp record")
    assert grave(checked(target, 2, loaded)) == {}
    again = mockidp(target, "record", *options, "--dry-run")
    assert again.exit_code == 0, again.output
    assert [line for line in json.loads(again.stdout)["diff"] if "contract.toml" in line] == []
    assert not _held(Path("mine"), [target.url.partition("//")[2], *target.environ().values()])


def _recorded(done: Result) -> set[str]:
    return {row["step"] for row in json.loads(done.stdout)["recorded"] if row["recorded"]}


def _held(folder: Path, secrets: Sequence[str]) -> list[str]:
    """The files below a folder that hold one of these."""
    texts = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    return [f"{path.name}: {one}" for path, text in texts.items() for one in secrets if one in text]


def test_a_new_hub_answers_with_what_its_contract_has_recorded(plant, mockidp) -> None:
    with plant("jupyterhub", {}) as target:
        done = mockidp(target, "record", "--software", target.server.version, "--errors", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    assert _recorded(done) == {"authorize", "token", "userinfo"}
    assert [line for line in json.loads(done.stdout)["diff"] if "bodies/" in line] == []


def test_a_server_that_does_not_come_up_is_told_with_what_it_wrote(tmp_path: Path) -> None:
    from real_server import serving

    broken = serving(["sh", "-c", "echo no such realm; exit 3"], tmp_path, ready="/")
    with pytest.raises(AssertionError, match="ended with 3:\nno such realm"), broken:
        pass
