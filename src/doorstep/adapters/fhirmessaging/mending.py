"""What systems that follow the guides of hl7fhir.cn write otherwise than R4 has it, as tables; each mend is told.

Found in the guides' own examples (``Bundle-hospital-referral-example.xml`` and their like): XML whose elements R4 does
not have is mended in the text, so that lines stay where they were; then values are mended in the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from xml.parsers import expat

from doorstep.fhir.xml.encodings import utf8
from doorstep.fhir.xml.places import refuse_doctype
from doorstep.linkage.numbers import read_id

Json = dict[str, Any]
UNWRAPPED: Final = frozenset({("Encounter", "class", "coding")})
"""Encounter.class is a Coding; they give it the children of a CodeableConcept: the inner element is left out."""
FLATTENED: Final = frozenset({("MessageHeader", "definition", "reference")})
"""MessageHeader.definition is a canonical; they give it the children of a Reference: the value moves outwards."""
RENAMED: Final = re.compile(r"Value([A-Z]\w*)")
"""``<ValueAttachment>`` stands for ``<valueAttachment>``."""
STATED: Final = "http://StructureDefinition.hl7fhir.cn/"
"""Profiles whose extensions say a coded primitive that has no value of its own."""
SEXES: Final[Mapping[str, str]] = {"0": "unknown", "1": "male", "2": "female", "9": "unknown"}
"""GB/T 2261.1 to R4's administrative gender."""
MIME: Final[Mapping[str, str]] = {"HTML": "text/html", "PDF": "application/pdf", "XML": "application/xml"}
NUMBER: Final = "http://CodeSystem.hl7fhir.cn/identity-document-type"
"""Where ``01`` (resident ID) stands with a number whose check digit is wrong, it is kept as ``99``, another document's:
a referral is not lost for a mistyped digit, and nobody is told apart by it."""
_CODED: Final = frozenset({"status", "intent", "priority", "participantStatus"})
_DECLARATION: Final = re.compile(rb"\s*<\?xml[^>]*\?>")
_URIS: Final = frozenset({"system", "url", "reference"})


class Mend(NamedTuple):
    """One mend: which rule of this file, and the path or line of the place."""

    rule: str
    place: str


class _Edit(NamedTuple):
    start: int
    end: int
    text: bytes


def xml_of(data: bytes) -> tuple[bytes, list[Mend]]:
    """Return FHIR XML whose structure is R4's, as UTF-8 without declaration where it was mended, else as it came.

    Raises FhirProblem for a document type or an encoding that is not known; what is not well-formed stays as it is.
    """
    text = utf8(data)
    refuse_doctype(text)
    # kept as long as it was, so that places stay
    text = _DECLARATION.sub(lambda found: re.sub(rb"[^\r\n]", b" ", found[0]), text, count=1)
    scribe = _Scribe(text)
    try:
        edits, mends = scribe.run()
    except expat.ExpatError:
        return data, []
    if not edits:
        return data, []
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text, mends


