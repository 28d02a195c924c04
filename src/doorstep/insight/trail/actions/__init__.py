"""The guarded reads of the trail (that somebody looked is a line of its own), and the list of those who are watched."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction

from doorstep.insight.trail import rules
from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.models import Watched
from doorstep.insight.trail.reads import unusual as reads
from doorstep.insight.trail.reads import watched as watched_reads
from doorstep.insight.trail.shapes import Finding, WatchedLine
from doorstep.kernel import clock, trail_heads, trail_search, trail_verify
from doorstep.kernel.act import about, action, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, Paged
from doorstep.registers.residents import api as residents

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


@ask(Permission.READ, audits="trail.unusual")
def unusual(
    call: Call, *, kind: rules.Kind, since: date, until: date, page: Page
) -> tuple[reads.Asked, Paged[Finding]]:
    """Who did what is unusual, by day."""
    about("Trail", "", unusual=kind.value, since=since.isoformat(), until=until.isoformat())
    asked = reads.asked(call, kind, since, until)
    return asked, reads.findings(asked, page)


@ask(Permission.READ, audits="trail.unusual_lines")
def unusual_lines(call: Call, *, kind: rules.Kind, who: str, day: date, page: Page) -> Paged[trail_search.Line]:
    """The lines of one person on one day that are of the kind."""
    about("Trail", "", unusual=kind.value, who=who, day=day.isoformat())
    return reads.lines(reads.asked(call, kind, day, day), who, page)


@ask(Permission.WATCH, audits="trail.watched")
def watched(call: Call, *, page: Page) -> Paged[WatchedLine]:
    """The residents on the list."""
    about("Trail", "")
    return watched_reads.watched(call, page)


@action(Permission.WATCH, audits="trail.watch")
def watch(call: Call, *, number: str, reason: str) -> None:
    """Put a resident, by the number of their ID, on the list of those who are watched."""
    resident = residents.by_number(call, number)
    if resident is None:
        raise Refused(refuse("watched.nobody"))
    about("Resident", resident, resident=resident, why=reason)
    try:
        with transaction.atomic():
            Watched.objects.create(resident_id=resident, reason=reason, by=call.name, since=clock.now())
    except IntegrityError:
        raise Refused(refuse("watched.already")) from None


@action(Permission.WATCH, audits="trail.end_watch")
def end_watch(call: Call, *, watched: int) -> None:
    """Take a resident off the list; that they were on it stays."""
    row = Watched.objects.select_for_update().filter(pk=watched).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Watched"))
    about("Resident", row.resident_id, resident=row.resident_id)
    if row.ended_at is not None:
        raise Refused(refuse("watched.ended"))
    Watched.objects.filter(pk=watched).update(ended_at=clock.now(), ended_by=call.name)
