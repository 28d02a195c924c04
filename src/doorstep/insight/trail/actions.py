"""The guarded reads of the trail: that somebody looked is a line of its own."""

from __future__ import annotations

from doorstep.insight.trail.access import Permission
from doorstep.kernel import trail_heads, trail_search, trail_verify
from doorstep.kernel.act import about, action, ask
from doorstep.kernel.call import Call
from doorstep.kernel.paging import Page, Paged

FAR = 200_000  # positions that a page walks; the command walks all


@ask(Permission.READ, audits="trail.search")
def search(call: Call, *, wanted: trail_search.Wanted, page: Page) -> Paged[trail_search.Line]:
    """Lines of the trail; that somebody looked is a line of its own."""
    about("Trail", "", resident=wanted.resident, who=wanted.who, action=wanted.action)
    return trail_search.find(wanted, page)


@action(Permission.READ, audits="trail.verify")
def verify(call: Call) -> tuple[trail_verify.Report, trail_heads.Head | None]:
    """Seal what is open and walk the chain, of a long one what came behind a signed head (which is returned)."""
    since = trail_heads.before_the_last(FAR)
    report = trail_verify.verify(since=since)
    first = report.breaches[0] if report.breaches else None
    about("Trail", first.line if first else "", holds=first is None)
    return report, since
