"""What numbers say: which resident a record belongs to by its trusted numbers, and when they contradict.

The rules, in order:
1. A number is a claim on a person. Numbers that lead to two people are a split: the strongest holds, a person looks.
2. Two different valid resident IDs are two people, whatever else agrees.
3. A number of its own with another name, sex or birth date never links: a lent card, a parent's ID on a child, a
   slip of the desk, one twin's certificate on the other. A resident ID and a certificate of birth are contradicted by
   any of them, other numbers by two together.
4. A hospital number links only where nothing contradicts it, for hospitals reuse them; contradicted, it says nothing.
5. A record whose next version tells of somebody else (``record_reused``) is not followed.
6. An ID of somebody born twelve years before the record's own birth date is a parent's and no claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final
from uuid import UUID

from doorstep.linkage import names, numbers
from doorstep.linkage.conflicts import another_birth
from doorstep.linkage.facts import whose_number
from doorstep.linkage.names import Agreement
from doorstep.registers.residents.rules.facts import Finding, Identifier, Kind, is_trusted
from doorstep.registers.residents.rules.sayings import Saying

Claim = tuple[str, str, UUID | None]
_STRENGTH: Final = {kind: at for at, kind in enumerate(Kind)}
_SINGLE: Final = frozenset({Kind.RESIDENT_ID, Kind.BIRTH_CERTIFICATE})
"""Given once, to one person: one contradiction is enough."""


@dataclass(slots=True)
class Known:
    """What is held of a resident: names in their one form, sexes and birth dates (ISO text, as far as known) as the
    records say them, and the resident ID."""

    resident: UUID
    names: list[str]
    sexes: set[str] = field(default_factory=set)
    births: set[str] = field(default_factory=set)
    number: str = ""

    def add(self, said: Saying, also: Iterable[str] = ()) -> None:
        """Add what a record says, and the other names in it."""
        self.names += [text for text in (said.name, *also) if text]
        if said.sex in ("1", "2"):
            self.sexes.add(said.sex)
        if said.birth:
            self.births.add(said.birth)


@dataclass(slots=True)
class Index:
    """What is known about the people of a batch: claims to residents, and the records that made them; residents."""

    claims: dict[Claim, UUID] = field(default_factory=dict)
    holders: dict[Claim, UUID] = field(default_factory=dict)
    people: dict[UUID, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clash:
    """A resident to whom a number leads who cannot be the record's, and why: ``name``, ``sex``, ``birth_date``,
    ``other_id`` where each has an ID, or ``split`` where a stronger number leads to somebody else."""

    resident: UUID
    identifier: Identifier
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whose record it is by its numbers (None: nobody's yet), the trusted numbers that hold, those that clash, the
    record that holds the number by which it was found, whether it must leave the resident whom its earlier version was
    taken for, and the problem that keeps it out."""

    resident: UUID | None
    trusted: tuple[Identifier, ...] = ()
    clashes: tuple[Clash, ...] = ()
    holder: UUID | None = None
    parts: bool = False
    problem: Finding | None = None


def claim(identifier: Identifier, source: UUID) -> Claim:
    """The key under which a trusted number is unique: nationally, or within the hospital that gave it."""
    owner = source if identifier.kind is Kind.HOSPITAL else None
    return identifier.system, identifier.value, owner


def contradiction(kind: Kind | None, names_said: Sequence[str], said: Saying, known: Known) -> str:
    """Why the holder of a number cannot be the known resident: ``name``, ``sex``, ``birth_date``, or empty where
    nothing speaks against it; ``kind`` None asks about another version of one record."""
    verdicts = {names.agree(a, b) for a, b in product(names_said, known.names)}
    found = _against(verdicts, said, known)
    nameless = not verdicts - {Agreement.UNKNOWN} and kind is not None and found == ["birth_date"]
    enough = 1 if kind in _SINGLE or nameless else 2
    return found[0] if len(found) >= enough else ""


