"""What stands behind the FHIR door: searches over asyncpg, writes through exchange, a trail of all that was shown."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import tzinfo
from math import ceil
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection

from doorstep.fhir.door.house import (
    Answer,
    Authorization,
    Candidate,
    ExportState,
    ExportWish,
    Face,
    Fetch,
    FindWish,
    Seen,
    TakeWish,
)
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.walk import Steps
from doorstep.fhir.terminology.definitions import Definitions
from doorstep.fhir.write import Write
from doorstep.kernel import clock, fence, tracing
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.fhir_search import OPEN_TYPES
from doorstep.kernel.fhir_terms import house_definitions
from doorstep.kernel.rates import Buckets
from doorstep.record.exchange import api as exchange
from doorstep.registers.apps import api as apps
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff
from doorstep.site import fhir_answers, fhir_audit, fhir_booking, fhir_bundles, fhir_match, fhir_scopes
from doorstep.site.fhir_common import Common
from doorstep.site.fhir_messages import Messages
from doorstep.site.fhir_rows import Rows
from doorstep.site.fhir_trail import Trail
from doorstep.site.fhir_writer import Writer
from doorstep.site.limits import place

T = TypeVar("T")
THREADS: Final = 4
WAITING: Final = 4096  # requests that may wait for a thread; more are told to come back
HEALTH_SECONDS: Final = 1.0
KNOWN_SECONDS: Final = 10.0  # how long a token is known before it is looked up again
KNOWN_TOKENS: Final = 10_000
READ: Final = "charts.read"


class House:
    """The house of the door (see ``doorstep.fhir.door.house``)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="fhir", initializer=fence.as_system)
        self._pulse = ThreadPoolExecutor(1, thread_name_prefix="pulse")
        self._waiting = 0
        self._healthy = (0.0, False)
        self._known: dict[bytes, tuple[float, Call]] = {}
        self._rows = Rows()
        self._writer = Writer()
        self._trail = Trail()
        self._messages = Messages()
        self._keys, self._strangers = Buckets(settings.RATE_KEY), Buckets(settings.RATE_ADDRESS)
        self._common = Common()
        self._systems = fhir_match.Systems()
        self._reading: asyncio.Future[None] | None = None
        self._definitions = house_definitions()
        self._secret = hashlib.sha256(f"fhir cursors {settings.SECRET_KEY}".encode()).digest()

    @property
    def secret(self) -> bytes:
        """What cursors are sealed with."""
        return self._secret

    @property
    def zone(self) -> tzinfo:
        """The zone of dates without an offset."""
        return clock.CHINA

    @property
    def definitions(self) -> Definitions:
        """Terminology."""
        return self._definitions

    def common(self, type_name: str, token: int) -> bool:
        """Whether many resources of the type carry the token."""
        return self._common.has(type_name, token)

    async def work(self, function: Callable[[], T]) -> T:
        """Run what may wait in one of a few threads that each keep one connection."""
        if self._waiting >= WAITING:
            raise FhirProblem("overloaded")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _connected, tracing.along(function))
        finally:
            self._waiting -= 1

    def authorization(self, base: str) -> Authorization:
        """Our own OAuth endpoints, of the same origin as the door."""
        origin = base.rstrip("/").removesuffix("/fhir")
        told = apps.endpoints(origin)
        named = {
            "authorize": "authorization_endpoint", "token": "token_endpoint", "introspect": "introspection_endpoint",
            "revoke": "revocation_endpoint",
        }  # fmt: skip
        return Authorization(apps.smart(origin), {name: told[key] for name, key in named.items()})

    async def authenticate(self, headers: Mapping[str, str]) -> Call | None:
        """The call of the institution's system whose bearer token this is; looked up once in ten seconds."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        key = hashlib.sha256(token.strip().encode()).digest()
        known = self._known.get(key)
        if known is None or known[0] < time.monotonic():
            call = await self.work(lambda: _caller(token.strip()))
            if call is None:
                self._known.pop(key, None)
                return None
            if len(self._known) >= KNOWN_TOKENS:
                self._known.clear()
            self._known[key] = (time.monotonic() + KNOWN_SECONDS, call)
        else:
            call = known[1]
        _admit(self._keys, key)
        return replace(call, at=clock.now(), request=_request_id(headers))

    def stranger(self, address: str) -> None:
        """Count a request without a good key, by its address."""
        _admit(self._strangers, place(address))

    def permit(self, call: Call, kind: str, letters: str) -> Call:
        """The call for one interaction, where the token of an app allows it; a key's call as it is."""
        return fhir_scopes.permit(call, kind, letters)

    def bounds(self, call: Call) -> Bounds:
        """What the caller may see: all that its own institution has sent, and what is about no person; of an app only
        what its token opens. Who sees what others have sent too sees of it nothing that tells of a sensitive kind."""
        may = call.may(READ)
        if not may.allowed:
            raise FhirProblem("forbidden", reason=may.reason)
        sources = None if call.scope.everywhere else tuple(sorted(call.scope.organisations))
        return Bounds(sources, OPEN_TYPES, fhir_scopes.ways(call, sources), call.organisation)

    def face(self, call: Call, kind: str) -> Face | None:
        """AuditEvents are the trail for those who may read it; others, and apps, see what institutions have sent."""
        if kind == fhir_audit.KIND and call.grant is None and call.may(fhir_audit.READ).allowed:
            return fhir_audit.AuditEvents(call, self.work)
        return None

    async def run(self, call: Call, steps: Steps[T]) -> T:
        """Drive a search or read over the database."""
        if self._common.stale and self._reading is None:
            await self._read_common()
        admitted = call.grant.patients if call.grant is not None and call.grant.whole else ()
        return await self._rows.run(call, steps, self.work, admitted)

    async def _read_common(self) -> None:
        self._reading = asyncio.ensure_future(self.work(self._common.read))
        try:
            await self._reading
        finally:
            self._reading = None

    async def seen(self, call: Call, seen: Seen) -> None:
        """Leave a line in the trail; returns when it is durable."""
        await self._trail.seen(call, seen)

    async def write(self, call: Call, write: Write) -> Answer:
        """Do one write; returns when it is durable."""
        fhir_scopes.demand_write(call, write)
        one = exchange.Interaction(write, checked=write.method in ("POST", "PUT"))
        return fhir_answers.answer(await self._writer.submit(call, one), write.language)

    async def transact(
        self, call: Call, body: bytes, fetch: Fetch, representation: bool, language: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Keep the bundle, unless it only reads, and do what it says; the answer leaves when both are durable."""
        await self.work(lambda: fhir_scopes.demand_bundle(call, body))
        receipt = await self._refusing(lambda: fhir_bundles.only_reads(body) or _take(call, body))
        return await fhir_answers.bundle_answer(receipt, fetch, representation, language)

    async def process_message(self, call: Call, raw: bytes, peer: str, base: str, language: str) -> tuple[int, bytes]:
        """Keep a message by its sender's endpoint; the answer leaves when it is durable."""
        return await self._messages.process(call, self.work, raw, peer, base, language)

    async def match(self, call: Call, patient: dict[str, Any]) -> Sequence[Candidate]:
        """The patients within the caller's bounds that may be the one described, as the person index weighs them."""
        self.bounds(call)  # who may not read is told so
        return await self.work(_fenced(call, lambda: fhir_match.candidates(call, patient)))

    async def proposals(self, call: Call, wish: FindWish) -> Sequence[Mapping[str, Any]]:
        """What could be booked, as the booking room offers it."""
        return await self.work(_fenced(call, lambda: fhir_booking.proposals(call, wish)))

    async def take(self, call: Call, wish: TakeWish) -> Mapping[str, Any]:
        """Hold or book in the booking room."""
        return await self.work(_fenced(call, lambda: fhir_booking.take(call, wish)))

    async def same_person(self, call: Call, patients: Sequence[str]) -> Sequence[str]:
        """All patients within the caller's bounds that are one person's with these."""
        return await self.work(_fenced(call, lambda: residents.linked(call.scope, patients)))

    async def systems(self, asked: Sequence[str]) -> frozenset[str]:
        """Which of these systems give numbers to residents."""
        return await self._systems.known(asked, self.work)

    async def begin_export(self, call: Call, wish: ExportWish) -> str:
        """Begin a bulk export; returns its id."""
        wish = fhir_scopes.export(call, wish)
        begun = await self._refusing(
            lambda: exchange.begin_export(
                call,
                level=wish.level,
                group=wish.group,
                types=wish.types,
                since=wish.since,
                type_filters=wish.filters,
                elements=wish.elements,
                request_url=wish.url,
                key=wish.key,
            )
        )
        return str(begun.id)

    async def export_state(self, call: Call, ident: str, base: str, language: str) -> ExportState:
        """How far an export is."""
        fhir_scopes.permit(call, "", "rs")
        found = await self._refusing(lambda: exchange.export_status(call, _export_id(ident)))
        if found.state == "failed":
            raise FhirProblem(found.error)
        if found.state != "done":
            return ExportState(ident, False, found.progress("en"), found.retry_after)
        manifest = exchange.export_manifest(found, f"{base}$export-file/{ident}")
        return ExportState(ident, True, manifest=manifest, expires=found.expires_at)

    async def export_file(self, call: Call, ident: str, name: str) -> str:
        """The path of a file of an export."""
        fhir_scopes.demand_file(call, name)
        return str(await self._refusing(lambda: exchange.export_file(call, export=_export_id(ident), name=name)))

    async def cancel_export(self, call: Call, ident: str) -> None:
        """End an export and remove its files."""
        fhir_scopes.permit(call, "", "rs")
        await self._refusing(lambda: exchange.cancel_export(call, export=_export_id(ident)))

    async def healthy(self) -> bool:
        """Whether the database answers; asked at most once a second, on a connection of its own."""
        at, known = self._healthy
        if time.monotonic() - at < HEALTH_SECONDS:
            return known
        answer = await asyncio.get_running_loop().run_in_executor(self._pulse, _connected, _beats)
        self._healthy = (time.monotonic(), answer)
        return answer

    async def close(self) -> None:
        """Finish what is under way and close what is open."""
        await self._writer.close()
        await self._messages.close()
        await self._trail.close()
        await self._rows.close()

    async def _refusing(self, function: Callable[[], T]) -> T:
        return await self.work(lambda: _refusing(function))


def _admit(buckets: Buckets, caller: Hashable) -> None:
    if wait := buckets.wait(caller):
        raise FhirProblem("rate-limited", seconds=ceil(wait))


def _caller(token: str) -> Call | None:
    """Whose token it is: an app's, or an institution's system's."""
    return apps.access_call(token) if apps.is_access_token(token) else staff.source_call(token)


def _export_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FhirProblem("not-found", what=f"$export-status/{text}") from None


def _refusing(function: Callable[[], T]) -> T:
    try:
        return function()
    except Refused as refused:
        raise fhir_answers.refusal(refused) from refused


def _fenced(call: Call, work: Callable[[], T]) -> Callable[[], T]:
    def fenced() -> T:
        with fence.within(call.scope, call.organisation):
            return work()

    return fenced


def _connected(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    except (OperationalError, InterfaceError) as error:
        raise FhirProblem("overloaded") from error


def _beats() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:  # whatever the fault, the database does not answer
        connection.close()
        return False
    return True


def _take(call: Call, body: bytes) -> exchange.Receipt:
    if call.organisation is None:
        raise FhirProblem("forbidden", reason="no_institution")
    piece = exchange.Piece("bundle", f"/fhir {clock.now():%Y-%m-%dT%H:%M:%SZ}", body)
    return next(r for found in exchange.take(call, call.organisation, [piece], "fhir") for r in found)


def _request_id(headers: Mapping[str, str]) -> str:
    given = headers.get("x-request-id", "")
    return given[:64] if given.isascii() and given.replace("-", "").isalnum() else ""
