"""Who is who as a sheet: every record of the scope with its resident, in batches, however many there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import fence
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import EVERYWHERE, Call, Scope
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents.access import Permission

COLUMNS: Final = ("resident", "record", "institution", "patient_id", "how", "bits", "merged_into", "exported")
RESIDENTS: Final = 500
RECORDS: Final = 2_000
NIL: Final = UUID(int=0)
MARK: Final = "\ufeff"
"""What tells spreadsheets that a CSV is UTF-8."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ALL: Final = (
    "SELECT id FROM residents_resident WHERE id > %(after)s AND merged_into_id IS NULL ORDER BY id LIMIT %(most)s"
)
_WITHIN: Final = """
SELECT DISTINCT p.resident_id FROM unnest(%(organisations)s::uuid[]) o(id) CROSS JOIN LATERAL (
  SELECT resident_id FROM residents_residentpresence WHERE organisation_id = o.id AND resident_id > %(after)s
  ORDER BY resident_id LIMIT %(most)s) p
ORDER BY p.resident_id LIMIT %(most)s
"""
_RECORDS: Final = """
SELECT resident_id, id, organisation_id, patient_id, how, bits FROM residents_residentrecord
WHERE resident_id = ANY(%(residents)s) AND (resident_id, id) > (%(at)s, %(after)s)
  AND (%(all)s OR organisation_id = ANY(%(organisations)s)) ORDER BY resident_id, id LIMIT %(most)s
"""
_MERGED: Final = """
WITH RECURSIVE behind(id, onward) AS (
  SELECT id, merged_into_id FROM residents_resident WHERE merged_into_id = ANY(%(residents)s)
  UNION SELECT r.id, r.merged_into_id FROM behind b JOIN residents_resident r ON r.merged_into_id = b.id
) SELECT id, onward FROM behind ORDER BY id
"""


@ask(Permission.MERGE, audits="residents.export_clusters")
def begin(call: Call) -> None:
    """Leave the line of the trail before the first record is written."""
    scope = call.scope
    about("Clusters", "csv", everywhere=scope.everywhere, institutions=len(scope.organisations))


def lines(scope: Scope, mark: str = "") -> Iterator[str]:
    """The sheet as text, a batch of residents at a time: their records, then who was merged into them. Each row ends
    with who took it out and when, so that a part of the sheet tells it too."""
    yield MARK + _written([COLUMNS])
    after = NIL
    while True:
        residents = [
            row[0] for row in _rows(_WITHIN if not scope.everywhere else _ALL, scope, after=after, most=RESIDENTS)
        ]
        if not residents:
            return
        after = residents[-1]
        yield from _of(scope, residents, mark)


def _of(scope: Scope, residents: Sequence[UUID], mark: str) -> Iterator[str]:
    at = after = NIL
    while True:
        rows = _rows(_RECORDS, scope, residents=list(residents), at=at, after=after, most=RECORDS)
        called = organisations.names({row[2] for row in rows})
        yield _written(
            (
                resident,
                record,
                called.get(place, ""),
                patient or "",
                how,
                "" if bits is None else f"{bits:.2f}",
                "",
                mark,
            )
            for resident, record, place, patient, how, bits in rows
        )
        if len(rows) < RECORDS:
            break
        at, after = rows[-1][:2]
    merged = _rows(_MERGED, EVERYWHERE, residents=list(residents))
    yield _written((gone, "", "", "", "", "", onward, mark) for gone, onward in merged)


def _rows(sql: str, scope: Scope, **values: Any) -> list[tuple[Any, ...]]:
    # the sheet leaves while it is read, when the page and its fence have ended
    values |= {"all": scope.everywhere, "organisations": sorted(scope.organisations)}
    with fence.within(scope), connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _written(rows: Any) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([_plain(cell) for cell in row] for row in rows)
    return out.getvalue()


def _plain(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula: an institution chooses its name and the ids of its patients."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
