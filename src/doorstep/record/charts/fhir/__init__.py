"""From FHIR R4 resources of other software to what people see; total: no JSON value makes it raise."""

from __future__ import annotations

from doorstep.record.charts.fhir.differences import differences
from doorstep.record.charts.fhir.documents import entries, owner, paper, source_document
from doorstep.record.charts.fhir.generic import definition
from doorstep.record.charts.fhir.narrative import narrative
from doorstep.record.charts.fhir.parts import parsed
from doorstep.record.charts.fhir.reading import reading, unreadable

__all__ = [
    "definition",
    "differences",
    "entries",
    "narrative",
    "owner",
    "paper",
    "parsed",
    "reading",
    "source_document",
    "unreadable",
]
