"""What the worker does: goes through the rows of an import, a slice a transaction, and says how far it is.

A check does each row as applying would, and lets go of all of it before it writes down what came of it: so it foretells
what applying does. Rows and what they did are one transaction: killed, it goes on where it was, and does nothing twice.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from django.db import InterfaceError, OperationalError, transaction

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, Refused
from doorstep.record.sheets.access import Permission
from doorstep.record.sheets.actions.filling import KINDS, At, column_of
from doorstep.record.sheets.actions.uploading import call_of
from doorstep.record.sheets.flow import FLOW, WORK, State
from doorstep.record.sheets.models import Entry, Import
from doorstep.record.sheets.reads import WORKER, standing
from doorstep.record.sheets.rules.rows import Wrong
from doorstep.record.sheets.shapes import Done, Outcome, Undo

log = logging.getLogger(__name__)
SECONDS: Final = 1.0  # of one round, before the worker looks at other work
SLICE: Final = 25  # rows of one transaction: what a person waits for whose record a row is about
ALL: Final = 10_000


def run() -> bool:
    """Go through what waits, for a moment; whether there is more."""
    end = time.monotonic() + SECONDS
    while step():
        if time.monotonic() > end:
            return True
    return False


def step() -> bool:
    """One slice of the import that has waited longest and that no other worker is at; False where there is none."""
    with transaction.atomic():
        waiting = Import.objects.unscoped(WORKER).filter(state__in=sorted(WORK)).order_by("id")
        row = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            return False
        call = call_of(row.asker)
        entries = _next(row)
        _STEPS[State(row.state)](call, row, entries)
        settle(call, batch=row, entries=entries)
        return True


def _next(row: Import) -> Sequence[Entry]:
    """The rows that come next: in the order of the file, and backwards where they are taken back."""
    rows = Entry.objects.unscoped(WORKER).filter(batch=row)
    if row.state == State.UNDOING:
        rows = rows.filter(effect__isnull=False, undo="").order_by("-number")
        return list(rows[:SLICE])
    whole = row.state == State.CHECKING and KINDS[row.kind].together
    return list(rows.filter(number__gt=row.last).order_by("number")[: ALL if whole else SLICE])


def _check(call: Call, row: Import, entries: Sequence[Entry]) -> None:
    with transaction.atomic():
        _fill(call, row, entries)
        transaction.set_rollback(True)
    for entry in entries:
        entry.effect = None


def _apply(call: Call, row: Import, entries: Sequence[Entry]) -> None:
    for entry in entries:
        entry.foretold = entry.outcome
    _fill(call, row, entries)


def _fill(call: Call, row: Import, entries: Sequence[Entry]) -> None:
    kind, place = KINDS[row.kind], standing.place_of(row.organisation_id)
    for entry in entries:
        done: Done | None = None
        wrong = entry.unread
        if not wrong:
            at = At(row.organisation_id, place, f"{row.pk}:{entry.number}")
            done, wrong = _tried(row.kind, partial(kind.fill, call, at, entry.said))
        entry.wrong = wrong
        entry.outcome = done.outcome if done else Outcome.REFUSED
        entry.effect = dict(done.effect) if done and done.effect else None


def _undo(call: Call, row: Import, entries: Sequence[Entry]) -> None:
    kind, place = KINDS[row.kind], standing.place_of(row.organisation_id)
    for entry in entries:
        at = At(row.organisation_id, place, f"{row.pk}:{entry.number}")
        _, wrong = _tried(row.kind, partial(kind.undo, call, at, entry.effect or {}))
        entry.wrong, entry.undo = wrong, Undo.STAYS if wrong else Undo.UNDONE


_STEPS: Final[dict[State, Callable[[Call, Import, Sequence[Entry]], None]]] = {
    State.CHECKING: _check, State.APPLYING: _apply, State.UNDOING: _undo,
}  # fmt: skip


def _tried(kind: str, body: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """What a row did, or what is wrong with it, and then it did nothing."""
    try:
        with transaction.atomic():
            return body(), []
    except Refused as refused:
        return None, [_wrong(kind, refused.decision).as_list()]
    except (OperationalError, InterfaceError):  # the database is away, or busy: it is all still to be done
        raise
    except Exception as error:  # whatever it was, the rows after it must not wait for it
        log.exception("a row of kind %s failed", kind)
        return None, [Wrong("", "row.failed", {"detail": type(error).__name__}).as_list()]


def _wrong(kind: str, decision: Decision) -> Wrong:
    said = {key: str(value) for key, value in decision.detail.items()}
    code = "changed_since" if decision.reason in ("stale", "version-conflict") else decision.reason
    return Wrong(column_of(kind, code, said.pop("path", "")), code, said)


@action(Permission.USE, audits="sheets.settle")
def settle(call: Call, *, batch: Import, entries: Sequence[Entry]) -> None:
    """Write down what came of the rows, and end the work when there are no more; in the worker's transaction."""
    about("Import", batch.pk, state=str(batch.state), rows=len(entries))
    fields = ("outcome", "foretold", "wrong", "effect", "undo")
    Entry.objects.unscoped(WORKER).bulk_update(entries, fields, batch_size=500)
    key = "undid" if batch.state == State.UNDOING else "tally"
    told = Counter(getattr(batch, key))
    told.update(str(e.undo if key == "undid" else e.outcome) for e in entries)
    setattr(batch, key, dict(told))
    batch.done += len(entries)
    batch.last = entries[-1].number if entries else batch.last
    batch.refused = batch.tally.get(Outcome.REFUSED, 0)
    if not entries:
        _end(batch)
    batch.save()


def _end(batch: Import) -> None:
    verdict, state = FLOW.step(WORK[State(batch.state)], State(batch.state), None)
    assert verdict.allowed
    batch.state, batch.version = state, batch.version + 1
    batch.done, batch.last = batch.total, 0
    if state == State.APPLIED:
        batch.applied_at = clock.now()
    elif state == State.UNDONE:
        batch.undone_at = clock.now()