class _Scribe:
    """One pass of expat over the text, noting what is to be put in the place of what."""

    def __init__(self, text: bytes) -> None:
        self._text, self._edits, self._mends = text, list[_Edit](), list[Mend]()
        self._open: list[tuple[str, int]] = []  # name and where the start tag begins
        self._flat: int | None = None  # depth of an element that is being flattened
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def run(self) -> tuple[list[_Edit], list[Mend]]:
        """Return edits and mends; expat.ExpatError where the text is not well-formed."""
        self._parser.Parse(self._text, True)
        return self._edits, self._mends

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        outer = self._open[-1] if self._open else ("", 0)
        self._open.append((name, at))
        if self._flat is not None:
            return
        if self._path() in FLATTENED and set(attributes) == {"value"}:
            self._flat = len(self._open) - 1
            end = self._text.index(b">", outer[1])
            said = self._text[at : self._tag_end(at)].split(b"value", 1)[1].rstrip(b"/> \t\r\n")
            self._edits.append(_Edit(outer[1] + 1 + len(outer[0]), end, b" value" + said))
            self._told("definition")
        elif self._path() in UNWRAPPED:
            self._edits.append(_Edit(at, self._tag_end(at), b""))
            self._told("class")
        elif RENAMED.fullmatch(name) and outer[0] == "extension":
            self._edits.append(_Edit(at + 1, at + 2, b"v"))
            self._told("value")

    def _end(self, name: str) -> None:
        at = self._parser.CurrentByteIndex
        path = self._path()
        _, start = self._open.pop()
        outer = self._open[-1][0] if self._open else ""
        if self._flat is not None:
            if len(self._open) == self._flat:
                # what was inside goes, but for the ends of lines
                inner = self._text[start : self._inner_end(start, at)]
                self._edits.append(_Edit(start, start + len(inner), re.sub(rb"[^\r\n]", b"", inner)))
                self._flat = None
        elif path in UNWRAPPED:
            self._edits.append(_Edit(at, self._tag_end(at), b""))
        elif RENAMED.fullmatch(name) and outer == "extension" and self._text[at : at + 2] == b"</":
            self._edits.append(_Edit(at + 2, at + 3, b"v"))

    def _path(self) -> tuple[str, ...]:
        """The names of the innermost three elements that are open."""
        return tuple(name for name, _ in self._open[-3:])

    def _inner_end(self, start: int, at: int) -> int:
        """Where an element ends that began at ``start``; of an empty one expat names the start tag, or its end."""
        return self._tag_end(at) if self._text[at : at + 2] == b"</" else self._tag_end(start)

    def _tag_end(self, at: int) -> int:
        """Behind the tag that begins there; a quoted value may hold the sign that ends it."""
        found = _TAG.match(self._text, at)
        return found.end() if found else at

    def _told(self, rule: str) -> None:
        self._mends.append(Mend(rule, f"{self._parser.CurrentLineNumber}:{self._parser.CurrentColumnNumber + 1}"))


_TAG: Final = re.compile(rb"""<(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")


def values_of(resource: Json, place: str = "") -> list[Mend]:
    """Mend the values of a resource in place: codes that stand in an extension alone, spaces around addresses."""
    return list(_mended(resource, place or str(resource.get("resourceType", ""))))


def _mended(node: Any, place: str) -> Iterator[Mend]:
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from _mended(each, f"{place}[{number}]")
        return
    if not isinstance(node, dict):
        return
    if _is_wrong_id(node):
        node["type"] = {"coding": [{"system": NUMBER, "code": "99"}]}
        yield Mend("number", f"{place}.value")
    for key in list(node):
        yield from _mended_value(node, key, f"{place}.{key.removeprefix('_')}")
        yield from _mended(node.get(key), f"{place}.{key}")


def _mended_value(node: Json, key: str, place: str) -> Iterator[Mend]:
    value = node[key]
    if isinstance(value, str) and key in _URIS and value != value.strip():
        node[key] = value.strip()
        yield Mend("space", place)
    elif key == "contentType" and value in MIME:
        node[key] = MIME[value]
        yield Mend("mime", place)
    elif key.startswith("_") and key[1:] not in node and isinstance(value, dict):
        code = _code_of(key[1:], _stated(value))
        if code:
            node[key[1:]] = code
            yield Mend("code", place)


def _code_of(name: str, stated: str) -> str:
    """R4's code of what an extension states of a primitive; empty where it says nothing that is known."""
    if name == "gender":
        return SEXES.get(stated.lstrip("0") or stated[:1], "")
    return stated if name in _CODED else ""


def _is_wrong_id(node: Json) -> bool:
    kind, value = node.get("type"), node.get("value")
    codings = kind.get("coding") if isinstance(kind, dict) else None
    if not isinstance(value, str) or not isinstance(codings, list):
        return False
    said = [(each.get("system"), each.get("code")) for each in codings if isinstance(each, dict)]
    return (NUMBER, "01") in said and isinstance(read_id(value), str)


def _stated(extra: Json) -> str:
    for each in extra.get("extension", ()):
        if isinstance(each, dict) and str(each.get("url", "")).startswith(STATED):
            coding = each.get("valueCoding")
            code = coding.get("code") if isinstance(coding, dict) else None
            return code.strip() if isinstance(code, str) else ""
    return ""
