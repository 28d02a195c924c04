"""Narratives: an XHTML div is text in JSON, part of the tree in XML, and goes over letter by letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import entities
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.xml.plans import XHTML

DIV: Final = f"{{{XHTML}}}div"
DEPTH: Final = 200
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_START: Final = re.compile(r"\s*<[A-Za-z_]")
_NAMED: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_OF_XML: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})
# well-formed text: what is not to be taken for a tag, or a tag of a div with its prefix; quoted values may hold ">"
_TOKEN: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"""|<(/?)((?:[^\s<>/!?:'"]+:)?div)(?=[\s/>])(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""",
    re.DOTALL,
)
_PREFIXED_TAG: Final = re.compile(rb"<[^\s<>/!?:]+:")
_DECLARED: Final = re.compile(rb"""<div\s[^>]*?\bxmlns\s*=\s*["']http://www\.w3\.org/1999/xhtml["']""")


def embedded(div: str) -> str:
    """Return the text of a narrative's div as it may stand in FHIR XML; FhirProblem where it is no XHTML div."""
    try:
        root = _parsed(div)
    except ElementTree.ParseError:
        # HTML's names of characters mean nothing to XML, but are what some systems write
        div = _NAMED.sub(_character, div)
        try:
            root = _parsed(div)
        except ElementTree.ParseError as error:
            raise FhirProblem("xml-narrative", detail=str(error)) from None
    if root.tag == DIV:
        return div
    if root.tag == "div":
        return div.replace("<div", f'<div xmlns="{XHTML}"', 1)
    raise FhirProblem("xml-narrative", detail=root.tag)


def _parsed(div: str) -> ElementTree.Element:
    if not _START.match(div):
        raise FhirProblem("xml-narrative", detail=div[:20])
    return ElementTree.fromstring(div)  # noqa: S314 - it begins with a tag, so no document type can follow


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name in _OF_XML or name not in entities.name2codepoint:
        return match[0]
    return f"&#{entities.name2codepoint[name]};"


def sources(data: bytes) -> Iterator[bytes]:
    """Yield the source text of every outermost div of a well-formed document, in order."""
    depth, begin, name = 0, 0, b""
    for match in _TOKEN.finditer(data):
        if match[2] is None or (depth and match[2] != name):
            continue
        if match[1]:
            depth -= 1
        else:
            if not depth:
                begin, name = match.start(), match[2]
            depth += not match[0].endswith(b"/>")
        if not depth:
            yield data[begin : match.end()]


def text_of_div(element: ElementTree.Element, source: bytes) -> str:
    """Return the text for JSON: the source itself where it stands alone, else the tree written anew."""
    if _DECLARED.match(source) and (not _has_prefixes(element, source) or _stands_alone(source)):
        return source.decode()
    return _written(element, f' xmlns="{XHTML}"')


def _has_prefixes(element: ElementTree.Element, source: bytes) -> bool:
    if _PREFIXED_TAG.search(source):
        return True
    return any(name.startswith("{") and not name.startswith(_XML) for each in element.iter() for name in each.attrib)


def _stands_alone(source: bytes) -> bool:
    try:
        ElementTree.fromstring(source, ElementTree.XMLParser(encoding="utf-8"))  # noqa: S314 - no document type
    except ElementTree.ParseError:
        return False  # a prefix is declared further up in the document
    return True


def _written(element: ElementTree.Element, namespace: str = "", depth: int = DEPTH) -> str:
    name = element.tag.removeprefix(f"{{{XHTML}}}")
    if name.startswith("{"):
        raise FhirProblem("xml-namespace", name=name.rpartition("}")[2], namespace=name[1:].rpartition("}")[0])
    if depth == 0:
        raise FhirProblem("too-deep", limit=DEPTH)
    attributes = "".join([_attribute(*pair) for pair in element.items()])
    inner = escape(element.text or "")
    inner += "".join([_written(child, "", depth - 1) + escape(child.tail or "") for child in element])
    return f"<{name}{namespace}{attributes}>{inner}</{name}>" if inner else f"<{name}{namespace}{attributes}/>"


def _attribute(name: str, value: str) -> str:
    plain = name.replace(_XML, "xml:")
    if plain.startswith("{"):
        raise FhirProblem("xml-namespace", name=name.rpartition("}")[2], namespace=name[1:].rpartition("}")[0])
    return f" {plain}={quoteattr(value)}"
