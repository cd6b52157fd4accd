"""XML answers as the dictionaries that everything else here reads. Entities and external references are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .http import Response

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_DEPTH = 20


def root(response: Response) -> Element | None:
    """The root element, or None if the body is no XML that is safe to read."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        return fromstring(response.body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None


def tree(response: Response) -> dict[str, Any] | None:
    """`{root: {child: text or dict}}`; an empty element is None, of several with one name the last stands."""
    top = root(response)
    return None if top is None else {top.tag: _value(top, MAX_DEPTH)}


def _value(element: Element, depth: int) -> Any:
    if depth == 0:
        return None
    if len(element):
        return {child.tag: _value(child, depth - 1) for child in element}
    return (element.text or "").strip() or None
