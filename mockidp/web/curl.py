"""A request of a login as a command for a shell, to be copied."""

from __future__ import annotations

import re

from mockidp.journal import SHOWN, Entry
from mockidp.web.traffic import Exchanged


def curl(shown: Exchanged, entry: Entry) -> str:
    """The request as a command for a POSIX shell, at this server and never at the real provider.

    What is masked becomes a variable of the shell, `"$CLIENT_SECRET"`, so that the command tells what it lacks.
    """
    words = ["curl -i"]
    if shown.method not in ("GET", "POST") or (shown.method == "POST" and not shown.request.size):
        words.append(f"-X {shown.method}")
    words.append(_quoted(_open(shown.outward)))
    for name, value in shown.request.headers:
        if name in ("host", "content-length", "connection", "accept-encoding", "cookie") or name.startswith("sec-"):
            continue
        words.append(_header(name, value))
    for name, value in shown.request.fields:
        words.append("--data-urlencode " + _quoted(f"{name}={_open_value(name, value)}"))
    if shown.request.text:
        words.append("--data-binary " + _quoted(shown.request.text))
    return " \\\n  ".join(words)


def _header(name: str, value: str) -> str:
    found = re.fullmatch(r"Basic base64\((.*):.{0,4}…\)", value, re.DOTALL)
    if found:
        return "-u " + _quoted(f"{found[1]}:${{CLIENT_SECRET}}")
    if name == "authorization":
        value = re.sub(r'(oauth_\w+)="[^"]{0,4}…"', lambda found: f'{found[1]}="${{{_variable(found[1])}}}"', value)
        value = re.sub(r" \S{0,4}…$", " ${ACCESS_TOKEN}", value)
    return "-H " + _quoted(f"{name}: {value}")


def _open(url: str) -> str:
    """An address with variables in the place of what is masked."""
    return re.sub(r"([\w.-]+)=[^&#…]{0,4}…", lambda found: f"{found[1]}=${{{_variable(found[1])}}}", url)


def _open_value(name: str, value: str) -> str:
    return f"${{{_variable(name)}}}" if value.endswith("…") and len(value) <= SHOWN + 1 else value


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _quoted(text: str) -> str:
    """A word for the shell: single quotes, opened for variables only."""
    parts = re.split(r"(\$\{[A-Z0-9_]+\})", text)
    out = []
    for part in parts:
        if re.fullmatch(r"\$\{[A-Z0-9_]+\}", part):
            out.append(f'"{part}"')
        elif part:
            out.append("'" + part.replace("'", "'\\''") + "'")
    return "".join(out) or "''"
