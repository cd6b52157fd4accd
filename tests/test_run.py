"""`mockidp run` and `mockidp env` as unmodified programs meet them: production URLs, no setting of their own changed.

What answers must be ours: at a path that no contract has, mockidp says so in its own words, and a provider would not.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import pkcs12

from mockidp import authority, cli_run, environ
from mockidp.cli import cli
from mockidp.mounts.ports import listen
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator, known_hosts
from mockidp.world import World

OURS = "mockidp: no step of the contract is at this path"
URL = "https://api.github.com/mockidp-was-here"
PYTHON = sys.executable
TELL = "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"no {tool} on this machine")


def usual(home: Path, **more: str) -> dict[str, str]:
    """The environment that a command is started from: nothing of what mockidp sets, and an authority of this test's."""
    ours = {name for name, _, _ in environ.VARIABLES} | set(environ.ADDED)
    return {name: value for name, value in os.environ.items() if name not in ours} | {"MOCKIDP_HOME": str(home), **more}


def run(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`mockidp run` to its end, warnings being errors for it and not for the command."""
    command = [PYTHON, "-W", "error", "-m", "mockidp", "run", *words]
    return subprocess.run(
        command, env=usual(home, **env), capture_output=True, text=True, timeout=60, check=False, cwd=home
    )


@contextmanager
def started(home: Path, *words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    command = [PYTHON, "-m", "mockidp", "run", *words]
    with subprocess.Popen(
        command, env=usual(home, **env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=home,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the authority of these tests is; the space is there to be in the way."""
    made = tmp_path_factory.mktemp("home of mockidp")
    authority.ensure(known_hosts(""), made)
    return made


@pytest.fixture(scope="module")
def env(home: Path) -> Iterator[dict[str, str]]:
    """What a command finds in its environment, while the command is still running."""
    scratch = home / "tmp with space"
    scratch.mkdir()
    with started(home, "--as", "alice", "--quiet", "--", PYTHON, "-c", TELL, TMPDIR=str(scratch)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        yield json.loads(line)


def output(env: dict[str, str], *command: str, code: int = 0, **more: Any) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False, **more)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


# unmodified programs


@needs("curl")
@pytest.mark.parametrize("url", [URL, URL.replace("https", "http")], ids=["https", "http"])
def test_curl(env: dict[str, str], url: str) -> None:
    assert OURS in output(env, "curl", "-sS", url)


PYTHONS = {
    "requests": "import requests; print(requests.get(URL).text)",
    "httpx": "import httpx; print(httpx.get(URL).text)",
    "httpx async": """
import asyncio, httpx
async def main():
    async with httpx.AsyncClient() as client:
        print((await client.get(URL)).text)
asyncio.run(main())""",
    "aiohttp": """
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession() as session, session.get(URL) as answer:
        print(await answer.text())
asyncio.run(main())""",
    "aiohttp that looks at the environment": """
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(URL) as answer:
        print(await answer.text())
asyncio.run(main())""",
    "aiohttp on uvloop": """
import aiohttp, uvloop
async def main():
    async with aiohttp.ClientSession("https://api.github.com") as session, session.get("/mockidp-was-here") as answer:
        print(await answer.text())
uvloop.run(main())""",
    "urllib": """
import urllib.request, urllib.error
try:
    urllib.request.urlopen(URL)
except urllib.error.HTTPError as error:
    print(error.read().decode())""",
    "http.client": """
import http.client
connection = http.client.HTTPSConnection("api.github.com")
connection.request("GET", "/mockidp-was-here")
print(connection.getresponse().read().decode())""",
    "a session that does not look at the environment": """
import os, requests
session = requests.Session()
session.trust_env, session.verify = False, os.environ["MOCKIDP_CA"]
print(session.get(URL).text)""",
    "asyncio": """
import asyncio
async def main():
    reader, writer = await asyncio.open_connection("api.github.com", 443, ssl=True)
    writer.write(b"GET /mockidp-was-here HTTP/1.1\\r\\nHost: api.github.com\\r\\nConnection: close\\r\\n\\r\\n")
    print((await reader.read()).decode())
    writer.close()
asyncio.run(main())""",
}


@pytest.mark.parametrize("name", PYTHONS)
def test_python(env: dict[str, str], name: str) -> None:
    if "uvloop" in name:
        pytest.importorskip("uvloop", reason="no uvloop for this platform")
    assert OURS in output(env, PYTHON, "-W", "error", "-c", f"URL = {URL!r}\n{PYTHONS[name]}")


NODES = {
    "fetch": "fetch(TARGET).then((answer) => answer.text()).then(console.log)",
    "https": "require('https').get(TARGET, (answer) => answer.setEncoding('utf8').on('data', console.log))",
    "https by an agent that keeps connections": """
const agent = new (require('https').Agent)({ keepAlive: true, maxSockets: 1 });
const get = () => new Promise((done) => require('https').get(TARGET, { agent }, (answer) => {
  let text = '';
  answer.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => done(text));
}));
get().then(get).then(console.log).then(() => agent.destroy())""",
    "http": "require('http').get(TARGET.replace('https', 'http'), (answer) => answer.setEncoding('utf8').on('data', "
    "console.log))",
    "tls by port and host": """
const socket = require('tls').connect(443, 'api.github.com', () => {
  socket.write('GET /mockidp-was-here HTTP/1.1\\r\\nHost: api.github.com\\r\\nConnection: close\\r\\n\\r\\n');
});
socket.setEncoding('utf8').on('data', console.log)""",
    "net by port and host": """
const socket = new (require('net').Socket)();
socket.connect(80, 'API.github.com', () => {
  socket.write('GET /mockidp-was-here HTTP/1.1\\r\\nHost: api.github.com\\r\\nConnection: close\\r\\n\\r\\n');
});
socket.setEncoding('utf8').on('data', console.log)""",
    "an ES module": "const answer = await fetch(TARGET); console.log(await answer.text())",
}


@needs("node")
@pytest.mark.parametrize("name", NODES)
def test_node(env: dict[str, str], name: str) -> None:
    kind = ["--input-type=module"] if "module" in name else []
    assert OURS in output(env, "node", *kind, "-e", f"const TARGET = {json.dumps(URL)};\n{NODES[name]}")


@needs("git")
def test_git(env: dict[str, str]) -> None:
    assert OURS in output(env, "git", "ls-remote", "https://github.com/mockidp/was-here", code=128)


JAVA = """
import java.io.*;
import java.net.*;
import java.net.http.*;

public class Here {
  public static void main(String[] words) throws Exception {
    URI uri = URI.create(words[0]);
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
    System.out.println(connection.getResponseCode() + " " + new String(connection.getErrorStream().readAllBytes()));
    HttpRequest request = HttpRequest.newBuilder(uri).build();
    System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
  }
}
"""


@needs("java")
def test_java(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "Here.java").write_text(JAVA)
    assert output(env, "java", str(tmp_path / "Here.java"), URL).count(OURS) == 2


@needs("keytool")
@needs("java")
def test_java_with_a_list_made_by_its_own_tool(
    env: dict[str, str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(pkcs12, "serialize_java_truststore")
    kept = authority.stored(home)
    assert kept is not None
    assert environ.write(kept, tmp_path, {})
    (tmp_path / "Here.java").write_text(JAVA)
    ours = env["JAVA_TOOL_OPTIONS"].replace(f'"{Path(env["MOCKIDP_CA"]).with_name("java.p12")}"', "java.p12")
    assert "=java.p12" in ours
    text = output({**env, "JAVA_TOOL_OPTIONS": ours}, "java", "Here.java", URL, cwd=tmp_path)
    assert text.count(OURS) == 2
    listed = output(env, "keytool", "-list", "-keystore", str(tmp_path / "java.p12"), "-storepass", "changeit")
    assert listed.count("trustedCertEntry") > 1


def test_java_goes_without_where_there_is_no_tool(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pkcs12, "serialize_java_truststore")
    monkeypatch.setenv("PATH", str(tmp_path))
    kept = authority.stored(home)
    assert kept is not None
    java = environ.write(kept, tmp_path, {})
    reach = environ.Reach("http://127.0.0.1:1", (), tmp_path, java)
    assert "trustStore" not in environ.variables(reach, {})["JAVA_TOOL_OPTIONS"]


RUBY = """
require 'net/http'
require 'open-uri'
puts Net::HTTP.get(URI(ARGV[0]))
begin
  URI.open(ARGV[0])
rescue OpenURI::HTTPError => error
  puts error.io.read
end
"""


@needs("ruby")
@pytest.mark.parametrize("url", [URL, URL.replace("https", "http")], ids=["https", "http"])
def test_ruby(env: dict[str, str], url: str) -> None:
    assert output(env, "ruby", "-e", RUBY, url).count(OURS) == 2


GO = """
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	for _, url := range os.Args[1:] {
		answer, err := http.Get(url)
		if err != nil {
			panic(err)
		}
		body, _ := io.ReadAll(answer.Body)
		fmt.Println(string(body))
	}
}
"""


@needs("go")
def test_go(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "here.go").write_text(GO)
    assert output(env, "go", "run", str(tmp_path / "here.go"), URL, URL.replace("https", "http")).count(OURS) == 2


PHP_CURL = """
$curl = curl_init($argv[1]);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
echo curl_exec($curl), curl_error($curl);
"""
PHP_STREAMS = """
function told($url) {
  $context = stream_context_create(["http" => ["ignore_errors" => true, "header" => "Accept: text/plain"]]);
  $stream = fopen($url, "r", false, $context);
  foreach (stream_get_meta_data($stream)["wrapper_data"] as $line) echo $line, "\n";
  return stream_get_contents($stream) . file_get_contents($url, false, $context) . json_encode(file_exists($url));
}
echo told($argv[1]), json_encode(@file_get_contents("https://bank.invalid/")), file_get_contents($argv[2]);
"""
HAS_PHP_CURL = (
    "curl" in subprocess.run(["php", "-m"], capture_output=True, text=True).stdout if shutil.which("php") else ""
)


@pytest.mark.skipif(not HAS_PHP_CURL, reason="no php with curl on this machine")
@pytest.mark.parametrize("url", [URL, URL.replace("https", "http")], ids=["https", "http"])
def test_php_with_curl(env: dict[str, str], url: str) -> None:
    assert OURS in output(env, "php", "-r", PHP_CURL, url)


@needs("php")
@pytest.mark.parametrize("url", [URL, "https://mockidp-shop.myshopify.com/mockidp-was-here"], ids=["exact", "family"])
def test_phps_own_streams_where_the_preload_is_named(
    env: dict[str, str], elsewhere: str, tmp_path: Path, url: str
) -> None:
    (tmp_path / "here.php").write_text(f"<?php {PHP_STREAMS}")
    php = ["php", "-d", f"auto_prepend_file={env['MOCKIDP_PHP']}", "-d", "display_errors=stderr"]
    text = output(env, *php, str(tmp_path / "here.php"), url, elsewhere)
    assert text.count(OURS) == 2
    assert text.startswith("HTTP/1.1 404 Not Found\n")
    assert text.endswith("falsefalseelsewhere")


LOGIN = """
import json, sys
from urllib.parse import parse_qs, urlsplit
import requests

callback = "http://127.0.0.1:8000/callback"
asked = requests.get(
    "https://github.com/login/oauth/authorize", allow_redirects=False,
    params={"client_id": "mockidp", "redirect_uri": callback, "state": "s1", "scope": "user:email"},
)
code = parse_qs(urlsplit(asked.headers["Location"]).query)["code"][0]
token = requests.post(
    "https://github.com/login/oauth/access_token", headers={"Accept": "application/json"},
    data={"client_id": "mockidp", "client_secret": "mockidp-secret", "code": code, "redirect_uri": callback},
).json()["access_token"]
me = requests.get("https://api.github.com/user", headers={"Authorization": f"Bearer {token}"}).json()
print(me["login"])
"""


def test_an_unmodified_script_with_production_urls_logs_in(home: Path) -> None:
    done = run(home, "--as", "bob", "--", PYTHON, "-c", LOGIN)
    assert (done.returncode, done.stdout) == (0, "bob-baumann\n"), done.stderr
    assert re.search(r"200 +github +token +bob", done.stderr)


# what is not a provider's


class Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.write(b"elsewhere")

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A service of the developer's own on this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{service.server_port}/"
        service.shutdown()


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["curl", "-sS"], marks=needs("curl"), id="curl"),
        pytest.param([PYTHON, "-c", "import sys, requests; print(requests.get(sys.argv[1]).text)"], id="python"),
        pytest.param(
            ["node", "-e", "fetch(process.argv[1]).then((a) => a.text()).then(console.log)"],
            marks=needs("node"),
            id="node",
        ),
    ],
)
def test_services_on_this_machine_are_reached_as_ever(env: dict[str, str], elsewhere: str, command: list[str]) -> None:
    assert "elsewhere" in output(env, *command, elsewhere)


