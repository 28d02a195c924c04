"""The identifier and code systems that the demo's institutions write into their bundles (consortium.md §9, §10.2)."""

from __future__ import annotations

RESIDENT_ID = "urn:oid:2.16.156.10011.1.3"
ARCHIVE_NUMBER = "urn:oid:2.16.156.10011.1.2"
STAFF_NUMBER = "urn:oid:2.16.156.10011.1.4"
# No public register names these three: the demo's own.
INSURANCE_NUMBER = "urn:doorstep:insurance-number"
CREDIT_CODE = "urn:doorstep:uscc"
_HOSPITAL_NUMBER = "urn:doorstep:hospital-number:"
_VISIT_NUMBER = "urn:doorstep:visit-number:"

ICD_10 = "http://hl7.org/fhir/sid/icd-10"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
DIVISION = "urn:oid:2.16.156.10011.2.3.3.1"
CLINICAL_SUBJECT = "urn:doorstep:clinical-subject"
DRUG = "urn:doorstep:drug"
VACCINE = "urn:doorstep:vaccine"
ALLERGEN = "urn:doorstep:allergen"
FAMILY_RELATION = "urn:oid:2.16.156.10011.2.3.3.8"


def hospital_number(uscc: str) -> str:
    """The system of one institution's patient numbers: the same number in two institutions is two people."""
    return _HOSPITAL_NUMBER + uscc


def visit_number(uscc: str) -> str:
    """The system of one institution's visit numbers."""
    return _VISIT_NUMBER + uscc
