"""Why some of other people's documents cannot be used: reason, and why that is right.

``WHOLE``: as they stand in their folder. Most of the files there are parts of documents; those are no CDA document
(``cda-not-document``), or use a prefix that only the whole document would declare (``xml-syntax``), and are tried a
second time within a document (``PARTS``).
"""

from __future__ import annotations

from typing import Final

_ALONE = "an excerpt that shows one thing: without the document's number it could not be told from others"
_PREFIX = "a prefix (xsi, sdtc) that is declared nowhere: no XML with namespaces, to any parser"
_NOBODY = "an excerpt of a header in which the patient has no number"
WHOLE: Final = {
    "Guide Examples/Entry Reference_2.16.840.1.113883.10.20.22.4.122/Diagnosis Reference Example.xml": (
        "cda-no-id", _ALONE,
    ),
    "Guide Examples/Entry Reference_2.16.840.1.113883.10.20.22.4.122/Entry Reference Example.xml": (
        "xml-syntax", _PREFIX,
    ),
    "Guide Examples/Transfer Summary (V2)_2.16.840.1.113883.10.20.22.1.13/"
    "Transfer Summary participant (Support) Example.xml": ("xml-syntax", _PREFIX),
    "Guide Examples/US Realm Header (V3)_2.16.840.1.113883.10.20.22.1.1/Supporting Person participant Example.xml": (
        "cda-no-id", _ALONE,
    ),
    "Guide Examples/US Realm Header (V3)_2.16.840.1.113883.10.20.22.1.1/US Realm Header (V3) Example.xml": (
        "cda-no-patient", _NOBODY,
    ),
    "Guide Examples/US Realm Header for Patient Generated Document (V2)_2.16.840.1.113883.10.20.29.1/"
    "Patient Generated Document informationRecipient.xml": ("cda-no-id", _ALONE),
    "Health Concerns/Health Concerns Link to Problems Section/"
    "Health Concerns Link to Problems Section(C-CDA2.1).xml": ("xml-syntax", _PREFIX),
    "Health Concerns/Health Concerns Link to Problems Section with linkHTML/"
    "Health Concerns Link to Problems Section with linkHTML(C-CDA2.1).xml": ("xml-syntax", _PREFIX),
    "Plan of Treatment/Planned Encounter - Referral/Planned Encounter - Reason for Referral(C-CDAR2.1).xml": (
        "xml-syntax", _PREFIX,
    ),
    "Referrals - Planned and Completed/Referral Request and Close Referral with a Note/"
    "Intervention Planned Referral and Note Completeting Referral(C-CDAR2.1).xml": ("cda-no-id", _ALONE),
}  # fmt: skip
PARTS: Final = {
    **{name: ("cda-no-id", _ALONE) for name, (code, _) in WHOLE.items() if code == "xml-syntax"},
    "Guide Examples/Basic Occupation Observation_2.16.840.1.113883.10.20.22.4.503/"
    "Basic Occupation Observation Example.xml": ("xml-syntax", "an end tag is written twice: not well-formed anywhere"),
    "Header/Patient Aliases/Patient Aliases (C-CDA R2.1).xml": ("cda-no-patient", _NOBODY),
    "Header/Person Name Formatting/Person Name Formatting (C-CDA R2.1).xml": ("cda-no-patient", _NOBODY),
}
