"""What the pages of a chart show, in frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from doorstep.kernel.paging import Paged
from doorstep.record.charts.shapes.readings import Change, Fact, Key, Reading, When


@dataclass(frozen=True, slots=True)
class Item:
    """A reading with where it came from: source institution, time received, FHIR id of the source's patient."""

    reading: Reading
    source: UUID
    updated: datetime
    at: datetime | None
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Items of one code as one line: ``item`` is the one that counts, ``first`` and ``last`` the dates of all.

    ``current`` is whether it holds now (an active problem, a medicine that is taken, an allergy).
    """

    item: Item
    sources: tuple[UUID, ...]
    count: int
    first: When | None
    last: When | None
    current: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """Values that may be compared, oldest first; ``left_out`` are in other units, ``doubtful`` are not believed."""

    label: str
    unit: str
    points: tuple[tuple[datetime, float], ...]
    low: float | None = None
    high: float | None = None
    left_out: int = 0
    doubtful: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """The newest valid value of a code over all institutions, with the values before it as curves.

    A value that is in doubt or absent gives way to an older one that is sound; ``newer`` counts those.
    """

    key: str
    item: Item
    curves: tuple[Curve, ...]
    count: int
    newer: int = 0
    in_error: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Who the chart is of; ``sex`` is GB/T 2261.1, ``birth`` as far as it is known, ``number`` masked."""

    name: str
    sex: str
    birth: str
    age: int | None
    number: str
    deceased: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """What the reading rests on (a word of ``consents.rules.Why``): whether it opens the ``whole`` record, and whether
    the resident ``denied`` the reader's institution more than its own."""

    why: str
    whole: bool
    denied: bool


@dataclass(frozen=True, slots=True)
class Head:
    """The head of every page of a chart: who it is, allergies, the institutions that sent what is shown, what the
    reading rests on, and how many entries are withheld that tell of sensitive kinds."""

    resident: UUID
    person: Person
    allergies: tuple[Line, ...]
    institutions: Mapping[UUID, str]
    basis: Ground
    withheld: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """The first page of a chart."""

    head: Head
    problems: tuple[Line, ...]
    medicines: tuple[Line, ...]
    immunisations: tuple[Line, ...]
    results: tuple[Result, ...]
    encounters: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Observations of one day, encounter and institution, those to be looked at first."""

    items: tuple[Item, ...]
    flagged: int

    @property
    def first(self) -> Item:
        """The item that stands for all."""
        return self.items[0]


@dataclass(frozen=True, slots=True)
class Day:
    """A day (China) of the timeline, None for what has no date."""

    on: When | None
    entries: tuple[Item | Cluster, ...]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the timeline is narrowed to: a kind, an institution, from and to (instants, the second exclusive)."""

    kind: str = ""
    institution: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of the timeline."""

    head: Head
    days: Paged[Day]


@dataclass(frozen=True, slots=True)
class Results:
    """The newest value of every code."""

    head: Head
    results: tuple[Result, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Series:
    """All values of a code, a page of them as a table, the newest as curves."""

    head: Head
    title: str
    curves: tuple[Curve, ...]
    values: Paged[Item]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a resource: when and from whom it came, and the message that brought it."""

    number: int
    updated: datetime
    source: UUID
    message: int | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference of the resource leads to; ``open`` where it is an entry of the same resident."""

    title: str
    open: bool
    reading: Reading


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource with all that is known of it; ``body`` is the version's own JSON text, None if the caller may not;
    ``document`` the id of the DocumentReference that it is or was read from."""

    head: Head
    item: Item
    version: Version
    versions: tuple[Version, ...]
    main: tuple[Fact, ...]
    rest: tuple[Fact, ...]
    narrative: str
    body: str | None
    targets: Mapping[Key, Target] = field(default_factory=dict)
    document: str = ""

    @property
    def newest(self) -> int:
        """The number of the version that holds now."""
        return self.versions[0].number


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two versions of a resource."""

    head: Head
    item: Item
    before: Version
    after: Version
    changes: tuple[Change, ...]
