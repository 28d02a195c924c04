"""What a person should see of a resource: title, status, dates, and the few notes that its type is read for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from doorstep.record.charts import rules
from doorstep.record.charts.fhir import notes
from doorstep.record.charts.fhir.measures import interpretation, measures
from doorstep.record.charts.fhir.parts import (
    Json,
    choice,
    clean,
    code_of,
    concept,
    every,
    key_of,
    obj,
    objs,
    ref,
    text,
    until,
    when,
    word,
    words,
)
from doorstep.record.charts.rules import Validity
from doorstep.record.charts.shapes import Concept, Key, Reading, When

# Where the name of a thing stands, by type; others take the first of ``_TITLES`` that says anything.
_NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "Immunization": ("vaccineCode",),
    "Encounter": ("type", "serviceType", "class"),
    "MedicationRequest": ("medication",),
    "MedicationStatement": ("medication",),
    "MedicationDispense": ("medication",),
    "MedicationAdministration": ("medication",),
    "CarePlan": ("title", "category", "description"),
    "Goal": ("description",),
    "DocumentReference": ("description", "type"),
    "Composition": ("title", "type"),
    "ImagingStudy": ("description", "procedureCode"),
    "AdverseEvent": ("event", "category"),
    "Specimen": ("type",),
    "Claim": ("type",),
    "ExplanationOfBenefit": ("type",),
    "Coverage": ("type",),
}
_TITLES: Final = ("code", "title", "name", "type", "description", "category", "event", "medication", "topic", "class")
# Where the main date stands, the same way.
_DATES: Final = (
    "onset", "effective", "performed", "occurrence", "period", "authoredOn", "started", "start", "date", "dateTime",
    "recordedDate", "whenHandedOver", "whenPrepared", "created", "billablePeriod", "dateWritten", "authored", "sent",
    "issued", "dateAsserted", "assertedDate", "identified", "birthDate", "receivedTime",
)  # fmt: skip


def reading(kind: str, resource: Mapping[str, Any], *, key: str = "", deleted: bool = False) -> Reading:
    """Read a parsed resource of any type; odd shapes are passed over, and what is missing stays empty."""
    about, pointer = _about(kind, resource)
    status = word(resource.get("status")) or word(resource.get("lifecycleStatus"))
    verification = code_of(resource.get("verificationStatus"))
    begun = _begun(resource)
    flag, flag_text = interpretation(resource) if kind == "Observation" else (None, "")
    return Reading(
        type=kind,
        id=key or word(resource.get("id")),
        title=about.text,
        concept=about,
        validity=Validity.DELETED if deleted else rules.validity(status, verification),
        status=status,
        clinical=code_of(resource.get("clinicalStatus")),
        verification=verification,
        criticality=word(resource.get("criticality")),
        category=code_of(resource.get("class")) if kind == "Encounter" else words(resource.get("category")),
        when=begun[0],
        until=begun[1] or _ended(resource),
        notes=tuple(clean(note, 500) for note in notes.NOTES.get(kind, notes.none)(resource) if note),
        measures=measures(resource) if kind == "Observation" else (),
        flag=flag,
        flag_text=flag_text,
        encounter=_encounter(resource),
        pointer=pointer,
        negative=kind == "AllergyIntolerance" and rules.says_none((c.code for c in about.codings), about.text),
    )


def unreadable(kind: str, key: str) -> Reading:
    """The reading of a body that is no JSON object."""
    return Reading(kind, key, "", Concept(), Validity.UNREADABLE)


def _about(kind: str, resource: Json) -> tuple[Concept, Key | None]:
    """The name of the thing, and where else it stands if only a reference is given."""
    pointer = None
    for name in (*_NAMED.get(kind, ()), *_TITLES):
        _key, value = choice(resource, name)
        first = value[0] if isinstance(value, list) and value else value
        if (found := _named(first, resource)).text:
            return found, None
        pointed = ref(first) if isinstance(first, dict) else None
        pointer = pointer or (pointed.key if pointed is not None else None)
    return Concept(), pointer


def _named(value: object, resource: Json) -> Concept:
    found = concept(value)
    if found.text or not isinstance(value, dict):
        return found
    if (pointed := ref(value)) is None:
        return Concept(human(value))
    inside = (c for c in objs(resource.get("contained")) if f"#{c.get('id')}" == pointed.reference)
    kept = concept(next(inside, {}).get("code"))
    return kept if kept.text else Concept(pointed.display)


def human(name: object) -> str:
    """A HumanName in words: as written, else family and given names in the order of their script."""
    said = obj(name)
    if written := text(said.get("text"), 200):
        return written
    family, given = (
        text(said.get("family"), 100),
        " ".join(filter(None, (text(g, 100) for g in every(said.get("given"))))),
    )
    chinese = any("\u3400" <= sign <= "\u9fff" for sign in family + given)
    return f"{family}{given}" if chinese else f"{given} {family}".strip()


def _begun(resource: Json) -> tuple[When | None, When | None]:
    for name in _DATES:
        _key, value = choice(resource, name)
        if (found := when(value)) is not None:
            return found, until(value)
    events = [when(event) for event in every(obj(choice(resource, "occurrence")[1]).get("event"))]
    return next((event for event in events if event is not None), None), None


def _ended(resource: Json) -> When | None:
    _key, value = choice(resource, "abatement")
    dosage = next(iter(objs(resource.get("dosageInstruction"))), {})
    bounds = obj(obj(obj(dosage.get("timing")).get("repeat")).get("boundsPeriod"))
    supply = obj(obj(resource.get("dispenseRequest")).get("validityPeriod"))
    return when(value) or when(bounds.get("end")) or when(supply.get("end")) or when(resource.get("end"))


def _encounter(resource: Json) -> str:
    found = ref(resource.get("encounter")) or ref(obj(resource.get("context")))
    if found is None or found.key is None or key_of(found.reference) is None:
        return ""
    return "/".join(found.key)
