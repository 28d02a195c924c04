"""A file comes in: read whole, its rows kept, the checking left to the worker. The same file is there once."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from doorstep.adapters.sheets.reading import tables
from doorstep.adapters.sheets.shapes import Limits, SheetFault
from doorstep.kernel import clock, outbox
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.record.sheets.access import NEEDED, Permission, may_send
from doorstep.record.sheets.flow import LIVE, State
from doorstep.record.sheets.models import Entry, Import
from doorstep.record.sheets.reads import files, own
from doorstep.record.sheets.reads.forms import CHECKS, FORMS, in_english_too
from doorstep.record.sheets.rules.parsing import parse
from doorstep.record.sheets.rules.rows import Read
from doorstep.record.sheets.shapes import Uploaded

LIMITS: Final = Limits()
MOST_OPEN: Final = 20
"""Imports of an institution that wait for a decision: who uploads and uploads must decide first."""
SLICE: Final = 2000


@action(Permission.USE, audits="sheets.upload")
def upload(call: Call, *, kind: str, file: str, raw: bytes) -> Uploaded:
    """Keep the rows of a file and have them checked; the same file again leads to its import.

    Raises ``Refused`` with the code of a ``SheetFault`` where the file cannot be used, and then nothing is kept.
    """
    demand(may_send(call, kind))
    digest = hashlib.sha256(raw).digest()
    about("Sheet", kind, file=file[:200], bytes=len(raw))
    if known := _known(call, kind, digest):
        return Uploaded(known, known=True)
    _demand_room(call)
    try:
        found = parse(tables(raw, LIMITS), in_english_too(FORMS[kind]), CHECKS.get(kind), clock.today())
    except SheetFault as fault:
        raise Refused(refuse(fault.code, **files.told(FORMS[kind], fault.params))) from None
    try:
        with transaction.atomic():
            made = _make(call, kind, file, digest, found)
    except IntegrityError:
        if known := _known(call, kind, digest):  # a colleague was first with the same file
            return Uploaded(known, known=True)
        raise
    about("Import", made, rows=len(found.rows))
    outbox.wake()
    return Uploaded(made, known=False)


def _known(call: Call, kind: str, digest: bytes) -> UUID | None:
    rows = own(call).filter(kind=kind, digest=digest)
    done = rows.filter(state=State.APPLIED, refused=0)
    key: UUID | None = (rows.filter(state__in=LIVE) | done).values_list("pk", flat=True).first()
    return key


def _demand_room(call: Call) -> None:
    waiting = Import.objects.within(call.scope).filter(organisation=call.organisation, state__in=LIVE)
    if waiting.count() >= MOST_OPEN:
        raise Refused(refuse("sheet.busy", most=MOST_OPEN))


def _make(call: Call, kind: str, file: str, digest: bytes, found: Read) -> UUID:
    row: Import = Import.objects.create(
        organisation_id=call.organisation, kind=kind, file=file[:200], digest=digest, titles=list(found.titles),
        at=dict(found.at), unknown=list(found.unknown)[:50], total=len(found.rows), asker=asker(call, kind),
        made_by=call.actor, made_name=call.name[:100],
    )  # fmt: skip
    entries = (
        Entry(
            batch=row, organisation_id=row.organisation_id, number=each.number, cells=list(each.cells),
            said=dict(each.said), unread=[w.as_list() for w in each.wrong],
        )
        for each in found.rows
    )  # fmt: skip
    Entry.objects.bulk_create(entries, batch_size=SLICE)
    return row.pk


def asker(call: Call, kind: str) -> dict[str, Any]:
    """Who sets off the work, and within which bounds it is done: as they stand when they ask for it."""
    return {
        "actor": call.actor, "name": call.name, "everywhere": call.scope.everywhere,
        "organisations": [str(each) for each in call.scope.organisations], "post": call.post and str(call.post),
        "organisation": str(call.organisation), "role": str(call.role), "purpose": call.purpose,
        "permissions": [str(Permission.USE), NEEDED[kind]], "request": call.request,
    }  # fmt: skip


def call_of(said: dict[str, Any]) -> Call:
    """The call again from what ``asker`` kept."""
    scope = Scope(frozenset(map(UUID, said["organisations"])), said["everywhere"])
    return Call(
        said["actor"], said["name"], clock.now(), scope,
        frozenset(said["permissions"]), UUID(said["post"]) if said["post"] else None, UUID(said["organisation"]),
        said["role"], said["purpose"], said["request"],
    )  # fmt: skip
