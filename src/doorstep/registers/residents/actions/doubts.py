"""Doubtful pairs: raised where two records may be one person's, once for two residents, and settled with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import clock
from doorstep.kernel.ids import new_id
from doorstep.registers.residents.reads.known import MOST
from doorstep.registers.residents.rules.placing import Question

_RESIDENTS: Final = "SELECT id, resident_id FROM residents_residentrecord WHERE id = ANY(%s)"
_ASKED: Final = f"""
SELECT DISTINCT w.id, o.resident_id FROM unnest(%s::uuid[]) AS w(id)
CROSS JOIN LATERAL (SELECT id FROM residents_residentrecord WHERE resident_id = w.id ORDER BY id LIMIT {MOST}) r
CROSS JOIN LATERAL (
  SELECT right_id AS other FROM residents_doubt WHERE left_id = r.id
  UNION ALL SELECT left_id FROM residents_doubt WHERE right_id = r.id) d
JOIN residents_residentrecord o ON o.id = d.other
"""  # noqa: S608  a number of our own
_RAISE: Final = """
INSERT INTO residents_doubt (id, version, created_at, left_id, right_id, reason, detail, bits, needed, state)
SELECT *, 'open' FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::uuid[], %s::uuid[], %s::text[], %s::text[],
  %s::float8[], %s::int[])
ON CONFLICT DO NOTHING
"""
_FIRST: Final = """
SELECT min(id::text)::uuid FROM residents_residentrecord WHERE resident_id = ANY(%s) GROUP BY resident_id
"""
_APART: Final = """
INSERT INTO residents_doubt
  (id, version, created_at, left_id, right_id, reason, detail, bits, needed, state, settled_at)
VALUES (%s, 1, %s, %s, %s, 'weight', 'unmerged', 0, 1, 'different', %s)
ON CONFLICT (left_id, right_id) DO UPDATE SET state = 'different', settled_at = excluded.settled_at,
  version = residents_doubt.version + 1
"""
_TURN: Final = """
UPDATE residents_doubt d SET state = %s, settled_at = %s, version = d.version + 1
FROM residents_residentrecord l, residents_residentrecord r
WHERE d.state = %s AND l.id = d.left_id AND r.id = d.right_id
  AND ((l.resident_id = %s AND r.resident_id = %s) OR (l.resident_id = %s AND r.resident_id = %s))
"""
_SETTLE: Final = """
UPDATE residents_doubt d SET state = 'settled', settled_at = %s, version = d.version + 1
FROM residents_residentrecord l, residents_residentrecord r
WHERE d.state IN ('open', 'unsure') AND l.id = d.left_id AND r.id = d.right_id AND l.resident_id = r.resident_id
  AND (d.left_id = ANY(%s) OR d.right_id = ANY(%s))
"""


def raise_(questions: Sequence[tuple[UUID, Question]]) -> int:
    """Put pairs (a record, and the question about another) into the queue; answers how many were new.

    Two residents are asked about once: another record of somebody who was already looked at brings no new question.
    """
    if not questions:
        return 0
    records = {record for record, _ in questions} | {question.record for _, question in questions}
    with connection.cursor() as cursor:
        cursor.execute(_RESIDENTS, [list(records)])
        whose: dict[UUID, UUID] = dict(cursor.fetchall())
        cursor.execute(_ASKED, [sorted({whose[record] for record, _ in questions})])
        asked = {frozenset(pair) for pair in cursor.fetchall()}
        rows, at = [], clock.now()
        for record, question in questions:
            pair = frozenset((whose[record], whose[question.record]))
            if len(pair) < 2 or pair in asked:
                continue
            asked.add(pair)
            left, right = sorted((record, question.record))
            rows.append(
                (new_id(), 1, at, left, right, question.reason, question.detail, question.bits, question.needed)
            )
        if rows:
            cursor.execute(_RAISE, [list(column) for column in zip(*rows, strict=True)])
    return len(rows)


def settle(records: Iterable[UUID]) -> None:
    """Close the open doubts about these records whose two sides are one resident's by now."""
    wanted = sorted(set(records))
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [clock.now(), wanted, wanted])


def hold_together(one: UUID, other: UUID) -> None:
    """Note that a person joined two residents: what held them apart before holds no longer."""
    with connection.cursor() as cursor:
        cursor.execute(_TURN, ["settled", clock.now(), "different", one, other, other, one])


def hold_apart(one: UUID, other: UUID) -> None:
    """Note that two residents are two people, by the first record of each: the index never joins them again, whatever
    reviewers said of their records before."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [[one, other]])
        firsts = [row[0] for row in cursor.fetchall()]
        if len(firsts) < 2:
            return
        left, right = sorted(firsts)
        at = clock.now()
        cursor.execute(_APART, [new_id(), at, left, right, at])
        cursor.execute(_TURN, ["different", at, "same", one, other, other, one])
