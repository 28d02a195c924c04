"""Which studies a caller may see: the one rule of the DICOMweb door and of the pages.

A study is an entry of a chart. Who may open the chart sees it; what the caller's own institution has made is seen
without more, as in a chart. An app sees what its token opens of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q

from doorstep.fhir.smart import opened
from doorstep.kernel import fence
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.record.charts import api as charts
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.flow import State
from doorstep.record.imaging.models import Archive, Study
from doorstep.record.imaging.reads import rows
from doorstep.record.imaging.rules import names
from doorstep.record.imaging.rules.paths import Wanted
from doorstep.record.imaging.rules.queries import Query
from doorstep.record.imaging.shapes import Opened, StudyRow
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents

IMAGING: Final = "ImagingStudy"
PROVED: Final = "whether a study is one of a chart that the caller may open is asked of the chart, and then it is shown"
COPIES: Final = 5
"""Archives that may hold a study of one UID, and charts of others that one search opens."""


@ask(Permission.VIEW, audits="imaging.fetch")
def fetch(call: Call, *, wanted: Wanted) -> Opened:
    """The study of which something is wanted, where the caller may see it; ``Refused`` (not_found) for any other, also
    for one that is not there. The line in the trail says what was fetched."""
    about("Study", wanted.study, what=str(wanted.kind))
    with fence.lifted(PROVED):
        found = list(Study.objects.unscoped(PROVED).filter(uid=wanted.study, state=State.PLACED)[:COPIES])
        places = Archive.objects.unscoped(PROVED).in_bulk({row.archive_id for row in found})
    found = [row for row in found if places[row.archive_id].is_on]
    shown = _visible(call, found, "r")
    if not shown:
        raise Refused(refuse("not_found", kind="Study"))
    row, resident = min(shown, key=lambda each: each[0].organisation_id != call.organisation)
    where = {"series": wanted.series, "instance": wanted.instance, "rest": wanted.rest}
    said = {name: value for name, value in where.items() if value}
    about("Study", wanted.study, resident=resident, what=str(wanted.kind), id=str(row.pk), **said)
    called = organisations.names({row.organisation_id})
    return Opened(rows.study(row, called), rows.place(places[row.archive_id]), resident)


@ask(Permission.VIEW, audits="imaging.view")
def view(call: Call, *, resident: UUID, study: UUID) -> Opened:
    """A study of a resident's chart, for its page; ``Refused`` as a chart is (``not_found``, ``chart.no_reason``)."""
    chart = charts.open_chart(call, resident)
    with fence.lifted(PROVED):
        row = Study.objects.unscoped(PROVED).filter(pk=study, state=State.PLACED).select_related("archive").first()
    if row is None or not _stands(chart, row):
        raise Refused(refuse("not_found", kind="Study"))
    about("Study", row.uid, resident=chart.resident, id=str(row.pk))
    return Opened(rows.study(row, organisations.names({row.organisation_id})), rows.place(row.archive), chart.resident)


@ask(Permission.VIEW, audits="imaging.search")
def search(call: Call, *, query: Query) -> Sequence[StudyRow]:
    """The studies that fit a query and that the caller may see, the newest first: those of the caller's own
    institution, and, where the query names a patient, an order or a study, those of others whose chart opens."""
    about("Studies", "search")
    found = {row.pk: row for row in (*_own(call, query), *_others(call, query))}
    listed = sorted(found.values(), key=lambda row: (row.day is not None, row.day or row.seen_at.date(), row.pk))
    listed = listed[::-1][: query.limit]
    with fence.lifted(PROVED):
        whose = residents.residents_of([row.patient for row in listed])
    people = sorted({str(each) for each in whose.values()})
    one = UUID(people[0]) if len(people) == 1 else None
    about("Studies", "search", resident=one, studies=len(listed), residents=people)
    called = organisations.names({row.organisation_id for row in listed})
    return tuple(rows.study(row, called) for row in listed)


def _own(call: Call, query: Query) -> list[Study]:
    """Those of the caller's own institution, which see what they made themselves, whatever it tells."""
    if call.organisation is None or not _granted(call, "s", None, own=True):
        return []
    asked = Study.objects.unscoped("the caller's own institution").filter(organisation=call.organisation)
    found = _narrowed(asked, query).order_by(F("day").desc(nulls_last=True), "-pk")
    return list(found[query.offset : query.offset + query.limit])


def _others(call: Call, query: Query) -> list[Study]:
    """Those of other institutions that a query names, and for an app those of the person in context."""
    with fence.lifted(PROVED):
        every = Study.objects.unscoped(PROVED)
        if call.grant is not None:
            asked = every.filter(patient__in=call.grant.patients)
        elif query.is_about_somebody:
            asked = every.exclude(organisation=call.organisation)
        else:
            return []
        found = list(_narrowed(asked, query).order_by("-pk")[: query.limit])
    return [row for row, _ in _visible(call, found, "s")]


def _narrowed(asked: Any, query: Query) -> Any:
    asked = asked.filter(state=State.PLACED)
    plain = {"number": query.number, "accession": query.accession}
    asked = asked.filter(**{name: value for name, value in plain.items() if value})
    if query.uids:
        asked = asked.filter(uid__in=query.uids)
    if query.modalities:
        asked = asked.filter(modalities__overlap=list(query.modalities))
    if query.since:
        asked = asked.filter(day__gte=query.since)
    if query.until:
        asked = asked.filter(day__lte=query.until)
    return asked.filter(_named(query.name)) if query.name else asked


def _named(name: str) -> Q:
    """A name, or how it begins; the residents' own names count too, for devices write pinyin."""
    han, latin = names.searched(name.removesuffix("*"))
    ending = "__startswith" if name.endswith("*") else ""
    found = [Q(**{f"{column}{ending}": text}) for column, text in (("hanzi", han), ("latin", latin)) if text]
    return found[0] if found else Q(pk=None)


def _visible(call: Call, found: Sequence[Study], letters: str) -> list[tuple[Study, UUID]]:
    """Those of some studies whose residents' charts the caller may open and that stand in them, each with its
    resident; of a few residents at most."""
    with fence.lifted(PROVED):
        whose = residents.residents_of([row.patient for row in found])
    shown: list[tuple[Study, UUID]] = []
    for resident in list(dict.fromkeys(whose.values()))[:COPIES]:
        try:
            chart = charts.open_chart(call, resident)
        except Refused:
            continue
        theirs = [row for row in found if whose.get(row.patient) == resident]
        seen = charts.seen(chart, IMAGING, [str(row.pk) for row in theirs])
        may = (
            row for row in theirs if _granted(call, letters, row.patient, own=row.organisation_id == call.organisation)
        )
        shown += [(row, resident) for row in may if str(row.pk) in seen]
    return shown


def _stands(chart: charts.Chart, row: Study) -> bool:
    return bool(charts.seen(chart, IMAGING, [str(row.pk)]))


def _granted(call: Call, letters: str, patient: str | None, *, own: bool) -> bool:
    """Whether an app's token opens images: all of the institution's own (``user``, ``system``), or those of the person
    in context; whose records others sent only where it may read them whole. Anybody but an app holds this by
    themselves."""
    grant = call.grant
    if grant is None:
        return True
    levels = [
        level for level in _levels(patient in grant.patients) if opened(grant.scopes, level, letters).whole(IMAGING)
    ]
    if not levels:
        return False
    return (own and levels != ["patient"]) or (patient in grant.patients and (own or grant.whole))


def _levels(in_context: bool) -> Iterable[str]:
    return ("patient", "user", "system") if in_context else ("user", "system")
