"""What programs must find in their environment to meet the simulator at the real host names, as one table.

A row is a variable, its value and who looks at it. `{url}` is the server's, `{proxy}` the same with the world as its
user; `{trust}` is a list of certificates that has our authority and all those that were trusted before, for variables
that replace a list; `{files}` is the folder of everything that is a file. A variable that others use too is added to
and not replaced: see `ADDED`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from mockidp.errors import UsageError
from mockidp.whole import put

if TYPE_CHECKING:
    from mockidp.authority import Authority

PIN, CHROMIUM = "MOCKIDP_PIN", "MOCKIDP_CHROMIUM"  # of a running server and no other: its key is made when it starts
NOWHERE = "http://127.0.0.1:9"  # a port that Chromium calls for nobody
AWAY = (  # what Chromium asks by itself at hosts that are providers' too; pages there are opened as ever
    f"--gaia-url={NOWHERE}",
    f"--autofill-server-url={NOWHERE}/",
    f"--component-updater=url-source={NOWHERE}/",
)
VARIABLES = (
    ("HTTPS_PROXY", "{proxy}", "curl, git, Python, Ruby, Go, PHP (curl), .NET, Node 24"),
    ("https_proxy", "{proxy}", "the same, where only the small name is looked at"),
    ("HTTP_PROXY", "{proxy}", "the same, for http URLs"),
    ("http_proxy", "{proxy}", "curl and Ruby, for http URLs"),
    ("ALL_PROXY", "{proxy}", "curl, git, httpx, .NET"),
    ("all_proxy", "{proxy}", "curl, git"),
    ("NO_PROXY", "{no_proxy}", "all of them: this machine is reached without a proxy"),
    ("no_proxy", "{no_proxy}", "all of them"),
    ("SSL_CERT_FILE", "{trust}", "OpenSSL: Python (urllib, httpx, aiohttp), Ruby, .NET on Linux; Go on Linux; rustls"),
    ("REQUESTS_CA_BUNDLE", "{trust}", "requests"),
    ("HTTPLIB2_CA_CERTS", "{trust}", "httplib2"),
    ("CURL_CA_BUNDLE", "{trust}", "curl"),
    ("GIT_SSL_CAINFO", "{trust}", "git"),
    ("NODE_EXTRA_CA_CERTS", "{trust}", "Node"),
    ("DENO_CERT", "{trust}", "Deno"),
    ("NODE_USE_ENV_PROXY", "1", "Node 24"),
    ("NODE_OPTIONS", '--require "{node}"', "Node before 24: a preload"),
    ("PYTHONPATH", "{python}", "Python that looks at no proxy variable (aiohttp, http.client): a preload"),
    ("JAVA_TOOL_OPTIONS", "{java}", "Java"),
    ("PHP_INI_SCAN_DIR", "{php}", "PHP"),
    ("MOCKIDP_PHP", "{streams}", "PHP whose own streams log in: the file to name as auto_prepend_file, or to require"),
    ("MOCKIDP_URL", "{url}", "the preloads; scripts of yours"),
    ("MOCKIDP_HOSTS", "{hosts}", "the preloads"),
    ("MOCKIDP_CA", "{ca}", "scripts of yours: the certificate of the authority alone"),
    (PIN, "{pin}", "tests that start Chromium: the key to trust, as --ignore-certificate-errors-spki-list takes it"),
    (
        CHROMIUM,
        "{chromium}",
        "the same: every switch, with spaces between; it trusts the key and asks nothing by itself",
    ),
)
ADDED = {  # what stands between the value that is there and ours; ours comes first where the first one wins
    "NODE_OPTIONS": (" ", "last"),
    "JAVA_TOOL_OPTIONS": (" ", "last"),
    "PYTHONPATH": (os.pathsep, "first"),
    "PHP_INI_SCAN_DIR": (os.pathsep, "last"),
}
EMPTY_PART = "PHP_INI_SCAN_DIR"  # an empty part of it is the folder that PHP was built with
TRUSTS = tuple(name for name, value, _ in VARIABLES if value == "{trust}")
HERE = ("localhost", "127.0.0.1", "::1")
CA, TRUST, JAVA, NODE, PYTHON, PHP = "ca.pem", "bundle.pem", "java.p12", "preload.cjs", "python", "php"
STREAMS = "preload.php"
PYTHON_PRELOAD = "sitecustomize.py"
JAVA_PASSWORD = "changeit"  # that of every JDK: the list is no secret


@dataclass(frozen=True)
class Reach:
    """A server as a program reaches it: its URL, the hosts it answers at, and the folder of files as the program sees
    it."""

    url: str
    hosts: tuple[str, ...]
    files: PurePath
    java: bool = True  # whether there is a list of certificates for Java among the files
    pin: str = ""  # the server's key, where it is known
    world: str = ""  # of a server with several; none for its own

    @property
    def proxy(self) -> str:
        """The URL with the world as the user; the password is there since urllib sends no user without one."""
        return self.url.replace("://", f"://{quote(self.world, safe='')}:x@") if self.world else self.url


def base_url(text: str) -> str:
    """The URL of a server without a slash at the end. UsageError for what is none."""
    try:
        parts = urlsplit(text)
        good = parts.scheme == "http" and parts.hostname and parts.path in ("", "/") and not parts.query
        port = parts.port or 80
    except ValueError:
        good, port = False, 0
    if not good or parts.username is not None:
        raise UsageError(f"the URL must be like http://127.0.0.1:8400, not {text[:100]!r}")
    host = parts.hostname or ""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def variables(reach: Reach, before: Mapping[str, str]) -> dict[str, str]:
    """Every variable by name, for programs that would have had the environment `before`."""
    no_proxy = around(before.get("NO_PROXY") or before.get("no_proxy") or "", reach.hosts)
    values = {
        "proxy": reach.proxy,
        "url": reach.url,
        "no_proxy": ",".join(no_proxy),
        "trust": str(reach.files / TRUST),
        "ca": str(reach.files / CA),
        "node": str(reach.files / NODE).replace("\\", "\\\\"),
        "python": str(reach.files / PYTHON),
        "php": str(reach.files / PHP),
        "streams": str(reach.files / STREAMS),
        "java": java_options(reach, no_proxy),
        "hosts": ",".join(reach.hosts),
        "pin": reach.pin,
        "chromium": " ".join(switches(reach.pin)),
    }
    filled = {
        name: value.format_map(values) for name, value, _ in VARIABLES if reach.pin or name not in (PIN, CHROMIUM)
    }
    return {name: _added(name, before.get(name), value) for name, value in filled.items()}


def switches(pin: str) -> list[str]:
    """With which a Chromium of any make trusts a server's key, and no other, and leaves its hosts in peace."""
    return [f"--ignore-certificate-errors-spki-list={pin}", *AWAY]


