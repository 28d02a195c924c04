"""What a letter takes from a chart: the same reasons, the same trail, in plain words."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from doorstep.kernel.decision import Refused
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.api import extract
from doorstep.record.charts.tests.conftest import organisation, send
from doorstep.record.charts.tests.samples import condition

pytestmark = pytest.mark.django_db


def pressure(key: str, systolic: int) -> dict[str, object]:
    """A blood pressure of two components."""

    def part(code: str, value: int) -> dict[str, object]:
        amount = {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
        return {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "valueQuantity": amount}

    return {
        "resourceType": "Observation", "id": key, "status": "final", "subject": {"reference": "Patient/pc"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}], "text": "血压"},
        "effectiveDateTime": "2024-03-01T08:00:00+08:00", "component": [part("8480-6", systolic), part("8462-4", 96)],
    }  # fmt: skip


def test_problems_values_and_what_may_be_enclosed(resident: UUID, county: UUID) -> None:
    send(county, condition("c1", "pc", "2024-01-01", "I10", "高血压"), pressure("o1", 188))
    found = extract(member(county), resident=resident)
    assert found.problems == ("高血压",)
    told = {value.code: (value.number, value.unit) for value in found.values}
    assert told["8480-6"] == (Decimal(188), "mm[hg]")
    [paper] = [each for each in found.papers if each.kind == "Observation"]
    assert (paper.key, paper.on) == ("o1", "2024-03-01")
    assert "188" in paper.title
    assert TrailLine.objects.filter(action="charts.extract", resident=resident).exists()


def test_no_reason_no_extract(resident: UUID) -> None:
    with pytest.raises(Refused) as refused:
        extract(member(organisation("别院")), resident=resident)
    assert refused.value.decision.reason in ("not_found", "chart.no_reason")
