"""What the room publishes, as FHIR R4: the request (ServiceRequest) and the work on it (Task). Pure.

The order category and the performer stand in the request; who is asked, and how far it came, in the task, as FHIR's
workflow has it. Another platform's four messages (Sichuan's guide, docs/rooms/referrals.md) are made of the same two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from doorstep.kernel.projecting import Json, concept, filled, plain, reference
from doorstep.services.referrals.flow import Status
from doorstep.services.referrals.rules.kinds import CRITERIA, SERVICES, Kind, Service, Urgency
from doorstep.services.referrals.shapes import Detail

PUBLISHES: Final = ("ServiceRequest", "Task")
RESIDENT: Final = "urn:doorstep:resident"
NUMBER: Final = "urn:doorstep:referral"
CRITERION: Final = "urn:doorstep:referral-criterion"
SERVICE: Final = "urn:doorstep:referral-service"
KIND: Final = "urn:doorstep:referral-kind"
STATUS: Final = "urn:doorstep:referral-status"

REQUEST_STATUS: Final[Mapping[Status, str]] = {
    Status.DRAFT: "draft",
    Status.SENT: "active",
    Status.RETURNED: "on-hold",
    Status.ACCEPTED: "active",
    Status.DECLINED: "on-hold",
    Status.NO_SHOW: "on-hold",
    Status.ARRIVED: "active",
    Status.IN_CARE: "active",
    Status.REPORTED: "completed",
    Status.RECEIVED: "completed",
    Status.FOLLOWED_UP: "completed",
    Status.CLOSED: "completed",
    Status.WITHDRAWN: "revoked",
    Status.LAPSED: "revoked",
}
TASK_STATUS: Final[Mapping[Status, str]] = {
    Status.DRAFT: "draft",
    Status.SENT: "requested",
    Status.RETURNED: "on-hold",
    Status.ACCEPTED: "accepted",
    Status.DECLINED: "rejected",
    Status.NO_SHOW: "failed",
    Status.ARRIVED: "in-progress",
    Status.IN_CARE: "in-progress",
    Status.REPORTED: "completed",
    Status.RECEIVED: "completed",
    Status.FOLLOWED_UP: "completed",
    Status.CLOSED: "completed",
    Status.WITHDRAWN: "cancelled",
    Status.LAPSED: "failed",
}
PRIORITY: Final[Mapping[Urgency, str]] = {
    Urgency.EMERGENCY: "stat",
    Urgency.URGENT: "urgent",
    Urgency.ROUTINE: "routine",
}
_SNOMED: Final = "http://snomed.info/sct"


def service_request(one: Detail) -> Json:
    """What is asked of whom, by whom and why; the enclosures are its supporting information."""
    line, out = one.line, one.out
    service, kind = Service(line.service), Kind(line.kind)
    asked = concept(SERVICE, service, SERVICES[service])
    return filled(
        resourceType="ServiceRequest",
        id=str(line.id),
        identifier=[{"system": NUMBER, "value": line.number}],
        status=REQUEST_STATUS[Status(line.status)],
        intent="order",
        category=[concept(_SNOMED, "3457005", "Patient referral"), {"coding": [{"system": KIND, "code": kind.value}]}],
        priority=PRIORITY[Urgency(line.urgency)],
        code=asked,
        subject=_patient(one),
        occurrenceDateTime=one.appointed.starts.isoformat() if one.appointed.starts else None,
        authoredOn=line.sent_at.isoformat() if line.sent_at else None,
        requester=reference("Organization", line.origin),
        performerType={"text": plain(line.department_name)} if plain(line.department_name) else None,
        performer=[reference("Organization", line.destination)] if line.destination else None,
        reasonCode=_reasons(one),
        supportingInfo=[{"reference": f"{each.kind}/{each.key}"} for each in one.wish.enclosures],
        note=[{"text": text} for text in [plain(out.body.get("present", ""))] if text] if out else None,
    )


def task(one: Detail) -> Json:
    """How far it came, whose it is, and by when the next step is due."""
    line = one.line
    status = Status(line.status)
    return filled(
        resourceType="Task",
        id=str(line.id),
        basedOn=[reference("ServiceRequest", line.id)],
        status=TASK_STATUS[status],
        businessStatus={"coding": [{"system": STATUS, "code": status.value}]},
        intent="order",
        priority=PRIORITY[Urgency(line.urgency)],
        code=concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill", "Fulfill the focal request"),
        focus=reference("ServiceRequest", line.id),
        **{"for": _patient(one)},
        authoredOn=line.sent_at.isoformat() if line.sent_at else None,
        lastModified=max(line.changed_at, line.sent_at or line.changed_at).isoformat(),
        requester=reference("Organization", line.origin),
        owner=reference("Organization", line.destination) if line.destination else None,
        restriction={"period": {"end": line.due_at.isoformat()}} if line.due_at else None,
    )


def _patient(one: Detail) -> Json:
    if one.patient:
        return {"reference": f"Patient/{one.patient}"}
    return {"identifier": {"system": RESIDENT, "value": str(one.resident)}}


def _reasons(one: Detail) -> list[Json]:
    given = [concept(CRITERION, code, CRITERIA[code]) for code in one.wish.criteria if code in CRITERIA]
    words = plain(one.out.body.get("impression", "")) if one.out else ""
    return [*given, {"text": words}] if words else given
