"""What stands behind the FHIR door: exchange, reached from a few threads that each keep one connection.

However many clients wait, no request holds more than one connection, and none holds one while it waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import orjson
from django.db import DatabaseError, close_old_connections, connection

from doorstep.fhir.outcome import EntryResponse, bundle_response, etag
from doorstep.fhir.problems import KINDS, FhirProblem
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.ledger import Stored
from doorstep.record.exchange import api as exchange
from doorstep.registers.staff import api as staff

T = TypeVar("T")
THREADS = 4
WAITING = 4096  # requests that may wait for a thread; more are told to come back
HEALTH_SECONDS = 1.0
JSON = {"content-type": "application/fhir+json; charset=utf-8"}


class HouseStore:
    """The store of the door (see ``doorstep.fhir.app.Store``)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="fhir")
        self._pulse = ThreadPoolExecutor(1, thread_name_prefix="pulse")
        self._waiting = 0
        self._healthy = (0.0, False)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise FhirProblem("overloaded")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _connected, work)
        finally:
            self._waiting -= 1

    async def authenticate(self, headers: Mapping[str, str]) -> Call | None:
        """The call of the institution's system whose bearer token this is."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        key = token.strip()
        return await self._run(lambda: staff.source_call(key))

    async def transact(self, call: Call, body: bytes, content_type: str) -> tuple[int, bytes, Mapping[str, str]]:
        """Keep the bundle and do what it says; the answer leaves when both are durable."""
        return await self._run(lambda: transact(call, body))

    async def read(self, call: Call, type_name: str, ident: str) -> Stored | None:
        """The version that holds now."""
        return next(iter(await self.history_instance(call, type_name, ident)), None)

    async def vread(self, call: Call, type_name: str, ident: str, version: int) -> Stored | None:
        """One version."""
        found = await self.history_instance(call, type_name, ident)
        return next((v for v in found if v.version == version), None)

    async def history_instance(self, call: Call, type_name: str, ident: str) -> Sequence[Stored]:
        """All versions, newest first."""
        return await self._run(lambda: _stored(call, type_name, ident))

    async def healthy(self) -> bool:
        """Whether the database answers; asked at most once a second, on a connection of its own."""
        at, known = self._healthy
        if time.monotonic() - at < HEALTH_SECONDS:
            return known
        answer = await asyncio.get_running_loop().run_in_executor(self._pulse, _connected, _beats)
        self._healthy = (time.monotonic(), answer)
        return answer


def _connected(work: Callable[[], T]) -> T:
    close_old_connections()
    return work()


def _beats() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:  # whatever the fault, the database does not answer
        connection.close()
        return False
    return True


def _stored(call: Call, kind: str, key: str) -> list[Stored]:
    try:
        return exchange.stored(call, kind=kind, key=key)
    except Refused as refused:
        raise _refusal(refused) from refused


def _refusal(refused: Refused) -> FhirProblem:
    return FhirProblem("forbidden", reason=refused.decision.reason)


def transact(call: Call, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
    """Take a bundle in for the caller's institution; status, body and headers of the answer."""
    if call.organisation is None:
        raise FhirProblem("forbidden", reason="no_institution")
    piece = exchange.Piece("bundle", f"/fhir {clock.now():%Y-%m-%dT%H:%M:%SZ}", body)
    try:
        receipts = [r for found in exchange.take(call, call.organisation, [piece], "fhir") for r in found]
    except Refused as refused:
        raise _refusal(refused) from refused
    receipt = receipts[0]
    headers = {**JSON, "x-doorstep-message": str(receipt.message)}
    if receipt.state != "applied" and not receipt.answers:
        return _status(receipt.problems), outcome(receipt.problems), headers
    kind = "transaction" if receipt.bundle_type == "transaction" else "batch"
    return 200, bundle_response(kind, [_entry(a) for a in receipt.answers]), headers


def _entry(answer: exchange.EntryAnswer) -> EntryResponse:
    if answer.problem is not None:
        return EntryResponse(_status([answer.problem]), outcome=outcome([answer.problem]))
    if not answer.location:
        return EntryResponse(answer.status)
    return EntryResponse(answer.status, f"{answer.location}/_history/{answer.version}", etag(answer.version))


def _status(problems: Sequence[exchange.Problem]) -> int:
    kind = KINDS.get(problems[0].code) if problems else None
    if problems and problems[0].code == "version-conflict":
        return 412
    return kind.status if kind else 422


def outcome(problems: Sequence[exchange.Problem]) -> bytes:
    """An OperationOutcome that names every problem, its place, and what can be done about it."""
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": [_issue(p) for p in problems]})


def _issue(problem: exchange.Problem) -> dict[str, Any]:
    kind = KINDS.get(problem.code)
    issue: dict[str, Any] = {
        "severity": "error",
        "code": kind.issue if kind else "processing",
        "details": {"coding": [{"code": problem.code}], "text": exchange.say(problem)},
    }
    if advice := exchange.advice(problem.code, "zh"):
        issue["diagnostics"] = advice
    if problem.path:
        issue["expression"] = [problem.path]
    return issue
