"""The filters of the design system: days and moments, ages, masked numbers, marked words."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.template import Library
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from doorstep.kernel.web import moments

Moment = date | datetime | str | None


def shown(value: Moment, form: str) -> SafeString | str:
    """A ``<time>`` in the wanted form, or in the coarser one that a partial date has; other text as it is."""
    if not value:
        return ""
    if isinstance(value, str):
        known = moments.parsed(value)
        if known is None:
            return value
        meant, exact = known
        form = exact if exact in {"month", "year"} else form
    else:
        meant = value
    if form == "moment" and not isinstance(meant, datetime):
        form = "day"
    stamp = value if isinstance(value, str) else moments.local(meant).isoformat()
    return format_html('<time datetime="{}">{}</time>', stamp, moments.written(meant, form))


def day(value: Moment) -> SafeString | str:
    """2026年11月24日; also of FHIR's partial dates."""
    return shown(value, "day")


def moment(value: Moment) -> SafeString | str:
    """2026年11月24日 14:05, in China's time."""
    return shown(value, "moment")


def ago(value: datetime | None) -> SafeString | str:
    """3 分钟前; the exact moment stands in the title."""
    if value is None:
        return ""
    html = '<time datetime="{}" title="{}">{}</time>'
    return format_html(html, moments.local(value).isoformat(), moments.written(value, "moment"), moments.ago(value))


def age(born: date | None) -> str:
    """68 岁, 5 个月, 12 天."""
    return moments.age(born) if born else ""


def masked(value: object, keep: str = "0,4") -> SafeString:
    """A number with its middle hidden: ``keep`` is how many signs stay in front and at the end ("6,4")."""
    text = str(value or "")
    front, end = (int(part) for part in keep.split(","))
    hidden = max(0, len(text) - front - end)
    if not hidden:
        return escape(text)
    html = '<span class="masked">{}<span aria-hidden="true">{}</span>{}</span>'
    return format_html(html, text[:front], "*" * hidden, text[len(text) - end :] if end else "")


def marked(text: str, query: str) -> SafeString:
    """The text, escaped, with every word of the query in ``<mark>``; case does not matter."""
    wanted = [re.escape(word) for word in query.split()]
    if not wanted:
        return escape(text)
    parts = re.split(f"({'|'.join(wanted)})", text, flags=re.IGNORECASE)
    html = "".join(f"<mark>{escape(p)}</mark>" if n % 2 else escape(p) for n, p in enumerate(parts))
    return mark_safe(html)  # noqa: S308  # every part is escaped above


def register_filters(register: Library) -> None:
    """Make them known to templates."""
    for function in (day, moment, ago, age, masked):
        register.filter(function.__name__, function)
