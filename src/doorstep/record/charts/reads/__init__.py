"""What can be asked of a chart; each question about a resident is trailed."""

from __future__ import annotations

from doorstep.record.charts.reads.documents import document, documents, embedded, original
from doorstep.record.charts.reads.entry import changes, entry, raw
from doorstep.record.charts.reads.results import latest, series
from doorstep.record.charts.reads.summary import own_summary, summary
from doorstep.record.charts.reads.timeline import timeline

__all__ = [
    "changes",
    "document",
    "documents",
    "embedded",
    "entry",
    "latest",
    "original",
    "own_summary",
    "raw",
    "series",
    "summary",
    "timeline",
]
