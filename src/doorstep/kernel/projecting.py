"""The small parts of which rooms' projections make FHIR R4 resources. Pure; no part is ever empty, as FHIR wants."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final
from uuid import UUID

Json = dict[str, Any]
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
SUBJECT: Final = "urn:doorstep:clinical-subject"
_SUBJECT_SHAPE: Final = re.compile(r"[0-9]{2}(\.[0-9]{2})*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def filled(**elements: Any) -> Json:
    """The elements that hold something, in their order."""
    return {name: value for name, value in elements.items() if value is not None and value not in ("", [])}


def plain(text: str) -> str:
    """A text as FHIR's strings may be: without control characters, no space at its ends; it may be empty."""
    return _CONTROL.sub(" ", text).strip()


def coding(system: str, code: str, display: str) -> Json:
    """A Coding."""
    return filled(system=system, code=code, display=display)


def concept(system: str, code: str, display: str) -> Json:
    """A CodeableConcept of one coding."""
    return filled(coding=[coding(system, code, display)], text=display)


def subject(code: str, name: str) -> Json:
    """A department's CodeableConcept: coded where it is one of 诊疗科目名录 ("03.01"), else in words."""
    if _SUBJECT_SHAPE.fullmatch(code):
        return concept(SUBJECT, code, name)
    return {"text": name or code}


def identifier(system: str, value: str) -> Json:
    """An official Identifier."""
    return {"use": "official", "system": system, "value": value}


def reference(kind: str, key: UUID) -> Json:
    """A Reference without words: names change, and would have to be changed in every resource that repeats them."""
    return {"reference": f"{kind}/{key}"}


def period(since: date, until: date | None) -> Json:
    """A Period of days, both included; an open end is left out."""
    return filled(start=since.isoformat(), end=until.isoformat() if until else None)


def has_ended(last_day: date | None, today: date) -> bool:
    """Whether the last day has passed."""
    return last_day is not None and last_day < today
