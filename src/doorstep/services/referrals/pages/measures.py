"""The measures: as sender and as receiver, each with its two numbers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doorstep.kernel import clock
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.forms import PeriodForm
from doorstep.services.referrals.reads import measures as reads
from doorstep.services.referrals.rules import measures as rules
from doorstep.services.referrals.rules.kinds import Side

VIEWS: Final = {Side.ORIGIN: gettext_lazy("我方发出的"), Side.DESTINATION: gettext_lazy("我方收到的")}
LONGEST: Final = timedelta(days=3660)


@page(Permission.MEASURE)
def measures(request: CalledRequest) -> HttpResponse:
    """Both views of a period, the last month unless said otherwise; a zero denominator is no data."""
    form = PeriodForm(request.GET or None)
    since, until = _period(form)
    views = []
    for side, title in VIEWS.items():
        counted = reads.counted(request.call, side=side, since=since, until=until)
        rates = rules.rates(counted)
        rows = [(_(words), rates[name]) for name, (words, _above, _below) in rules.RATES.items()]
        views.append((title, counted.sent, rows))
    if not form.is_bound:
        form.initial.update(since=since, until=until)
    return render(request, "referrals/measures.html", {"form": form, "views": views, "since": since, "until": until})


def _period(form: PeriodForm) -> tuple[date, date]:
    today = clock.today()
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    until = said.get("until") or today
    since = said.get("since") or until - timedelta(days=30)
    return (max(since, until - LONGEST), until) if since <= until else (until, until)
