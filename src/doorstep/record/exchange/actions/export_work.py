"""What the worker does of exports: a slice at a time, its progress kept in the transaction of the slice."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from psycopg import sql

from doorstep.kernel import clock, ledger, trail
from doorstep.kernel.call import Call
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.actions import export_files, export_rows
from doorstep.record.exchange.flow import AT_WORK, ENDED, EXPORT_FLOW, LIVE, ExportState
from doorstep.record.exchange.models import Export

log = logging.getLogger(__name__)
OURS = "the worker's own work, within the bounds that each export was begun with"
FAILURES = 5
PROGRESS = ("state", "place", "last", "files", "read", "total", "failures", "error", "worked_at", "ended_at",
            "expires_at")  # fmt: skip
BEGUN = """
SELECT array_agg(l.virtualtransaction) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
JOIN pg_database d ON d.oid = a.datid AND d.datname = current_database()
WHERE l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction AND l.pid <> pg_backend_pid()
"""
STILL = """
SELECT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
AND l.virtualtransaction = ANY(%s) AND (%s OR EXISTS (
  SELECT FROM pg_locks o WHERE o.virtualtransaction = l.virtualtransaction
  AND (o.locktype IN ('transactionid', 'advisory') OR o.mode = 'RowExclusiveLock'))))
"""


def begun() -> list[str]:
    """The transactions of this database that run at this moment, without one's own."""
    with export_rows.cursor() as cursor:
        found = cursor.execute(BEGUN).fetchone()
        return list(found[0] or ()) if found else []


def settled(row: Export) -> bool:
    """Whether nothing that carries a time up to the export's can still be committed.

    A writer takes its time inside its transaction (``ledger.write``), so whatever carries an earlier one was running
    when the export noted who runs, or had ended. Those are awaited; but one that has written nothing and holds no
    lock of a writer after half a minute is a reader (a backup), and is not.
    """
    early = clock.now() < row.at + timedelta(seconds=rules.READERS_SECONDS)
    with export_rows.cursor() as cursor:
        found = cursor.execute(STILL, [row.awaited, early]).fetchone()
        return not (found and found[0])


def advance(call: Call) -> bool:
    """Do a slice of the export that has waited longest; whether there is more to do at once."""
    rows = Export.objects.unscoped(OURS).filter(state__in=AT_WORK).order_by("worked_at")
    row: Export | None = rows.select_for_update(skip_locked=True).first()
    if row is None:
        return False
    try:
        with transaction.atomic():
            _slice(call, row)
    except OSError as error:
        log.warning("export %s cannot write its files: %s", row.pk, type(error).__name__)
        row.refresh_from_db(fields=PROGRESS)
        _end(call, row, "fail", "export-disk")
    except Exception:  # whatever it was, an export that never ends must not be tried for ever
        log.exception("export %s: a slice failed", row.pk)
        row.refresh_from_db(fields=PROGRESS)
        row.failures += 1
        if row.failures >= FAILURES:
            _end(call, row, "fail", "export-fault")
    row.worked_at = clock.now()
    row.save(update_fields=PROGRESS)
    return row.state == ExportState.RUNNING


def _slice(call: Call, row: Export) -> None:
    if row.state == ExportState.ACCEPTED:
        if not settled(row):
            return
        row.state = _step("start", row)
        row.total = sum(_about(kind) for kind in row.types)
    end, done = time.monotonic() + rules.SLICE_SECONDS, 0
    writer = export_files.Writer(row.pk, row.files)
    try:
        while row.place < len(row.types) and done < rules.SLICE_RESOURCES and time.monotonic() < end:
            done += _window(row, writer)
        row.files = writer.close()
    finally:
        writer.abandon()
    if row.place == len(row.types):
        export_files.tidy(row.pk, row.files)
        _end(call, row, "finish")


def _window(row: Export, writer: export_files.Writer) -> int:
    kind = row.types[row.place]
    found = export_rows.window(row, kind, row.last)
    for version in found.versions:
        if version.deleted:
            writer.add("deleted", "Bundle", export_files.deletion(kind, version))
        else:
            writer.add("output", kind, export_files.line(kind, version, row.elements))
    row.read += found.read
    if found.last is None:
        row.place, row.last = row.place + 1, ""
    else:
        row.last = found.last
    return found.read


def _about(kind: str) -> int:
    """About how many rows a type has: counted to ten thousand, beyond that as the last ANALYZE found."""
    with export_rows.cursor() as cursor:
        count = sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT %s) t").format(ledger.table(kind))
        [counted] = cursor.execute(count, [rules.COUNTED]).fetchone() or [0]
        if counted < rules.COUNTED:
            return int(counted)
        name = f"fhir_{kind.lower()}"
        found = cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [name]).fetchone()
        return max(int(counted), int(found[0])) if found else int(counted)


def _step(name: str, row: Export) -> ExportState:
    verdict, state = EXPORT_FLOW.step(name, ExportState(row.state), None)
    if not verdict.allowed:
        raise RuntimeError(f"an export cannot {name} from {row.state}")
    return state


def _end(call: Call, row: Export, move: str, error: str = "") -> None:
    row.state, row.error, row.ended_at = _step(move, row), error, clock.now()
    row.expires_at = row.ended_at + timedelta(hours=reads.kept_hours())
    detail = {"state": str(row.state), "files": len(row.files), "read": row.read, "error": error}
    trail.write(call, "exchange.export_end", subject=("Export", str(row.pk)), detail=detail)


def expire(call: Call) -> None:
    """End what has been kept for its time, and delete all files that are of no export any more."""
    old = Export.objects.unscoped(OURS).filter(state__in=ENDED, expires_at__lte=clock.now())
    for row in old.select_for_update(skip_locked=True).order_by("expires_at")[:100]:
        row.state, row.files = _step("expire", row), []
        row.save(update_fields=("state", "files"))
        trail.write(call, "exchange.export_expire", subject=("Export", str(row.pk)))
    sweep()


def sweep() -> None:
    """Delete the folders of exports that are not at work and have nothing to give."""
    folder = reads.exports_folder()
    there = {found.name for found in folder.iterdir()} if folder.exists() else set[str]()
    if there:
        rows = Export.objects.unscoped(OURS).filter(state__in=LIVE)
        for name in there - {str(pk) for pk in rows.values_list("pk", flat=True)}:
            export_files.remove(name)
