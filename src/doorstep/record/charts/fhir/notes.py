"""The few notes for which a type is read: reactions, doses, conclusions, reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from doorstep.record.charts.fhir.measures import amount_words
from doorstep.record.charts.fhir.parts import Json, choice, concept, every, obj, objs, ref, text, words


def none(_resource: Json) -> Iterator[str]:
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
