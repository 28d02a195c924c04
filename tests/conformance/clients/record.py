"""A small record: a hospital, its doctor, two patients, and what is known of the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LOINC = "http://loinc.org"


def urn(number: int) -> str:
    """The fullUrl of the resource of this number."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012}"


def record() -> list[dict[str, Any]]:
    """The resources, the first with the number 1; they refer to each other by `urn`."""
    who = {"subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000003"}}
    return [
        {"resourceType": "Organization", "name": "Hospital"},
        {
            "resourceType": "Practitioner", "active": True, "name": [{"family": "Chen"}],
            "address": [{"city": "Krasnoyarsk"}],
        },
        {
            "resourceType": "Patient", "active": True, "gender": "female", "birthDate": "1950-05-01",
            "name": [{"family": "Moore", "given": ["John"]}, {"family": "Rivera"}], "address": [{"state": "TX"}],
            "generalPractitioner": [{"reference": urn(1)}, {"reference": urn(2)}],
        },
        {
            "resourceType": "Patient", "gender": "male", "birthDate": "1990",
            "name": [{"family": "Mooresby", "given": ["Eva"]}],
        },
        *[
            {
                "resourceType": "Observation", "status": "final", "effectiveDateTime": f"2026-01-{day:02}",
                "code": {"coding": [{"system": LOINC, "code": "8867-4" if day % 2 else "8310-5"}]}, **who,
            }
            for day in range(1, 26)
        ],
        {"resourceType": "Condition", "code": {"text": "headache since May"}, **who},
        {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, **who},
        {"resourceType": "EpisodeOfCare", "status": "active", "patient": {"reference": urn(3)}},
        {
            "resourceType": "Group", "type": "practitioner", "actual": True,
            "member": [{"entity": {"reference": urn(2)}}],
        },
        {
            "resourceType": "MedicationRequest", "status": "active", "intent": "order",
            "requester": {"reference": urn(2)}, "medicationCodeableConcept": {"text": "aspirin"}, **who,
        },
    ]  # fmt: skip


class Typed:
    """A model of one's own, as fhir-py's "Data models" have it."""

    resourceType = "Patient"  # noqa: N815  FHIR's own name
    id: str | None = None

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter({"resourceType": self.resourceType, **self.__dict__}.items())