def _added(name: str, before: str | None, ours: str) -> str:
    """Ours and what was there, once."""
    if name not in ADDED:
        return ours
    between, place = ADDED[name]
    if between == " ":
        kept = (before or "").replace(ours, "").strip()
    else:
        kept = between.join(part for part in (before or "").split(between) if part != ours)
    if not kept and name != EMPTY_PART:
        return ours
    return between.join([ours, kept] if place == "first" else [kept, ours])


def around(before: str, hosts: Iterable[str]) -> list[str]:
    """The hosts to reach without a proxy: this machine, and those of `before` but for any that hides a provider."""
    known = [host.lower().partition(":")[0].rpartition("*")[2].lstrip(".") for host in hosts]
    kept = [entry for part in before.split(",") if (entry := part.strip()) and not _hides(entry.lower(), known)]
    return list(dict.fromkeys([*HERE, *kept]))


def _hides(entry: str, known: list[str]) -> bool:
    name = entry.partition(":")[0].lstrip("*").lstrip(".")
    if not name:
        return entry.startswith("*")
    return any(name == host or host.endswith(f".{name}") or name.endswith(f".{host}") for host in known)


def java_options(reach: Reach, no_proxy: Iterable[str]) -> str:
    """The system properties that Java's own HTTP clients look at."""
    parts = urlsplit(reach.url)
    direct = [f"[{one}]" if ":" in one else f"*{one}" if one.startswith(".") else one for one in no_proxy]
    given: dict[str, object] = {
        "http.proxyHost": parts.hostname,
        "http.proxyPort": parts.port,
        "https.proxyHost": parts.hostname,
        "https.proxyPort": parts.port,
        "http.nonProxyHosts": "|".join([*direct, "127.*"]),
    }
    if reach.java:
        given |= {
            "javax.net.ssl.trustStore": f'"{reach.files / JAVA}"' if " " in str(reach.files) else reach.files / JAVA,
            "javax.net.ssl.trustStorePassword": JAVA_PASSWORD,  # of no type: Java's own one reads both that there are
        }
    return " ".join(f"-D{name}={value}" for name, value in given.items())


