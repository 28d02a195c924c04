"""What the sender asks of the database: what is next, that it is about to leave, and what came of it.

None of it waits for the network. Who sends to an endpoint holds its lock, which is the connection's and not a
transaction's: where that ends, so does the lock, and another sender may take over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from doorstep.kernel import clock, trail
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.flow import OUTWARD, Sending
from doorstep.record.endpoints.models import Outbound
from doorstep.record.endpoints.shapes import Endpoint, Head, Parcel, Result

WHY: Final = "the sender's own"
LOCK: Final = 0x6F757477  # the first key of the advisory locks of this file
LOOK: Final = 200  # keys that are looked at in one turn
RUN_BYTES: Final = 8 << 20  # of what is held in memory for one key
# from key to key: as many steps as there are keys, however many messages wait at each
HEADS: Final = """
WITH RECURSIVE k(key, n) AS (
  (SELECT key, 1 FROM endpoints_outbound WHERE endpoint_id = %(endpoint)s AND state = 'waiting' AND key > %(after)s
   ORDER BY key LIMIT 1)
  UNION ALL
  SELECT (SELECT o.key FROM endpoints_outbound o WHERE o.endpoint_id = %(endpoint)s AND o.state = 'waiting'
    AND o.key > k.key ORDER BY o.key LIMIT 1), n + 1 FROM k WHERE k.key IS NOT NULL AND n < %(most)s
)
SELECT f.key, h.due_at, %(holds)s AND EXISTS (
  SELECT 1 FROM endpoints_outbound r WHERE r.endpoint_id = %(endpoint)s AND r.key = f.key AND r.state = 'resting'
    AND r.id < h.id)
FROM (SELECT key, n FROM k WHERE key IS NOT NULL) f CROSS JOIN LATERAL (
  SELECT o.id, o.due_at FROM endpoints_outbound o WHERE o.endpoint_id = %(endpoint)s AND o.key = f.key
    AND o.state = 'waiting' ORDER BY o.id LIMIT 1) h
ORDER BY f.n
"""
NEXT: Final = """
SELECT k.key, o.id, o.size, o.due_at FROM unnest(%(keys)s::text[]) k(key) CROSS JOIN LATERAL (
  SELECT id, size, due_at FROM endpoints_outbound WHERE endpoint_id = %(endpoint)s AND key = k.key
    AND state = 'waiting' ORDER BY id LIMIT %(most)s) o
ORDER BY k.key, o.id
"""
SETTLE: Final = """
UPDATE endpoints_outbound SET settled_at = CASE WHEN state = 'waiting' THEN %s ELSE settled_at END,
  state = CASE WHEN state = 'waiting' THEN %s ELSE state END, tries = tries + %s, tried_at = %s, due_at = %s,
  code = %s, answer = coalesce(%s, answer), reason = %s, params = %s
WHERE id = %s
"""
COUNT: Final = """
INSERT INTO endpoints_minute AS m (id, endpoint_id, at, received, size, applied, rested, lag_ms)
VALUES (gen_random_uuid(), %s, date_trunc('minute', now()), %s, %s, %s, %s, %s)
ON CONFLICT (endpoint_id, at) DO UPDATE SET received = m.received + excluded.received, size = m.size + excluded.size,
  applied = m.applied + excluded.applied, rested = m.rested + excluded.rested, lag_ms = m.lag_ms + excluded.lag_ms
