"""Keeps what came in before its sender is told: many messages, of many senders, in one statement and commit.

The listener runs it over its own connection. It stands under no ``@action``: a line of the trail a message would double
its price, and the row itself is the line, with its time, its peer and its hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from doorstep.kernel import outbox
from doorstep.record.endpoints.shapes import Arrival, Kept

KEEP: Final = """
WITH kept AS (
  INSERT INTO endpoints_inbound (endpoint_id, source_id, control, digest, received_at, peer, raw, size, kind, key, slot,
    code, state, reason, place, params, wrote, trace)
  SELECT a.endpoint, a.source, a.control, a.digest, a.at, a.peer, a.raw, length(a.raw), a.kind, a.key, a.slot, a.code,
    CASE WHEN a.reason = '' THEN 'kept' ELSE 'resting' END, a.reason, a.place, a.params::jsonb, '{}', a.trace
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::timestamptz[], $6::text[], $7::bytea[], $8::text[],
    $9::text[], $10::smallint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[])
    AS a(endpoint, source, control, digest, at, peer, raw, kind, key, slot, code, reason, place, params, trace)
  ON CONFLICT (endpoint_id, digest) DO NOTHING
  RETURNING id, endpoint_id, digest, received_at, code, size, reason
), counted AS (
  INSERT INTO endpoints_minute AS m (id, endpoint_id, at, received, size, applied, rested, lag_ms)
  SELECT gen_random_uuid(), endpoint_id, date_trunc('minute', now()), count(*), sum(size), 0,
    count(*) FILTER (WHERE reason <> ''), 0
  FROM kept GROUP BY endpoint_id ORDER BY endpoint_id
  ON CONFLICT (endpoint_id, at) DO UPDATE SET received = m.received + excluded.received, size = m.size + excluded.size,
    rested = m.rested + excluded.rested
)
SELECT endpoint_id, digest, id, received_at, code FROM kept
"""
"""Keeps a batch (``columns``); finds what is new of it. What is there already is found by ``KNOWN``."""
KEEP_AND_CALL: Final = f"{KEEP} CROSS JOIN (SELECT pg_notify('{outbox.CHANNEL}', '')) called"
"""The same, and calls the worker in the same commit: a call of its own would be one more to wait for."""
KNOWN: Final = """
SELECT i.endpoint_id, i.digest, i.id, i.received_at, i.code
FROM unnest($1::uuid[], $2::bytea[]) AS a(endpoint, digest)
JOIN endpoints_inbound i ON i.endpoint_id = a.endpoint AND i.digest = a.digest
"""
Key = tuple[UUID, bytes]


def columns(arrivals: Sequence[Arrival]) -> list[list[Any]]:
    """A batch as the arrays that ``KEEP`` takes."""
    return list(map(list, zip(*map(_values, arrivals), strict=True)))


def _values(one: Arrival) -> tuple[Any, ...]:
    params = json.dumps(dict(one.params), ensure_ascii=False) if one.params else "{}"
    return (
        one.endpoint, one.source, _text(one.control, 200), one.digest, one.received_at, one.peer[:60], one.raw,
        _text(one.kind, 40), _text(one.key, 200), one.slot, one.code, one.reason, one.place, _text(params, 4000),
        one.trace,
    )  # fmt: skip


def _text(text: str, most: int) -> str:
    if text.isascii() and len(text) <= most and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:most]


def found(rows: Iterable[Sequence[Any]]) -> Mapping[Key, Kept]:
    """What ``KEEP`` or ``KNOWN`` has found, by endpoint and hash."""
    return {(endpoint, bytes(digest)): Kept(*facts) for endpoint, digest, *facts in rows}
