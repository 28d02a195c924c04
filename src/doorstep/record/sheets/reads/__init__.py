"""Imports of the caller's institution: the list, one, its rows, what undoing would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.letters import whole
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.record.sheets.access import Permission, kinds, may_send
from doorstep.record.sheets.flow import WORK
from doorstep.record.sheets.models import Entry, Import
from doorstep.record.sheets.reads import standing
from doorstep.record.sheets.rules.rows import Wrong
from doorstep.record.sheets.shapes import Forecast, Line, Outcome, RowLine

SLICE = 1000
WORKER = "the worker's own"


def own(call: Call) -> QuerySet[Import]:
    """The imports of the caller's institution, of the kinds that they may send."""
    rows = Import.objects.within(call.scope).filter(organisation=call.organisation, kind__in=kinds(call))
    found: QuerySet[Import] = rows
    return found


def imports(call: Call, *, page: Page, kind: str = "", state: str = "") -> Paged[Line]:
    """The imports of the caller's institution, newest first."""
    demand(call.may(Permission.USE))
    rows = own(call).order_by("-id")
    if kind:
        rows = rows.filter(kind=kind)
    if state:
        rows = rows.filter(state=state)
    if page.after:
        rows = rows.filter(id__lt=key_of(page.after[0]))
    found = list(rows[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([line(row) for row in found], page, key)


def line(row: Import) -> Line:
    """An import as it leaves the room."""
    return Line(
        row.pk, row.version, row.kind, row.file, str(row.state), row.made_name, row.created_at, row.applied_at,
        row.applied_name, row.undone_at, row.undone_name, row.total, row.done, row.tally, row.undid, tuple(row.titles),
        row.at, tuple(row.unknown),
    )  # fmt: skip


def one(call: Call, key: UUID) -> Line:
    """One import of the caller's institution; ``Refused`` ("not_found") where it is none."""
    demand(call.may(Permission.USE))
    row = own(call).filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Import"))
    demand(may_send(call, row.kind))
    return line(row)


@ask(Permission.USE, audits="sheets.read")
def rows(call: Call, *, batch: UUID, page: Page, outcome: str = "", undo: str = "") -> Paged[RowLine]:
    """The rows of an import, in the order of the file; trailed, for they are about people."""
    one(call, batch)
    about("Import", batch, outcome=outcome)
    found = Entry.objects.within(call.scope).filter(batch=batch).order_by("number")
    if outcome:
        found = found.filter(outcome=outcome)
    if undo:
        found = found.filter(undo=undo)
    if page.after:
        found = found.filter(number__gt=whole(page.after[0]))
    listed = list(found[: page.limit + 1])
    key = (str(listed[page.limit - 1].number),) if len(listed) > page.limit else None
    return cut([_row(each) for each in listed], page, key)


@ask(Permission.USE, audits="sheets.take_out")
def all_rows(call: Call, *, batch: UUID) -> list[RowLine]:
    """All rows of an import, for the file that is given back."""
    one(call, batch)
    about("Import", batch)
    found = Entry.objects.within(call.scope).filter(batch=batch).order_by("number")
    return [_row(each) for each in found.iterator(SLICE)]


def _row(row: Entry) -> RowLine:
    wrong = tuple(Wrong(column, code, params) for column, code, params in row.wrong)
    return RowLine(row.number, tuple(row.cells), row.outcome, row.foretold, row.undo, wrong)


def forecast(call: Call, key: UUID) -> Forecast:
    """What undoing an import would do, as things stand now; what others hang on by then stays too."""
    found = one(call, key)
    gone = restored = stays = 0
    rows = Entry.objects.within(call.scope).filter(batch=key, effect__isnull=False).order_by("number")
    effects: list[tuple[str, Mapping[str, Any]]] = list(rows.values_list("outcome", "effect"))
    for start in range(0, len(effects), SLICE):
        part = effects[start : start + SLICE]
        for (outcome, _), holds in zip(part, standing.hold(found.kind, [e for _, e in part]), strict=True):
            stays += not holds
            gone += holds and outcome == Outcome.NEW
            restored += holds and outcome != Outcome.NEW
    return Forecast(gone, restored, stays)


def has_work() -> bool:
    """Whether the worker has something to do."""
    found: bool = Import.objects.unscoped(WORKER).filter(state__in=sorted(WORK)).exists()
    return found
