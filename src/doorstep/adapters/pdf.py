"""PDF of forms that are printed: a title, rows of label and text, a line of signatures; Chinese without a font file.

STSong-Light is one of the fonts that a reader of PDF brings along for Chinese (Adobe-GB1, ISO 32000-1 §9.7.5.2), so the
file holds none and stays small.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

FONT: Final = "STSong-Light"
_MM: Final = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form: its rows, and what stands below them."""

    title: str
    rows: Sequence[tuple[str, str]]
    signed: Sequence[tuple[str, str]] = ()


def pdf(sheets: Iterable[Sheet], *, foot: str) -> bytes:
    """All sheets one after the other on A4, with a line at the foot of each page."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import SimpleDocTemplate

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    margin = 18 * _MM
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=margin, rightMargin=margin, topMargin=margin, bottomMargin=margin
    )

    def footed(canvas: Any, _document: Any) -> None:
        canvas.setFont(FONT, 8)
        canvas.drawString(margin, 10 * _MM, foot)

    story = [part for sheet in sheets for part in _story(sheet)]
    document.build(story, onFirstPage=footed, onLaterPages=footed)
    return out.getvalue()


def _story(sheet: Sheet) -> list[Any]:
    from reportlab.lib.colors import black
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Spacer, Table

    head = ParagraphStyle("head", fontName=FONT, fontSize=16, leading=22, alignment=1)
    body = ParagraphStyle("body", fontName=FONT, fontSize=10.5, leading=15, wordWrap="CJK")

    def cell(text: str) -> Any:
        return Paragraph(escape(text).replace("\n", "<br/>") or "　", body)

    rows = [[cell(label), cell(text)] for label, text in sheet.rows]
    signed = [[cell(f"{label}：{text}") for label, text in sheet.signed]]
    table = Table(
        rows,
        colWidths=[38 * _MM, 136 * _MM],
        style=[("GRID", (0, 0), (-1, -1), 0.5, black), ("VALIGN", (0, 0), (-1, -1), "TOP")],
    )
    parts = [Paragraph(escape(sheet.title), head), Spacer(1, 4 * _MM), table, Spacer(1, 3 * _MM)]
    if sheet.signed:
        parts.append(Table(signed, colWidths=[174 * _MM / len(sheet.signed)] * len(sheet.signed)))
    return [*parts, Spacer(1, 10 * _MM)]
