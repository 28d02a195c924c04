"""What a person should see of a resource: title, status, dates, and the few notes that its type is read for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from doorstep.record.charts import rules
from doorstep.record.charts.fhir.measures import amount_words, interpretation, measures
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
        notes=tuple(clean(note, 500) for note in NOTES.get(kind, _no_notes)(resource) if note),
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


def _no_notes(_resource: Json) -> Iterator[str]:
    yield from ()


def _allergy(resource: Json) -> Iterator[str]:
    for reaction in objs(resource.get("reaction"))[:5]:
        yield " · ".join(filter(None, (words(reaction.get("manifestation")), words(reaction.get("exposureRoute")))))


def _medicine(resource: Json) -> Iterator[str]:
    doses = objs(resource.get("dosageInstruction")) or objs(resource.get("dosage"))
    for dose in doses[:3]:
        yield text(dose.get("text"), 300) or text(dose.get("patientInstruction"), 300) or _dose(dose)


def _dose(dose: Json) -> str:
    rate = next(iter(objs(dose.get("doseAndRate"))), {})
    amount = amount_words(rate.get("doseQuantity"))
    repeat = obj(obj(dose.get("timing")).get("repeat"))
    said = [text(repeat.get(name), 20) for name in ("frequency", "period", "periodUnit")]
    often = f"{said[0]}×/{said[1] if said[1] != '1' else ''}{said[2]}" if said[0] and said[2] else ""
    return " ".join(filter(None, (words(dose.get("route")), amount, often)))


def _vaccination(resource: Json) -> Iterator[str]:
    applied = next(iter(objs(resource.get("protocolApplied"))), {})
    number = text(choice(applied, "doseNumber")[1], 40)
    yield f"#{number}" if number else ""
    yield text(resource.get("lotNumber"), 60)


def _encounter_notes(resource: Json) -> Iterator[str]:
    yield words(resource.get("reasonCode"))
    yield words(resource.get("serviceType"))
    yield _display(resource.get("serviceProvider"))


def _report(resource: Json) -> Iterator[str]:
    yield text(resource.get("conclusion"), 500)
    yield words(resource.get("conclusionCode"))


def _document(resource: Json) -> Iterator[str]:
    yield words(resource.get("type"))
    yield words(resource.get("category"))


def _imaging(resource: Json) -> Iterator[str]:
    series = objs(resource.get("series"))
    modalities = [concept(s.get("modality")).text for s in series] or [
        c.text for c in map(concept, every(resource.get("modality")))
    ]
    yield "、".join(dict.fromkeys(filter(None, modalities)))
    yield "、".join(dict.fromkeys(filter(None, (concept(s.get("bodySite")).text for s in series))))


def _plan(resource: Json) -> Iterator[str]:
    details = [concept(obj(activity.get("detail")).get("code")).text for activity in objs(resource.get("activity"))]
    yield "、".join(dict.fromkeys(filter(None, details)))


def _goal(resource: Json) -> Iterator[str]:
    yield words(resource.get("achievementStatus"))


def _procedure(resource: Json) -> Iterator[str]:
    yield words(resource.get("bodySite"))
    yield words(resource.get("reasonCode"))
    yield words(resource.get("outcome"))


def _condition(resource: Json) -> Iterator[str]:
    yield words(resource.get("severity"))
    yield words(resource.get("bodySite"))


def _observation(resource: Json) -> Iterator[str]:
    for note in objs(resource.get("note"))[:2]:
        yield text(note.get("text"), 300)


def _request(resource: Json) -> Iterator[str]:
    yield words(resource.get("reasonCode"))
    yield text(resource.get("patientInstruction"), 300)


def _display(value: object) -> str:
    found = ref(value)
    return found.display if found is not None else ""


NOTES: Final[Mapping[str, Callable[[Json], Iterator[str]]]] = {
    "AllergyIntolerance": _allergy,
    "CarePlan": _plan,
    "Condition": _condition,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Encounter": _encounter_notes,
    "Goal": _goal,
    "ImagingStudy": _imaging,
    "Immunization": _vaccination,
    "MedicationAdministration": _medicine,
    "MedicationDispense": _medicine,
    "MedicationRequest": _medicine,
    "MedicationStatement": _medicine,
    "Observation": _observation,
    "Procedure": _procedure,
    "ServiceRequest": _request,
}
