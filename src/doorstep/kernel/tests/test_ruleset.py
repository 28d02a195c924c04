"""Dated rules: the nearest jurisdiction's newest rule that holds on the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import ruleset
from doorstep.kernel.models import RuleSet


def rule(jurisdiction: str, start: date, end: date | None = None, **parameters: object) -> RuleSet:
    return RuleSet.objects.create(
        code="beds", revision="1", issuer="国家卫生健康委", jurisdiction=jurisdiction, effective_from=start,
        effective_to=end, parameters=parameters,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("division", "expected"),
    [
        ("439921", ("439921", "439900", "430000", "CN")),
        ("439921001001", ("439921", "439900", "430000", "CN")),
        ("430000", ("430000", "CN")),
        ("43", ("430000", "CN")),
        ("CN", ("CN",)),
        ("", ("CN",)),
        ("abc", ("CN",)),
    ],
)
def test_what_lies_above_a_division(division, expected):
    assert ruleset.levels(division) == expected


@given(st.text(max_size=14))
def test_every_jurisdiction_ends_in_the_country(text):
    assert ruleset.levels(text)[-1] == "CN"


@pytest.mark.django_db
class TestAt:
    def test_the_nearest_then_the_newest(self):
        rule("CN", date(2020, 1, 1), n=1)
        rule("CN", date(2024, 1, 1), n=2)
        rule("430000", date(2023, 1, 1), date(2025, 12, 31), n=3)
        assert ruleset.at("beds", date(2021, 5, 1), "439921") == {"n": 1}
        assert ruleset.at("beds", date(2025, 5, 1), "439921") == {"n": 3}
        assert ruleset.at("beds", date(2026, 5, 1), "439921") == {"n": 2}
        assert ruleset.at("beds", date(2025, 5, 1)) == {"n": 2}
        assert ruleset.at("beds", date(2025, 5, 1), "110101") == {"n": 2}

    def test_first_and_last_day_count(self):
        rule("CN", date(2024, 1, 1), date(2024, 12, 31), n=1)
        for day in (date(2024, 1, 1), date(2024, 12, 31)):
            assert ruleset.at("beds", day) == {"n": 1}
            with pytest.raises(ruleset.NoRule):
                ruleset.at("beds", day + (timedelta(1) if day.month == 12 else -timedelta(1)))

    def test_a_code_without_rules(self):
        with pytest.raises(ruleset.NoRule, match="nothing"):
            ruleset.at("nothing", date(2024, 1, 1))

    def test_two_rules_cannot_start_on_one_day_nor_end_before_they_start(self):
        rule("CN", date(2024, 1, 1))
        for start, end in ((date(2024, 1, 1), None), (date(2024, 5, 1), date(2024, 4, 30))):
            with pytest.raises(IntegrityError), transaction.atomic():
                rule("CN", start, end)
