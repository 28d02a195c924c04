"""Deterministic matching: which resident a record belongs to by its trusted numbers, and when that cannot be.

The rules, in order:
1. A number is a claim on a person. Numbers that lead to two people are a split: a person decides, nothing is linked.
2. Two different valid resident IDs are two people, whatever else agrees.
3. A resident ID fixes birth date and sex, so its holder is contradicted by a really different name alone: a lent card,
   or a parent's ID on a child. Other numbers need the birth date or the sex to differ too.
4. A hospital number links only where nothing contradicts it, for hospitals reuse them; contradicted, it links nothing.
5. A record whose next version tells of somebody else (``record_reused``) is not followed.
6. Name and birth date alone never link: over 1 % of a region shares them with another (person-matching.md §4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from doorstep.linkage import names, numbers
from doorstep.linkage.names import Agreement
from doorstep.registers.residents.rules.facts import Finding, Identifier, Kind, is_trusted

Claim = tuple[str, str, UUID | None]


@dataclass(slots=True)
class Known:
    """What is held of a resident: names in their one form, sex, birth date (ISO text, as far as known), resident ID."""

    resident: UUID
    names: list[str]
    sex: str = "0"
    birth: str = ""
    number: str = ""


@dataclass(slots=True)
class Index:
    """What is known about the people of a batch: claims to residents, residents by id."""

    claims: dict[Claim, UUID] = field(default_factory=dict)
    people: dict[UUID, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whose record it is (None: nobody's yet), the trusted numbers that hold, and the problem that keeps it out."""

    resident: UUID | None
    trusted: tuple[Identifier, ...] = ()
    problem: Finding | None = None


def claim(identifier: Identifier, source: UUID) -> Claim:
    """The key under which a trusted number is unique: nationally, or within the hospital that gave it."""
    owner = source if identifier.kind is Kind.HOSPITAL else None
    return identifier.system, identifier.value, owner


def differs(a: str, b: str) -> bool:
    """Whether two dates in ISO text exclude each other, as far as both are known."""
    size = min(len(a), len(b))
    return size > 0 and a[:size] != b[:size]


def contradiction(kind: Kind | None, names_said: Sequence[str], sex: str, birth: str, known: Known) -> str:
    """Why the holder of a number cannot be the known resident: ``name``, ``birth_date`` or empty where nothing speaks
    against it; ``kind`` None asks about another version of one record."""
    verdicts = {names.agree(a, b) for a in names_said for b in known.names}
    other_name = Agreement.DIFFERENT in verdicts and not verdicts & {Agreement.SAME, Agreement.LIKE}
    other_sex = {sex, known.sex} == {"1", "2"}
    other_birth = differs(birth, known.birth)
    if other_name and (kind is Kind.RESIDENT_ID or other_birth or other_sex):
        return "name"
    if kind is not Kind.RESIDENT_ID and kind is not None and other_birth and (other_sex or not verdicts):
        return "birth_date"
    return ""


def resolve(
    identifiers: Iterable[Identifier],
    facts: tuple[Sequence[str], str, str],
    source: UUID,
    index: Index,
    linked: UUID | None = None,
) -> Outcome:
    """Whose a record is. ``facts`` are names, sex and birth date; ``linked`` is where an earlier version of it lies."""
    trusted = [i for i in identifiers if is_trusted(i)]
    found: dict[UUID, Identifier | None] = {}
    held: list[Identifier] = []
    for identifier in trusted:
        resident = index.claims.get(claim(identifier, source))
        if resident is None:
            held.append(identifier)
            continue
        reason = contradiction(identifier.kind, *facts, index.people[resident])
        if reason and identifier.kind is Kind.HOSPITAL:
            continue
        if reason:
            return Outcome(None, problem=_conflict(identifier, reason))
        held.append(identifier)
        found.setdefault(resident, identifier)
    if linked is not None:
        found.setdefault(linked, None)
    return _settle(found, tuple(held), facts, index, linked)


def _settle(
    found: Mapping[UUID, Identifier | None],
    held: tuple[Identifier, ...],
    facts: tuple[Sequence[str], str, str],
    index: Index,
    linked: UUID | None,
) -> Outcome:
    if len(found) > 1:
        return Outcome(None, problem=_split(list(found.values())))
    ids = {i.value: i for i in held if i.kind is Kind.RESIDENT_ID}
    said = next(iter(ids.values()), None)
    if said and len(ids) > 1:
        return Outcome(None, problem=_conflict(said, "two_ids"))
    resident = next(iter(found), None)
    if resident is None:
        return Outcome(None, held)
    known = index.people[resident]
    if said and known.number not in ("", said.value):
        return Outcome(None, problem=_conflict(said, "other_id"))
    reason = contradiction(None, *facts, known) if linked else ""
    if reason:
        return Outcome(None, problem=Finding("record_reused", "Patient", {"by": "record", "why": reason}))
    return Outcome(resident, held)


def _split(by: Collection[Identifier | None]) -> Finding:
    said = [i for i in by if i]
    kinds = sorted({i.kind.value for i in said}) + ["record"] * (len(by) > len(said))
    return Finding("identity_split", said[0].path if said else "", {"by": ", ".join(kinds)})


def _conflict(identifier: Identifier, reason: str) -> Finding:
    params = {"by": identifier.kind.value, "value": numbers.mask(identifier.value), "why": reason}
    return Finding("identity_conflict", identifier.path, params)
