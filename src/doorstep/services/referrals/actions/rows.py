"""What all writers of the room share: the locked row of a side, relations of care, publishing, the history."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from doorstep.kernel.act import about, publish
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.store import lock
from doorstep.registers.consents import api as consents
from doorstep.services.referrals import fhir
from doorstep.services.referrals.access import may_see
from doorstep.services.referrals.flow import RELATED, Status
from doorstep.services.referrals.models import Referral, ReferralChange
from doorstep.services.referrals.reads import one, rows
from doorstep.services.referrals.rules.terms import Terms
from doorstep.services.referrals.shapes import Answer

SPENT: Final = frozenset({Status.ACCEPTED, Status.SENT, Status.NO_SHOW})


def seen(call: Call, referral: UUID, expect: int | None) -> Referral:
    """The referral, locked, of which the caller's institution is a side. ``Refused`` (not_found), ``Stale``."""
    row = lock(Referral, referral, scope=call.scope, expect=expect)
    about("Referral", row.pk, resident=row.resident_id)
    demand(may_see(call, rows.sides(row)))
    return row


def own(call: Call, referral: UUID, expect: int | None) -> Referral:
    """The same for what only its two sides may do."""
    row = seen(call, referral, expect)
    if call.organisation not in (row.origin_id, row.destination_id):
        raise Refused(refuse("referral.other_side"))
    return row


def keep(row: Referral, call: Call) -> None:
    """Write the row with its next version."""
    row.version, row.changed_at = row.version + 1, call.at
    row.save()


def told(row: Referral, call: Call, move: str, before: str, answer: Answer) -> None:
    """Write the step into the history."""
    ReferralChange.objects.create(
        referral=row, move=move, before=before, after=row.status, actor=call.actor, actor_name=call.name,
        organisation=call.organisation, at=call.at, reason=answer.reason, note=answer.note.strip()[:1000],
    )  # fmt: skip


def relate(row: Referral, call: Call, within: Terms) -> None:
    """A referral makes a relation of care for the institution that is asked, from when it was sent until it is over
    or no longer valid; a return letter makes one for the primary side, until its follow-up is done."""
    status, reference = Status(row.status), f"ServiceRequest/{row.pk}"
    if status in RELATED and row.destination_id is not None:
        until = row.valid_until if status in SPENT else call.at + timedelta(days=within.care_days)
        _open(row, reference, row.destination_id, row.sent_at or call.at, until, row.sender)
    else:
        consents.close_relation(consents.Why.REFERRAL, reference, at=call.at, reason=status.value)
    if status is Status.REPORTED:
        until = call.at + timedelta(days=within.care_days)
        _open(row, f"{reference}#return", row.origin_id, call.at, until, call.actor)
    elif status is Status.CLOSED:
        consents.close_relation(consents.Why.REFERRAL, f"{reference}#return", at=call.at, reason=status.value)


def _open(
    row: Referral, reference: str, organisation: UUID, since: datetime, until: datetime | None, maker: str
) -> None:
    consents.open_relation(
        consents.Opening(
            row.resident_id, consents.Why.REFERRAL, reference, since, until, organisation=organisation, maker=maker
        )
    )


def project(row: Referral, call: Call) -> None:
    """What was sent stands in the ledger as request and task; the origin answers for both."""
    if row.sent_at is None:
        return
    told_of = one.whole(row, call)
    publish(fhir.service_request(told_of), source=row.origin_id)
    publish(fhir.task(told_of), source=row.origin_id)
