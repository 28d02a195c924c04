"""What another platform says of referrals by FHIR messages, and what comes of it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import override

from doorstep.adapters.fhirmessaging.reading import Message
from doorstep.events.endpoints import MessageTaken
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, Refused, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.web.words import sentence
from doorstep.record.endpoints import api as endpoints
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.actions import drafting, moving
from doorstep.services.referrals.fhir import messages
from doorstep.services.referrals.flow import FLOW, Status
from doorstep.services.referrals.models import Referral, ReferralEnclosure, ReferralMessage
from doorstep.services.referrals.reads.rows import HOUSE
from doorstep.services.referrals.shapes import Answer

ENCLOSED: Final = frozenset({"DocumentReference", "DiagnosticReport", "Composition"})
WAITING: Final = (Status.ACCEPTED, Status.ARRIVED, Status.IN_CARE)


def act_on(call: Call, event: MessageTaken) -> None:
    """Do what a message says, and tell its room so; where it cannot be done nothing is, and it rests with why."""
    act = ACTS.get(event.event)
    if act is None:
        return
    try:
        with transaction.atomic():
            act(call, event=event, message=endpoints.handed(call, inbound=event.inbound))
    except Refused as refused:
        zh, en = (_words(refused.decision, language) for language in ("zh-hans", "en"))
        endpoints.done(call, inbound=event.inbound, zh=zh, en=en, code=refused.decision.reason)
        return
    endpoints.done(call, inbound=event.inbound)


def _words(decision: Decision, language: str) -> str:
    with override(language):
        return sentence(decision)


@action(Permission.EXCHANGE, audits="referrals.message_asks")
def ask(call: Call, *, event: MessageTaken, message: Message) -> None:
    """C01001: a referral comes in, or comes again after it was given back; or is taken back."""
    if event.receiver is None:
        raise _unknown(event)
    there = _as_sender(call, event, message)
    known = Referral.objects.unscoped(HOUSE).filter(endpoint=event.endpoint, outside=event.matter).first()
    if messages.is_cancelled(message):
        _take_back(there, event, known)
        return
    wish = replace(messages.wish_of(message, event.wrote), destination=event.receiver)
    if known is None:
        key = drafting.draft(there, resident=_resident(event), wish=wish)
        Referral.objects.unscoped(HOUSE).filter(pk=key).update(outside=event.matter, endpoint=event.endpoint)
    else:
        key = _rewritten(there, known, wish)
    about("Referral", key, resident=_resident(event), message=event.inbound)
    answer = Answer(reason="message", note=messages.note_of(message), outside=True)
    moving.take_in(there, referral=key, expect=None, answer=answer)


def _as_sender(call: Call, event: MessageTaken, message: Message) -> Call:
    """The house, for the institution that speaks; by the name of its doctor, where the message gives one."""
    place = organisations.names([event.sender]).get(event.sender, "")
    return replace(call, organisation=event.sender, name=messages.doctor_of(message) or place)


def _resident(event: MessageTaken) -> UUID:
    found = set(residents.residents_of(event.patients).values())
    if len(found) != 1:
        raise Refused(refuse("referral.message_patient"))
    return found.pop()


def _rewritten(there: Call, known: Referral, wish: Any) -> UUID:
    """The letter again, as it is now said; what is under way is not written again."""
    if Status(known.status) not in FLOW.move("take_in").at:
        raise Refused(refuse("referral.message_state", state=known.status))
    if Status(known.status) in drafting.WRITABLE:
        drafting.save(there, referral=known.pk, expect=known.version, wish=wish)
    return UUID(str(known.pk))


def _take_back(there: Call, event: MessageTaken, known: Referral | None) -> None:
    if known is None:
        raise _unknown(event)
    if known.status != Status.WITHDRAWN:
        moving.withdraw(there, referral=known.pk, expect=None, answer=Answer(reason="other", outside=True))


@action(Permission.EXCHANGE, audits="referrals.message_answers")
def answer(call: Call, *, event: MessageTaken, message: Message) -> None:
    """C01002, C01003: the institution that was asked answers, or says that the patient has come. The same said twice
    moves once."""
    row = _ours(event)
    said = message.first("AppointmentResponse") or {}
    name = messages.MOVES.get((event.event, str(said.get("participantStatus", ""))))
    about("Referral", row.pk, resident=row.resident_id, message=event.inbound)
    if name is None or row.status == FLOW.move(name).to:
        return
    if Status(row.status) not in FLOW.move(name).at:
        raise Refused(refuse("referral.message_state", state=row.status))
    there = replace(_as_sender(call, event, message), organisation=row.destination_id)
    note = str(said.get("comment", "")) or ("—" if name == "give_back" else "")
    reason = "other" if name == "decline" else "message"
    given = Answer(reason=reason, note=note, starts=_moment(said.get("start")), outside=True)
    moving.MOVES[name](there, referral=row.pk, expect=None, answer=given)


def _ours(event: MessageTaken) -> Referral:
    """The referral that we have asked, of whom it now answers."""
    kind, _, key = event.matter.partition("/")
    found = uuid_of(key) if kind == "Appointment" else None
    rows = Referral.objects.unscoped(HOUSE).filter(pk=found, destination_id__in=event.speaks_for)
    row: Referral | None = rows.first() if found else None
    if row is None:
        raise _unknown(event)
    return row


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


@action(Permission.EXCHANGE, audits="referrals.message_adds")
def add(call: Call, *, event: MessageTaken, message: Message) -> None:
    """C01004: the full record has come, and is in the chart; its documents are enclosed and both sides are told."""
    row = _theirs(event)
    about("Referral", row.pk, resident=row.resident_id, message=event.inbound)
    titles = {each.get("id", ""): messages.title_of(each) for each in message.resources("DocumentReference")}
    kept = [each.partition("/")[::2] for each in event.wrote]
    ReferralEnclosure.objects.bulk_create(
        [
            ReferralEnclosure(referral=row, kind=kind, key=key, title=titles.get(key, "完整病历")[:300])
            for kind, key in kept
            if kind in ENCLOSED
        ][: drafting.MOST_ENCLOSED],
        ignore_conflicts=True,
    )
    text = f"已上传完整病历，共 {sum(kind != 'Patient' for kind, _ in kept)} 项，已写入健康档案。"
    ReferralMessage.objects.create(
        referral=row, organisation=row.origin_id, actor=call.actor, at=call.at, text=text,
        actor_name=messages.doctor_of(message) or organisations.names([row.origin_id]).get(row.origin_id, ""),
    )  # fmt: skip


def _theirs(event: MessageTaken) -> Referral:
    """The referral that came by the same endpoint: the one named, else the only one of the patient that waits."""
    rows = Referral.objects.unscoped(HOUSE).filter(endpoint=event.endpoint)
    named: Referral | None = rows.filter(outside=event.matter).first()
    if named is not None:
        return named
    found: list[Referral] = list(
        rows.filter(resident__in=residents.residents_of(event.patients).values(), status__in=WAITING)[:2]
    )
    if len(found) != 1:
        raise _unknown(event)
    return found[0]


def _unknown(event: MessageTaken) -> Refused:
    return Refused(refuse("referral.message_unknown", matter=event.matter))


ACTS: Final[Mapping[str, Callable[..., None]]] = {
    "C01001": ask, "C01002": answer, "C01003": answer, "C01004": add,
}  # fmt: skip
