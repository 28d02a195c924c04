"""What a source says of a person, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from doorstep.linkage import numbers


class Kind(StrEnum):
    """The kinds of numbers by which a person is known."""

    RESIDENT_ID = "resident_id"
    BIRTH_CERTIFICATE = "certificate"
    INSURANCE = "insurance"
    PASSPORT = "passport"
    ARCHIVE = "archive"
    HOSPITAL = "hospital"
    OTHER = "other"


class Sex(StrEnum):
    """GB/T 2261.1: unknown, male, female, not stated."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


# The system under which a national number is kept, whichever system a source gave it.
SYSTEMS: Mapping[Kind, str] = {
    Kind.RESIDENT_ID: "urn:oid:2.16.156.10011.1.3",
    Kind.ARCHIVE: "urn:oid:2.16.156.10011.1.2",
    Kind.BIRTH_CERTIFICATE: "urn:doorstep:birth-certificate",
    Kind.INSURANCE: "urn:doorstep:insurance-number",
}
PASSPORT_SYSTEM = "http://hl7.org/fhir/sid/passport-"


class Identifier(NamedTuple):
    """A number with its kind and system; ``path`` is where the source said it, ``old`` that it is no longer in use."""

    kind: Kind
    system: str
    value: str
    path: str = ""
    old: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: a stable code, where, with which figures; an error keeps the record out, a warning does not."""

    code: str
    path: str = ""
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    error: bool = True


class Record(Protocol):
    """What consistency is asked of: numbers, sex (GB/T 2261.1), birth date (YYYY, YYYY-MM or YYYY-MM-DD, or empty)."""

    @property
    def identifiers(self) -> Sequence[Identifier]:
        """The numbers, tidied."""

    @property
    def sex(self) -> str:
        """The sex as said."""

    @property
    def birth_date(self) -> str:
        """The birth date as said."""


def is_trusted(identifier: Identifier) -> bool:
    """Whether a number may link records by itself: valid resident IDs, certificates of birth, insurance and archive
    numbers, passports of a named country, hospital numbers within their hospital; never one that is out of use."""
    kind, value = identifier.kind, identifier.value
    if identifier.old or not value:
        return False
    if kind is Kind.RESIDENT_ID:
        return not isinstance(numbers.read_id(value), str)
    if kind is Kind.PASSPORT:
        return identifier.system.startswith(PASSPORT_SYSTEM)
    if kind is Kind.ARCHIVE:
        return numbers.is_archive_number(value)
    if kind is Kind.BIRTH_CERTIFICATE:
        return bool(numbers.birth_certificate(value))
    return kind in (Kind.INSURANCE, Kind.HOSPITAL)


def tidy(identifier: Identifier) -> Identifier:
    """The number in its one form, an ID with 18 characters, a national number under its one system."""
    value = numbers.one_form(identifier.value)[:100].replace("\x00", "")
    if identifier.kind is Kind.RESIDENT_ID:
        value = numbers.to_18(value)
    if identifier.kind is Kind.BIRTH_CERTIFICATE:
        value = numbers.birth_certificate(value) or value
    return identifier._replace(value=value, system=SYSTEMS.get(identifier.kind, identifier.system)[:200])


def read_date(text: str) -> tuple[date, str] | None:
    """The first day of a FHIR date and its precision (``year``, ``month``, ``day``); None where it is no date."""
    parts = text.split("T", maxsplit=1)[0].split("-")
    if not 1 <= len(parts) <= 3 or len(parts[0]) != 4 or any(len(p) != 2 for p in parts[1:]):
        return None
    if not text.isascii() or not all(p.isdigit() for p in parts):
        return None
    year, month, day = (*map(int, parts), 1, 1)[:3]
    try:
        return date(year, month, day), ("year", "month", "day")[len(parts) - 1]
    except ValueError:
        return None


def consistent(record: Record, today: date) -> list[Finding]:
    """What is wrong with a record by itself: a broken ID or an impossible birth date is an error; an ID that says
    another birth date or sex than the record is a warning (consortium.md §9.1)."""
    found = list(_birth(record.birth_date, today))
    for identifier in record.identifiers:
        if identifier.kind is Kind.RESIDENT_ID and identifier.value and not identifier.old:
            found += _against_id(identifier, record, today)
    return found


def _birth(text: str, today: date) -> Iterator[Finding]:
    if not text:
        return
    read = read_date(text)
    if read is None:
        yield Finding("birth_date_invalid", "Patient.birthDate", {"birth_date": text[:40]})
    elif read[0] > today:
        yield Finding("birth_date_future", "Patient.birthDate", {"birth_date": text[:40]})
    elif read[0] < numbers.EARLIEST_BIRTH:
        yield Finding("birth_date_impossible", "Patient.birthDate", {"birth_date": text[:40]})


def _against_id(identifier: Identifier, record: Record, today: date) -> Iterator[Finding]:
    facts, path = numbers.read_id(identifier.value), identifier.path
    if isinstance(facts, str):
        yield Finding(facts, path, {"value": numbers.mask(identifier.value)})
        return
    if facts.birth > today:
        yield Finding("id_birth_date", path, {"value": numbers.mask(identifier.value)})
    elif (text := record.birth_date) and facts.birth.isoformat()[: len(text)] != text[:10]:
        said = {"id": facts.birth.isoformat(), "birth_date": text[:40]}
        yield Finding("id_birth_mismatch", "Patient.birthDate", said, error=False)
    if record.sex in ("1", "2") and record.sex != facts.sex:
        yield Finding("id_sex_mismatch", "Patient.gender", {"id": facts.sex, "sex": record.sex}, error=False)
