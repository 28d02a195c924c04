"""Small Chinese resources for the tests of this room, and a generator of any JSON."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ICD = "http://hl7.org/fhir/sid/icd-10"
HL7 = "http://terminology.hl7.org/CodeSystem/"

ELEMENTS = (
    "status", "code", "text", "coding", "system", "display", "value", "valueQuantity", "valueString", "unit",
    "component", "referenceRange", "interpretation", "low", "high", "period", "start", "end", "reference", "subject",
    "encounter", "onsetDateTime", "effectiveDateTime", "effectivePeriod", "dosageInstruction", "reaction",
    "manifestation", "name", "given", "family", "identifier", "extension", "url", "_status", "div", "note",
    "protocolApplied", "series", "activity", "detail", "clinicalStatus", "verificationStatus", "category",
    "dataAbsentReason", "timing", "repeat", "boundsPeriod", "medicationCodeableConcept", "type", "class", "contained",
    "id", "resourceType", "occurrenceTiming", "event",
)  # fmt: skip
WORDS = (
    "final", "entered-in-error", "refuted", "2024-02-30", "2024-02", "2024", "0001-01-01T00:00:00+14:00", "9999-12-31",
    "9999", "2024-01-01T12:00:00Z", "2024-01-01T23:59:60Z", "24:00", "<script>alert(1)</script>", "Patient/x",
    "javascript:alert(1)", "\u202egnp.exe", "\x00", "−999", "é" * 5000, "A" * 300, "",
)  # fmt: skip


def any_json() -> st.SearchStrategy[Any]:
    """Any JSON value, its keys and words often those of FHIR."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(10**40), 10**40)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.sampled_from(WORDS)
        | st.text(max_size=20)
    )
    keys = st.sampled_from(ELEMENTS) | st.text(max_size=8)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=30
    )


def any_object() -> st.SearchStrategy[dict[str, Any]]:
    """Any JSON object with such keys."""
    return st.dictionaries(st.sampled_from(ELEMENTS) | st.text(max_size=8), any_json(), max_size=8)


def concept(system: str, code: str, display: str) -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]} | ({"text": display} if display else {})


def observation(
    key: str,
    patient: str,
    at: str | None,
    value: Any,
    unit: str = "mmol/L",
    code: str = "2345-7",
    name: str = "血糖",
    **more: Any,
) -> dict[str, Any]:
    """An Observation of a number."""
    found = {
        "resourceType": "Observation", "id": key, "status": "final", "code": concept(LOINC, code, name),
        "subject": {"reference": f"Patient/{patient}"},
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }  # fmt: skip
    return found | ({"effectiveDateTime": at} if at else {}) | more


def condition(
    key: str, patient: str, at: str, code: str, name: str, clinical: str = "active", **more: Any
) -> dict[str, Any]:
    """A Condition."""
    found = {
        "resourceType": "Condition", "id": key, "code": concept(ICD, code, name),
        "clinicalStatus": concept(f"{HL7}condition-clinical", clinical, ""),
        "verificationStatus": concept(f"{HL7}condition-ver-status", "confirmed", ""),
        "subject": {"reference": f"Patient/{patient}"}, "onsetDateTime": at,
    }  # fmt: skip
    return found | more


def allergy(key: str, patient: str, name: str, **more: Any) -> dict[str, Any]:
    """An AllergyIntolerance."""
    found = {
        "resourceType": "AllergyIntolerance", "id": key, "code": {"text": name},
        "patient": {"reference": f"Patient/{patient}"},
        "clinicalStatus": concept(f"{HL7}allergyintolerance-clinical", "active", ""), "criticality": "high",
        "recordedDate": "2020-05-06", "reaction": [{"manifestation": [{"text": "皮疹"}]}],
    }  # fmt: skip
    return found | more


def medicine(key: str, patient: str, at: str, name: str, status: str = "active", **more: Any) -> dict[str, Any]:
    """A MedicationRequest."""
    found = {
        "resourceType": "MedicationRequest", "id": key, "status": status, "intent": "order",
        "medicationCodeableConcept": concept("http://www.whocc.no/atc", f"C{abs(hash(name)) % 1000}", name),
        "subject": {"reference": f"Patient/{patient}"}, "authoredOn": at,
        "dosageInstruction": [{"text": "口服，每次5mg，每日1次"}],
    }  # fmt: skip
    return found | more