"""


def lock(endpoint: UUID) -> bool:
    """Lock the sending to an endpoint for this connection; False where another sends."""
    return _locked("pg_try_advisory_lock", endpoint)


def unlock(endpoint: UUID) -> None:
    """Let another send."""
    _locked("pg_advisory_unlock", endpoint)


def _locked(function: str, endpoint: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, hashtext(%s))", [LOCK, str(endpoint)])
        return bool(cursor.fetchone()[0])


def heads(endpoint: Endpoint, after: str) -> list[Head]:
    """The first that waits of each key behind this one, in the order of the keys: at most ``LOOK``."""
    asked: dict[str, Any] = {"endpoint": endpoint.id, "after": after, "most": LOOK, "holds": endpoint.out.holds}
    with connection.cursor() as cursor:
        cursor.execute(HEADS, asked)
        return [Head(*row) for row in cursor.fetchall()]


@action(Permission.MEND, audits="endpoints.hand_over")
def hand_over(
    call: Call, *, endpoint: Endpoint, keys: Sequence[str], most: int, busy: Collection[str] = ()
) -> list[list[Parcel]]:
    """The next messages of these keys (at most so many of each), each key's in their order, to be sent now; none about
    somebody of whom others are under way (``busy``): a merge does not overtake what was told before.

    What leaves for the first time is in the trail, a line for each message and resident, before it leaves.
    """
    at = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {"endpoint": endpoint.id, "keys": list(keys), "most": most})
        wanted = [key for _, rows in groupby(cursor.fetchall(), lambda row: row[0]) for key in _run(list(rows), at)]
    # locked, for a person may be at one of them
    locked = Outbound.objects.unscoped(WHY).filter(pk__in=wanted, state=Sending.WAITING).order_by("key", "id")
    rows = list(_free(locked.select_for_update(of=("self",)), {*busy, *keys}))
    fresh = [row for row in rows if row.sent_at is None]
    Outbound.objects.unscoped(WHY).filter(pk__in=[row.pk for row in fresh]).update(sent_at=at)
    trail.write_many(call, "endpoints.send", [line for row in fresh for line in _lines(row)])
    if fresh:
        _count(endpoint.id, received=len(fresh), size=sum(row.size for row in fresh))
    about("Endpoint", endpoint.id, of=len(rows), first=len(fresh))
    parcels = [
        Parcel(row.pk, row.key, row.control, bytes(row.body), row.tries, row.sent_at or at, row.made_at)
        for row in rows
    ]  # fmt: skip
    return [list(run) for _, run in groupby(parcels, lambda parcel: parcel.key)]


def _free(rows: Iterable[Outbound], busy: Collection[str]) -> Iterator[Outbound]:
    stopped = set()
    for row in rows:
        if any(str(each) in busy for each in row.residents if str(each) != row.key):
            stopped.add(row.key)
        if row.key not in stopped:
            yield row


def _run(rows: list[tuple[str, int, int, datetime]], at: datetime) -> list[int]:
    """Of one key's messages those that may leave one behind the other now, no more than memory should hold."""
    found: list[int] = []
    size = 0
    for _, number, length, due_at in rows:
        size += length
        if due_at > at or (found and size > RUN_BYTES):
            break
        found.append(number)
    return found


def _lines(row: Outbound) -> Iterable[dict[str, Any]]:
    detail = {
        "endpoint": str(row.endpoint_id), "receiver": str(row.receiver_id), "kind": row.kind, "control": row.control,
    }  # fmt: skip
    whose: list[UUID | None] = [*row.residents] or [None]
    for resident in whose:
        yield {"subject": ("Outbound", str(row.pk)), "resident": resident, "detail": detail}


@action(Permission.MEND, audits="endpoints.note_answers")
def note(call: Call, *, endpoint: UUID, results: Sequence[Result]) -> None:
    """Keep what came of messages that were sent, or could not be."""
    at = clock.now()
    with connection.cursor() as cursor:
        cursor.executemany(SETTLE, [_settled(result, at) for result in results])
    taken = [result for result in results if result.move == "take"]
    rested = sum(result.move == "rest" for result in results)
    lag = sum(int((at - result.made_at).total_seconds() * 1000) for result in taken)
    if taken or rested:
        _count(endpoint, applied=len(taken), rested=rested, lag=max(0, lag))
    about("Endpoint", endpoint, of=len(results), taken=len(taken), rested=rested)


def _settled(result: Result, at: datetime) -> tuple[Any, ...]:
    state = OUTWARD.move(result.move).to if result.move else OUTWARD.start
    params = orjson.dumps({name: _storable(str(value)) for name, value in result.params.items()}).decode()
    return (
        at if result.move else None, state.value, int(result.sent), at, result.due_at, _storable(result.code)[:20],
        result.answer, result.reason[:60], params, result.id,
    )  # fmt: skip


def _storable(text: str) -> str:
    """What PostgreSQL takes as text, whatever the other side has said."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _count(
    endpoint: UUID, *, received: int = 0, size: int = 0, applied: int = 0, rested: int = 0, lag: int = 0
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [endpoint, received, size, applied, rested, lag])
