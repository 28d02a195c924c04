"""Relations are opened and ended by the rooms whose facts they rest on, in the transaction of the fact."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from doorstep.kernel import fence
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.models import Relation
from doorstep.registers.consents.rules import OPENED, Why
from doorstep.registers.consents.shapes import Opening
from doorstep.registers.residents import api as residents

SYSTEM = "a relation rests on a fact of another room, whose action has asked who may make it"


def open_relation(opening: Opening) -> None:
    """Open a relation, or move the one of the same basis and reference to what is so now; the same again changes
    nothing. In the caller's transaction, from an action that has asked its own permission."""
    if opening.basis not in OPENED:
        raise ValueError(f"{opening.basis} is read from records, not opened")
    with fence.lifted(SYSTEM):
        resident = residents.current(opening.resident)
        facts = {
            "resident_id": resident, "first": opening.resident, "organisation_id": opening.organisation,
            "person": opening.person, "since": opening.since, "until": opening.until, "maker": opening.maker,
            "ended": "",
        }  # fmt: skip
        Relation.objects.unscoped(SYSTEM).update_or_create(
            basis=opening.basis.value, reference=opening.reference, defaults=facts
        )


def close_relation(basis: Why, reference: str, *, at: datetime, reason: str) -> bool:
    """End a relation at a moment; whether it was open then. One that had not begun ends as it begins."""
    with fence.lifted(SYSTEM), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE consents_relation SET until = greatest(since, %s), ended = %s, version = version + 1"
            " WHERE basis = %s AND reference = %s AND (until IS NULL OR until > %s)",
            [at, reason[:40], basis.value, reference, at],
        )
        return bool(cursor.rowcount)


@action(Permission.RECORD, audits="consents.follow_merge")
def follow_merge(call: Call, *, kept: UUID, gone: UUID) -> None:
    """What was opened for a resident who was merged away is the other's now."""
    about("Resident", kept, resident=kept, gone=str(gone))
    Relation.objects.unscoped(SYSTEM).filter(resident=gone).update(resident=kept)


@action(Permission.RECORD, audits="consents.follow_unmerge")
def follow_unmerge(call: Call, *, restored: UUID) -> None:
    """What had been opened for a resident who is restored is theirs again."""
    about("Resident", restored, resident=restored)
    Relation.objects.unscoped(SYSTEM).filter(first=restored).update(resident=restored)
