"""What a document says of itself, for people: header, sections, and the entries of sections that have no narrative."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from doorstep.adapters.cda.shapes import Problem, Unreadable
from doorstep.adapters.cda.tree import LIMITS, Limits, Node, parse

STATEMENTS: Final = frozenset(
    {"act", "encounter", "observation", "observationMedia", "organizer", "procedure", "regionOfInterest",
     "substanceAdministration", "supply"}
)  # fmt: skip
RESTRICTED: Final = ("R", "V")
_SPACE: Final = re.compile(r"\s+")
_UNSEEN: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0080-\u009f\ufff9-\ufffb]")
_TIME: Final = re.compile(
    r"([0-9]{4})([0-9]{2})?([0-9]{2})?([0-9]{2})?([0-9]{2})?([0-9]{2})?(?:\.[0-9]+)?([+-][0-9]{4})?"
)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody or an institution in the header: name, institution, when; ``part`` is the element (``author`` …)."""

    part: str
    name: str
    organisation: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A coded entry in words: how deep it stands among the others, what, its value, when."""

    depth: int
    name: str
    value: str
    time: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its level (1 for those of the body), title, code, narrative (None where there is none), entries in
    words (only where there is no narrative), and whether it is restricted by itself."""

    level: int
    title: str
    code: str
    text: Node | None
    facts: tuple[Fact, ...]
    restricted: bool


@dataclass(frozen=True, slots=True)
class Embedded:
    """The body of a document that is no XML: its type and bytes; ``address`` where it only refers to them."""

    media_type: str
    data: bytes
    address: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document read: times as HL7 writes them (``shown`` makes them readable)."""

    root: Node
    title: str
    type: str
    number: str
    version: str
    time: str
    confidentiality: str
    patient: tuple[str, str, str]
    people: tuple[Who, ...]
    encounter: tuple[str, str]
    sections: tuple[Section, ...]
    embedded: Embedded | None


def open_document(data: bytes, limits: Limits = LIMITS) -> Node:
    """The root of a CDA document. Raises ``Unreadable`` for what is none."""
    root = parse(data, limits)
    if root.name != "ClinicalDocument":
        raise Unreadable(Problem("cda-not-document", "", root.line, 1, {"name": root.name[:80]}))
    return root


def read(data: bytes, limits: Limits = LIMITS) -> Document:
    """A document for people to read. Raises ``Unreadable``."""
    root = open_document(data, limits)
    person = root.first("recordTarget", "patientRole", "patient")
    return Document(
        root=root,
        title=visible(_text(root.first("title"))),
        type=_display(root.first("code")),
        number=_number(root.first("id")),
        version=_attribute(root.first("versionNumber"), "value"),
        time=_attribute(root.first("effectiveTime"), "value"),
        confidentiality=_attribute(root.first("confidentialityCode"), "code"),
        patient=(
            visible(_text(person.first("name"))) if person else "",
            _attribute(person.first("administrativeGenderCode"), "code") if person else "",
            _attribute(person.first("birthTime"), "value") if person else "",
        ),
        people=tuple(_people(root)),
        encounter=_encounter(root),
        sections=tuple(_sections(root, 1)),
        embedded=_embedded(root),
    )


def visible(text: str) -> str:
    """A text without signs that cannot be seen and turn or hide others (bidirectional controls and their like)."""
    return _UNSEEN.sub("", text)


def sections_of(node: Node) -> Iterator[Node]:
    """The sections of a body or of a section; also those that stand without ``structuredBody``, as some systems
    write them."""
    for component in node.all("component"):
        yield from component.all("section")
        for body in component.all("structuredBody"):
            yield from sections_of(body)


def is_restricted(section: Node) -> bool:
    """Whether a section or document is marked as restricted (R) or very restricted (V) (HL7 Confidentiality)."""
    return _attribute(section.first("confidentialityCode"), "code").upper() in RESTRICTED


def shown(time: str) -> str:
    """A time of HL7 (20260301080000+0800) as people write it; as it is where it is none."""
    match = _TIME.fullmatch(time.strip())
    if match is None:
        return time
    year, month, day, hour, minute, second, zone = match.groups()
    date = "-".join(part for part in (year, month, day) if part)
    clock = ":".join(part for part in (hour, minute, second) if part)
    clock += ":00" if hour and not minute else ""
    return f"{date} {clock}{f' {zone[:3]}:{zone[3:]}' if zone and zone != '+0800' else ''}" if clock else date


def _sections(node: Node, level: int) -> Iterator[Section]:
    for section in sections_of(node):
        text = section.first("text")
        if text is not None and not _said(text):
            text = None
        yield Section(
            level,
            visible(_text(section.first("title")) or _display(section.first("code"))),
            _attribute(section.first("code"), "code"),
            text,
            () if text is not None else tuple(_facts(section)),
            is_restricted(section),
        )
        yield from _sections(section, level + 1)


def _said(text: Node) -> bool:
    return bool(text.text) or any(node.name == "renderMultiMedia" for node in text.walk())


def _facts(section: Node) -> Iterator[Fact]:
    for entry in section.all("entry"):
        yield from _statement(entry, 0)


def _statement(around: Node, depth: int) -> Iterator[Fact]:
    for node in around.children:
        if node.name not in STATEMENTS:
            continue
        name, value, deeper = _label(node), _value(node), depth
        if name or value:
            yield Fact(depth, visible(name), visible(value), visible(shown(_time(node))))
            deeper = depth + 1
        for link in (*node.all("entryRelationship"), *node.all("component")):
            yield from _statement(link, deeper)


def _label(node: Node) -> str:
    found = _display(node.first("code"))
    drug = node.first("consumable", "manufacturedProduct")
    material = (drug.first("manufacturedMaterial") or drug.first("manufacturedLabeledDrug")) if drug else None
    named = material and (_text(material.first("name")) or _display(material.first("code")))
    return " ".join(part for part in (found, named) if part)


def _value(node: Node) -> str:
    parts = [value_text(each) for each in node.all("value")]
    for name in ("doseQuantity", "rateQuantity", "quantity"):
        parts += [value_text(each) for each in node.all(name)]
    parts += [_display(each) for name in ("routeCode", "methodCode", "targetSiteCode") for each in node.all(name)]
    text = node.first("text")
    parts.append(text.text if text is not None else "")
    described = node.first("participant", "participantRole", "playingEntity")
    if described is not None:
        parts.append(_text(described.first("desc")) or _text(described.first("name")))
    return " ".join(part for part in parts if part)


def value_text(value: Node) -> str:
    """A value of any of CDA's types in words."""
    kind = value.get("xsi:type")
    if kind == "BL":
        return {"true": "是", "false": "否"}.get(value.get("value"), "")
    if kind in ("TS", "IVL_TS"):
        ends = [shown(_attribute(value.first(name), "value")) for name in ("low", "high")]
        return shown(value.get("value")) or "—".join(end for end in ends if end)
    number = f"{value.get('value')} {value.get('unit')}".strip()
    ends = [
        f"{_attribute(value.first(n), 'value')} {_attribute(value.first(n), 'unit')}".strip() for n in ("low", "high")
    ]
    return _display(value) or number or "—".join(end for end in ends if end) or value.text


