"""A shared document within a sample message: its sections, what would be made of each, and what of it goes nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from doorstep.adapters.cda.document import Document, read, sections_of
from doorstep.adapters.cda.mapping import Converted
from doorstep.adapters.cda.mapping.leftovers import place
from doorstep.adapters.cda.tree import Node
from doorstep.fhir.validation import Finding, check, invariants
from doorstep.record.endpoints.rules.enclosing import Shared

_JSON: Final = msgspec.json.Encoder(decimal_format="number")  # decimals keep the digits that were sent
_HEADER: Final = ("Patient", "Encounter", "DocumentReference", "Binary")
_SHORT: Final = 60
Say = Callable[[str, Mapping[str, Any], str], str]
"""A reason and what its words need, in a language."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section: how deep it stands, its name, whether it has a narrative, and how many resources of each type would
    be made of it."""

    level: int
    name: str
    narrative: bool
    made: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """A document within a message, at its place there."""

    place: str
    title: str
    type: str
    number: str
    version: str
    header: tuple[tuple[str, int], ...]
    parts: tuple[Part, ...]
    resources: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str, str], ...]
    findings: tuple[tuple[str, str], ...]


def inside(shared: Shared, found: Converted, say: Say, advise: Say, language: str) -> Inside:
    """What would come of a document that can be used."""
    document = read(shared.data)
    entries = found.bundle["entry"]
    return Inside(
        shared.place, document.title, document.type, document.number, document.version,
        _counted(e["resource"]["resourceType"] for e in entries if e["resource"]["resourceType"] in _HEADER),
        tuple(_parts(document, found)),
        tuple((named(each), shown(each["resource"])) for each in entries),
        tuple((say(p.code, p.params, language), p.place, advise(p.code, p.params, language)) for p in found.problems),
        tuple(each for entry in entries for each in findings(entry["resource"], language)),
    )  # fmt: skip


def _parts(document: Document, found: Converted) -> Iterator[Part]:
    kinds: dict[str, list[str]] = {}
    for entry, where in zip(found.bundle["entry"], found.places, strict=True):
        kinds.setdefault(where.rpartition(" ")[0], []).append(entry["resource"]["resourceType"])
    for level, section in _sections(document.root, 1):
        name, text = place(section), section.first("text")
        # of sections with one name the first tells what is made of them all: places tell them apart no further
        yield Part(level, name, bool(text is not None and text.text), _counted(kinds.pop(name, ())))


def _sections(node: Node, level: int) -> Iterator[tuple[int, Node]]:
    for section in sections_of(node):
        yield level, section
        yield from _sections(section, level + 1)


def _counted(kinds: Iterator[str] | list[str] | tuple[()]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(kinds).items())


def named(entry: Mapping[str, Any]) -> str:
    """What an entry of a transaction does."""
    request = entry["request"]
    return f"{request['method']} {request['url']}"


def shown(resource: Mapping[str, Any]) -> str:
    """A resource as text for people; of a Binary the beginning of its data."""
    if resource["resourceType"] == "Binary" and len(resource.get("data", "")) > _SHORT:
        resource = {**resource, "data": f"{resource['data'][:_SHORT]}…"}
    return msgspec.json.format(_JSON.encode(resource), indent=1).decode()


def findings(resource: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """What is not R4 in a resource: where, and why."""
    kind = resource["resourceType"]
    found: list[Finding] = check(kind, resource) or invariants(kind, resource)
    return [(each.expression, each.message(language)) for each in found if each.severity in ("fatal", "error")]
