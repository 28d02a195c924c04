"""What was counted in a period, as sender and as receiver; one statement each, by the index of the side."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Count, F, Q

from doorstep.kernel import clock
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.rules.kinds import Kind, Service, Side
from doorstep.services.referrals.rules.measures import Counts

NUMBERS: Final = "numbers without persons, of the caller's own institution: filtered by its id"


@ask(Permission.MEASURE, audits="referrals.measure")
def counted(call: Call, *, side: Side, since: date, until: date) -> Counts:
    """The referrals that the caller's institution sent (or was sent) from a day to a day, both included."""
    if call.organisation is None:
        raise Refused(refuse("referral.no_desk"))
    about("Referrals", "measures", side=side.value)
    first, last = _moment(since), _moment(until + timedelta(days=1))
    mine = Referral.objects.unscoped(NUMBERS).filter(
        **{side.value: call.organisation}, sent_at__gte=first, sent_at__lt=last
    )
    # the names of counts are columns too
    wanted = {f"n_{name}": Count("pk", filter=what) for name, what in _what(call.at).items()}
    found: dict[str, Any] = mine.aggregate(n_sent=Count("pk"), **wanted)
    return Counts(**{name.removeprefix("n_"): number for name, number in found.items()})


def _what(at: datetime) -> dict[str, Q]:
    """What each count counts. An answer, an arrival is due once its time has passed or it has come."""
    answered, arrived = Q(answered_at__isnull=False), Q(arrived_at__isnull=False)
    return {
        **{kind.value: Q(kind=kind) for kind in Kind},
        **{s.value: Q(service=s) for s in (Service.OUTPATIENT, Service.INPATIENT)},
        "answered": answered,
        "answer_due": answered | Q(answer_due__lt=at),
        "answered_in_time": Q(answered_at__lte=F("answer_due")),
        "accepted": Q(accepted_at__isnull=False),
        "arrival_due": Q(accepted_at__isnull=False) & (arrived | Q(missed_at__isnull=False) | Q(valid_until__lt=at)),
        "arrived": arrived,
        "missed": Q(missed_at__isnull=False, arrived_at__isnull=True),
        "reported": Q(reported_at__isnull=False),
        "reported_in_time": Q(reported_at__lte=F("letter_due")),
        "closed": Q(status="closed"),
    }


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), clock.CHINA)
