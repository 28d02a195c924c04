"""What a letter takes from a chart: the summary in plain words, under the same reasons and the same trail."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final
from uuid import UUID

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.record.charts import rules
from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads.summary import summary
from doorstep.record.charts.shapes import Item, Line, Measure
from doorstep.record.charts.shapes.extracts import Extract, Measured, Paper

NEWEST: Final = 24


@ask(Permission.READ, audits="charts.extract")
def extract(call: Call, *, resident: UUID) -> Extract:
    """The summary of a resident as a letter says it. ``Refused`` as ``summary``: ``not_found``, ``chart.no_reason``."""
    found = summary(call, resident=resident)
    about("Chart", found.head.resident, resident=found.head.resident)
    papers = [_paper(item) for item in (*(r.item for r in found.results), *found.encounters)]
    return Extract(
        _titles(found.problems),
        _titles(found.medicines),
        _titles(line for line in found.head.allergies if not line.item.reading.negative),
        tuple(chain.from_iterable(_measured(result.item) for result in found.results)),
        tuple(sorted(papers, key=lambda one: one.on, reverse=True)[:NEWEST]),
    )


def _titles(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.item.reading.title for line in lines if line.current and line.item.reading.title))


def _measured(item: Item) -> Iterable[Measured]:
    reading = item.reading
    for one in reading.measures:
        if one.doubt is None and (one.number is not None or one.text):
            flag = one.flag or reading.flag
            yield Measured(one.code or _code(item), one.number, one.unit_key, _said(item, one), flag in rules.OUTSIDE)


def _said(item: Item, one: Measure) -> str:
    amount = f"{one.comparator}{one.number.normalize():f}" if one.number is not None else one.text
    return " ".join(part for part in (one.label or item.reading.title, amount, one.unit) if part)


def _code(item: Item) -> str:
    return next((coding.code for coding in item.reading.concept.codings if coding.code), "")


def _paper(item: Item) -> Paper:
    reading = item.reading
    values = "，".join(one.text for one in _measured(item)) if reading.type == "Observation" else ""
    on = reading.when.text[:10] if reading.when else ""
    return Paper(reading.type, reading.id, values or reading.title or reading.type, on, reading.flag in rules.OUTSIDE)