@needs("curl")
def test_an_unknown_host_is_refused_with_a_line_that_says_what_to_do(home: Path) -> None:
    done = run(home, "--quiet", "--", "curl", "-sS", "https://bank.example/")
    assert done.returncode == 56
    assert "plays no provider at bank.example:443" in done.stderr
    assert "--pass-through bank.example" in done.stderr


@needs("curl")
@pytest.mark.parametrize("how", ["refused", "option", "file"])
def test_a_named_host_is_passed_through(home: Path, tmp_path: Path, elsewhere: str, how: str) -> None:
    (tmp_path / "mine.toml").write_text('[server]\npass_through = ["127.0.0.*"]\n' if how == "file" else "")
    given = ["--pass-through", "127.0.0.1"] if how == "option" else []
    command = ["sh", "-c", f'curl -sS --noproxy "" --proxy "$MOCKIDP_URL" {elsewhere}']
    done = run(home, "--config", str(tmp_path / "mine.toml"), *given, "--", *command)
    assert ("elsewhere" in done.stdout) is (how != "refused")
    assert ("passed through to 127.0.0.1" in done.stderr) is (how != "refused")


@needs("curl")
def test_a_self_hosted_service_is_found_at_its_own_host(tmp_path: Path) -> None:
    mine = ["--set", "github.GITHUB_URL=https://git.example.com"]
    done = run(tmp_path, *mine, "--quiet", "--", "curl", "-sS", "https://git.example.com/api/v3/mockidp-was-here")
    assert OURS in done.stdout, done.stderr
    kept = authority.stored(tmp_path)
    assert kept is not None
    assert kept.covers("git.example.com")
    assert kept.covers("github.com")


