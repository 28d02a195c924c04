"""Days and moments as people here write them: 2026年11月24日 14:05, or 24 Nov 2026, 14:05; whole or partial."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext

from doorstep.kernel import clock

PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?$")
FORMATS = {
    "zh": {"day": "Y年n月j日", "month": "Y年n月", "year": "Y年", "moment": "Y年n月j日 H:i"},
    "en": {"day": "j M Y", "month": "M Y", "year": "Y", "moment": "j M Y, H:i"},
}


def local(value: date | datetime) -> date | datetime:
    """An aware moment in China's time; a day or a naive moment as it is."""
    return value.astimezone(clock.CHINA) if isinstance(value, datetime) and value.tzinfo else value


def written(value: date | datetime, form: str) -> str:
    """The value in a form (``day``, ``month``, ``year``, ``moment``) of the language that is switched on."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return date_format(local(value), FORMATS[language][form])


def parsed(text: str) -> tuple[date | datetime, str] | None:
    """What an ISO 8601 or FHIR text means and how exactly: (value, form); None where it is neither."""
    if found := PARTIAL.match(text):
        month = found[2]
        try:
            return date(int(found[1]), int(month or 1), 1), "month" if month else "year"
        except ValueError:
            return None
    try:
        return (date.fromisoformat(text), "day") if len(text) == 10 else (datetime.fromisoformat(text), "moment")
    except ValueError:
        return None


def day_of(value: date | datetime) -> date:
    """The calendar day in China."""
    here = local(value)
    return here.date() if isinstance(here, datetime) else here


def ago(value: datetime) -> str:
    """How long ago, in words, up to a week; the day itself beyond that and for what is still to come."""
    passed = clock.now() - value
    if passed < timedelta(minutes=-1) or passed > timedelta(days=7):
        return written(value, "day")
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 1:
        return gettext("刚刚")
    if minutes < 60:
        return ngettext("%(count)d 分钟前", "%(count)d 分钟前", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours < 24:
        return ngettext("%(count)d 小时前", "%(count)d 小时前", hours) % {"count": hours}
    days = hours // 24
    return ngettext("%(count)d 天前", "%(count)d 天前", days) % {"count": days}


def age(born: date, on: date | None = None) -> str:
    """The age: days in the first month, months in the first two years, else years (as charts of children are kept)."""
    on = on or clock.today()
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    if months < 1:
        days = max(0, (on - born).days)
        return ngettext("%(count)d 天", "%(count)d 天", days) % {"count": days}
    if months < 24:
        return ngettext("%(count)d 个月", "%(count)d 个月", months) % {"count": months}
    return ngettext("%(count)d 岁", "%(count)d 岁", months // 12) % {"count": months // 12}
