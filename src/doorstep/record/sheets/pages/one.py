"""One import: how far it is, what it does or did, row by row, and its rows as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh

from doorstep.kernel.paging import Page
from doorstep.kernel.watermark import watermark
from doorstep.kernel.web.pages import CalledRequest, is_part, page
from doorstep.record.sheets import reads
from doorstep.record.sheets.access import Permission
from doorstep.record.sheets.flow import WORK, State
from doorstep.record.sheets.forms import FORETOLD, OUTCOMES, STATES, UNDONE
from doorstep.record.sheets.reads import files
from doorstep.record.sheets.reads.forms import FORMS
from doorstep.record.sheets.shapes import Line, Outcome, RowLine, Undo

SHOWN = 4
"""Cells of a row that the page shows; the file shows all."""


@page(Permission.USE)
def show(request: CalledRequest, batch: UUID) -> HttpResponse:
    """Where an import stands, and its rows: those with errors first, where there are any."""
    line = reads.one(request.call, batch)
    if is_part(request) and line.state not in WORK:
        return HttpResponseClientRefresh()  # what was followed is done: the whole page is another now
    words = outcomes(line)
    tabs = _tabs(line)
    asked = request.GET.get("rows", "")
    chosen = asked if asked in dict(tabs) else (tabs[0][0] if tabs else "")
    context: dict[str, Any] = {
        "line": line, "kind": files.title(FORMS[line.kind]), "state": STATES[line.state], "at_work": line.state in WORK,
        "may_apply": any(line.tally.get(each) for each in (Outcome.NEW, Outcome.CHANGED)),
        "tabs": [(key, words.get(key) or UNDONE[Undo(key)], count) for key, count in tabs], "chosen": chosen,
        "wrongs": line.tally.get(Outcome.REFUSED, 0), "is_dropped": line.state == State.DROPPED,
    }  # fmt: skip
    if line.state not in WORK and chosen:
        at = Page.read(request.GET.get("after"), 30, parts=1)
        by = {"undo": chosen} if chosen in set(Undo) else {"outcome": chosen}
        paged = reads.rows(request.call, batch=batch, page=at, **by)
        context |= {"paged": paged, "rows": [_row(row, line) for row in paged.items]}
    return render(request, "sheets/one.html", context)


def outcomes(line: Line) -> dict[str, str]:
    """The words of outcomes: what rows would do, or what they did."""
    before = line.state in (State.CHECKING, State.CHECKED)
    return {str(key): str(words) for key, words in (FORETOLD if before else OUTCOMES).items()}


def _tabs(line: Line) -> list[tuple[str, int]]:
    """What rows can be listed by, with how many there are; the errors first."""
    order = (Outcome.REFUSED, Outcome.NEW, Outcome.CHANGED, Outcome.SAME)
    if line.state == State.DROPPED:
        return []
    undone = [(str(each), line.undid[each]) for each in (Undo.STAYS, Undo.UNDONE) if line.undid.get(each)]
    return undone + [(str(each), line.tally[each]) for each in order if line.tally.get(each)]


def _row(row: RowLine, line: Line) -> dict[str, Any]:
    columns = {column.key: files.title(column) for column in FORMS[line.kind].columns}
    wrongs = [
        {"place": files.where(each, line, row.number), "column": columns.get(each.column, ""), "text": files.say(each)}
        for each in row.wrong
    ]
    return {
        "number": row.number, "cells": [each for each in row.cells if each][:SHOWN], "wrongs": wrongs,
        "otherwise": bool(row.foretold) and row.foretold != row.outcome,
    }  # fmt: skip


@page(Permission.USE)
def rows_file(request: CalledRequest, batch: UUID) -> HttpResponse:
    """All rows with the result and what is to be mended beside each; who takes it out stands at its head."""
    line = reads.one(request.call, batch)
    rows = reads.all_rows(request.call, batch=batch)
    content = files.with_errors(line, rows, outcomes(line), watermark(request.call))
    answer = HttpResponse(content, content_type=files.XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{line.kind}-{line.at:%Y%m%d}.xlsx"'
    return answer
