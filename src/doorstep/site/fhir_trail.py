"""The trail of the FHIR door: lines of many requests are written together, each durable before its answer leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from doorstep.fhir.door.house import Seen
from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import trail
from doorstep.kernel.call import Call
from doorstep.registers.residents import api as residents

TOLD: Final = 500  # residents that a line names
MOST: Final = 200  # lines of one commit

Work = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(slots=True)
class _Line:
    call: Call
    seen: Seen
    done: asyncio.Future[None]


class Trail:
    """Gathers what was shown; what comes while a commit is under way goes into the next."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: list[_Line] = []
        self._writer: asyncio.Task[None] | None = None

    async def seen(self, call: Call, seen: Seen) -> None:
        """Leave a line; returns when it is durable. FhirProblem where it cannot be kept: then nothing may be shown."""
        line = _Line(call, seen, asyncio.get_running_loop().create_future())
        self._waiting.append(line)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await line.done

    async def _write(self) -> None:
        try:
            while self._waiting:
                lines, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    await self._work(lambda lines=lines: _keep(lines))  # type: ignore[misc]  # the default binds it
                except Exception as error:  # noqa: BLE001  whatever it was, each of these requests must be told
                    _fail(lines, error)
                else:
                    for line in lines:
                        if not line.done.done():
                            line.done.set_result(None)
        finally:
            self._writer = None


def _fail(lines: Sequence[_Line], error: Exception) -> None:
    for line in lines:
        if not line.done.done():
            told = error if isinstance(error, FhirProblem) else FhirProblem("overloaded")
            told.__cause__ = error
            line.done.set_exception(told)


def _keep(lines: Sequence[_Line]) -> None:
    patients = {patient for line in lines for patient in line.seen.patients[:TOLD]}
    whose = residents.residents_of(patients) if patients else {}
    told = []
    for line in lines:
        seen = line.seen
        found = list(dict.fromkeys(str(whose[p]) for p in seen.patients[:TOLD] if p in whose))
        detail: dict[str, object] = {"count": seen.count}
        if len(found) > 1:
            detail["residents"] = found
        told.append(
            trail.Line(
                line.call,
                f"fhir.{seen.what}",
                subject=(seen.type, seen.subject),
                resident=next((whose[p] for p in seen.patients[:1] if p in whose), None) if len(found) == 1 else None,
                detail=detail,
            )
        )
    trail.write_lines(told)
