"""What was read from a resource: values, names, dates, facts, in frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from doorstep.kernel.coding import Coding
from doorstep.record.charts.rules import Doubt, Flag, Validity

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class When:
    """A FHIR date as it was sent; ``start`` is its first instant, None where the text is no possible date."""

    text: str
    start: datetime | None


@dataclass(frozen=True, slots=True)
class Concept:
    """Words for people, and the codes behind them."""

    text: str = ""
    codings: tuple[Coding, ...] = ()

    @property
    def key(self) -> str:
        """What makes two of them the same: ``system|code`` of the first coding, else the words."""
        for coding in self.codings:
            if coding.code:
                return f"{coding.system}|{coding.code}"
        return f"text:{self.text.casefold()}"


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference as it was sent; ``key`` is its (type, id) where it is a relative one to a known type."""

    reference: str
    display: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured value. ``number`` is None for words; ``unit_key`` is equal for units that may be compared.

    ``flag`` is the source's own statement, or computed from the only reference range (``computed``); ``said_normal``
    tells that the source called normal what lies beyond its own range.
    """

    label: str = ""
    code: str = ""
    text: str = ""
    number: Decimal | None = None
    comparator: str = ""
    unit: str = ""
    unit_key: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    range_text: str = ""
    flag: Flag | None = None
    flag_text: str = ""
    computed: bool = False
    said_normal: bool = False
    doubt: Doubt | None = None
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person should see of a resource of any type. Empty text or None: the source did not say it.

    ``pointer`` is where the name stands if the resource only refers to it (a prescription to a Medication).
    """

    type: str
    id: str
    title: str
    concept: Concept
    validity: Validity
    status: str = ""
    clinical: str = ""
    verification: str = ""
    criticality: str = ""
    category: str = ""
    when: When | None = None
    until: When | None = None
    notes: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    flag: Flag | None = None
    flag_text: str = ""
    encounter: str = ""
    pointer: Key | None = None
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One value of a definition list: ``kind`` says which of the other fields hold it."""

    kind: str
    text: str = ""
    codings: tuple[Coding, ...] = ()
    start: When | None = None
    end: When | None = None
    ref: Ref | None = None
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """An element of a resource with its values; ``name`` is FHIR's, without the type of a choice."""

    name: str
    values: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two versions at a path; None where the version has nothing there."""

    path: str
    before: str | None
    after: str | None
