"""What is free: public to all who may book."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import fence
from doorstep.kernel.call import Call
from doorstep.kernel.prepared import ask
from doorstep.registers.organisations import api as organisations
from doorstep.resources.booking.reads import claims
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import Offer

MOST: Final = 500
ANYBODY: Final = "whether anybody waits for a clinic decides what is free; who it is, is not told"
_GONE: Final = f"""
SELECT o.live AND o.starts > %(after)s AND (o.open_at <= %(at)s OR (o.channel = %(channel)s
    AND o.released_at <= %(at)s)),
  EXISTS (SELECT 1 FROM booking_slot s
    WHERE s.session_id = o.session_id AND s.starts = o.starts AND {claims.FREE} AND {claims.RELEASED})
FROM booking_slot o WHERE o.id = %(slot)s
"""  # noqa: S608  our own text; values go by parameters
_OFFERS: Final = f"""
SELECT (array_agg(s.id ORDER BY s.number))[1], ss.id, ss.organisation_id, ss.department, c.practitioner, c.title,
  s.starts, min(s.ends), ss.fee, count(*), c.id, c.name, ss.place, c.code
FROM booking_session ss JOIN booking_clinic c ON c.id = ss.clinic_id JOIN booking_slot s ON s.session_id = ss.id
WHERE ss.day BETWEEN %(since)s AND %(until)s AND {{where}} AND {claims.CLAIMABLE}
GROUP BY ss.id, c.id, s.starts ORDER BY s.starts, c.name, ss.id LIMIT %(limit)s
"""  # noqa: S608  our own text; values go by parameters


def is_gone(call: Call, slot: UUID, channel: Channel) -> bool:
    """Whether all places of a slot's session and time that the channel may take are taken: one prepared statement, no
    transaction, for the moment at which thousands ask. What else may be in the way is not asked."""
    said = {"slot": slot, "channel": channel.value, "at": call.at, "after": call.at}
    [found] = ask((_GONE, said))
    return any(given and not free for given, free in found)


def free(
    call: Call,
    *,
    organisations: Collection[UUID],
    department: UUID | None,
    since: date,
    until: date,
    channel: Channel,
    limit: int,
) -> tuple[Offer, ...]:
    """What a channel may take now at these institutions, by time: one offer for each time of a session. Two queries.

    What is kept for other channels, not yet released, or waited for by others is not among it.
    """
    where = "ss.organisation_id = ANY (%(organisations)s)"
    if department:
        where += " AND ss.department = %(department)s"
    said = {"organisations": list(organisations), "department": department}
    return _offers(call, where, said | _span(since, until, limit), channel)


def free_in(call: Call, session: UUID, channel: Channel, limit: int = MOST) -> tuple[Offer, ...]:
    """What a channel may take now in one session, by time."""
    said = {"session": session} | _span(date.min, date.max, limit)
    return _offers(call, "ss.id = %(session)s", said, channel)


def free_of(call: Call, clinic: UUID, since: date, until: date, channel: Channel, limit: int) -> tuple[Offer, ...]:
    """What a channel may take now of one clinic, by time."""
    return _offers(call, "ss.clinic_id = %(clinic)s", {"clinic": clinic} | _span(since, until, limit), channel)


def _span(since: date, until: date, limit: int) -> dict[str, Any]:
    return {"since": since, "until": until, "limit": max(1, min(limit, MOST))}


def _offers(call: Call, where: str, said: Mapping[str, Any], channel: Channel) -> tuple[Offer, ...]:
    now = {"at": call.at, "after": call.at, "channel": channel.value, "listed": False, "queued": False}
    with fence.lifted(ANYBODY), connection.cursor() as cursor:
        cursor.execute(_OFFERS.format(where=where), {**said, **now})
        rows = cursor.fetchall()
    names = organisations.department_names({(row[2], row[13]) for row in rows})
    return tuple(_offer(row, names.get((row[2], row[13]), row[13])) for row in rows)


def _offer(row: tuple[Any, ...], department: str) -> Offer:
    slot, session, organisation, key, practitioner, title, starts, ends, fee, count, clinic, name, place, _ = row
    return Offer(
        slot, session, organisation, key, department, practitioner, title, starts, ends, fee, count, clinic, name, place
    )