# the command


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_code_is_the_commands(home: Path, code: int) -> None:
    done = run(home, "--", PYTHON, "-c", f"print('hello'); raise SystemExit({code})")
    assert (done.returncode, done.stdout) == (code, "hello\n")
    assert "mockidp plays the providers at http://127.0.0.1:" in done.stderr


def test_options_after_the_command_are_the_commands(home: Path) -> None:
    done = run(home, "--quiet", PYTHON, "-c", "import sys; print(sys.argv[1:])", "--as", "--port", "--help")
    assert (done.stdout, done.stderr) == ("['--as', '--port', '--help']\n", "")


def test_a_command_that_there_is_not_is_127(home: Path) -> None:
    done = run(home, "--", "no-such-command")
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr == "mockidp: no-such-command is no command that can be found; is it on PATH?\n"


@posix
def test_a_file_that_cannot_be_executed_is_126(home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("hello")
    done = run(home, "--", str(tmp_path / "notes"))
    assert done.returncode == 126
    assert "chmod +x" in done.stderr
    folder = run(home, "--", str(tmp_path))
    assert (folder.returncode, folder.stderr) == (126, f"mockidp: {tmp_path} is a folder\n")


@posix
def test_a_file_that_is_no_program_is_126_and_the_reason_is_told(home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "notes").chmod(0o755)
    done = run(home, "--quiet", "--", str(tmp_path / "notes"))
    assert done.returncode == 126
    assert done.stderr == f"mockidp: {tmp_path / 'notes'} cannot be run: Exec format error\n"


@posix
def test_a_command_that_dies_of_a_signal_is_told_as_shells_do(home: Path) -> None:
    done = run(home, "--quiet", "--", "sh", "-c", "kill -KILL $$")
    assert done.returncode == 128 + signal.SIGKILL


def test_a_port_in_use_is_told_before_the_command_runs(home: Path) -> None:
    with listen("127.0.0.1", 0)[0] as taken:
        port = taken.getsockname()[1]
        done = run(home, "--quiet", "--port", str(port), "--", PYTHON, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"port {port} of 127.0.0.1 is in use; choose another with --port" in done.stderr


@posix
def test_a_command_that_dies_of_a_signal_is_128_and_its_number(home: Path) -> None:
    done = run(home, "--", PYTHON, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 137


TRAPS = """
import signal, sys, time
def told(number, frame):
    print(signal.Signals(number).name, flush=True)
    raise SystemExit(5)
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
    signal.signal(getattr(signal, name), told)
print("ready", flush=True)
time.sleep(30)
"""


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_signals_are_passed_on_and_its_own_end_waited_for(home: Path, name: str) -> None:
    command = [PYTHON, "-m", "mockidp", "run", "--quiet", "--", PYTHON, "-c", TRAPS]
    with subprocess.Popen(
        command, env=usual(home), stdout=subprocess.PIPE, text=True, cwd=home, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(getattr(signal, name))
        assert process.stdout.readline() == f"{name}\n"
        assert process.wait(timeout=20) == 5


KEYS = 5  # two signals that come at the same moment are one, but not each time


@posix
def test_a_key_of_the_terminal_reaches_the_command_once(home: Path) -> None:
    import pty

    counts = (
        "import os, signal, time\n"
        "told, tell = os.pipe()\n"
        "os.set_blocking(tell, False)\n"
        "signal.set_wakeup_fd(tell)\n"  # a byte for each that arrives, also for those that a handler sees as one
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "print('ready', flush=True)\n"
        "for _ in range(20): time.sleep(0.1)\n"
        "print('end of', len(os.read(told, 99)), flush=True)"
    )
    number, terminal = pty.fork()
    if number == 0:  # the new process: a session of its own with this terminal
        os.chdir(home)
        os.execve(PYTHON, [PYTHON, "-m", "mockidp", "run", "--quiet", "--", PYTHON, "-c", counts], usual(home))
    seen = b""
    try:
        while b"end of" not in seen or not seen.endswith(b"\n"):
            seen += os.read(terminal, 1024)
            if b"ready" in seen and b"^C" not in seen:
                for _ in range(KEYS):
                    time.sleep(0.1)
                    os.write(terminal, b"\x03")
    except OSError:  # the terminal is closed with its last process
        pass
    _, status = os.waitpid(number, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, seen
    assert f"end of {KEYS}\r\n".encode() in seen


def test_the_server_and_its_files_go_with_the_command(home: Path, tmp_path: Path) -> None:
    with started(home, "--quiet", "--", PYTHON, "-c", TELL, TMPDIR=str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        env = json.loads(process.stdout.readline())
        files = Path(env["MOCKIDP_CA"]).parent
        at = ("127.0.0.1", int(env["MOCKIDP_URL"].rpartition(":")[2]))
        socket.create_connection(at, timeout=5).close()
        socket.create_connection(("::1", at[1]), timeout=5).close()
        names = sorted(str(path.relative_to(files)) for path in files.rglob("*") if path.is_file())
        assert names == [
            "bundle.pem",
            "ca.pem",
            "java.p12",
            "php/mockidp.ini",
            "preload.cjs",
            "preload.php",
            "python/sitecustomize.py",
        ]
        assert not [path for path in names if b"PRIVATE KEY" in (files / path).read_bytes()]
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    assert not files.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(at, timeout=5)


@needs("curl")
def test_json_goes_to_stderr(home: Path) -> None:
    done = run(home, "--json", "--", "curl", "-sS", URL)
    first, told = (json.loads(line) for line in done.stderr.splitlines())
    assert {"url", "port", "world"} <= set(first)
    assert (told["provider"], told["status"], told["refused"]["name"]) == ("github", 404, "path")
    assert OURS in done.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--as", "alcie", "--", "true"], 'Did you mean "alice"'),
        ([], "Missing argument 'COMMAND"),
        (["--pass-throu", "x", "--", "true"], "--pass-throu is no command"),
    ],
)
def test_a_mistake_is_one_line(home: Path, words: list[str], hint: str) -> None:
    done = run(home, *words)
    assert done.returncode in (2, 127)
    assert hint in done.stderr
    assert done.stderr.count("\n") == 1


# the variables


def reach(files: str = "/files", *hosts: str) -> environ.Reach:
    return environ.Reach("http://127.0.0.1:8400", hosts or ("github.com", "*.myshopify.com"), PurePosixPath(files))


def test_what_is_there_already_is_kept_and_a_second_time_changes_nothing() -> None:
    before = {
        "NODE_OPTIONS": "--max-old-space-size=4096",
        "JAVA_TOOL_OPTIONS": "-Xmx1g",
        "PYTHONPATH": f"/mine{os.pathsep}/other",
        "PHP_INI_SCAN_DIR": f"{os.pathsep}/mine",
        "NO_PROXY": "intranet.example",
        "HTTPS_PROXY": "http://upstream.example:3128",
    }
    once = environ.variables(reach("/a b"), before)
    assert once["NODE_OPTIONS"] == '--max-old-space-size=4096 --require "/a b/preload.cjs"'
    assert once["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Dhttp.proxyHost=127.0.0.1 ")
    assert '-Djavax.net.ssl.trustStore="/a b/java.p12"' in once["JAVA_TOOL_OPTIONS"]
    assert once["PYTHONPATH"].split(os.pathsep) == ["/a b/python", "/mine", "/other"]
    assert once["PHP_INI_SCAN_DIR"].split(os.pathsep) == ["", "/mine", "/a b/php"]
    assert once["NO_PROXY"] == "localhost,127.0.0.1,::1,intranet.example"
    assert once["HTTPS_PROXY"] == "http://127.0.0.1:8400"
    assert environ.variables(reach("/a b"), {**before, **once}) == once
    bare = environ.variables(reach(), {})
    assert environ.variables(reach(), bare) == bare
    assert bare["PHP_INI_SCAN_DIR"] == f"{os.pathsep}/files/php"


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ("db.example", True),
        (".corp.example", True),
        ("10.0.0.0/8", True),
        ("*", False),
        ("github.com", False),
        (".com", False),
        ("*.github.com", False),
        ("GitHub.com:443", False),
        ("shop.myshopify.com", False),
        ("notgithub.com", True),
    ],
)
def test_no_proxy_keeps_what_hides_no_provider(entry: str, kept: bool) -> None:
    assert (entry in environ.around(f"{entry}, x.example", ["github.com", "*.myshopify.com"])) is kept


def test_every_variable_says_who_looks_at_it_and_is_there_once() -> None:
    names = [name for name, _, _ in environ.VARIABLES]
    assert len(names) == len(set(names))
    assert all(who for _, _, who in environ.VARIABLES)
    assert set(environ.ADDED) <= set(names)


def test_an_authority_that_was_trusted_stays_trusted(home: Path, tmp_path: Path) -> None:
    other = authority.make(["intranet.example"])
    (tmp_path / "corp.pem").write_bytes(other.pem)
    kept = authority.stored(home)
    assert kept is not None
    before = {"NODE_EXTRA_CA_CERTS": str(tmp_path / "corp.pem"), "SSL_CERT_FILE": str(tmp_path / "none.pem")}
    environ.write(kept, tmp_path / "files", before)
    trusted = (tmp_path / "files" / "bundle.pem").read_bytes()
    assert trusted.count(kept.pem) == trusted.count(other.pem) == 1
    again = environ.write(kept, tmp_path / "more", {"SSL_CERT_FILE": str(tmp_path / "files" / "bundle.pem")})
    assert again
    assert (tmp_path / "more" / "bundle.pem").read_bytes().count(kept.pem) == 1


def test_a_sitecustomize_of_the_users_own_is_still_run(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.MINE = __file__")
    theirs = {**env, "PYTHONPATH": os.pathsep.join([env["PYTHONPATH"], str(tmp_path)])}
    script = "import sitecustomize; print(MINE, sitecustomize.__file__)"
    assert output(theirs, PYTHON, "-c", script).split() == [str(tmp_path / "sitecustomize.py")] * 2


def test_the_preloads_do_nothing_without_a_server(env: dict[str, str]) -> None:
    away = {name: value for name, value in env.items() if name not in ("MOCKIDP_URL", "MOCKIDP_HOSTS")}
    assert output(away, PYTHON, "-c", "import socket; print(socket.getaddrinfo.__module__)") == "socket\n"


@needs("curl")
def test_a_run_within_a_run_has_its_own_world(env: dict[str, str], home: Path) -> None:
    inner = [PYTHON, "-m", "mockidp", "run", "--quiet", "--", "sh", "-c", f"curl -sS {URL}; echo $MOCKIDP_URL"]
    text = output({**env, "MOCKIDP_HOME": str(home)}, *inner)
    assert OURS in text
    assert env["MOCKIDP_URL"] not in text


# mockidp env


@pytest.fixture
def told(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`mockidp env` in an environment of the usual kind; its answer."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, **more: str) -> Result:
        names = {name for name, _, _ in environ.VARIABLES}
        given = {**dict.fromkeys(names), "MOCKIDP_HOME": str(home), **more}
        result = CliRunner().invoke(cli, ["env", *words], env=given)
        assert result.exit_code == 0, result.output
        return result

    return call


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    kept = authority.stored(home)
    assert kept is not None
    simulator = Simulator()
    simulator.add(World("mine"))
    with Server(simulator, "localhost", 0, authority=lambda: kept) as running:
        yield running


@posix
@needs("curl")
def test_a_shell_that_evaluates_it_finds_a_running_server(told: Any, server: Server, home: Path) -> None:
    result = told("--url", server.url, NODE_OPTIONS='--title="it\'s"')
    assert result.stderr == ""
    script = f'{result.stdout}\ncurl -sS {URL}\necho "$NODE_OPTIONS"'
    text = output(usual(home), "sh", "-c", script)
    assert OURS in text
    assert text.splitlines()[-1].startswith('--title="it\'s" --require "')


IN_WORLD = {
    "curl": ["curl", "-sS"],
    "ruby": ["ruby", "-e", RUBY],
    "php": ["php", "-r", PHP_CURL],
    "requests": [PYTHON, "-c", f"import sys; URL = sys.argv[1]\n{PYTHONS['requests']}"],
    "httpx": [PYTHON, "-c", f"import sys; URL = sys.argv[1]\n{PYTHONS['httpx']}"],
    "urllib": [PYTHON, "-c", f"import sys; URL = sys.argv[1]\n{PYTHONS['urllib']}"],
    "aiohttp": [PYTHON, "-c", f"import sys; URL = sys.argv[1]\n{PYTHONS['aiohttp']}"],
    "go": ["go", "run", "here.go"],
}


@pytest.mark.parametrize("name", IN_WORLD)
def test_a_world_of_a_running_server_is_told_as_the_proxys_user(
    told: Any, server: Server, home: Path, name: str, tmp_path: Path
) -> None:
    command = IN_WORLD[name]
    if shutil.which(command[0]) is None or (name == "php" and not HAS_PHP_CURL):
        pytest.skip(f"no {name} on this machine")
    (tmp_path / "here.go").write_text(GO)
    made = json.loads(told("--url", server.url, "--world", "mine", "--json").stdout)
    assert OURS in output({**usual(home), **made}, *command, f"{URL}?by={name}")
    assert made["MOCKIDP_URL"] == server.url
    worlds = server.simulator.worlds  # type: ignore[attr-defined]
    urls = {key: [entry.url for login in world.journal for entry in login.entries] for key, world in worlds.items()}
    assert f"{URL}?by={name}" in urls["mine"]
    assert not [key for key in urls if key != "mine" and f"{URL}?by={name}" in urls[key]]


def test_a_world_that_a_running_server_does_not_have_is_told(home: Path, server: Server) -> None:
    result = CliRunner().invoke(cli, ["env", "--url", server.url, "--world", "theirs"], env={"MOCKIDP_HOME": str(home)})
    assert result.exit_code == 2
    assert f"there is no world 'theirs' at {server.url}" in result.output


def test_json_is_one_object(told: Any, server: Server) -> None:
    made = json.loads(told("--url", server.url, "--json").stdout)
    assert set(made) >= {"HTTPS_PROXY", "SSL_CERT_FILE", "MOCKIDP_URL", "JAVA_TOOL_OPTIONS"}
    assert made["HTTPS_PROXY"] == server.url
    assert Path(made["SSL_CERT_FILE"]).is_file()


def test_the_port_is_that_of_the_configuration_and_a_server_that_is_not_there_is_told(
    told: Any, tmp_path: Path
) -> None:
    with listen("127.0.0.1", 0)[0] as free:
        port = free.getsockname()[1]
    (tmp_path / "mockidp.toml").write_text(f"[server]\nport = {port}\n")
    result = told()
    assert f"export MOCKIDP_URL=http://127.0.0.1:{port}\n" in result.stdout
    assert f"nothing answers at http://127.0.0.1:{port} yet" in result.stderr


def unquoted(value: str) -> str:
    """As readers of .env files have it: what is in double quotes may be escaped, what is in single ones may not."""
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value[1:-1] if value.startswith("'") else value


def test_dotenv_has_a_line_a_variable_that_its_readers_take_apart(told: Any, server: Server) -> None:
    made = json.loads(told("--url", server.url, "--json", NODE_OPTIONS="--title=it's --x=$HOME").stdout)
    lines = told("--url", server.url, "--format", "dotenv", NODE_OPTIONS="--title=it's --x=$HOME").stdout.splitlines()
    read = dict(line.partition("=")[::2] for line in lines)
    assert {name: unquoted(value) for name, value in read.items()} == made
    assert read["MOCKIDP_HOSTS"].startswith("'")


def test_docker_compose_names_paths_of_the_container_and_shares_no_key(told: Any, server: Server, home: Path) -> None:
    text = told("--url", server.url, "--format", "docker-compose").stdout
    rows = dict(re.findall(r"^  (\w+): (.*)$", text, re.MULTILINE))
    made = {name: json.loads(value) for name, value in rows.items()}
    assert made["HTTPS_PROXY"] == f"http://host.docker.internal:{server.port}"
    assert made["SSL_CERT_FILE"] == "/etc/mockidp/bundle.pem"
    assert '- "host.docker.internal:host-gateway"' in text
    source, target, mode = json.loads(re.findall(r'^  - (".*:ro")$', text, re.MULTILINE)[0]).split(":")
    assert (target, mode) == ("/etc/mockidp", "ro")
    assert "/etc/mockidp/bundle.pem" in (Path(source) / "php" / "mockidp.ini").read_text()
    assert not [path for path in Path(source).rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    elsewhere = told("--url", "http://mockidp:8400", "--format", "docker-compose").stdout
    assert 'HTTPS_PROXY: "http://mockidp:8400"' in elsewhere
    assert "extra_hosts" not in elsewhere


def test_docker_compose_is_given_no_dollar_to_replace() -> None:
    text = cli_run.as_compose({"MOCKIDP_URL": "http://x:1", "A": 'a"$b'}, Path("/c$d"))
    assert '  A: "a\\"$$b"\n' in text
    assert '  - "/c$$d:/etc/mockidp:ro"\n' in text


def test_github_gets_no_node_options_that_it_would_refuse(told: Any, server: Server) -> None:
    result = told("--url", server.url, "--format", "github-actions")
    made = dict(line.partition("=")[::2] for line in result.stdout.splitlines())
    assert "NODE_OPTIONS" not in made
    assert made["MOCKIDP_NODE_OPTIONS"].startswith("--require ")
    assert "NODE_OPTIONS: ${{ env.MOCKIDP_NODE_OPTIONS }}" in result.stderr


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "127.0.0.1:8400", "http://x:y", "http://u:p@x:1", "http://x/p"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    result = CliRunner().invoke(cli, ["env", "--url", url])
    assert result.exit_code == 2
    assert "must be like http://127.0.0.1:8400" in result.stderr


# serve


def test_serve_listens_at_both_loopback_addresses_and_shows_one(tmp_path: Path) -> None:
    command = [PYTHON, "-m", "mockidp", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, env=usual(tmp_path), stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            assert url.startswith("http://127.0.0.1:")
            port = int(url.rpartition(":")[2])
            for address in ("127.0.0.1", "::1"):
                socket.create_connection((address, port), timeout=5).close()
        finally:
            process.terminate()
            process.wait(timeout=20)


def test_a_port_that_is_taken_at_the_other_address_is_not_the_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = listen("::1", 0)[0]
    port, tries = taken.getsockname()[1], 0
    real = socket.socket.bind

    class Once(socket.socket):
        def bind(self, address: Any) -> None:
            nonlocal tries
            tries += 1
            real(self, ("127.0.0.1", port) if tries == 1 else address)

    with taken:
        monkeypatch.setattr("mockidp.mounts.ports.socket.socket", Once)
        sockets = listen("localhost", 0)
    ports = {sock.getsockname()[1] for sock in sockets}
    for sock in sockets:
        sock.close()
    assert len(ports) == 1
    assert ports != {port}
    assert tries == 4


def test_several_that_start_at_once_for_the_first_time_have_one_authority(tmp_path: Path) -> None:
    script = "from mockidp import authority; print(authority.ensure(['github.com']).fingerprint)"
    begun = [
        subprocess.Popen([PYTHON, "-c", script], env=usual(tmp_path), stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = {process.communicate(timeout=30)[0] for process in begun}
    assert len(told) == 1
    assert authority.stored(tmp_path) is not None


def test_two_projects_with_services_of_their_own_share_one_authority(tmp_path: Path) -> None:
    authority.ensure(["git.first.example"], tmp_path)
    both = authority.ensure(["git.second.example"], tmp_path)
    assert both.covers("git.first.example")
    assert authority.ensure(["git.first.example"], tmp_path).fingerprint == both.fingerprint


def test_a_lock_that_somebody_left_behind_is_waited_for_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "LOCK_PATIENCE", 0.1)
    (tmp_path / "lock").touch()
    before = time.monotonic()
    authority.ensure(["github.com"], tmp_path)
    assert 0.1 <= time.monotonic() - before < 5
    assert not (tmp_path / "lock").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the administrator can write anywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(authority.AuthorityError, match="MOCKIDP_HOME"):
        authority.ensure(["github.com"], tmp_path / "deep")


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(authority.AuthorityError, match="MOCKIDP_HOME"):
        authority.ensure(["github.com"], tmp_path / "file" / "deep")
