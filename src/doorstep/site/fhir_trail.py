"""The trail of the FHIR door: lines of many requests are written together, each durable before its answer leaves.

One connection of asyncpg in the door's loop writes them, by one prepared statement that also finds whose the patients
are: a thread and two statements of Django cost three times as much (benchmarks/README.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from doorstep.fhir.door.house import Seen
from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.trail import COLUMNS
from doorstep.registers.residents import api as residents
from doorstep.site import fhir_rows

TOLD: Final = 500  # patients that a line looks up
MOST: Final = 200  # lines of one commit
ENOUGH: Final = 16  # lines worth a commit of their own while many read
PAUSE: Final = 0.002  # seconds that a busy door gathers lines: a commit costs as much CPU as thirty lines
WRITE: Final = f"""
WITH whose AS (
  SELECT p.line, array_agg(DISTINCT r.resident_id) AS found
  FROM unnest($12::int[], $13::text[]) p(line, patient) JOIN ({residents.RESIDENTS_OF}) r ON r.patient_id = p.patient
  GROUP BY p.line
)
INSERT INTO kernel_trailline ({COLUMNS})
SELECT $1, l.actor, l.name, l.post, l.organisation, l.purpose, l.action, 'done', l.kind, l.subject,
  CASE WHEN cardinality(w.found) = 1 THEN w.found[1] END,
  CASE WHEN cardinality(w.found) > 1 THEN jsonb_build_object('count', l.count, 'residents', to_jsonb(w.found))
    ELSE jsonb_build_object('count', l.count) END,
  l.request
FROM unnest($2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::int[], $11::text[])
  WITH ORDINALITY l(actor, name, post, organisation, purpose, action, kind, subject, count, request, line)
LEFT JOIN whose w ON w.line = l.line
"""  # noqa: S608  # our own names


@dataclass(slots=True)
class _Line:
    call: Call
    seen: Seen
    done: asyncio.Future[None]


class Trail:
    """Gathers what was shown: what comes while a commit is under way, and where many read a little longer."""

    def __init__(self) -> None:
        self._waiting: list[_Line] = []
        self._writer: asyncio.Task[None] | None = None
        self._busy = False
        self._connection: Any = None
        self._statement: Any = None

    async def seen(self, call: Call, seen: Seen) -> None:
        """Leave a line; returns when it is durable. FhirProblem where it cannot be kept: then nothing may be shown."""
        line = _Line(call, seen, asyncio.get_running_loop().create_future())
        self._waiting.append(line)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await line.done

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            gone, self._connection = self._connection, None
            await gone.close()

    async def _write(self) -> None:
        try:
            while self._waiting:
                if self._busy and len(self._waiting) < ENOUGH:
                    await asyncio.sleep(PAUSE)
                lines, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                self._busy = len(lines) > 1
                try:
                    await self._keep(_columns(lines))
                except Exception as error:  # noqa: BLE001  whatever it was, each of these requests must be told
                    _fail(lines, error)
                else:
                    for line in lines:
                        if not line.done.done():
                            line.done.set_result(None)
        finally:
            self._writer = None

    async def _keep(self, columns: Sequence[Any]) -> None:
        """Write; where the connection was lost, once more on a new one (a line twice is better than none)."""
        if self._connection is not None:
            try:
                await self._statement.fetch(*columns)
            except fhir_rows.LOST:
                self._connection.terminate()
                self._connection = None
            else:
                return
        self._connection = await fhir_rows.connect("trail")
        self._statement = await self._connection.prepare(WRITE)
        await self._statement.fetch(*columns)


def _columns(lines: Sequence[_Line]) -> list[Any]:
    patients = [(n, patient) for n, line in enumerate(lines, 1) for patient in line.seen.patients[:TOLD]]
    return [
        clock.now(),
        *map(list, zip(*map(_values, lines), strict=True)),
        [n for n, _ in patients],
        [patient for _, patient in patients],
    ]


def _values(line: _Line) -> tuple[Any, ...]:
    call, seen = line.call, line.seen
    return (
        call.actor, call.name, call.post, call.organisation, call.purpose, f"fhir.{seen.what}", seen.type,
        seen.subject[:100], seen.count, call.request,
    )  # fmt: skip


def _fail(lines: Sequence[_Line], error: Exception) -> None:
    for line in lines:
        if not line.done.done():
            told = error if isinstance(error, FhirProblem) else FhirProblem("overloaded")
            told.__cause__ = error
            line.done.set_exception(told)
