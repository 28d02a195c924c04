"""What stands in the tables, once they are read: rows, resources that begin, kinds of messages, and the set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from doorstep.adapters.hl7v2.mapping.grammar import Source, Step, Test

NOWHERE: Final = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a segment's or datatype's table; in a datatype's ``to`` is empty; ``-``: nothing is made of it.

    ``many``: each repetition of the field makes one more element; ``own``: the field of the segment itself that it
    takes (0: of another, or none).
    """

    source: Source
    when: tuple[Test, ...]
    to: str
    path: tuple[Step, ...]
    shown: str
    transform: str
    values: str
    rule: str
    many: bool = False
    own: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that a segment begins: its name in the tables, its type, how it is written, its key, the resource
    within whose part of the message it lives, the elements without which it is left out or the message refused."""

    segment: str
    when: tuple[Test, ...]
    name: str
    type: str
    write: str
    key: tuple[tuple[str, ...], ...]
    within: str
    needs: tuple[str, ...]
    refuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is made of a message: by which table (``-``: none; ``note`` says why), and which segments it must have."""

    table: str
    segments: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Written:
    """One line of a table of messages that go out: what of the resource named ``each`` (one segment for each of that
    name) stands in which field and component, by which conversion; ``constant`` where nothing is taken."""

    segment: str
    each: str
    field: int
    component: int
    path: tuple[Step, ...]
    constant: str
    transform: str
    values: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What concerns one table of messages: its resources, the rows of each segment by the resource that they fill, the
    fields of each segment that any row looks at, and the segments that are left out on purpose."""

    made: tuple[Made, ...]
    rows: Mapping[str, Mapping[str, tuple[Row, ...]]]
    covered: Mapping[str, frozenset[int]]
    ignored: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tables:
    """A set of tables, checked. ``version`` is its name and version, as it is kept beside what it made;
    ``names`` are those of code systems by their address.
    """

    version: str
    kinds: Mapping[tuple[str, str], Kind]
    messages: Mapping[str, tuple[Made, ...]]
    segments: Mapping[str, tuple[Row, ...]]
    datatypes: Mapping[str, tuple[Row, ...]]
    values: Mapping[str, Mapping[str, str]]
    plans: Mapping[str, Plan]
    outward: Mapping[str, tuple[Written, ...]]
    names: Mapping[str, str]

    def kind(self, message: str, trigger: str) -> Kind | None:
        """What is made of a message of this type and trigger; None where the tables do not know its type."""
        return self.kinds.get((message, trigger)) or self.kinds.get((message, "*"))


def plan_of(made: tuple[Made, ...], segments: Mapping[str, tuple[Row, ...]]) -> Plan:
    """What of the segments' tables concerns a table of messages."""
    names = {each.name for each in made} | {NOWHERE}
    looked = {segment: [row for row in table if row.to in names] for segment, table in segments.items()}
    rows = {
        segment: {name: tuple(row for row in table if row.to == name) for name in {row.to for row in table} - {NOWHERE}}
        for segment, table in looked.items()
    }
    whole = {segment for segment, table in looked.items() if any(row.shown == NOWHERE for row in table)}
    return Plan(made, rows, _covered(looked), frozenset({"MSH"} | whole))


def _covered(looked: Mapping[str, list[Row]]) -> dict[str, frozenset[int]]:
    """The fields of each segment that a row takes, or asks about."""
    found: dict[str, set[int]] = {}
    for segment, table in looked.items():
        for source in (source for row in table for source in (row.source, *(test.source for test in row.when))):
            if source.numbers:
                found.setdefault(source.segment or segment, set()).add(source.numbers[0])
    return {segment: frozenset(numbers) for segment, numbers in found.items()}
