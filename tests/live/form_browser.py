"""A browser for login pages without scripts: follows redirects, keeps cookies, fills in forms and sends them off.

As a command it is the browser of `mockidp record --command`: it is given the callback, what to fill in and the URL of a
login, and prints the address at which the browser ends.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

STEPS = 20  # pages and redirects of one login
TYPED = ("text", "email", "password")


@dataclass
class Form:
    """A form of a page: where it goes, what it holds, and the names of the fields that somebody types into."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """The forms of a page. Of several buttons of a form, the first is pressed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._pressed = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(have.get("action", ""), have.get("method", "get").upper()))
            self._pressed = False
        elif tag in ("input", "button") and self.forms:
            self._field(self.forms[-1], have, have.get("type", "text" if tag == "input" else "submit"))

    def _field(self, form: Form, have: Mapping[str, str], kind: str) -> None:
        name = have.get("name", "")
        if kind == "submit":
            wanted, self._pressed = not self._pressed, True
        else:
            wanted = kind not in ("checkbox", "radio", "button", "reset") or "checked" in have
        if name and wanted:
            form.values[name] = have.get("value", "on" if kind == "checkbox" else "")
        if name and kind in TYPED:
            form.typed.append(name)


class FormBrowser:
    """Somebody who knows what to write into the fields of `answers`."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = dict(answers)

    def login(self, url: str, callback: str) -> str:
        """Go to a login, and on until the browser is sent to `callback`: that whole address.

        AssertionError with the page at which it goes no further.
        """
        with httpx.Client(trust_env=False, timeout=20) as http:
            answer = http.get(url)
            for _ in range(STEPS):
                if answer.is_redirect:
                    wanted = http.build_request("GET", urljoin(str(answer.url), answer.headers["location"]))
                else:
                    wanted = self._submitted(http, answer)
                if str(wanted.url).startswith(callback):
                    return _with_form(wanted)
                answer = http.send(wanted)
                assert answer.status_code < 400, f"{answer.status_code} at {_place(answer)}:\n{answer.text[:3000]}"
        raise AssertionError(f"no end of the login at {url.partition('?')[0]}")

    def _submitted(self, http: httpx.Client, page: httpx.Response) -> httpx.Request:
        """The first form that asks for nothing we do not know, filled in."""
        for form in Page(page.text).forms:
            if any(name not in self.answers and not form.values[name] for name in form.typed):
                continue
            values = {name: self.answers.get(name, value) for name, value in form.values.items()}
            to = urljoin(str(page.url), form.action)
            if form.method == "POST":
                return http.build_request("POST", to, data=values)
            return http.build_request("GET", to, params=values)
        raise AssertionError(f"{page.status_code}, and nothing to fill in at {_place(page)}:\n{page.text[:3000]}")


def _with_form(request: httpx.Request) -> str:
    """The address, with what a form posts to it in its query."""
    posted = request.content.decode()
    return f"{request.url}{'&' if request.url.query else '?'}{posted}" if posted else str(request.url)


def _place(answer: httpx.Response) -> str:
    return str(answer.url).partition("?")[0]


if __name__ == "__main__":
    back, *given, login_url = sys.argv[1:]
    print(FormBrowser(dict(one.split("=", 1) for one in given)).login(login_url, back))
