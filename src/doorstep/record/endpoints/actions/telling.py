"""What the house tells others of itself by HL7 v2: merges, changes, results, appointments; each to whom it may, as they
know the person.

Called by handlers of events: what has been told of an event is not told again (``outbox.delivering``).
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from doorstep.adapters.hl7v2 import mapping
from doorstep.kernel import clock, ledger, outbox, sensitive
from doorstep.kernel.act import about, action
from doorstep.kernel.call import EVERYWHERE, Call, Scope
from doorstep.kernel.ledger import Stored
from doorstep.record.endpoints import fhir, reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions.queueing import Said, follow, is_copy, repeats, send, settled
from doorstep.record.endpoints.models import Inbound
from doorstep.record.endpoints.reads.mappings import tables_for
from doorstep.record.endpoints.rules.copies import content_of
from doorstep.record.endpoints.rules.facts import STANDARD
from doorstep.record.endpoints.rules.outward import Carry
from doorstep.record.endpoints.shapes import Endpoint
from doorstep.registers.consents import api as consents
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents

Json = Mapping[str, Any]
OBSERVATIONS: Final = 200  # of one report
MERGE: Final = "ADT^A40^ADT_A39"
MOVE: Final = "ADT^A43^ADT_A43"
CHANGE: Final = "ADT^A31^ADT_A05"
UPDATE: Final = "ADT^A08^ADT_A01"
RESULT: Final = "ORU^R01^ORU_R01"
NO_VISIT: Final[Json] = {"class": {"code": "not-applicable"}}
"""PV1-2 is N: the segment is required, and this is about no visit (HL7 v2.5.1, 3.3.31)."""


@action(Permission.MEND, audits="endpoints.tell_merge")
def tell_merge(call: Call, *, kept: UUID, gone: UUID, patients: Collection[str]) -> None:
    """That one resident was found to be another (A40), to those who hold a record of either."""
    about("Resident", kept, resident=kept, merged=str(gone))
    held = _held(kept)
    endpoints = reads.carrying(Carry.MERGES, held)
    follow([each.id for each in endpoints], gone, kept)
    for endpoint in endpoints:
        mine = held[endpoint.facts.organisation]
        stayed = [body for key, body in mine.items() if key not in patients]
        came = [body for key, body in mine.items() if key in patients]
        said = fhir.merged(kept, gone, stayed, came, endpoint.facts.authorities)
        _send(call, endpoint, MERGE, _listed(said), kept, "ResidentsMerged", whose=(kept, gone))


@action(Permission.MEND, audits="endpoints.tell_move")
def tell_move(call: Call, *, now: UUID, before: UUID, patients: Collection[str], restored: bool) -> None:
    """That records are another's (A43), to those who sent them; where a merge was undone (``restored``), to all who
    hold a record of either and so were told of the merge. HL7 has no event that undoes an A40 (A37 undoes an A24)."""
    about("Resident", now, resident=now, before=str(before))
    held, others = _held(now), _held(before) if restored else {}
    for endpoint in reads.carrying(Carry.MERGES, held.keys() | others.keys()):
        mine = held.get(endpoint.facts.organisation, {})
        came = [body for key, body in mine.items() if key in patients]
        if not (came or restored):
            continue
        said = fhir.moved(now, before, came, endpoint.facts.authorities, restored=restored)
        # after what was told of the merge, so under the key of that
        _send(call, endpoint, MOVE, _listed(said), before, "RecordsMoved", whose=(now, before))


@action(Permission.MEND, audits="endpoints.tell_changes")
def tell_changes(call: Call, *, patients: Sequence[str]) -> None:
    """That an institution's records of persons say something else now (A31 or A08), to the others that hold a record
    of them and may read the whole chart."""
    about("Patient", "", of=len(patients))
    for key in patients:
        stored = ledger.read("Patient", key)
        whose = residents.residents_of([key]).get(key)
        if stored is None or stored.deleted or whose is None:
            continue
        held = _held(whose)
        for endpoint in reads.carrying(Carry.CHANGES, held.keys() - {stored.source}):
            mine = held[endpoint.facts.organisation]
            opened = _opened(call, endpoint.facts.organisation, whose, list(mine), ordered=False)
            if opened is None or not sensitive.is_opened(stored.sensitive, opened):
                continue
            numbers = fhir.numbers_of(mine.values(), endpoint.facts.authorities)
            said = {"patient": fhir.person(whose, [msgspec.json.decode(stored.body)], numbers), "encounter": NO_VISIT}
            number = _came_by(stored)
            kind = UPDATE if Carry.UPDATES in endpoint.out.carries else CHANGE
            _send(call, endpoint, kind, _listed(said), whose, f"RecordsChanged:{key}", inbound=number)


@action(Permission.MEND, audits="endpoints.tell_results")
def tell_results(call: Call, *, reports: Sequence[str]) -> None:
    """Reports that came in (R01), to the institutions that have the patient's open referral, and to that which ordered
    them; to each only what it may see of what others have sent."""
    about("DiagnosticReport", "", of=len(reports))
    for key in reports:
        stored = ledger.read("DiagnosticReport", key)
        if stored is None or stored.deleted or stored.patient is None:
            continue
        whose = residents.residents_of([stored.patient]).get(stored.patient)
        if whose is not None:
            _tell_result(call, stored, whose)


def _tell_result(call: Call, stored: Stored, resident: UUID) -> None:
    body = msgspec.json.decode(stored.body)
    referred = consents.related(resident, consents.Why.REFERRAL, call.at)
    ordered = _ordering(body)
    asked = (referred | ordered) - {stored.source}
    endpoints = reads.carrying(Carry.RESULTS, asked) if asked else ()
    if not endpoints:
        return
    results = [found for key in fhir.references(body, "result", "Observation")[:OBSERVATIONS]
               if (found := ledger.read("Observation", key)) is not None and not found.deleted]  # fmt: skip
    said_all = content_of(resident, body, [msgspec.json.decode(each.body) for each in results])
    if is_copy(said_all, stored.source):  # its sender had it from us, or from one who had
        return
    number = _came_by(stored)
    for endpoint in endpoints:
        to = endpoint.facts.organisation
        held = _held(resident).get(to, {})
        opened = _opened(call, to, resident, list(held), ordered=to in ordered)
        if opened is None or not sensitive.is_opened(stored.sensitive, opened):
            continue
        seen = [msgspec.json.decode(r.body) for r in results if sensitive.is_opened(r.sensitive, opened)]
        patient = _person(endpoint, resident, held)
        said: dict[str, list[Json]] = {"patient": [patient], "report": [body], "observation": seen}
        known, cause = Said(content_of(resident, body, seen), stored.source), f"RecordsArrived:{stored.id}"
        if not repeats(endpoint.id, known.content, f"{cause}:"):
            _send(call, endpoint, RESULT, said, resident, cause, inbound=number, known=known)


def _came_by(stored: Stored) -> int | None:
    """The number of the message of an endpoint that wrote what stands; None where it came another way."""
    rows = Inbound.objects.unscoped("the message that told it").filter(number=stored.message)
    number: int | None = rows.values_list("pk", flat=True).first() if stored.message is not None else None
    return number


def _opened(call: Call, to: UUID, resident: UUID, own: Sequence[str], *, ordered: bool) -> int | None:
    """The sensitive kinds of others' records that an institution may see; None where it may see none of them: without a
    reason, against the resident's refusal, or where it knows the person and did not order it."""
    asks = Call(f"source:{to}", "", call.at, Scope(frozenset({to})), organisation=to)
    basis = consents.basis(asks, resident, own)
    if basis is None or basis.denied or not (basis.whole or ordered):
        return None
    return basis.kinds