def _against(verdicts: set[Agreement], said: Saying, known: Known) -> list[str]:
    found = []
    if Agreement.DIFFERENT in verdicts and not verdicts & {Agreement.SAME, Agreement.LIKE}:
        found.append("name")
    if said.sex in ("1", "2") and known.sexes and said.sex not in known.sexes:
        found.append("sex")
    if said.birth and known.births and all(another_birth(said.birth, b) for b in known.births):
        found.append("birth_date")
    return found


def resolve(
    identifiers: Iterable[Identifier],
    names_said: Sequence[str],
    said: Saying,
    source: UUID,
    index: Index,
    linked: UUID | None = None,
) -> Outcome:
    """Whose a record is by its numbers; ``linked`` is where an earlier version of it lies."""
    trusted = _own(identifiers, said)
    own = [i for i in trusted if i.kind is Kind.RESIDENT_ID]
    if len({i.value for i in own}) > 1:
        return Outcome(None, problem=_conflict(own[0], "two_ids"))
    if linked is not None and contradiction(None, names_said, said, index.people[linked]):
        return Outcome(None, problem=Finding("record_reused", "Patient", {"by": "record"}))
    led = _led(trusted, names_said, said, source, index)
    home = linked or next(iter(led.residents), None)
    if own and home is not None and index.people[home].number not in ("", own[0].value):
        return _other_id(own[0], home, led, linked)
    return _settle(trusted, led, home, source, index)


def _settle(trusted: Sequence[Identifier], led: _Led, home: UUID | None, source: UUID, index: Index) -> Outcome:
    clashes = [Clash(resident, i, "split") for resident, i in led.residents.items() if resident != home]
    by = led.residents.get(home) if home is not None else None
    holder = index.holders.get(claim(by, source)) if by else None
    held = [i for i in trusted if i in led.free or (by and index.claims.get(claim(i, source)) == home)]
    return Outcome(home, tuple(held), (*led.clashes, *clashes), holder)


def _other_id(own: Identifier, home: UUID, led: _Led, linked: UUID | None) -> Outcome:
    """A weaker number, or an earlier version, leads to somebody with another ID: two people.

    A record whose earlier version was taken for theirs leaves them (``parts``).
    """
    if linked is not None:
        return Outcome(linked, (own,) if own in led.free else (), tuple(led.clashes), parts=True)
    clashes = [Clash(home, i, "other_id") for i in led.residents.values()]
    return Outcome(None, (own,) if own in led.free else (), (*led.clashes, *clashes))


def _own(identifiers: Iterable[Identifier], said: Saying) -> list[Identifier]:
    """The trusted numbers that are the person's own, the strongest kind first."""
    _, _, parent = whose_number(said.resident_id, said.birth)
    found = [i for i in identifiers if is_trusted(i) and not (i.kind is Kind.RESIDENT_ID and i.value == parent)]
    return sorted(found, key=lambda i: _STRENGTH[i.kind])


@dataclass(slots=True)
class _Led:
    """The residents to whom numbers lead, the numbers that somebody holds who cannot be it, and those nobody holds."""

    residents: dict[UUID, Identifier] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    free: list[Identifier] = field(default_factory=list)


def _led(trusted: Iterable[Identifier], names_said: Sequence[str], said: Saying, source: UUID, index: Index) -> _Led:
    led = _Led()
    for identifier in trusted:
        resident = index.claims.get(claim(identifier, source))
        if resident is None:
            led.free.append(identifier)
            continue
        why = contradiction(identifier.kind, names_said, said, index.people[resident])
        if not why:
            led.residents.setdefault(resident, identifier)
        elif identifier.kind is not Kind.HOSPITAL:
            led.clashes.append(Clash(resident, identifier, why))
    return led


def told(clash: Clash) -> Finding:
    """A clash as a warning: the record is kept, and a person looks."""
    code = "identity_split" if clash.why == "split" else "identity_conflict"
    return _conflict(clash.identifier, clash.why, code, error=False)


def _conflict(identifier: Identifier, reason: str, code: str = "identity_conflict", *, error: bool = True) -> Finding:
    params = {"by": identifier.kind.value, "value": numbers.mask(identifier.value), "why": reason}
    return Finding(code, identifier.path, params, error)
