"""Referrals by the thousand, in one statement: for plans and benchmarks, not for what actions do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection

_FILL: Final = """
INSERT INTO referrals_referral (
  id, version, created_at, number, resident_id, first, name, pinyin, initials, patient, person, kind, service, urgency,
  status, origin_id, destination_id, desk, waiting, department_name, wish, sender, sender_name, holder, holder_name,
  follow_up_owed, changed_at, due_at, valid_until, sent_at, answer_due, answered_at, escalation)
SELECT gen_random_uuid(), 1, at, 'N' || n, %(resident)s, %(resident)s, '病人' || n, 'p' || n, 'i' || n, '', '{}', 'up',
  'outpatient', 'routine', status, origin, destination,
  CASE WHEN status = 'sent' THEN destination WHEN status = 'reported' THEN origin END,
  CASE WHEN status = 'sent' THEN origin WHEN status = 'reported' THEN destination END,
  '', '{}', 'staff:x', 'x', '', '', false, at, CASE WHEN status <> 'closed' THEN at + interval '1 day' END,
  at + interval '7 days', at, at + interval '1 day', at + interval '1 hour', ''
FROM (SELECT n, now() - n * interval '1 minute' AS at,
    CASE WHEN n %% 100 = 0 THEN 'sent' WHEN n %% 100 = 1 THEN 'reported' ELSE 'closed' END AS status,
    (%(places)s::uuid[])[1 + n %% %(many)s] AS origin, (%(places)s::uuid[])[1 + (n + 1) %% %(many)s] AS destination
  FROM generate_series(1, %(count)s) n) made
"""


def fill(count: int, resident: UUID, places: Sequence[UUID]) -> None:
    """Insert them: one in fifty open, the rest closed; then let PostgreSQL look at the table."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"count": count, "resident": resident, "places": list(places), "many": len(places)})
        cursor.execute("ANALYZE referrals_referral")
