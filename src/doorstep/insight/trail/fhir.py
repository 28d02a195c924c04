"""A line of the trail as FHIR R4 AuditEvent.

Codes are DICOM's (PS3.16, CID 400 and 402) and HL7's, as IHE's Basic Audit Log Patterns (BALP 1.1) use them.
What a line does not hold (addresses of networks, devices) is left out; nothing is made up.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from doorstep.fhir.tables import known_types
from doorstep.insight.trail.shapes import Entry

Json = dict[str, Any]
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
REST: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
PURPOSE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
HUMAN: Final = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
ACTOR_SYSTEM: Final = "urn:doorstep:actor"
RESIDENT_SYSTEM: Final = "urn:doorstep:resident"

TYPES: Final = (
    (r"^(staff\.(sign_|choose_post)|portal\.(sign_|ask_code|code$|prove|card$))", DCM, "110114", "User Authentication"),
    (r"^trail\.", DCM, "110101", "Audit Log Used"),
    (r"^fhir\.", REST, "rest", "RESTful Operation"),
    (r"\.export", DCM, "110106", "Export"),
    (r"^exchange\.(message|take)", DCM, "110107", "Import"),
)
"""The kind of an event by its action; the first that fits."""
PATIENT: Final = (DCM, "110110", "Patient Record")
OTHER: Final = (DCM, "110100", "Application Activity")
ACTIONS: Final = (
    ("C", r"\.(add|register|found|agree|join|begin|issue|make|take|load|start|open_department|message)"),
    ("U", r"\.(edit|change|set|merge|unmerge|separate|mend|count|publish|choose|review_withdraw)"),
    ("D", r"\.(end|close|remove|revoke|leave|dismiss|cancel)"),
    ("R", r"\.(v?read|open|identity|history|explain|check|everything|lastn|meta|review_)"),
)
"""CRUD by the verb; what is none of these is E (executed), also a search."""
_INTERACTIONS: Final = {"read": "read", "vread": "vread", "search": "search", "history": "history"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ID: Final = re.compile(r"trail-(\d{1,17})-(\d{1,18})")
_FHIR_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def key(at: datetime, line: int) -> str:
    """The id of a line's AuditEvent: its time in microseconds and its number."""
    return f"trail-{(at - _EPOCH) // timedelta(microseconds=1)}-{line}"


def place(ident: str) -> tuple[datetime, int] | None:
    """The time and number of the line with that id; None where it can be none."""
    found = _ID.fullmatch(ident)
    if found is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
    except OverflowError:
        return None


def kind(entry: Entry) -> tuple[str, str, str]:
    """System, code and words of what kind of event it was."""
    for pattern, system, code, words in TYPES:
        if re.search(pattern, entry.action):
            return system, code, words
    return PATIENT if entry.resident else OTHER


def action(entry: Entry) -> str:
    """C, R, U, D or E."""
    return next((code for code, pattern in ACTIONS if re.search(pattern, entry.action)), "E")


def outcome(entry: Entry) -> str:
    """0 for what was done, 4 for what was refused or set aside."""
    return "0" if entry.outcome == "done" else "4"


def audit_event(entry: Entry) -> Json:
    """The whole projection."""
    recorded = entry.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    told: Json = {
        "resourceType": "AuditEvent",
        "id": key(entry.at, entry.id),
        "type": _coding(*kind(entry)),
        "subtype": [_subtype(entry)],
        "action": action(entry),
        "recorded": recorded,
        "outcome": outcome(entry),
        "agent": _agents(entry),
        "source": {"observer": {"display": "Doorstep 家门口"}},
        "entity": _entities(entry),
    }
    if entry.outcome != "done":
        told["outcomeDesc"] = f"{entry.outcome} {entry.detail.get('reason', '')}".strip()
    if entry.purpose:
        told["purposeOfEvent"] = [{"coding": [{"system": PURPOSE, "code": entry.purpose}]}]
    return {name: value for name, value in told.items() if value}


def _coding(system: str, code: str, words: str) -> Json:
    return {"system": system, "code": code, "display": words}


def _subtype(entry: Entry) -> Json:
    room, _, verb = entry.action.partition(".")
    if room == "fhir" and verb in _INTERACTIONS:
        return {"system": INTERACTION, "code": _INTERACTIONS[verb]}
    return {"system": "urn:doorstep:action", "code": entry.action}


def _agents(entry: Entry) -> list[Json]:
    sort, _, ident = entry.actor.partition(":")
    who: Json = {"identifier": {"system": ACTOR_SYSTEM, "value": entry.actor}, "display": entry.name or entry.actor}
    kind_of = _coding(DCM, "110150", "Application")
    if sort == "staff":
        kind_of = _coding(HUMAN, "humanuser", "human user")
    if sort in ("staff", "source") and _FHIR_ID.fullmatch(ident):
        who["reference"] = f"{'Practitioner' if sort == 'staff' else 'Organization'}/{ident}"
    agent: Json = {"type": {"coding": [kind_of]}, "who": who, "altId": entry.actor, "requestor": True}
    if entry.name:
        agent["name"] = entry.name
    if entry.purpose:
        agent["purposeOfUse"] = [{"coding": [{"system": PURPOSE, "code": entry.purpose}]}]
    place_of = [] if entry.organisation is None or sort == "source" else [_organisation(entry)]
    return [agent, *place_of]


def _organisation(entry: Entry) -> Json:
    return {"who": {"reference": f"Organization/{entry.organisation}"}, "requestor": False}


def _entities(entry: Entry) -> list[Json]:
    found: list[Json] = []
    if entry.resident:
        identifier = {"system": RESIDENT_SYSTEM, "value": str(entry.resident)}
        what = {"type": "Patient", "identifier": identifier}
        found.append({"what": what, "type": _code(ENTITY, "1", "Person"), "role": _code(ROLE, "1", "Patient")})
    subject = _subject(entry)
    detail = [_detail(name, value) for name, value in entry.detail.items() if value not in ("", None)]
    if entry.request:
        detail.append({"type": "request", "valueString": entry.request})
    if subject or detail:
        one = subject or {"type": _code(ENTITY, "2", "System Object")}
        found.append(one | ({"detail": detail} if detail else {}))
    return found


def _subject(entry: Entry) -> Json:
    if not entry.subject_type:
        return {}
    if entry.action == "fhir.search":
        query = base64.b64encode(f"{entry.subject_type}?{entry.subject_id}".encode()).decode()
        return {"type": _code(ENTITY, "2", "System Object"), "role": _code(ROLE, "24", "Query"), "query": query}
    what: Json = {"display": entry.subject_type}
    fits = entry.subject_type in known_types() and _FHIR_ID.fullmatch(entry.subject_id)
    if fits and entry.action.startswith("fhir."):
        what["reference"] = f"{entry.subject_type}/{entry.subject_id}"
    elif entry.subject_id.strip():
        what["identifier"] = {"system": f"urn:doorstep:{entry.subject_type.lower()}", "value": entry.subject_id}
    return {"what": what, "type": _code(ENTITY, "2", "System Object"), "role": _code(ROLE, "4", "Domain Resource")}


def _detail(name: str, value: object) -> Json:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return {"type": name, "valueString": said}


def _code(system: str, code: str, words: str) -> Json:
    return {"system": system, "code": code, "display": words}
