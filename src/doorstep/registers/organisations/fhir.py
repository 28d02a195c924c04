"""What the room publishes, as FHIR R4: institutions, their places and departments, consortia and memberships. Pure.

A department is an Organization that is part of its institution (R4's organization-type ``dept``: people work for it and
it answers for what they do), and no HealthcareService, which is an offer with times and a place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from doorstep.kernel.projecting import (
    HL7,
    Json,
    coding,
    concept,
    filled,
    has_ended,
    identifier,
    period,
    plain,
    reference,
    subject,
)
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.shapes import Alliance, DepartmentLine, Facts, Member

PUBLISHES = ("Location", "Organization", "OrganizationAffiliation")

# No public register names the URNs: the house's own. The OID is China's (WS 364, table of GB/T 2260).
CREDIT_CODE = "urn:doorstep:uscc"
REGISTRATION = "urn:doorstep:institution-registration"
SHORT_CODE = "urn:doorstep:institution-short-code"
CLASS = "urn:doorstep:institution-class"
DEPARTMENT = "urn:doorstep:department:"
CONSORTIUM = "urn:doorstep:consortium"
CONSORTIUM_KIND = "urn:doorstep:consortium-kind"
CONSORTIUM_ROLE = "urn:doorstep:consortium-role"
NETWORK_TIER = "urn:doorstep:network-tier"
DIVISION = "urn:oid:2.16.156.10011.2.3.3.1"
_TYPE = HL7 + "organization-type"

LOCATION_STATUS: Mapping[str, str] = {
    rules.Status.OPEN: "active",
    rules.Status.PREPARING: "inactive",
    rules.Status.SUSPENDED: "suspended",
    rules.Status.CLOSED: "inactive",
}
_MICRO = Decimal("0.000001")


def institution(key: UUID, facts: Facts, today: date) -> Json:
    """An institution as an Organization; active until it is closed."""
    system_of = {CREDIT_CODE: facts.uscc, REGISTRATION: facts.registration, SHORT_CODE: facts.short_code}
    types = [concept(CLASS, facts.type_code, rules.type_name(facts.type_code))]
    types.append(concept(_TYPE, "prov", "Healthcare Provider"))
    if facts.grade:
        types.append(concept(rules.GRADE_SYSTEM, facts.grade, rules.GRADES[facts.grade]))
    return filled(
        resourceType="Organization",
        id=str(key),
        identifier=[identifier(system, text) for system, said in system_of.items() if (text := plain(said))],
        active=not _is_closed(facts, today),
        type=types,
        name=plain(facts.name) or rules.type_name(facts.type_code),
        alias=[alias] if (alias := plain(facts.short_name)) else None,
        telecom=_telecom(facts),
        address=[_address(facts)],
        partOf=reference("Organization", facts.parent) if facts.parent else None,
    )


def place(key: UUID, facts: Facts) -> Json | None:
    """Where an institution is, as a Location with the institution's id; None where its coordinates are not known."""
    if facts.longitude is None or facts.latitude is None:
        return None
    return filled(
        resourceType="Location",
        id=str(key),
        status=LOCATION_STATUS[facts.status],
        name=plain(facts.name) or rules.type_name(facts.type_code),
        mode="instance",
        telecom=_telecom(facts),
        address=_address(facts),
        physicalType=concept(HL7 + "location-physical-type", "si", "Site"),
        position={"longitude": _degrees(facts.longitude), "latitude": _degrees(facts.latitude)},
        managingOrganization=reference("Organization", key),
    )


def department(institution: UUID, line: DepartmentLine, today: date) -> Json:
    """A department as an Organization that is part of its institution; active until its last day has passed."""
    code, name = plain(line.code), plain(line.name)
    known = identifier(f"{DEPARTMENT}{institution}", code or str(line.id))
    types = [concept(_TYPE, "dept", "Hospital Department")]
    if "coding" in (said := subject(code, name)):
        types.append(said)
    return filled(
        resourceType="Organization",
        id=str(line.id),
        identifier=[known | {"period": period(line.since, line.until)}],
        active=not has_ended(line.until, today),
        type=types,
        name=name or code,
        partOf=reference("Organization", institution),
    )


def consortium(found: Alliance, today: date) -> Json:
    """A consortium as an Organization; active until its last day has passed."""
    known = identifier(CONSORTIUM, plain(found.key) or str(found.id))
    return filled(
        resourceType="Organization",
        id=str(found.id),
        identifier=[known | {"period": period(found.since, found.until)}],
        active=not has_ended(found.until, today),
        type=[concept(CONSORTIUM_KIND, found.kind, rules.KINDS[found.kind])],
        name=plain(found.name) or rules.KINDS[found.kind],
        address=[_division(found.area)],
    )


def membership(consortium: Alliance, member: Member, today: date) -> Json:
    """A membership as an OrganizationAffiliation: the consortium is primary, the member participates in its role.

    R4: the participating organization "is a member of" the primary one.
    """
    ended = has_ended(member.until, today) or has_ended(consortium.until, today)
    role = concept(CONSORTIUM_ROLE, member.role, rules.ROLES[member.role])
    role["coding"].append(coding("http://hl7.org/fhir/organization-role", "member", "Member"))
    return filled(
        resourceType="OrganizationAffiliation",
        id=str(member.id),
        active=not ended,
        period=period(member.since, member.until),
        organization=reference("Organization", consortium.id),
        participatingOrganization=reference("Organization", member.organisation),
        code=[role, concept(NETWORK_TIER, member.tier, rules.TIERS[member.tier])],
    )


def _is_closed(facts: Facts, today: date) -> bool:
    return facts.status == rules.Status.CLOSED or has_ended(facts.closed_on, today)


def _telecom(facts: Facts) -> list[Json]:
    phone = plain(facts.phone)
    return [{"system": "phone", "value": phone, "use": "work"}] if phone else []


def _division(area: str) -> Json:
    return {
        "extension": [{"url": DIVISION, "valueCoding": {"system": DIVISION, "code": area}}],
        "use": "work",
        "country": "CN",
    }


def _address(facts: Facts) -> Json:
    text = plain(facts.address)
    return _division(facts.area) | ({"type": "physical", "text": text} if text else {})


def _degrees(value: Decimal) -> Decimal:
    """Degrees to six places (a tenth of a metre), without zeros at the end, so that equal places are equal bytes."""
    return Decimal(f"{(value.quantize(_MICRO) + 0).normalize():f}")
