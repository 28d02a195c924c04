"""What people decide about an import: apply it, check it again, drop it, take it back. The worker does the rest."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from doorstep.kernel import clock, outbox
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, Stale, demand, refuse
from doorstep.kernel.store import lock
from doorstep.record.sheets.access import Permission, may_send
from doorstep.record.sheets.actions.uploading import asker
from doorstep.record.sheets.flow import FLOW, State
from doorstep.record.sheets.models import Entry, Import

KEEP_DAYS = 30
"""How long an import that nobody applied is kept, after it was checked (our own choice)."""


@action(Permission.USE, audits="sheets.apply")
def apply(call: Call, *, batch: UUID, expect: int) -> None:
    """Have the rows that were not refused do what the check foretold."""
    row = _moved(call, batch, expect, "apply")
    row.applied_name = call.name[:100]
    _start(call, row)


@action(Permission.USE, audits="sheets.again")
def again(call: Call, *, batch: UUID, expect: int) -> None:
    """Have it checked once more, where the registers have changed meanwhile."""
    _start(call, _moved(call, batch, expect, "again"))


@action(Permission.USE, audits="sheets.undo")
def undo(call: Call, *, batch: UUID, expect: int) -> None:
    """Have what the import did taken back, where nobody has changed it since. Once."""
    row = _moved(call, batch, expect, "undo")
    row.undone_name, row.undid = call.name[:100], {}
    row.asker, row.last = asker(call, row.kind), 0
    row.done = row.total - Entry.objects.within(call.scope).filter(batch=row, effect__isnull=False).count()
    row.save()
    outbox.wake()


@action(Permission.USE, audits="sheets.drop")
def drop(call: Call, *, batch: UUID, expect: int) -> None:
    """Let go of an import that was only checked; its rows are deleted."""
    row = _moved(call, batch, expect, "drop")
    Entry.objects.within(call.scope).filter(batch=row).delete()
    row.save()


def _moved(call: Call, batch: UUID, expect: int, move: str) -> Import:
    about("Import", batch)
    row = lock(Import, batch, scope=call.scope)
    if row.organisation_id != call.organisation:
        raise Refused(refuse("not_found", kind="Import"))
    demand(may_send(call, row.kind))
    about("Import", batch, sheet=row.kind)
    verdict, state = FLOW.step(move, State(row.state), None)
    demand(verdict)
    if row.version != expect:
        raise Stale(expect, row.version)
    row.state, row.version = state, row.version + 1
    return row


def _start(call: Call, row: Import) -> None:
    row.asker, row.tally, row.done, row.last, row.refused = asker(call, row.kind), {}, 0, 0, 0
    row.save()
    outbox.wake()


@action(Permission.USE, audits="sheets.forget")
def forget(call: Call) -> int:
    """Delete imports that were checked and never applied, with their rows, when they are old; how many."""
    before = clock.now() - timedelta(days=KEEP_DAYS)
    rows = Import.objects.unscoped("by the clock").filter(
        state__in=(State.CHECKED, State.DROPPED), created_at__lt=before
    )
    done: int = rows.delete()[0]
    about("Import", "", count=done)
    return done
