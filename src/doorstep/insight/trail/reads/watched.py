"""The residents on the list of those who are watched."""

from __future__ import annotations

from doorstep.insight.trail.models import Watched
from doorstep.insight.trail.shapes import WatchedLine
from doorstep.kernel.call import Call
from doorstep.kernel.letters import whole
from doorstep.kernel.paging import Page, Paged, cut
from doorstep.registers.residents import api as residents


def watched(call: Call, page: Page) -> Paged[WatchedLine]:
    """Those on the list today, the last first; two queries. Who is out of the caller's bounds has no name."""
    rows = Watched.objects.filter(ended_at__isnull=True).order_by("-pk")
    if page.after:
        rows = rows.filter(pk__lt=whole(page.after[0]))
    listed = list(rows[: page.limit + 1])
    names = residents.names(call.scope, {row.resident_id for row in listed})
    found = [
        WatchedLine(row.pk, row.resident_id, names.get(row.resident_id, ""), row.reason, row.by, row.since)
        for row in listed
    ]
    return cut(found, page, (str(found[page.limit - 1].id),) if len(found) > page.limit else None)
