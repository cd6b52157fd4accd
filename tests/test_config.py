"""`mockidp.toml`: what it sets up, and that every mistake is told with file, line and key."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from mockidp import config
from mockidp.errors import ContractError

WHOLE = """\
as = "zoe"
date = 2021-11-15
apps = "registered"
strict = true
urls = "real"

[server]
host = "::1"
port = 0
quiet = true
control_host = ["idp", "idp.test"]

[settings.github]
GITHUB_URL = "https://git.example.com"

[[app]]
provider = "github"
client_id = "first"

[app.facts]
team = "blue"

[[app]]
provider = "google"
client_id = "second"
redirect_uris = ["https://app.example/callback"]

[[person]]
id = "zoe"
email = "zoe@example.com"

[[fault]]
name = "slow"
provider = "github"
step = "token"
nth = 2
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mockidp.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_sets_up_the_world(tmp_path: Path) -> None:
    read = config.read(written(tmp_path, WHOLE))
    world = read.world("mine")
    assert (read.server.host, read.server.port, read.server.quiet) == ("::1", 0, True)
    assert read.server.control_host == ["idp", "idp.test"]
    assert (world.name, world.person, world.strict, world.urls) == ("mine", "zoe", True, "real")
    assert world.date == datetime.date(2021, 11, 15)
    assert world.apps.mode == "registered"
    assert [app.client_id for app in world.apps] == ["first", "second"]
    assert world.apps.find("github", "first").facts["team"] == "blue"  # type: ignore[union-attr]
    assert world.apps.find("google", "second").allows("https://app.example/callback")  # type: ignore[union-attr]
    assert world.people["zoe"].email == "zoe@example.com"
    assert [(rule.fault.name, rule.provider, rule.step, rule.nth) for rule in world.faults.rules] == [
        ("slow", "github", "token", 2)
    ]
    assert world.wire("github").settings["API_URL"] == "https://git.example.com/api/v3"


def test_a_set_host_is_served_and_the_usual_one_is_not(tmp_path: Path) -> None:
    world = config.read(written(tmp_path, '[settings.github]\nGITHUB_URL = "https://git.example.com"\n')).world()
    served = config.simulator(world, "127.0.0.1")
    assert served.knows("git.example.com")
    assert not served.knows("github.com")


def test_no_file_is_the_plain_set_up() -> None:
    assert config.read(None) == config.Config()


def test_the_working_folder_is_looked_at_and_a_named_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.find() is None
    written(tmp_path, "")
    assert config.find() == Path("mockidp.toml")
    assert config.find(Path("other.toml")) == Path("other.toml")


MISTAKES = {
    "unknown key": ("port = 0", "prot = 0", 9, "server.prot", 'Did you mean "port"'),
    "unknown table": ("[server]", "[sever]", 7, "sever", 'Did you mean "server"'),
    "wrong type": ("port = 0", 'port = "0"', 9, "server.port", "Expected `int`"),
    "port out of range": ("port = 0", "port = 70000", 9, "server.port", "65535"),
    "unknown mode": ('"registered"', '"registred"', 3, "apps", 'Did you mean "registered"'),
    "unknown setting": ("GITHUB_URL =", "GITHUB_ULR =", 14, "settings.github.GITHUB_ULR", 'Did you mean "GITHUB_URL"'),
    "setting no URL": ('"https://git', '"git', 14, "settings.github.GITHUB_URL", "http or https URL"),
    "setting unknown provider": ("settings.github", "settings.githbu", 14, "settings.githbu.GITHUB_URL", '"github"'),
    "second app's provider": ('"google"', '"gogle"', 24, "provider", 'Did you mean "google"'),
    "second app's key": ("redirect_uris", "redirect_uri", 26, "redirect_uri", 'Did you mean "redirect_uris"'),
    "second app's type": ('["https://app', '[7, "https://app', 26, "redirect_uris", "Expected `str`"),
    "app without id": ('client_id = "second"\n', "", 23, "app", "client_id"),
    "person's field": ("email =", "emial =", 30, "emial", 'Did you mean "email"'),
    "person's type": ('email = "zoe@example.com"', "email_verified = 3", 30, "email_verified", "Expected `bool`"),
    "person's id": ('id = "zoe"', 'id = "Zoe"', 29, "id", "lower-case"),
    "who logs in": ('as = "zoe"', 'as = "zeo"', 1, "as", 'Did you mean "zoe"'),
    "unknown fault": ('"slow"', '"slwo"', 33, "name", 'Did you mean "slow"'),
    "fault's provider": ('"github"\nstep', '"githbu"\nstep', 34, "provider", 'Did you mean "github"'),
    "fault's step": ('"token"\nnth', '"tokn"\nnth', 35, "step", 'Did you mean "token"'),
    "fault's error": ('"slow"', '"error:slwo"', 35, "step", 'has no error "slwo"'),
    "not TOML": ("port = 0", "port = = 0", 9, "", "not TOML"),
    "no such day": ("2021-11-15", "2021-11-31", 2, "", "not TOML"),
    "control host": ('"idp.test"', '"http://idp:8400"', 11, "server.control_host", "without scheme and port"),
    "provider's control host": ('"idp.test"', '"accounts.google.com"', 11, "server.control_host", "host of a provider"),
    "second app's uri": ('["https://app.example/callback"]', '["relative"]', 26, "redirect_uris", "matching regex"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_key(tmp_path: Path, mistake: str) -> None:
    right, wrong, line, key, hint = MISTAKES[mistake]
    assert right in WHOLE
    path = written(tmp_path, WHOLE.replace(right, wrong, 1))
    with pytest.raises(ContractError) as caught:
        config.read(path)
    assert (caught.value.file, caught.value.line) == (str(path), line), str(caught.value)
    assert key in caught.value.key
    assert hint in str(caught.value)


def test_no_value_of_the_file_is_in_the_error_of_a_secret(tmp_path: Path) -> None:
    text = '[[app]]\nprovider = "github"\nclient_id = "x"\nclient_secret = ["hush-hush"]\n'
    with pytest.raises(ContractError, match=re.escape("mockidp.toml:4: client_secret")) as caught:
        config.read(written(tmp_path, text))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(("content", "told"), [(b"\xff\xfe", "not UTF-8"), (b"#" * (2 << 20), "larger than")])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "mockidp.toml"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=told):
        config.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"none\.toml: cannot be read"):
        config.read(tmp_path / "none.toml")


def test_the_configuration_in_the_readme_is_a_right_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    world = config.read(written(tmp_path, found[1])).world()
    assert world.people["zoe"].email == "zoe@example.com"
    assert [app.client_id for app in world.apps] == ["Iv1.example"]
