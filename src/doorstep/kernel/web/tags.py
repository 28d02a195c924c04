"""The components of the design system as template tags: ``{% load doorstep %}``. Shown on /system/style."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django import forms, template
from django.forms import BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision
from doorstep.kernel.paging import Paged
from doorstep.kernel.watermark import watermark
from doorstep.kernel.web import drawing, security, words
from doorstep.kernel.web import forms as dressing
from doorstep.kernel.web import notices as news
from doorstep.kernel.web.filters import marked, register_filters
from doorstep.kernel.web.pages import is_part

register = template.Library()
register_filters(register)
BADGE_ICONS = {"good": "check", "warn": "alert-triangle", "bad": "alert-octagon", "solid": "alert-octagon"}
ALERT_ICONS = news.ICONS


@register.simple_tag
@lru_cache(maxsize=1024, typed=True)  # a page has thirty; typed, as safe text is not escaped and equals what is
def icon(name: str, extra: str = "", label: str = "") -> SafeString:
    """An icon of the sprite; with a label it speaks, without it is hidden from screen readers."""
    told = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    address = static("vendor/icons/icons.svg")
    return format_html('<svg class="icon {}" {}><use href="{}#{}"></use></svg>', extra, told, address, name)


@register.simple_tag
def badge(text: object, tone: str = "", symbol: str = "") -> SafeString:
    """A short word with a tone (info, good, warn, bad, solid or none); tones carry an icon too, never colour alone."""
    symbol = symbol or BADGE_ICONS.get(tone, "")
    return format_html('<span class="badge {}">{}{}</span>', tone, icon(symbol) if symbol else "", text)


@register.simple_block_tag
def card(content: str, title: str = "", **extra: Any) -> SafeString:
    """A card: ``title symbol count id flush tools`` (``tools``: safe HTML at its right end)."""
    return render_to_string("kernel/parts/card.html", {"content": content, "title": title, **extra})


@register.simple_block_tag
def table(content: str, caption: str = "", tight: bool = False) -> SafeString:
    """A table whose rows become labelled cards on phones; the caption is for screen readers."""
    html = '<table class="table list {}"><caption class="visually-hidden">{}</caption>{}</table>'
    return format_html(html, "tight" if tight else "", caption, content)


@register.simple_block_tag
def cell(content: str, label: str = "", num: bool = False, bare: bool = False) -> SafeString:
    """A cell; ``label`` repeats the column's head on phones, ``num`` sets it right, ``bare`` drops the label."""
    classes = " ".join(name for name, on in (("num", num), ("bare", bare)) if on)
    body = content.strip()
    return format_html('<td class="{}" data-label="{}">{}</td>', classes, label, SafeString(body) if body else "—")


@register.simple_block_tag
def fact(content: str, label: str) -> SafeString:
    """A line of ``<dl class="facts">``; empty content shows that nothing is recorded."""
    body = content.strip()
    if not body:
        return format_html('<div><dt>{}</dt><dd class="none">{}</dd></div>', label, gettext("未记录"))
    return format_html("<div><dt>{}</dt><dd>{}</dd></div>", label, SafeString(body))


@register.simple_block_tag
def alert(content: str, tone: str = "info", title: str = "") -> SafeString:
    """A box that tells something: info, success, warning or danger."""
    head = format_html("<strong>{}</strong>", title) if title else ""
    html = '<div class="alert alert-{}">{}<div>{}{}</div></div>'
    return format_html(html, tone, icon(ALERT_ICONS[tone]), head, content)


@register.inclusion_tag("kernel/parts/empty.html")
def empty(title: str, text: str = "", symbol: str = "inbox", url: str = "", action: str = "") -> dict[str, str]:
    """What a list without rows says: what is not there, and what to do."""
    return {"title": title, "text": text, "symbol": symbol, "url": url, "action": action}


@register.simple_block_tag
def tabs(content: str, label: str) -> SafeString:
    """A row of ``{% tab %}``; each is a link to a page of its own."""
    return format_html('<nav class="tabs" aria-label="{}">{}</nav>', label, content)


@register.simple_tag
def tab(url: str, label: str, current: object = False, count: object = "") -> SafeString:
    """One link of a row of tabs."""
    here = mark_safe(' aria-current="page"') if current else ""
    number = format_html(' <span class="badge">{}</span>', count) if count != "" else ""
    return format_html('<a href="{}"{}>{}{}</a>', url, here, label, number)


@register.simple_tag
def crumb(title: str, url: str = "") -> SafeString:
    """One step of the way to this page, for ``{% block breadcrumbs %}``."""
    return format_html('<li><a href="{}">{}</a></li>', url, title) if url else format_html("<li>{}</li>", title)


@register.simple_block_tag
def event(content: str, title: str, **extra: Any) -> SafeString:
    """An entry of ``<ol class="timeline">``: ``title when meta symbol tone url``."""
    context = {"content": SafeString(content.strip()), "title": title, "symbol": "point", **extra}
    return render_to_string("kernel/parts/event.html", context)


@register.simple_tag
def progress(value: float, most: float, label: str) -> SafeString:
    """A bar of a known share; a zero whole says that there is no data."""
    share = f"{100 * value / most:.0f}%" if most else gettext("无数据")
    html = (
        '<div class="bar"><span>{}</span><span class="num">{}</span>'
        '<progress max="{}" value="{}" aria-label="{}">{}</progress></div>'
    )
    return format_html(html, label, share, most or 1, value if most else 0, label, share)