# the files


def write(authority: Authority, folder: Path, before: Mapping[str, str], seen: PurePath | None = None) -> bool:
    """Write every file that a variable names into a folder, which programs see as `seen`. No private key is there.

    Returns whether there is a list of certificates for Java too. AuthorityError when the folder cannot be written.
    """
    from mockidp.authority import bundle, unwritable  # lazy: the table alone needs no cryptography

    package = Path(__file__).parent
    also = [Path(before[name]) for name in TRUSTS if before.get(name)]
    try:
        for inner in (folder / PYTHON, folder / PHP):
            inner.mkdir(parents=True, exist_ok=True)
        put(folder / CA, authority.pem)
        bundle(authority, folder, also)
        for preload in (NODE, STREAMS):
            put(folder / preload, (package / preload).read_bytes())
        put(folder / PYTHON / PYTHON_PRELOAD, (package / "preload" / PYTHON_PRELOAD).read_bytes())
        put(folder / PHP / "mockidp.ini", php_ini((seen or folder) / TRUST).encode())
        return java_list(folder)
    except OSError as error:
        raise unwritable(folder, error) from error


def php_ini(trust: PurePath) -> str:
    return f'curl.cainfo = "{trust}"\nopenssl.cafile = "{trust}"\n'


def java_list(folder: Path) -> bool:
    """Write the certificates of `TRUST` as Java reads them; whether that could be done."""
    from cryptography.hazmat.primitives.serialization import pkcs12  # lazy: see above

    if hasattr(pkcs12, "serialize_java_truststore"):
        _with_cryptography(folder)
        return True
    return _with_keytool(folder)  # cryptography before 45


def _with_cryptography(folder: Path) -> None:
    from cryptography import x509  # lazy: see above
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    from mockidp.authority import PEM

    rows = []
    with warnings.catch_warnings(action="ignore"):  # some old roots break a rule that is none of ours
        for number, pem in enumerate(PEM.findall((folder / TRUST).read_bytes())):
            try:
                rows.append(pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(pem), f"{number}".encode()))
            except ValueError:
                continue
    put(folder / JAVA, pkcs12.serialize_java_truststore(rows, BestAvailableEncryption(JAVA_PASSWORD.encode())))


def _with_keytool(folder: Path) -> bool:
    """The JDK's own list with our authority added, by the JDK's own tool; False where there is no JDK."""
    keytool = shutil.which("keytool")
    if keytool is None:
        return False
    home = Path(keytool).resolve().parents[1]
    usual = next((path for part in ("", "jre") if (path := home / part / "lib/security/cacerts").is_file()), None)
    made = folder / JAVA
    made.unlink(missing_ok=True)
    if usual is not None:
        put(made, usual.read_bytes())
    ours = ["-importcert", "-noprompt", "-alias", "mockidp", "-file", str(folder / CA), "-keystore", str(made)]
    return (
        subprocess.run([keytool, *ours, "-storepass", JAVA_PASSWORD], capture_output=True, check=False).returncode == 0
    )