def _time(node: Node) -> str:
    time = node.first("effectiveTime")
    return _attribute(time, "value") or _attribute(time.first("low"), "value") if time is not None else ""


def _people(root: Node) -> Iterator[Who]:
    for part, inner in (
        ("author", "assignedAuthor"), ("legalAuthenticator", "assignedEntity"), ("authenticator", "assignedEntity"),
    ):  # fmt: skip
        for node in root.all(part):
            who = node.first(inner)
            if who is None:
                continue
            named = _text(who.first("assignedPerson", "name"))
            device = _text(who.first("assignedAuthoringDevice", "softwareName"))
            house = _text(who.first("representedOrganization", "name"))
            if named or device or house:
                yield Who(part, visible(named or device), visible(house), _attribute(node.first("time"), "value"))
    keeper = root.first("custodian", "assignedCustodian", "representedCustodianOrganization")
    if keeper is not None and (name := _text(keeper.first("name"))):
        yield Who("custodian", visible(name))


def _encounter(root: Node) -> tuple[str, str]:
    """When the visit began and ended."""
    time = root.first("componentOf", "encompassingEncounter", "effectiveTime")
    if time is None:
        return "", ""
    return _attribute(time.first("low"), "value") or time.get("value"), _attribute(time.first("high"), "value")


def _embedded(root: Node) -> Embedded | None:
    text = root.first("component", "nonXMLBody", "text")
    if text is None:
        return None
    kind = text.get("mediaType") or "application/octet-stream"
    if text.get("representation").upper() == "B64":
        try:
            return Embedded(kind, base64.b64decode(_SPACE.sub("", "".join(text.texts())), validate=True))
        except (binascii.Error, ValueError):
            return Embedded(kind, b"")
    address = _attribute(text.first("reference"), "value")
    return Embedded(kind, b"" if address else "".join(text.texts()).strip().encode(), address)


def _text(node: Node | None) -> str:
    """The text of an element; of a name given in parts, Chinese ones without spaces, family first."""
    if node is None:
        return ""
    family, given = "".join(n.text for n in node.all("family")), " ".join(n.text for n in node.all("given"))
    if family and re.search(r"[\u3400-\u9fff]", family):
        return family + given.replace(" ", "")
    return " ".join(part for part in (given, family) if part) if family else node.text


def _display(code: Node | None) -> str:
    """A code in words: as the source wrote it, else its name, else its translation's, else the code itself."""
    if code is None:
        return ""
    original = _text(code.first("originalText"))
    said = original or code.get("displayName")
    said = said or next((t.get("displayName") for t in code.all("translation") if t.get("displayName")), "")
    return said or code.get("code")


def _number(node: Node | None) -> str:
    return (node.get("extension") or node.get("root")) if node is not None else ""


def _attribute(node: Node | None, name: str) -> str:
    return node.get(name) if node is not None else ""