@register.inclusion_tag("kernel/parts/trend.html")
def trend(
    points: Sequence[drawing.Point], label: str, unit: str = "", low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    """Values over time with their reference band, drawn on the server; points are (date, value)."""
    return {"d": drawing.trend(points, low, high), "label": label, "unit": unit, "low": low, "high": high}


@register.inclusion_tag("kernel/parts/spark.html")
def sparkline(
    points: Sequence[drawing.Point], label: str, unit: str = "", low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    """The same in the height of a line of text, for tables."""
    drawn = drawing.trend(points, low, high, drawing.SMALL)
    return {"d": drawn, "label": label, "unit": unit, "low": low, "high": high}


@register.inclusion_tag("kernel/parts/pager.html", takes_context=True)
def pager(context: template.Context, paged: Paged[Any], more: str = "", name: str = "after") -> dict[str, Any]:
    """The way to the next page of a keyset list, and back to the first; with ``more`` (the id of the tbody or list)
    the rows are added below instead, where scripts run."""
    request = context["request"]
    query = request.GET.copy()
    deep = bool(query.pop(name, None)) and not (more and is_part(request))  # rows added below are no other page
    first = query.urlencode()
    if paged.next:
        query[name] = paged.next
    return {"first": first, "next": query.urlencode() if paged.next else "", "deep": deep, "more": more}


@register.simple_block_tag(takes_context=True)
def filters(context: template.Context, content: str, label: str = "", url: str = "") -> SafeString:
    """A bar of ``{% field %}``s that narrows the list below (GET), with a way to clear it."""
    given = any(value for key, value in context["request"].GET.items() if key != "after")
    values = {
        "content": content,
        "label": label or gettext("筛选"),
        "url": url or context["request"].path,
        "given": given,
    }
    return render_to_string("kernel/parts/filters.html", values)


@register.inclusion_tag("kernel/parts/field.html")
def field(bound: BoundField, extra: str = "", optional: bool = True) -> dict[str, Any]:
    """One field: label, help, error, widget. ``extra`` are classes (``wide``, ``full``)."""
    widget = dressing.dress(bound, focus=dressing.first_focus(bound))
    return {"bound": bound, "widget": widget, "kind": dressing.kind(bound), "extra": extra, "optional": optional}


@register.inclusion_tag("kernel/parts/errors.html")
def errors(form: forms.BaseForm) -> dict[str, Any]:
    """The summary of what is wrong, each line a link to its field."""
    return {"complaints": dressing.complaints(form) if form.is_bound else []}


@register.inclusion_tag("kernel/parts/fields.html")
def fields(form: forms.BaseForm) -> dict[str, Any]:
    """The whole inside of a form: the summary of errors, hidden fields, all fields in their order."""
    return {"form": form}


@register.inclusion_tag("kernel/parts/buttons.html")
def buttons(label: str, cancel: str = "", tone: str = "primary", symbol: str = "") -> dict[str, str]:
    """The button that sends a form, and the way out of it."""
    return {"label": label, "cancel": cancel, "tone": tone, "symbol": symbol}


@register.simple_tag(takes_context=True)
def notices(context: template.Context) -> list[news.Notice]:
    """The messages that wait for this person."""
    request = context.get("request")
    return list(news.waiting(request)) if request is not None else []


@register.simple_tag
def refusal_words(decision: Decision) -> words.Words:
    """Why something was not done, in words."""
    return words.words(decision)


@register.simple_tag
def mark(text: object, query: object) -> SafeString:
    """The text with every word of the query marked."""
    return marked(str(text or ""), str(query or ""))


@register.simple_tag(takes_context=True)
def print_head(context: template.Context, text: object) -> SafeString:
    """On paper: this text at the top of every page (for charts: name, sex, age, number). Put it in block head."""
    return _on_paper(context, "top-left", "9pt", text)


@register.simple_tag(takes_context=True)
def print_mark(context: template.Context) -> SafeString:
    """On paper: who printed it, from which post, when, and the number by which the trail finds the request."""
    call: Call | None = context.get("call")
    if call is None:
        return SafeString("")
    post = gettext(call.role) if call.role else ""
    return _on_paper(context, "bottom-left", "8pt", watermark(call, place=str(context.get("workplace", "")), post=post))


def _on_paper(context: template.Context, box: str, size: str, text: object) -> SafeString:
    """A text in a margin box of every printed page; the response's own number lets the policy take the style.

    What HTMX fetches goes into a page that has its own, whose policy would refuse this one.
    """
    if "request" in context and "HX-Request" in context["request"].headers:
        return SafeString("")
    safe = "".join(c if c.isalnum() or c in " ·,.-/:" else f"\\{ord(c):06x}" for c in str(text))
    rule = f'@page{{@{box}{{content:"{safe}";font:{size} "Noto Sans CJK SC","Microsoft YaHei",sans-serif}}}}'
    number = security.nonce(context["request"]) if "request" in context else ""
    return mark_safe(f'<style media="print" nonce="{number}">{rule}</style>')  # noqa: S308  # all but letters is escaped for CSS


@register.simple_tag
def printing() -> SafeString:
    """A button that prints this page; hidden where scripts do not run."""
    html = '<ds-print hidden><button type="button" class="btn">{}{}</button></ds-print>'
    return format_html(html, icon("printer"), conditional_escape(gettext("打印")))
