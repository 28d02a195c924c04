"""Which resources are in whose compartment (R4, compartmentdefinition-*.html), as type:parameter,parameter.

The patient's stands in the package of definitions; the other four do not, and are stated here. A resource is always in
its own compartment, which R4 writes as the parameter {def}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_STATED: Final[Mapping[str, str]] = {
    "Encounter": """
        CarePlan:encounter CareTeam:encounter ChargeItem:context Claim:encounter ClinicalImpression:encounter
        Communication:encounter CommunicationRequest:encounter Composition:encounter Condition:encounter
        DeviceRequest:encounter DiagnosticReport:encounter DocumentManifest:related-ref
        DocumentReference:encounter Encounter ExplanationOfBenefit:encounter Media:encounter
        MedicationAdministration:context MedicationRequest:encounter NutritionOrder:encounter
        Observation:encounter Procedure:encounter QuestionnaireResponse:encounter RequestGroup:encounter
        ServiceRequest:encounter VisionPrescription:encounter
""",
    "RelatedPerson": """
        AdverseEvent:recorder AllergyIntolerance:asserter Appointment:actor AppointmentResponse:actor
        Basic:author CarePlan:performer CareTeam:participant ChargeItem:enterer,performer-actor Claim:payee
        Communication:sender,recipient CommunicationRequest:sender,recipient,requester Composition:author
        Condition:asserter Coverage:policy-holder,subscriber,payor DocumentManifest:author,recipient
        DocumentReference:author Encounter:participant ExplanationOfBenefit:payee Invoice:recipient
        MedicationAdministration:performer MedicationStatement:source Observation:performer Patient:link
        Person:link Procedure:performer Provenance:agent QuestionnaireResponse:author,source RelatedPerson
        RequestGroup:participant Schedule:actor ServiceRequest:performer SupplyRequest:requester
""",
    "Practitioner": """
        Account:subject AdverseEvent:recorder AllergyIntolerance:recorder,asserter Appointment:actor
        AppointmentResponse:actor AuditEvent:agent Basic:author CarePlan:performer CareTeam:participant
        ChargeItem:enterer,performer-actor Claim:enterer,provider,payee,care-team ClaimResponse:requestor
        ClinicalImpression:assessor Communication:sender,recipient
        CommunicationRequest:sender,recipient,requester Composition:subject,author,attester Condition:asserter
        CoverageEligibilityRequest:enterer,provider CoverageEligibilityResponse:requestor DetectedIssue:author
        DeviceRequest:requester,performer DiagnosticReport:performer DocumentManifest:subject,author,recipient
        DocumentReference:subject,author,authenticator Encounter:practitioner,participant
        EpisodeOfCare:care-manager ExplanationOfBenefit:enterer,provider,payee,care-team Flag:author
        Group:member Immunization:performer Invoice:participant Linkage:author List:source
        Media:subject,operator MedicationAdministration:performer MedicationDispense:performer,receiver
        MedicationRequest:requester MedicationStatement:source
        MessageHeader:receiver,author,responsible,enterer NutritionOrder:provider Observation:performer
        Patient:general-practitioner PaymentNotice:provider PaymentReconciliation:requestor
        Person:practitioner Practitioner PractitionerRole:practitioner Procedure:performer Provenance:agent
        QuestionnaireResponse:author,source RequestGroup:participant,author
        ResearchStudy:principalinvestigator RiskAssessment:performer Schedule:actor
        ServiceRequest:performer,requester Specimen:collector SupplyDelivery:supplier,receiver
        SupplyRequest:requester VisionPrescription:prescriber
""",
    "Device": """
        Account:subject Appointment:actor AppointmentResponse:actor AuditEvent:agent
        ChargeItem:enterer,performer-actor Claim:procedure-udi,item-udi,detail-udi,subdetail-udi
        Communication:sender,recipient CommunicationRequest:sender,recipient Composition:author
        DetectedIssue:author DeviceRequest:device,subject,requester,performer DeviceUseStatement:device
        DiagnosticReport:subject DocumentManifest:subject,author DocumentReference:subject,author
        ExplanationOfBenefit:procedure-udi,item-udi,detail-udi,subdetail-udi Flag:author Group:member
        Invoice:participant List:subject,source Media:subject MedicationAdministration:device
        MessageHeader:target Observation:subject,device Provenance:agent QuestionnaireResponse:author
        RequestGroup:author RiskAssessment:performer Schedule:actor ServiceRequest:performer,requester
        Specimen:subject SupplyRequest:requester
""",
}


def compartments(patient: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return compartment → resource type → its reference parameters; `patient`: the CompartmentDefinition of R4."""
    own = {entry["code"]: entry["param"] for entry in patient["resource"] if entry.get("param")}
    stated = {name: dict(map(_member, text.split())) for name, text in _STATED.items()}
    return {"Patient": own, **stated}


def _member(text: str) -> tuple[str, list[str]]:
    name, _, codes = text.partition(":")
    return name, codes.split(",") if codes else []
