"""What the room publishes, as FHIR R4: a resident's consent or refusal for one institution. Pure."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.projecting import HL7, Json, coding, concept, filled, reference
from doorstep.kernel.sensitive import Kind
from doorstep.registers.consents.shapes import Agreed

PUBLISHES: Final = ("Consent",)
RESIDENT: Final = "urn:doorstep:resident"
_DOCUMENT: Final = concept("http://loinc.org", "59284-0", "Consent Document")

LABELS: Final = {
    Kind.HIV: ("v3-ActCode", "HIV"),
    Kind.STD: ("v3-ActCode", "STD"),
    Kind.PSY: ("v3-ActCode", "PSY"),
    Kind.SUD: ("v3-ActCode", "ETH"),
    Kind.SDV: ("v3-ActCode", "SDV"),
    Kind.ABORTION: ("v3-ActCode", "SEX"),
    Kind.OTHER: ("v3-Confidentiality", "R"),
}
"""The security label of each sensitive kind: HL7 v3 has none for abortion but that of reproductive health."""


def consent(agreed: Agreed) -> Json:
    """A Consent: active until it is withdrawn or has ended; its provision names the institution and what it may do, a
    provision within it the sensitive kinds that are opened too."""
    policy = ("OPTIN", "opt-in") if agreed.permit else ("OPTOUT", "opt-out")
    if agreed.patient:
        patient: Json = {"reference": f"Patient/{agreed.patient}"}
    else:
        patient = {"identifier": {"system": RESIDENT, "value": str(agreed.resident)}}
    until = agreed.until
    labels = [coding(HL7 + system, code, "") for kind, (system, code) in LABELS.items() if agreed.kinds & kind]
    return filled(
        resourceType="Consent",
        id=str(agreed.id),
        status="active" if agreed.active else "inactive",
        scope={"coding": [coding(HL7 + "consentscope", "patient-privacy", "Privacy Consent")]},
        category=[_DOCUMENT],
        patient=patient,
        dateTime=agreed.since.isoformat(),
        organization=[reference("Organization", agreed.desk)],
        policyRule={"coding": [coding(HL7 + "v3-ActCode", *policy)]},
        provision=filled(
            type="permit" if agreed.permit else "deny",
            period=filled(start=agreed.since.isoformat(), end=until.isoformat() if until else None),
            actor=[
                {
                    "role": {"coding": [coding(HL7 + "v3-ParticipationType", "IRCP", "information recipient")]},
                    "reference": reference("Organization", agreed.organisation),
                }
            ],
            action=[{"coding": [coding(HL7 + "consentaction", "access", "Access")]}],
            provision=[{"type": "permit", "securityLabel": labels}] if labels else None,
        ),
    )
