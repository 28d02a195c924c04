"""The worklist of those who review break-glass. A fixed number of queries a page."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.models import BreakGlass, Verdict
from doorstep.registers.consents.shapes import Glass
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents


@ask(Permission.REVIEW, audits="consents.glasses")
def glasses(call: Call, *, page: Page, verdict: str = "waiting") -> Paged[Glass]:
    """Break-glass by what was said of it: those that wait, the oldest first; else the newest first."""
    waiting = verdict == Verdict.WAITING
    rows = BreakGlass.objects.within(call.scope).filter(verdict=verdict)
    if page.after:
        rows = rows.filter(**{"pk__gt" if waiting else "pk__lt": key_of(page.after[0])})
    found = list(rows.select_related("relation").order_by("pk" if waiting else "-pk")[: page.limit + 1])
    shown = found[: page.limit]
    about("BreakGlass", "worklist", shown=sorted({str(row.relation.resident_id) for row in shown}))
    lines = _seen(call, found)
    return cut(lines, page, (str(shown[-1].pk),) if shown else None)


def waiting(call: Call) -> int:
    """How many wait for the caller's review: told on every page of who reviews, from the moment the glass is broken."""
    found: int = BreakGlass.objects.within(call.scope).filter(verdict=Verdict.WAITING).count()
    return found


@ask(Permission.REVIEW, audits="consents.glass")
def glass(call: Call, *, glass: UUID) -> Glass:
    """One break-glass; ``Refused`` (not_found) outside the scope."""
    row = BreakGlass.objects.within(call.scope).select_related("relation").filter(pk=glass).first()
    if row is None:
        raise Refused(refuse("not_found", kind="BreakGlass"))
    about("BreakGlass", glass, resident=row.relation.resident_id)
    (seen,) = _seen(call, [row])
    return seen


def _seen(call: Call, rows: list[BreakGlass]) -> list[Glass]:
    named: Mapping[UUID, str] = residents.names(call.scope, {row.relation.resident_id for row in rows})
    called = organisations.names({row.organisation_id for row in rows})
    return [
        Glass(
            id=row.pk,
            version=row.version,
            resident=row.relation.resident_id,
            resident_name=named.get(row.relation.resident_id, ""),
            person_name=row.name,
            organisation_name=called.get(row.organisation_id, ""),
            reason=row.get_reason_display(),
            words=row.words,
            since=row.relation.since,
            until=row.relation.until,
            due=row.due,
            verdict=row.verdict,
            own=row.relation.person == call.actor,
            reviewed_name=row.reviewed_name,
            reviewed_at=row.reviewed_at,
            reviewed_words=row.reviewed_words,
        )
        for row in rows
    ]
