"""Numbers, quantities and curves as intervals."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.fhir.quantities import bounds


@pytest.mark.parametrize(
    ("data", "more", "low", "high"),
    [
        ("1 2 -3", {}, -3, 2),
        ("1 2 -3", {"factor": 2, "origin": {"value": 10}}, 4, 14),
        ("1 E 2", {}, 1, 2),
        ("1 L U 2", {"lowerLimit": -5, "upperLimit": 9}, -5, 9),
        ("1 L U 2", {}, 1, 2),
        ("E E", {}, None, None),
        ("1 x NaN Infinity 2", {}, 1, 2),
        ("", {}, None, None),
    ],
)
def test_a_curve_reaches_from_its_least_to_its_greatest_value(
    data: str, more: dict[str, Any], low: float | None, high: float | None
) -> None:
    curve = {"origin": {"value": 0}, "period": 1, "dimensions": 1, "data": data} | more
    found = bounds("SampledData", curve)
    assert (None if found is None else tuple(map(float, found))) == (None if low is None else (low, high))
