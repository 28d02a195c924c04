"""What the room publishes, as FHIR R4: people who work, and their posts. Pure.

Any source system may read it, so it holds what stands on a name plate: no number of a person or certificate, no
telephone, no birth date, no account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from doorstep.kernel.projecting import HL7, Json, coding, concept, filled, has_ended, period, plain, reference, subject
from doorstep.linkage.surnames import parted
from doorstep.registers.staff import rules
from doorstep.registers.staff.shapes import Qualification, Rank, Work, Worker

PUBLISHES = ("Practitioner", "PractitionerRole")

# No public register names these: the house's own.
LICENCE_KIND = "urn:doorstep:licence-kind"
TITLE_LEVEL = "urn:doorstep:title-level"
PROFESSION = "urn:doorstep:profession"
ROLE = "urn:doorstep:role"
HL7_ROLE = HL7 + "practitioner-role"

GENDERS: Mapping[str, str] = {
    rules.Sex.MALE: "male",
    rules.Sex.FEMALE: "female",
    rules.Sex.UNKNOWN: "unknown",
    rules.Sex.UNSTATED: "unknown",
}
"""GB/T 2261.1 in administrative-gender; one who did not say is unknown (``other`` would be a statement)."""
HL7_ROLES: Mapping[str, tuple[str, str]] = {
    "physician": ("doctor", "Doctor"),
    "township_physician": ("doctor", "Doctor"),
    "village_doctor": ("doctor", "Doctor"),
    "specialist": ("doctor", "Doctor"),
    "family_doctor": ("doctor", "Doctor"),
    "nurse": ("nurse", "Nurse"),
    "pharmacist": ("pharmacist", "Pharmacist"),
    "administrator": ("ict", "ICT professional"),
}


def practitioner(worker: Worker, today: date) -> Json:
    """A person as a Practitioner; active while a post holds or is yet to begin."""
    return filled(
        resourceType="Practitioner",
        id=str(worker.id),
        active=any(not has_ended(work.until, today) for work in worker.works),
        name=_name(plain(worker.name)),
        gender=GENDERS[worker.sex],
        qualification=[*map(_licence, worker.qualifications), *map(_title, worker.ranks)],
    )


def role(worker: Worker, work: Work, today: date) -> Json:
    """A post as a PractitionerRole at the institution; active until its last day has passed."""
    own = concept(ROLE, work.role, rules.ROLES[work.role].title)
    if work.role in HL7_ROLES:
        own["coding"].append(coding(HL7_ROLE, *HL7_ROLES[work.role]))
    duty = plain(work.duty)
    return filled(
        resourceType="PractitionerRole",
        id=str(work.id),
        active=not has_ended(work.until, today),
        period=period(work.since, work.until),
        practitioner=reference("Practitioner", worker.id),
        organization=reference("Organization", work.organisation),
        code=[
            own,
            concept(PROFESSION, worker.profession, rules.PROFESSIONS[worker.profession]),
            *([{"text": duty}] if duty else []),
        ],
        specialty=_department(work),
    )


def _name(text: str) -> list[Json]:
    family, given = parted(text)
    return [filled(use="official", text=text, family=family, given=[given] if given else [])] if text else []


def _department(work: Work) -> list[Json]:
    code, name = plain(work.department), plain(work.department_name)
    return [subject(code, name)] if code else []


def _licence(found: Qualification) -> Json:
    code = concept(LICENCE_KIND, found.kind, rules.LICENCES[found.kind])
    return {"code": code, "period": period(found.since, found.until)}


def _title(found: Rank) -> Json:
    level = rules.TITLE_LEVELS[found.level]
    code = concept(TITLE_LEVEL, found.level, level) | {"text": plain(found.name) or level}
    return filled(code=code, period=period(found.since, None) if found.since else None)
