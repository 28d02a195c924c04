"""Which sensitive kinds a FHIR resource tells of, as bits of a mark. Pure, and total over any JSON.

GB/T 39725-2020 (in force 2021-07-01) puts records of special diseases at level 5: for the staff involved alone, under
strict control; which they are is read from 个人信息保护法 art. 28–30, 艾滋病防治条例 art. 39, 精神卫生法 art. 4 and 23,
禁毒法 art. 6 with 戒毒条例 art. 7, 妇女权益保障法 art. 20 and 未成年人保护法 art. 103. The codes are in
``sensitive_codes``. What is stored is marked once, when it is indexed; who changes the codes raises
``reindex.INDEX_VERSION``, and ``doorstep reindex`` marks again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntFlag
from functools import lru_cache
from typing import Any, Final

from doorstep.kernel import sensitive_codes as codes


class Kind(IntFlag):
    """A sensitive kind: a bit of the mark. Bits are stored: they are added to, never given another meaning."""

    HIV = 1
    STD = 2
    PSY = 4
    SUD = 8
    SDV = 16
    ABORTION = 32
    OTHER = 64


NONE: Final = 0
ALL: Final = 127
UNWEIGHED: Final = -1
"""The mark of what was stored before there were marks: withheld as if it told of all kinds, until it is marked."""

UNLIKE: Final = frozenset(
    {"ActivityDefinition", "CapabilityStatement", "CodeSystem", "ConceptMap", "ImplementationGuide", "Library",
     "Measure", "MessageDefinition", "NamingSystem", "OperationDefinition", "PlanDefinition", "Questionnaire",
     "SearchParameter", "StructureDefinition", "StructureMap", "Substance", "ValueSet"}
)  # fmt: skip
"""Types that define words and tell nothing of a person."""
FROM_ANY: Final = frozenset(
    {"AllergyIntolerance", "Appointment", "CarePlan", "Claim", "ClinicalImpression", "Communication", "Composition",
     "Condition", "Consent", "DiagnosticReport", "DocumentManifest", "DocumentReference", "Encounter", "EpisodeOfCare",
     "FamilyMemberHistory", "Goal", "ImagingStudy", "Immunization", "List", "Media", "Medication",
     "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation",
     "Procedure", "QuestionnaireResponse", "RiskAssessment", "ServiceRequest", "Specimen", "Task"}
)  # fmt: skip
"""Types whose marks pass to whatever refers to them: an Observation of a psychiatric encounter tells of it."""
FROM_PLACES: Final = frozenset({"HealthcareService", "Location", "Organization"})
"""Types whose marks pass to an Encounter there: a stay on a psychiatric ward."""

_TELLING: Final = frozenset({"code", "reference", "display", "text", "title", "name", "description"})
_LONGEST: Final = 300  # letters of a name; what is longer is a report, whose words mostly deny what they name
_SHAPE: Final = re.compile(r"([A-Z][0-9]{2})\.?([0-9]?)", re.ASCII)
_UNNAMED: Final = re.compile(r"[A-Z][0-9]{2}\.[0-9xX].*", re.ASCII)
_BARE: Final = re.compile(r"[A-Z][0-9]{2}[0-9]?", re.ASCII)
_PARTS: Final = re.compile(r"[+*†,;/|\s]+")
_DENIED: Final = re.compile(codes.DENIED)
_WORDS: Final = tuple((Kind[kind], re.compile(pattern, re.IGNORECASE)) for kind, pattern in codes.WORDS.items())


def mark(kind: str, resource: Mapping[str, Any]) -> int:
    """The kinds that a resource tells of by itself, by labels, codes and names anywhere in it; 0 for none."""
    return weigh(kind, resource)[0]


def weigh(kind: str, resource: Mapping[str, Any]) -> tuple[int, list[str]]:
    """The mark of a resource by itself, and what it refers to anywhere (as sent) whose marks are its too."""
    if kind in UNLIKE:
        return NONE, []
    found, bare, stack = 0, kind == "Condition", list[Any]((resource,))
    targets: dict[str, None] = {}
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += [one for one in value if isinstance(one, dict | list)]
            continue
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                stack.append(inner)
            elif isinstance(inner, str) and name in _TELLING:
                found |= _told(name, inner, value.get("system"), bare)
                if name == "reference" and passes(kind, inner.partition("/")[0]):
                    targets[inner] = None
    return found, list(targets)


def _told(name: str, said: str, system: object, bare: bool) -> int:
    if name == "code":
        return _coded(system if isinstance(system, str) else "", said, bare)
    return _worded(said) if name != "reference" and len(said) <= _LONGEST else NONE


def passes(kind: str, target: str) -> bool:
    """Whether the mark of what a resource of a type refers to is the resource's too."""
    return target in FROM_ANY or (kind == "Encounter" and target in FROM_PLACES)


def is_opened(marked: int, opened: int) -> bool:
    """Whether all that a mark tells of is opened."""
    return marked & ~opened == 0


@lru_cache(maxsize=65_536)
def _worded(words: str) -> int:
    if _DENIED.match(words):
        return NONE
    return sum(kind for kind, pattern in _WORDS if pattern.search(words))


@lru_cache(maxsize=65_536)
def _coded(system: str, code: str, bare: bool) -> int:
    where = system.casefold()
    for systems, table in ((codes.LABEL_SYSTEMS, codes.LABELS), (codes.LOINC_SYSTEMS, codes.LOINC)):
        if _is_one(where, systems):
            return _sum(table.get(code, "").split())
    if _is_one(where, codes.ATC_SYSTEMS):
        return _sum(kind for kind, heads in codes.ATC.items() if code.upper().startswith(heads))
    if _is_one(where, codes.ICD9_SYSTEMS):
        return _sum(kind for kind, heads in codes.ICD9.items() if code.replace(".", "").startswith(heads))
    if _is_one(where, codes.ICD10_SYSTEMS):
        return _parts(code)
    return NONE if _is_one(where, codes.OTHER_SYSTEMS) else _looking(where, code, bare)


def _looking(where: str, code: str, bare: bool) -> int:
    """Of a code of an unknown system, which may look like one of ICD-10."""
    looks = _UNNAMED.fullmatch(code.strip().upper()) or (bare and not where and _BARE.fullmatch(code))
    return _parts(code) if looks else NONE


def _is_one(where: str, systems: tuple[str, ...]) -> bool:
    return any(where.endswith(each) if each.startswith("2.16.") else each in where for each in systems)


def _parts(code: str) -> int:
    """Of a code, or of several in one field: dagger and asterisk (A52.1†F02.8*) are each weighed."""
    found = 0
    for part in _PARTS.split(code.upper()):
        shape = _SHAPE.match(part)
        if shape is not None:
            head, digit = shape.groups()
            found |= _sum(kind for kind, spans in codes.ICD10.items() if _within(head, digit, spans))
    return found


def _within(head: str, digit: str, spans: tuple[str, ...]) -> bool:
    for span in spans:
        low, _, high = span.partition("-")
        said = f"{head}.{digit}" if "." in low else head
        if low <= said <= (high or low):
            return True
    return False


def _sum(names: Iterable[str]) -> int:
    found = 0
    for name in names:
        found |= Kind[name]
    return found