def _ordering(body: Json) -> frozenset[UUID]:
    """The institutions whose orders a report answers: who asked, else who sent the order."""
    found = set()
    for key in fhir.references(body, "basedOn", "ServiceRequest"):
        order = ledger.read("ServiceRequest", key)
        if order is None or order.deleted:
            continue
        asked = fhir.references({"by": [msgspec.json.decode(order.body).get("requester", {})]}, "by", "Organization")
        known = organisations.names([UUID(each) for each in asked if _is_uuid(each)])
        found |= set(known) or {order.source}
    return frozenset(found)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


@action(Permission.MEND, audits="endpoints.tell_appointment")
def tell_appointment(
    call: Call, *, appointment: UUID, organisation: UUID, resident: UUID, trigger: str, former: UUID | None = None
) -> None:
    """An appointment made (S12), in the place of a ``former`` one (S13), given back or stopped (S15), not kept (S26),
    to its clinic's institution."""
    about("Appointment", appointment, resident=resident, trigger=trigger)
    stored = ledger.read("Appointment", str(appointment))
    if stored is None or stored.deleted:
        return
    body = fhir.appointment(msgspec.json.decode(stored.body), former)
    whose = residents.current(resident)
    for endpoint in reads.carrying(Carry.APPOINTMENTS, [organisation]):
        held = _held(whose).get(organisation, {})
        said: dict[str, list[Json]] = {"appointment": [body], "patient": [_person(endpoint, whose, held)]}
        _send(call, endpoint, f"SIU^{trigger}^SIU_S12", said, whose, f"Appointment{trigger}")


