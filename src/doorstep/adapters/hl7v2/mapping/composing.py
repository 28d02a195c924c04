"""Messages that go out, from FHIR resources, by the tables in ``outbound``: ADT, ORU, SIU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from doorstep.adapters.hl7v2.acks import stamp
from doorstep.adapters.hl7v2.charsets import codec_of
from doorstep.adapters.hl7v2.escapes import escape
from doorstep.adapters.hl7v2.mapping.grammar import Step
from doorstep.adapters.hl7v2.mapping.rows import Tables, Written
from doorstep.adapters.hl7v2.mapping.writers import WRITERS, Parts
from doorstep.adapters.hl7v2.shapes import PLAIN

Resources = Mapping[str, Sequence[Mapping[str, Any]]]
NUMBERED: Final = frozenset({"PID", "PV1", "OBR", "OBX", "NK1", "AL1", "DG1", "AIS"})
"""Segments whose first field counts them."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MSH says beside the message's type: who writes to whom, when, under which id, in which character set."""

    application: str
    facility: str
    to_application: str
    to_facility: str
    at: datetime
    control_id: str
    version: str = "2.5.1"
    charset: str = "UNICODE UTF-8"
    processing: str = "P"


def compose(kind: str, resources: Resources, tables: Tables, envelope: Envelope) -> bytes:
    """A message of a kind (``ADT^A01``, or with its structure ``ADT^A40^ADT_A39``) from the resources that its table
    names (``patient``, ``encounter`` …).

    What the character set has not becomes a question mark. Raises ``KeyError`` for a type that no table writes.
    """
    message, trigger, *_ = kinds = kind.split("^")
    lines = [_msh(kinds, envelope)]
    if message == "ADT":
        lines.append(f"EVN|{_said([trigger])}|{stamp(envelope.at)}")
    for (segment, each), rows in groupby(tables.outward[message], key=lambda row: (row.segment, row.each)):
        fixed = list(rows)
        for number, resource in enumerate(resources.get(each, ()), 1):
            if line := _segment(segment, number, resource, fixed, tables):
                lines.append(line)
    codec = codec_of(envelope.charset) or "utf-8"
    return "".join(f"{line}\r" for line in lines).encode(codec, "replace")


def _msh(kinds: Sequence[str], envelope: Envelope) -> str:
    names = (envelope.application, envelope.facility, envelope.to_application, envelope.to_facility)
    fields = [
        "MSH|^~\\&", *(escape(name, PLAIN) for name in names), stamp(envelope.at), "", _said([*kinds]),
        escape(envelope.control_id, PLAIN), envelope.processing, envelope.version, "", "", "", "", "CHN",
        escape(envelope.charset, PLAIN),
    ]  # fmt: skip
    return "|".join(fields)


def _segment(name: str, number: int, resource: Mapping[str, Any], rows: Sequence[Written], tables: Tables) -> str:
    """A segment; empty where the resource says nothing of it."""
    fields: dict[int, list[str]] = {}
    said = False
    for row in rows:
        found = _field(row, resource, tables)
        if not found:
            continue
        said = said or not row.constant
        if row.component:
            there = fields.setdefault(row.field, [""])[0].split("^")
            there += [""] * (row.component - len(there))
            there[row.component - 1] = there[row.component - 1] or found[0]
            fields[row.field] = ["^".join(there)]
        else:
            fields.setdefault(row.field, found)
    if not said:
        return ""
    if name in NUMBERED:
        fields[1] = [str(number)]
    last = max(fields)
    return "|".join([name, *("~".join(fields.get(n, ())) for n in range(1, last + 1))])


def _field(row: Written, resource: Mapping[str, Any], tables: Tables) -> list[str]:
    """The repetitions of a field, escaped."""
    if row.constant:
        return [_said([row.constant])]
    values = tables.values[row.values] if row.values else {}
    made = [WRITERS[row.transform](value, values, tables.names) for value in _values(resource, row.path)]
    return [text for parts in made if (text := _said(parts))]


def _said(parts: Parts) -> str:
    texts = [
        "&".join(escape(each, PLAIN) for each in part).rstrip("&") if isinstance(part, list) else escape(part, PLAIN)
        for part in parts
    ]
    return "^".join(texts).rstrip("^")


def _values(node: Any, path: tuple[Step, ...]) -> Iterator[Any]:
    """What stands at a path: all elements of a ``[]``, else the first."""
    if not path:
        if node not in (None, "", {}, []):
            yield node
        return
    step, *rest = path
    found = node.get(step.name) if isinstance(node, Mapping) else None
    if step.index is None or not isinstance(found, list):
        found = found[0] if isinstance(found, list) and found else found
        yield from _values(found, tuple(rest))
        return
    for each in found if step.index == "" else found[int(step.index or 0) :][:1]:
        yield from _values(each, tuple(rest))
