"""The container files, step by step where there is no container engine: what is copied, run, started and asked."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from ports import free_port

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "examples" / "compose"
PATIENCE = 60.0  # seconds until it must be well: the other tests want the machine too
KNOWN = {
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "ENV",
    "USER",
    "VOLUME",
    "EXPOSE",
    "HEALTHCHECK",
    "STOPSIGNAL",
    "ENTRYPOINT",
    "CMD",
}
Step = tuple[str, str]


def steps(path: Path) -> list[list[Step]]:
    """The instructions of each stage."""
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    stages: list[list[Step]] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        assert word in KNOWN, line
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest.strip()))
    return stages


def one(stage: list[Step], word: str) -> str:
    (found,) = [rest for name, rest in stage if name == word]
    return found


BUILD, FINAL = steps(ROOT / "Dockerfile")


class Scratch:
    """A folder that stands for the file system of an image, and an engine that knows no other users."""

    def __init__(self, root: Path) -> None:
        self.root, self.here = root, root
        self.env = {"PATH": os.environ["PATH"], "HOME": str(root), "LANG": "C.UTF-8"}

    def inside(self, text: str) -> str:
        """Paths of the image as paths of the folder."""
        return re.sub(r"(?<![\w./])/(?=(?:opt|src|var/lib|app|etc/mockidp)(?:/|\b))", f"{self.root}/", text)

    def follow(self, stage: list[Step], ignored: set[str]) -> None:
        for word, rest in stage:
            if word == "WORKDIR":
                self.here = Path(self.inside(rest))
                self.here.mkdir(parents=True, exist_ok=True)
            elif word == "COPY" and not rest.startswith("--from"):
                self.copy(shlex.split(rest), ignored)
            elif word == "ENV":
                for name, value in (pair.split("=", 1) for pair in shlex.split(rest)):
                    self.env[name] = self.inside(value.replace("$PATH", self.env["PATH"]))
            elif word == "RUN":
                self.run(rest)

    def copy(self, words: list[str], ignored: set[str]) -> None:
        *sources, target = words
        for source in sources:
            assert source not in ignored, f"{source} does not get past .dockerignore"
            there = self.here / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, there, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, there)

    def run(self, command: str) -> None:
        """As it is written; but the packages of this environment are there already, and nothing is fetched."""
        env = {
            **self.env,
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_CONFIG_FILE": os.devnull,
        }
        env["PYTHONPATH"] = "" if " venv " in command else sysconfig.get_path("purelib")
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
        done = subprocess.run(
            ["sh", "-c", self.inside(command)], cwd=self.here, env=env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def let_through() -> set[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return {line[1:] for line in lines if line.startswith("!")}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """What the build stage leaves, and the final stage but for what only root can do."""
    scratch = Scratch(tmp_path_factory.mktemp("image"))
    everything = {path.name for path in ROOT.iterdir()}
    scratch.follow(BUILD, everything - let_through())
    site = next((scratch.root / "opt/mockidp/lib").glob("python*/site-packages"))
    (site / "outside.pth").write_text(sysconfig.get_path("purelib"))  # what `--no-deps` left out
    scratch.follow([step for step in FINAL if step[0] != "RUN"], set())
    (scratch.root / "var/lib/mockidp/container").mkdir(parents=True)
    return scratch


@contextmanager
def started(command: list[str], scratch: Scratch, **env: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, cwd=scratch.here, env={**scratch.env, **env}, stdout=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def until_healthy(scratch: Scratch, port: int, process: subprocess.Popen[str]) -> float:
    """Ask as the engine would, until it is well; the seconds that it took."""
    start = time.monotonic()
    while not healthy(scratch, port):
        assert process.poll() is None, "it ended"
        assert time.monotonic() - start < PATIENCE
        time.sleep(0.1)
    return time.monotonic() - start


def healthy(scratch: Scratch, port: int) -> bool:
    command = json.loads(one(FINAL, "HEALTHCHECK").partition("CMD ")[2])
    command = [part.replace("8400", str(port)) for part in command]
    return subprocess.run(command, env=scratch.env, capture_output=True).returncode == 0


def test_what_is_installed_is_the_copy_and_whole(image: Scratch) -> None:
    code = "import mockidp; from mockidp.contract.files import index; print(mockidp.__file__, len(index()))"
    done = subprocess.run([*python(image), "-P", "-c", code], env=image.env, capture_output=True, text=True, check=True)
    where, count = done.stdout.split()
    assert where.startswith(str(image.root / "opt" / "mockidp"))
    assert int(count) == len(list((ROOT / "contracts").glob("*/contract.toml")))


def python(image: Scratch) -> list[str]:
    return [str(image.root / "opt" / "mockidp" / "bin" / "python")]


def test_it_starts_is_found_healthy_logs_somebody_in_and_stops_at_a_signal(image: Scratch) -> None:
    port = free_port()
    command = [*json.loads(one(FINAL, "ENTRYPOINT")), *json.loads(one(FINAL, "CMD")), "--port", str(port)]
    command[0] = str(image.root / "opt" / "mockidp" / "bin" / command[0])
    assert not healthy(image, port)
    token = "only-for-this-test"
    with started(command, image, MOCKIDP_CONTROL_TOKEN=token) as process:
        until_healthy(image, port, process)
        login = [command[0], "login", "github", "--url", f"http://127.0.0.1:{port}", "--json"]
        refused = subprocess.run(login, env=image.env, capture_output=True, text=True)
        assert (refused.returncode, "asks for its control token" in refused.stderr) == (3, True)
        done = subprocess.run([*login, "--control-token", token], env=image.env, capture_output=True, text=True)
        assert json.loads(done.stdout)["identity"]["email"] == "alice@example.com", done.stderr
        api, known = f"http://127.0.0.1:{port}/_mockidp/api/worlds", {"Authorization": f"Bearer {token}"}
        for name, status in (("mockidp", 200), ("elsewhere", 421)):  # a service's name in Compose
            told = requests.get(api, headers={**known, "Host": f"{name}:8400"}, timeout=20)
            assert told.status_code == status
    assert process.returncode == 0


def test_it_runs_as_nobody_in_particular_and_keeps_its_authority_in_a_volume() -> None:
    words = [word for word, _ in FINAL]
    assert one(FINAL, "USER") == "mockidp"
    assert words.index("USER") < words.index("CMD")
    assert json.loads(one(FINAL, "VOLUME")) == ["/var/lib/mockidp"]
    made = [rest for word, rest in FINAL if word == "RUN"]
    assert any(rest.startswith("useradd") and "--system" in rest for rest in made)
    assert one(FINAL, "EXPOSE") == "8400"
    assert one(FINAL, "STOPSIGNAL") == "SIGTERM"


def test_only_a_few_things_get_into_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    copied = {word for name, rest in BUILD if name == "COPY" for word in shlex.split(rest)[:-1]}
    assert let_through() == copied
    assert not any(fnmatch(".git", name) for name in copied)


def test_each_image_is_a_slim_python_of_a_version_that_the_project_has() -> None:
    for path in (ROOT / "Dockerfile", COMPOSE / "Dockerfile"):
        for stage in steps(path):
            assert re.match(r"python:3\.1[1-9]-slim\b", one(stage, "FROM"))


# the compose example


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_the_example_names_what_there_is() -> None:
    services = compose()["services"]
    assert (COMPOSE / services["mockidp"]["build"] / "Dockerfile").samefile(ROOT / "Dockerfile")
    assert (COMPOSE / services["app"]["build"] / "Dockerfile").is_file()
    assert services["app"]["network_mode"] == "service:mockidp"
    assert services["mockidp"]["environment"]["MOCKIDP_CONTROL_HOST"] == "mockidp"
    for service in services.values():
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in compose()["volumes"]
    (stage,) = steps(COMPOSE / "Dockerfile")
    for word, rest in stage:
        if word == "COPY":
            assert (COMPOSE / shlex.split(rest)[0]).is_file()


@pytest.mark.parametrize("provider", ["github", "google"])
def test_the_example_logs_in_as_the_services_would(image: Scratch, tmp_path: Path, provider: str) -> None:
    services = compose()["services"]
    ports = {"8400": free_port(), "8000": free_port(), "5000": free_port()}

    def moved(text: str) -> str:
        text = re.sub(r"\b(8400|8000|5000)\b", lambda found: str(ports[found[0]]), text)
        return image.inside(text.replace("0.0.0.0", "127.0.0.1")).replace(
            f"{image.root}/etc/mockidp", f"{image.root}/var/lib/mockidp/container"
        )

    shell, flag = services["mockidp"]["entrypoint"]
    served = [shell, flag, moved(services["mockidp"]["command"][0]) + f" --port {ports['8400']}"]
    (stage,) = steps(COMPOSE / "Dockerfile")
    app = [sys.executable, *(moved(word) for word in json.loads(one(stage, "CMD"))[1:])]
    site = {name: moved(value) for name, value in services["app"]["environment"].items()}
    env = {**os.environ, **site, "PYTHONPATH": str(COMPOSE), "PYTHONDONTWRITEBYTECODE": "1"}
    with (
        started(served, image, MOCKIDP_CONTROL_TOKEN="only-for-this-example") as server,
        requests.Session() as browser,
    ):
        browser.trust_env = False
        until_healthy(image, ports["8400"], server)  # the example's application waits for that too
        process = subprocess.Popen(app, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            front = f"http://localhost:{ports['8000']}"
            page = browser.get(front, timeout=20)
            while page.status_code == 502:
                assert process.poll() is None, "the application ended"
                time.sleep(0.2)
                page = browser.get(front, timeout=20)
            assert f'href="/login/{provider}"' in page.text
            login = browser.get(f"{front}/login/{provider}", timeout=20)
            assert login.url.startswith(f"http://localhost:{ports['8400']}/")
            allow = {"mockidp.person": "alice", "mockidp.decision": "allow"}
            page = browser.post(login.url, allow, timeout=20)
        finally:
            process.terminate()
            process.wait(20)
    assert page.url == f"{front}/"
    assert "<h1>Hello, Alice Archer</h1><p>alice@example.com</p>" in page.text
