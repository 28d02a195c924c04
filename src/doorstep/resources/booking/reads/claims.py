"""The condition under which a place can be taken: one text, for what is offered and for what is claimed."""

from __future__ import annotations

from typing import Final

# %(at)s now · %(after)s the place begins later than this · %(channel)s · %(listed)s for one on the waiting list
# · %(queued)s for one whose turn it is in the queue for a release
ONE_LIKE: Final = "(s.session_id, s.starts) = (SELECT o.session_id, o.starts FROM booking_slot o WHERE o.id = %(slot)s)"
FREE: Final = "(s.live AND (s.appointment IS NULL OR s.held_until <= %(at)s) AND s.starts > %(after)s)"
WAITED_FOR: Final = """EXISTS (SELECT 1 FROM booking_waiting w WHERE w.clinic_id = ss.clinic_id
  AND w.status = 'waiting' AND ss.day BETWEEN w.since AND w.until)"""
RELEASED: Final = "((s.channel = %(channel)s AND s.released_at <= %(at)s) OR s.open_at <= %(at)s)"
QUEUED_FOR: Final = """EXISTS (SELECT 1 FROM booking_release r WHERE r.session_id = ss.id AND r.closed_at IS NULL)"""
# What is kept for a channel is its own; what is open to all goes first to those who queue for its
# release, then to those who wait for it.
GIVEN: Final = f"""((s.channel = %(channel)s AND s.released_at <= %(at)s AND s.open_at > %(at)s AND NOT %(listed)s)
  OR (s.open_at <= %(at)s AND (%(queued)s OR (NOT {QUEUED_FOR} AND (%(listed)s OR NOT {WAITED_FOR})))))"""
CLAIMABLE: Final = f"{FREE} AND {GIVEN}"
BARRED: Final = """EXISTS (SELECT 1 FROM booking_sanction b WHERE b.resident_id = %(resident)s
  AND b.status <> 'lifted' AND %(day)s BETWEEN b.since AND b.until AND %(channel)s = ANY (b.channels)
  AND (b.everywhere OR b.organisation_id = ss.organisation_id))"""
