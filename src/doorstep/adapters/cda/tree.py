"""The bytes of a document as a tree, within bounds, with the line of every element.

The parser is the standard library's expat, driven by handlers of ours. lxml and defusedxml were weighed: lxml has no
handler that can stop at a bound, so a hostile document is built before it is looked at, and it brings libxml2's own
entity and network machinery to be switched off; defusedxml is this same expat with the handlers that refuse a document
type, which are one line here. Without a document type there are no entities but XML's five, so nothing expands and
nothing is fetched. All bytes are given in one call: expat would else read a long token again with each piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from xml.parsers import expat

from doorstep.adapters.cda.shapes import Problem, Unreadable
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.xml.encodings import utf8

V3: Final = "urn:hl7-org:v3"
PREFIXES: Final = {
    V3: "", "": "", "urn:hl7-org:sdtc": "sdtc:", "http://www.w3.org/2001/XMLSchema-instance": "xsi:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
}  # fmt: skip
"""Names of elements and attributes are told apart by these; one of another namespace keeps it: ``{urn:other}name``."""
_DECLARED: Final = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_FLAT: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read: bytes (the document must fit into one FHIR resource in base64), elements, levels, attributes
    of one element."""

    size: int = 11 << 20
    elements: int = 200_000
    depth: int = 100
    attributes: int = 64


LIMITS: Final = Limits()


class Node:
    """An element: its name, attributes, what stands in it in order, the element around it, its line.

    ``number`` counts it among those of its name there. ``taken`` is a mark of whoever walks through it: how far what
    it says was used.
    """

    __slots__ = ("_named", "attributes", "children", "content", "line", "name", "number", "parent", "taken")

    def __init__(self, name: str, attributes: dict[str, str], line: int, parent: Node | None) -> None:
        self.name, self.attributes, self.line, self.parent = name, attributes, line, parent
        self.content: list[Node | str] = []
        self.children: list[Node] = []
        self.number, self.taken = 1, 0
        self._named: dict[str, list[Node]] = {}
        if parent is not None:
            parent._take_in(self)

    def _take_in(self, child: Node) -> None:
        self.content.append(child)
        self.children.append(child)
        alike = self._named.setdefault(child.name, [])
        alike.append(child)
        child.number = len(alike)

    def all(self, name: str) -> list[Node]:
        """The elements of a name within it."""
        return self._named.get(name, [])

    def first(self, *path: str) -> Node | None:
        """The first element at a path; None where there is none."""
        found: Node | None = self
        for name in path:
            found = next(iter(found.all(name)), None) if found is not None else None
        return found

    def get(self, name: str) -> str:
        """An attribute without white space around it; empty where there is none."""
        return self.attributes.get(name, "").strip()

    def texts(self) -> Iterator[str]:
        """All text in it, however deep, in order."""
        stack: list[Node | str] = [self]
        while stack:
            one = stack.pop()
            if isinstance(one, str):
                yield one
            else:
                stack.extend(reversed(one.content))

    @property
    def text(self) -> str:
        """All text in it, in one line."""
        return _FLAT.sub(" ", "".join(self.texts())).strip()

    def walk(self) -> Iterator[Node]:
        """It and all elements within, in the order of the text."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


def parse(data: bytes, limits: Limits = LIMITS) -> Node:
    """The root of a document. Raises ``Unreadable`` for whatever is not well-formed XML within the limits, in an
    encoding that is known (byte order mark, else the declaration, else UTF-8), without a document type."""
    if len(data) > limits.size:
        _refuse("too-large", limit=limits.size)
    try:
        text = utf8(data)
    except FhirProblem as found:
        raise Unreadable(Problem(found.code, "", found.line, found.column, dict(found.params))) from None
    if not text.strip():
        _refuse("empty")
    return _Builder(limits).read(text)


def is_document(data: bytes) -> bool:
    """Whether bytes look like a CDA document: its root is named within the first 64 kB, whatever the encoding."""
    head = data[:65536].replace(b"\0", b"")
    return re.search(rb"<(?:[A-Za-z_][\w.-]*:)?ClinicalDocument[\s>]", head) is not None


def encoded(text: str, like: bytes) -> bytes:
    """A mended text as the bytes of the document it mends: in the encoding that the text itself declares, where that
    holds all its characters, else in UTF-8, and then declared so."""
    declared = _DECLARED.match(text[:1024].encode("utf-8", "replace"))
    name = declared[1].decode() if declared else "utf-8"
    if like.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.encode("utf-16")
    try:
        made = text.encode("gb18030" if name.lower().startswith(("gb", "cp936")) else name)
        utf8(made)
        return made
    except (LookupError, UnicodeError, FhirProblem):
        return text.replace(name, "UTF-8", 1).encode("utf-8", "replace")


def text_of(data: bytes) -> str:
    """The text of a document for people to read and mend: what cannot be decoded is shown by question marks."""
    try:
        return utf8(data).decode()
    except FhirProblem:
        return data.decode("utf-8", "replace")


def _refuse(code: str, line: int | None = None, column: int | None = None, **params: Any) -> NoReturn:
    raise Unreadable(Problem(code, "", line, column, params))


class _Builder:
    """One pass of expat over a text; every bound is looked at before what would break it is kept."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._count = limits, 0
        self._open: list[Node] = []
        self._root: Node | None = None
        parser = self._parser = expat.ParserCreate("UTF-8", " ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, text: bytes) -> Node:
        parser = self._parser
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            detail = expat.ErrorString(error.code) or "?"
            _refuse("xml-syntax", error.lineno, error.offset + 1, detail=detail)
        finally:  # the handlers and the parser hold one another
            parser.StartDoctypeDeclHandler = parser.StartElementHandler = None
            parser.EndElementHandler = parser.CharacterDataHandler = None
        assert self._root is not None
        return self._root

    def _here(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1

    def _doctype(self, *_: Any) -> None:
        _refuse("xml-doctype", *self._here())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > self._limits.elements:
            _refuse("xml-too-many", *self._here(), limit=self._limits.elements)
        if len(self._open) >= self._limits.depth:
            _refuse("cda-too-deep", *self._here(), limit=self._limits.depth)
        if len(attributes) > self._limits.attributes:
            _refuse("cda-too-many-attributes", *self._here(), limit=self._limits.attributes)
        parent = self._open[-1] if self._open else None
        named = {_name(each): value for each, value in attributes.items()}
        if "xsi:type" in named:
            named["xsi:type"] = named["xsi:type"].rpartition(":")[2]
        node = Node(_name(name), named, self._parser.CurrentLineNumber, parent)
        if parent is None:
            self._root = node
        self._open.append(node)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, said: str) -> None:
        self._open[-1].content.append(said)


def _name(said: str) -> str:
    space, _, name = said.rpartition(" ")
    known = PREFIXES.get(space)
    return f"{{{space}}}{name}" if known is None else known + name