def _held(resident: UUID) -> dict[UUID, dict[str, Json]]:
    """The records of a resident that institutions have sent: by institution, by FHIR id."""
    found: dict[UUID, dict[str, Json]] = defaultdict(dict)
    for each in residents.records(EVERYWHERE, residents.current(resident)):
        stored = ledger.read("Patient", each.patient_id) if each.patient_id else None
        if stored is not None and not stored.deleted:
            found[each.organisation][each.patient_id] = msgspec.json.decode(stored.body)
    return found


def _person(endpoint: Endpoint, resident: UUID, held: Mapping[str, Json]) -> Json:
    if held:
        records = list(held.values())
        return fhir.person(resident, records, fhir.numbers_of(records, endpoint.facts.authorities))
    known = residents.header(EVERYWHERE, resident)
    return fhir.stranger(resident, known.name, known.sex, known.birth, residents.identity_number(resident))


def _listed(said: Mapping[str, Json]) -> dict[str, list[Json]]:
    return {name: [resource] for name, resource in said.items()}


def _send(
    call: Call,
    endpoint: Endpoint,
    kind: str,
    said: Mapping[str, Sequence[Json]],
    key: UUID,
    cause: str,
    *,
    whose: Iterable[UUID] | None = None,
    inbound: int | None = None,
    known: Said | None = None,
) -> None:
    facts, out = endpoint.facts, endpoint.out
    cause = f"{cause}:{outbox.delivering()}"
    envelope = mapping.Envelope(
        facts.application, facts.facility, out.to_application, out.to_facility, clock.now().astimezone(clock.CHINA),
        control_of(endpoint.id, cause), version=out.standard, charset=facts.charset or "UNICODE UTF-8",
    )  # fmt: skip
    body = mapping.compose(kind, said, tables_for(facts.organisation, facts.mapping or STANDARD)(), envelope)
    kind = "^".join(kind.split("^")[:2])
    if whose is None and (now := settled(key)) != key:  # merged while it was told
        body, key = body.replace(str(key).encode(), str(now).encode()), now
    send(
        call, endpoint=endpoint.id, cause=cause, key=str(key), kind=kind, body=body,
        residents=whose if whose is not None else (key,), inbound=inbound, said=known,
    )  # fmt: skip


def control_of(endpoint: UUID, cause: str) -> str:
    """MSH-10: 20 letters (the most before v2.7) that are the same for a cause whenever it is told."""
    digest = hashlib.sha256(endpoint.bytes + cause.encode()).digest()
    return b32encode(digest)[:20].decode()
