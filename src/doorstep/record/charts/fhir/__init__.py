"""From FHIR R4 resources of other software to what people see; total: no JSON value makes it raise."""

from __future__ import annotations

from doorstep.record.charts.fhir.differences import differences
from doorstep.record.charts.fhir.generic import definition
from doorstep.record.charts.fhir.narrative import narrative
from doorstep.record.charts.fhir.parts import parsed
from doorstep.record.charts.fhir.reading import reading, unreadable

__all__ = ["definition", "differences", "narrative", "parsed", "reading", "unreadable"]
