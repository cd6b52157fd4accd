"""Reads a page as a test wants it: every element with its text and its ancestors, and the policy it was sent under."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser

from mockidp.wire import Response

VOID = {"meta", "input", "br", "link", "img", "hr"}


@dataclass
class Element:
    tag: str
    attrs: dict[str, str | None]
    text: str = ""
    path: list[str] = field(default_factory=list)


class Document(HTMLParser):
    """Every element with its own text and its ancestors; an unbalanced tag fails the test."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(response.body.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {attrs}"
        element = Element(tag, dict(attrs), path=[parent.tag for parent in self.open])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, *tags: str, **attrs: str) -> list[Element]:
        return [e for e in self.elements if e.tag in tags and attrs.items() <= e.attrs.items()]

    def one(self, *tags: str, **attrs: str) -> Element:
        (found,) = self.all(*tags, **attrs)
        return found

    def text(self) -> str:
        return self.one("main").text


def policy(response: Response) -> dict[str, list[str]]:
    words = (part.split() for part in response.header("content-security-policy").split(";"))
    return {name: values for name, *values in words}


def source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
