"""Moves are told to the other side, where it is reached by FHIR messages (``fhir.messages``)."""

from __future__ import annotations

from typing import Final

import msgspec

from doorstep.fhir.door.records import Wish as Part
from doorstep.fhir.door.records import patient_record
from doorstep.fhir.search.bounds import Bounds
from doorstep.kernel import fence, ledger
from doorstep.kernel.call import Call
from doorstep.kernel.fhir_search import drive
from doorstep.kernel.projecting import Json
from doorstep.record.endpoints import api as endpoints
from doorstep.services.referrals.fhir import messages
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.reads import one
from doorstep.services.referrals.shapes import Answer, Detail

ASKS: Final = frozenset({"send", "resend", "redirect"})
MOST: Final = 500
"""Resources of a full record, those that a person enclosed first."""


def tell(call: Call, row: Referral, move: str, answer: Answer) -> None:
    """Queue what a move says to the other platform, in its transaction; nothing where nobody is reached so."""
    if row.destination_id is None or row.sent_at is None:
        return
    if row.outside and move in messages.STATES:
        _answer(call, row, move, answer)
    if move in ASKS or move == "withdraw":
        _ask(call, row, cancelled=move == "withdraw")
    elif move == "arrive" and answer.outside:
        _submit(call, row)


def _ask(call: Call, row: Referral, *, cancelled: bool) -> None:
    told = one.whole(row, call)
    _send(call, row, "C01001", messages.application(told, _patient(told), cancelled=cancelled))


def _submit(call: Call, row: Referral) -> None:
    """The patient is there: the full record follows (minimum first, all once they have come)."""
    told = one.whole(row, call)
    patient = _patient(told)
    appointment = f"Appointment/{row.pk}"
    _send(call, row, "C01004", messages.records(told, appointment, patient, _record(row, told), call.at))


def _send(call: Call, row: Referral, event: str, resources: list[Json]) -> None:
    assert row.destination_id is not None  # what is told was sent
    endpoints.tell(
        call, sender=row.origin_id, receiver=row.destination_id, event=event, matter=f"Appointment/{row.pk}",
        resources=resources, residents=[row.resident_id], cause=f"referral:{event}:{row.pk}:{row.version}",
    )  # fmt: skip


def _answer(call: Call, row: Referral, move: str, answer: Answer) -> None:
    assert row.destination_id is not None  # what is answered was sent
    event = messages.STATES[move][0]
    note = "；".join(filter(None, (messages.DECLINED.get(answer.reason, ""), answer.note)))
    told = messages.answer(one.whole(row, call), move, row.outside, call.name, row.version, note)
    endpoints.tell(
        call, sender=row.destination_id, receiver=row.origin_id, event=event, matter=row.outside, resources=told,
        residents=[row.resident_id], cause=f"referral:{event}:{row.pk}:{row.version}",
    )  # fmt: skip


def _patient(told: Detail) -> Json:
    """The origin's record of the patient; where it has none, what the letter says of them."""
    with fence.lifted("whoever passes a referral on tells of the patient as its origin knows them"):
        found = ledger.read("Patient", told.patient) if told.patient else None
    if found is not None:
        return messages.person_of(msgspec.json.decode(found.body), told.patient)
    said = {"name": [{"text": told.person.name}], "birthDate": told.person.birth}
    return messages.person_of(said, str(told.resident))


def _record(row: Referral, told: Detail) -> list[Json]:
    """What the doctor enclosed, and what the origin itself has recorded, but for what is sensitive."""
    found: dict[tuple[str, str], Json] = {}
    for each in told.wish.enclosures:
        stored = ledger.read(each.kind, each.key)
        if stored is not None:
            found[each.kind, each.key] = msgspec.json.decode(stored.body)
    if told.patient:
        bounds = Bounds((row.origin_id,), frozenset())
        hits = drive(patient_record(told.patient, Part(frozenset(messages.RECORD), count=MOST), bounds))
        found |= {(hit.type, hit.id): msgspec.json.decode(hit.body) for hit in hits}
    return list(found.values())[:MOST]
