"""Studies: of a resident within their chart, and those that rest."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import BadCursor, Page, Paged, cut, key_of
from doorstep.record.charts import api as charts
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.flow import State
from doorstep.record.imaging.models import Study
from doorstep.record.imaging.reads import rows
from doorstep.record.imaging.shapes import StudyRow
from doorstep.registers.organisations import api as organisations

IN_CHART: Final = "the chart has said which of its entries the caller may see"


@ask(Permission.VIEW, audits="imaging.list")
def of_resident(call: Call, *, resident: UUID, page: Page) -> tuple[charts.Chart, Paged[StudyRow]]:
    """The studies in a resident's chart, as far as the caller may see them, the newest first."""
    chart = charts.open_chart(call, resident)
    return chart, listed(chart, page)


def listed(chart: charts.Chart, page: Page) -> Paged[StudyRow]:
    """A page of the studies of a chart that is open, without those that it withholds."""
    asked = Study.objects.unscoped(IN_CHART).filter(patient__in=chart.patients, state=State.PLACED)
    if page.after:
        asked = asked.filter(_behind(*page.after))
    found = list(asked.order_by(F("day").desc(nulls_last=True), "-pk")[: page.limit + 1])
    last = found[page.limit - 1] if len(found) > page.limit else None
    seen = charts.seen(chart, "ImagingStudy", [str(row.pk) for row in found[: page.limit]])
    called = organisations.names({row.organisation_id for row in found})
    shown: list[Any] = [rows.study(row, called) for row in found[: page.limit] if str(row.pk) in seen]
    key = (last.day.isoformat() if last.day else "", str(last.pk)) if last is not None else None
    paged = cut([*found[: page.limit], *([last] if last else [])], page, key)
    return Paged(tuple(shown), paged.next)


def _behind(day: str, key: str) -> Q:
    if not day:
        return Q(day__isnull=True, pk__lt=key_of(key))
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise BadCursor(day[:40]) from error
    return Q(day__lt=on) | Q(day=on, pk__lt=key_of(key)) | Q(day__isnull=True)


@ask(Permission.TIE, audits="imaging.resting")
def resting(call: Call, *, page: Page, archive: UUID | None = None) -> Paged[StudyRow]:
    """The studies within the scope whose resident is not certain, the newest first."""
    asked = Study.objects.within(call.scope).filter(state=State.RESTING)
    if archive is not None:
        asked = asked.filter(archive=archive)
    if page.after:
        asked = asked.filter(pk__lt=key_of(page.after[0]))
    found = list(asked.order_by("-pk")[: page.limit + 1])
    called = organisations.names({row.organisation_id for row in found})
    about("Studies", "resting", studies=[str(row.pk) for row in found[: page.limit]])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([rows.study(row, called) for row in found], page, key)


@ask(Permission.TIE, audits="imaging.resting_one")
def resting_one(call: Call, *, study: UUID) -> StudyRow:
    """One study within the scope, resting or tied by hand; ``Refused`` (not_found) for any other."""
    row = Study.objects.within(call.scope).filter(Q(state=State.RESTING) | ~Q(tied_by=""), pk=study).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Study"))
    about("Study", study)
    return rows.study(row, organisations.names({row.organisation_id}))
