"""Relations are opened and ended by the rooms whose facts they rest on, in the transaction of the fact."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import clock, fence, prepared
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.ids import new_id
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.models import Relation
from doorstep.registers.consents.rules import OPENED, Why
from doorstep.registers.consents.shapes import Opening
from doorstep.registers.residents import api as residents

SYSTEM = "a relation rests on a fact of another room, whose action has asked who may make it"

# one statement: each appointment and each referral opens one, in the transaction for which others may be waiting
_OPEN: Final = """
INSERT INTO consents_relation AS r (id, version, created_at, basis, reference, resident_id, first, organisation_id,
  person, since, until, maker, kinds, ended)
VALUES (%s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, '')
ON CONFLICT (basis, reference) DO UPDATE SET version = r.version + 1, resident_id = EXCLUDED.resident_id,
  first = EXCLUDED.first, organisation_id = EXCLUDED.organisation_id, person = EXCLUDED.person,
  since = EXCLUDED.since, until = EXCLUDED.until, maker = EXCLUDED.maker, ended = EXCLUDED.ended
WHERE (r.resident_id, r.first, r.organisation_id, r.person, r.since, r.until, r.maker, r.ended) IS DISTINCT FROM
  (EXCLUDED.resident_id, EXCLUDED.first, EXCLUDED.organisation_id, EXCLUDED.person, EXCLUDED.since, EXCLUDED.until,
   EXCLUDED.maker, EXCLUDED.ended)
"""


def open_relation(opening: Opening) -> None:
    """Open a relation, or move the one of the same basis and reference to what is so now; the same again changes
    nothing. In the caller's transaction, from an action that has asked its own permission."""
    if opening.basis not in OPENED:
        raise ValueError(f"{opening.basis} is read from records, not opened")
    with fence.lifted(SYSTEM):
        resident = residents.current(opening.resident)
        facts = [
            new_id(), clock.now(), opening.basis.value, opening.reference, resident, opening.resident,
            opening.organisation, opening.person, opening.since, opening.until, opening.maker,
        ]  # fmt: skip
        prepared.ask((_OPEN, facts))


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
