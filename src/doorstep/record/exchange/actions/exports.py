"""Bulk exports: begun, cancelled. The worker does them (``export_work``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import orjson
from django.db import connection, transaction

from doorstep.fhir.tables import known_types
from doorstep.kernel import clock, ledger, outbox
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.fhir_search import OPEN_TYPES
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.access import Permission
from doorstep.record.exchange.actions import export_files, export_work
from doorstep.record.exchange.actions.export_rows import concerns_patients, filtered
from doorstep.record.exchange.flow import AT_WORK, EXPORT_FLOW, LIVE, ExportState
from doorstep.record.exchange.models import Export
from doorstep.record.exchange.shapes import Export as Shown

QUEUE = 0x65787074  # the advisory lock under which exports are counted and begun
LEVELS = ("system", "patient", "group")
ALL = "how many are at work, whoever began them"


@action(Permission.EXPORT, audits="exchange.export")
def begin_export(
    call: Call,
    *,
    level: str,
    group: str | None = None,
    types: Sequence[str] = (),
    since: datetime | None = None,
    type_filters: Sequence[str] = (),
    elements: Sequence[str] = (),
    request_url: str,
    key: str = "",
) -> Shown:
    """Accept an export of what the caller's scope holds; ``since`` is aware, ``type_filters`` are ``Type?search``,
    ``key`` (where the client sends one) gives the same export again. Raises ``Refused`` with a code of ``KINDS``,
    ``FhirProblem`` where a search is wrong."""
    about("Export", "", level=rules.storable(level, 20))
    request, key = rules.storable(request_url, 4000), rules.storable(key, 100)
    _queue()
    if key and (known := _known(call, key, request)):
        about("Export", known.pk, repeated=True)
        return reads.shown_export(known)
    chosen = _types(level, types)
    filters = _filters(call.scope, type_filters, chosen)
    _demand_bounds(call, since)
    _demand_room(call)
    row = Export(
        actor=call.actor, name=call.name, key=key, everywhere=call.scope.everywhere,
        organisations=sorted(call.scope.organisations), level=level, group=group or "",
        members=_members(call.scope, group or "") if level == "group" else None, types=chosen, since=since,
        filters=filters, elements=[rules.storable(e, 200) for e in elements], request=request, at=clock.now(),
        state=ExportState.ACCEPTED, worked_at=clock.now(),
    )  # fmt: skip
    row.awaited = export_work.begun()  # after its time was taken, see export_work.settled
    row.save(force_insert=True)
    outbox.wake()
    asked_since = since.isoformat() if since else ""
    about("Export", row.pk, everywhere=row.everywhere, group=row.group, types=len(chosen), since=asked_since)
    return reads.shown_export(row)


def _queue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [QUEUE])


def _known(call: Call, key: str, request: str) -> Export | None:
    rows = Export.objects.unscoped("the caller's own").filter(actor=call.actor, key=key, state__in=LIVE)
    row: Export | None = rows.first()
    if row is not None and row.request != request:
        raise Refused(refuse("export-key-used"))
    return row


def _types(level: str, types: Sequence[str]) -> list[str]:
    if level not in LEVELS:
        raise Refused(refuse("export-level", level=level))
    unknown = [t for t in types if t not in known_types()]
    if unknown:
        raise Refused(refuse("export-unknown-type", type=unknown[0]))
    if level == "system":
        return sorted(set(types) or known_types())
    outside = [t for t in types if not concerns_patients(t) and t not in OPEN_TYPES]
    if outside:
        raise Refused(refuse("export-type-outside", type=outside[0]))
    return sorted(set(types) or {t for t in known_types() if concerns_patients(t)})


def _filters(scope: Scope, queries: Sequence[str], types: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in queries:
        kind, mark, query = text.partition("?")
        if not mark or kind not in types:
            raise Refused(refuse("export-filter-bad", filter=text))
        filtered(scope, kind, query, ())
        found.setdefault(kind, []).append(query)
    return found


def _demand_bounds(call: Call, since: datetime | None) -> None:
    if not (call.scope.everywhere or call.scope.organisations):
        raise Refused(refuse("export-nothing"))
    if since is not None and since > clock.now():
        raise Refused(refuse("export-since-future", since=since.isoformat()))


def _demand_room(call: Call) -> None:
    at_work = Export.objects.unscoped(ALL).filter(state__in=AT_WORK)
    if at_work.filter(actor=call.actor).count() >= rules.EXPORTS_OF_ONE:
        raise Refused(refuse("export-too-many", limit=rules.EXPORTS_OF_ONE))
    if at_work.count() >= rules.EXPORTS_OF_ALL:
        raise Refused(refuse("export-too-many", limit=rules.EXPORTS_OF_ALL))


def _members(scope: Scope, group: str) -> list[str]:
    """The patients of the group, deleted ones too (their deletion may be asked for), that the scope holds."""
    stored = ledger.read("Group", group) if "\0" not in group else None
    if stored is None or stored.deleted or not scope.holds(stored.source):
        raise Refused(refuse("export-group", group=group))
    members = orjson.loads(stored.body).get("member") or []
    said = [m.get("entity", {}).get("reference", "") for m in members if not m.get("inactive")]
    ids = {r.split("/")[1] for r in said if r.startswith("Patient/")}
    if len(ids) > rules.EXPORT_MEMBERS:
        raise Refused(refuse("export-group-large", limit=rules.EXPORT_MEMBERS))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, source FROM fhir_patient WHERE id = ANY(%s)", [sorted(ids)])
        return sorted(found for found, source in cursor.fetchall() if scope.holds(source))


@action(Permission.EXPORT, audits="exchange.export_cancel")
def cancel_export(call: Call, *, export: UUID) -> None:
    """End an export at work, or delete the files of one that is done; afterwards it is not found any more."""
    about("Export", export)
    rows = Export.objects.unscoped("judged on the next line").select_for_update()
    row = reads.there(call, rows.filter(pk=export).first())
    verdict, state = EXPORT_FLOW.step("cancel", ExportState(row.state), None)
    demand(verdict)
    row.state, row.files = state, []
    row.save(update_fields=("state", "files"))
    transaction.on_commit(partial(export_files.remove, str(export)))
