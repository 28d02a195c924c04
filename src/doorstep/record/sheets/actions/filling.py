"""What a row does in its register, and the way back; one pair of functions a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import msgspec

from doorstep.kernel.call import Call
from doorstep.record.sheets import fhir
from doorstep.record.sheets.actions import records
from doorstep.record.sheets.reads import standing
from doorstep.record.sheets.reads.forms import FORMS
from doorstep.record.sheets.shapes import Done, Outcome
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import api as staff

Said = Mapping[str, str]
Effect = Mapping[str, Any]


class At(NamedTuple):
    """Whose row it is, and the mark that tells it from any other."""

    source: UUID
    place: str
    mark: str


class Fill(Protocol):
    """Does what a row says. Raises ``Refused``, and then nothing of it was done."""

    def __call__(self, call: Call, at: At, said: Said, /) -> Done:
        """Do it."""


class Undo(Protocol):
    """Takes back what a row did. Raises ``Refused``, and then nothing was taken back."""

    def __call__(self, call: Call, at: At, effect: Effect, /) -> None:
        """Take it back."""


class Kind(NamedTuple):
    """How rows of a kind are done and taken back; ``places`` name the column that a refusal is about, by what its code
    or path holds; ``together``: rows may rest on one another, so the check does all of them before any is let go."""

    fill: Fill
    undo: Undo
    places: Mapping[str, str]
    together: bool = False


def _institution_back(call: Call, at: At, effect: Effect) -> None:
    organisations.take_back(
        call, organisation=UUID(effect["organisation"]), expect=effect["version"], before=effect["before"]
    )


def _entering(enter: Callable[..., Any]) -> Fill:
    """Rows that a register enters by itself."""

    def fill(call: Call, at: At, said: Said, /) -> Done:
        done = enter(call, said=said)
        effect = {key: str(value) if isinstance(value, UUID) else value for key, value in asdict(done).items()}
        return Done(Outcome(done.outcome), None if done.outcome == Outcome.SAME else effect)

    return fill


def _leaving(take_back: Callable[..., None], entered: type) -> Undo:
    """The way back of rows that a register entered, by what it told of them (``entered``)."""

    def back(call: Call, at: At, effect: Effect, /) -> None:
        take_back(call, entered=msgspec.convert(dict(effect), entered))

    return back


def _resident(call: Call, at: At, said: Said) -> Done:
    found = standing.patient_of(at.source, at.place, said)
    made = fhir.patient(said, at.place, records.body_of(found) if found else None)
    return records.send_patient(call, at.source, made, found, at.mark)


def _followup(call: Call, at: At, said: Said) -> Done:
    patient = standing.known_patient(at.source, at.place, said)
    return records.send(call, at.source, fhir.observations(said, patient, at.place), at.mark)


def _vaccination(call: Call, at: At, said: Said) -> Done:
    patient = standing.known_patient(at.source, at.place, said)
    return records.send(call, at.source, [fhir.immunization(said, patient, at.place)], at.mark)


def _records_back(call: Call, at: At, effect: Effect) -> None:
    records.take_back(call, at.source, effect["things"], at.mark)


_OF_PATIENT: Final = {
    "patient.name": "name", "patient.": "number", "birth": "birth_date", "gender": "sex", "id_": "id_number",
    "identifier": "id_number", "identity": "id_number", "record_reused": "number",
}  # fmt: skip
KINDS: Final[Mapping[str, Kind]] = {
    "institutions": Kind(
        _entering(organisations.enter), _institution_back, organisations.sheet.PLACES, together=True,
    ),
    "departments": Kind(
        _entering(organisations.enter_department),
        _leaving(organisations.take_back_department, organisations.DepartmentEntered),
        organisations.sheet.PLACES_OF_DEPARTMENTS, together=True,
    ),
    "counts": Kind(
        _entering(organisations.enter_counts), _leaving(organisations.take_back_counts, organisations.CountsEntered),
        organisations.sheet.PLACES_OF_COUNTS,
    ),
    "staff": Kind(_entering(staff.enter), _leaving(staff.take_back, staff.Entered), staff.sheet.PLACES, together=True),
    "licences": Kind(
        _entering(staff.enter_licence), _leaving(staff.take_back_licence, staff.Qualified),
        staff.sheet.PLACES_OF_QUALIFICATIONS,
    ),
    "titles": Kind(
        _entering(staff.enter_title), _leaving(staff.take_back_title, staff.Qualified),
        staff.sheet.PLACES_OF_QUALIFICATIONS,
    ),
    "residents": Kind(_resident, _records_back, _OF_PATIENT),
    "followups": Kind(_followup, _records_back, _OF_PATIENT),
    "vaccinations": Kind(_vaccination, _records_back, _OF_PATIENT),
}  # fmt: skip
assert KINDS.keys() == FORMS.keys()


def column_of(kind: str, code: str, path: str) -> str:
    """The column that a refusal is about, where one can be told; else "" for the row."""
    known = {column.key for column in FORMS[kind].columns}
    for said in (code, path):
        for part, column in KINDS[kind].places.items():
            if column in known and said and (said.startswith(part) or (said is path and part in path)):
                return column
    return ""
