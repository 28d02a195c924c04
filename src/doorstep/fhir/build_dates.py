"""Which date orders each kind of record, and which search parameter it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from doorstep.fhir.build_tree import Spot, TypeTree, spots

# The date by which the field orders each kind of record: the first that is there. Others take FALLBACK_DATES.
MAIN_DATES: Final[Mapping[str, str]] = {
    "AllergyIntolerance": "AllergyIntolerance.onset | AllergyIntolerance.recordedDate",
    "Appointment": "Appointment.start | Appointment.requestedPeriod | Appointment.created",
    "CarePlan": "CarePlan.period | CarePlan.created",
    "Claim": "Claim.billablePeriod | Claim.created",
    "ClinicalImpression": "ClinicalImpression.effective | ClinicalImpression.date",
    "Communication": "Communication.sent | Communication.received",
    "Condition": "Condition.onset | Condition.recordedDate",
    "Consent": "Consent.dateTime",
    "Coverage": "Coverage.period",
    "DeviceRequest": "DeviceRequest.occurrence | DeviceRequest.authoredOn",
    "DeviceUseStatement": "DeviceUseStatement.timing | DeviceUseStatement.recordedOn",
    "DiagnosticReport": "DiagnosticReport.effective | DiagnosticReport.issued",
    "DocumentReference": "DocumentReference.context.period | DocumentReference.date",
    "Encounter": "Encounter.period",
    "ExplanationOfBenefit": "ExplanationOfBenefit.billablePeriod | ExplanationOfBenefit.created",
    "FamilyMemberHistory": "FamilyMemberHistory.date",
    "Goal": "Goal.start | Goal.statusDate",
    "Group": "",
    "ImagingStudy": "ImagingStudy.started | ImagingStudy.series.started",
    "Immunization": "Immunization.occurrence | Immunization.recorded",
    "Media": "Media.created | Media.issued",
    "MedicationAdministration": "MedicationAdministration.effective",
    "MedicationDispense": "MedicationDispense.whenHandedOver | MedicationDispense.whenPrepared",
    "MedicationRequest": "MedicationRequest.authoredOn",
    "MedicationStatement": "MedicationStatement.effective | MedicationStatement.dateAsserted",
    "NutritionOrder": "NutritionOrder.dateTime",
    "Observation": "Observation.effective | Observation.issued",
    "Patient": "",
    "Person": "",
    "Practitioner": "",
    "Procedure": "Procedure.performed",
    "Provenance": "Provenance.occurred | Provenance.recorded",
    "QuestionnaireResponse": "QuestionnaireResponse.authored",
    "RelatedPerson": "",
    "RiskAssessment": "RiskAssessment.occurrence",
    "Schedule": "Schedule.planningHorizon",
    "ServiceRequest": "ServiceRequest.occurrence | ServiceRequest.authoredOn",
    "Slot": "Slot.start",
    "Specimen": "Specimen.collection.collected | Specimen.receivedTime",
    "SupplyRequest": "SupplyRequest.occurrence | SupplyRequest.authoredOn",
    "Task": "Task.executionPeriod | Task.authoredOn | Task.lastModified",
}
FALLBACK_DATES: Final = ("date", "authored", "authored-on", "authoredon", "occurrence", "period", "created", "sent")


def add_main_date(tree: TypeTree, parameters: Sequence[Mapping[str, Any]]) -> None:
    """Mark the elements of the main date with their rank: the lower one is taken where it is there."""
    expression = MAIN_DATES.get(tree.name)
    if expression is None:
        dates = {p["code"]: p["expression"] for p in parameters if p["type"] == "date"}
        expression = next((dates[code] for code in FALLBACK_DATES if code in dates), "")
    own = [part for part in expression.split(" | ") if part.strip("( ").startswith(f"{tree.name}.")]
    for rank, part in enumerate(own):
        tree.add(part, "rank", str(rank))


def main_date(tree: TypeTree, codes: Sequence[str]) -> str | None:
    """Return the date parameter of the first rank: of those that lead nowhere else, the one that leads to most."""
    first = _paths(spots(tree.tree, "rank", "0"))
    found = {code: _paths(spots(tree.tree, "date", code)) for code in codes}
    fitting = [code for code, paths in found.items() if paths and paths <= first]
    return max(fitting, key=lambda code: len(found[code])) if fitting else None


def _paths(found: Sequence[Spot]) -> frozenset[str]:
    return frozenset(spot.path for spot in found)
