"""What the clock does: puts back what was ordered to be replayed, and deletes what need be kept no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection

from doorstep.kernel import clock, outbox
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions.mending import FRESH, afresh
from doorstep.record.endpoints.actions.queueing import CHANNEL, readdress
from doorstep.record.endpoints.flow import FLOW, OUTWARD, Sending, State
from doorstep.record.endpoints.models import Endpoint, Inbound, Minute, Outbound, Replay
from doorstep.record.endpoints.reads.walking import along
from doorstep.record.endpoints.rules.outward import Direction

SLICE: Final = 2000  # rows of one turn: what came meanwhile is not made to wait behind a million
MINUTES: Final = timedelta(days=400)


@action(Permission.MEND, audits="endpoints.replay_some")
def replay_some(call: Call) -> int:
    """Put the next of what was ordered back to be worked on; how many. Where much waits already, nothing yet."""
    done = 0
    for order in (
        Replay.objects.unscoped("all orders")
        .filter(ended_at__isnull=True)
        .select_related("endpoint")
        .order_by("id")[:20]
    ):
        done += _go_on(order)
    about("Inbound", "", count=done)
    if done:
        outbox.wake()
        outbox.wake(CHANNEL)
    return done


def _go_on(order: Replay) -> int:
    out = order.endpoint.direction == Direction.OUT
    every = (Outbound if out else Inbound).objects.unscoped("of the order")
    rows = every.filter(endpoint_id=order.endpoint_id)
    waiting = rows.filter(state=Sending.WAITING) if out else rows.filter(state=State.KEPT).order_by("slot", "id")
    if waiting[: SLICE + 1].count() > SLICE:
        return 0
    fixed = {"endpoint_id": order.endpoint_id} | ({"reason": order.reason} if order.reason else {})
    resting = along(every.filter(state=State.RESTING), fixed, above=order.done, below=order.upto + 1)
    keys = list(resting.order_by(*fixed, "pk").values_list("pk", flat=True)[:SLICE])
    if out:
        readdress(keys)
    again = {"state": Sending.WAITING, **afresh()} if out else {"state": FLOW.move("replay").to, **FRESH}
    rows.filter(pk__in=keys, state=State.RESTING).update(**again)
    order.done, order.count = keys[-1] if keys else order.upto, order.count + len(keys)
    if len(keys) < SLICE:
        order.ended_at = clock.now()
    order.save(update_fields=("done", "count", "ended_at"))
    return len(keys)


@action(Permission.MEND, audits="endpoints.purge")
def purge(call: Call) -> int:
    """Delete what is done with and older than its endpoint's days; how many. What rests stays until a person decides.

    What is mended goes with the text that took its place, so that no row is left that points to nothing.
    """
    done = 0
    for endpoint in Endpoint.objects.unscoped("all endpoints").filter(keep_days__gt=0):
        before = clock.now() - timedelta(days=endpoint.keep_days)
        with connection.cursor() as cursor:
            if endpoint.direction == Direction.OUT:
                cursor.execute(PURGE_SENT, [endpoint.pk, before, sorted(OUTWARD.ends), SLICE])
            else:
                cursor.execute(PURGE, [endpoint.pk, before, sorted(FLOW.ends), SLICE])
            done += cursor.rowcount
    Minute.objects.filter(at__lt=clock.now() - MINUTES).delete()
    about("Inbound", "", count=done)
    return done


PURGE_SENT: Final = """
DELETE FROM endpoints_outbound WHERE id IN (
  SELECT id FROM endpoints_outbound WHERE endpoint_id = %s AND made_at < %s AND state = ANY(%s) ORDER BY id LIMIT %s)
"""
PURGE: Final = """
DELETE FROM endpoints_inbound i WHERE i.id IN (
  SELECT o.id FROM endpoints_inbound o WHERE o.endpoint_id = %s AND o.received_at < %s AND o.state = ANY(%s)
    AND NOT EXISTS (SELECT 1 FROM endpoints_inbound m WHERE m.mends_id = o.id)
  ORDER BY o.id LIMIT %s)
"""
