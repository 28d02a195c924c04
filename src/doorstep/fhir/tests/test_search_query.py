"""What a search asks, as it is read: values, names, limits; and cursors that nobody can make."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import cursor, text
from doorstep.fhir.search.match import dates_fit, distance
from doorstep.fhir.search.query import Chain, Has, InCompartment, Leaf, OnList, read_query

SECRET = b"0" * 32


def code(query: list[tuple[str, str]], kind: str = "Observation", **more: bool) -> str:
    with pytest.raises(FhirProblem) as told:
        read_query(kind, query, **more)
    return told.value.code


class TestText:
    @given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
    def test_what_is_escaped_and_joined_is_split_and_plain_again(self, parts: list[str]) -> None:
        escaped = [p.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|").replace("$", "\\$") for p in parts]
        assert [text.plain(each) for each in text.split(",".join(escaped), ",")] == parts

    @pytest.mark.parametrize(
        ("value", "low", "high"),
        [
            ("100", 99.5, 100.5),
            ("100.00", 99.995, 100.005),
            ("1e2", 95, 105),
            ("5.40e-3", 0.005395, 0.005405),
            ("-1", -1.5, -0.5),
        ],
    )
    def test_numbers_have_the_precision_they_are_written_with(self, value: str, low: float, high: float) -> None:
        found = text.number(value, "x")
        assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))

    @given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6))
    def test_a_number_lies_within_what_it_names(self, number: Decimal) -> None:
        found = text.number(f"{number:f}", "x")
        assert found.low <= float(number) < found.high

    @pytest.mark.parametrize("value", ["", "x", "1,5", "NaN", "Infinity", "1e", "0x10", "١", "1" * 40, "--1"])
    def test_what_is_no_number_is_refused(self, value: str) -> None:
        with pytest.raises(FhirProblem) as told:
            text.number(value, "x")
        assert (told.value.code, told.value.expression) == ("bad-search-value", "x")

    @pytest.mark.parametrize(
        ("value", "system", "found"),
        [
            ("a", None, "a"),
            ("s|a", "s", "a"),
            ("|a", "", "a"),
            ("s|", "s", None),
            ("s|a|b", "s", "a|b"),
            ("s\\|t|a", "s|t", "a"),
        ],
    )
    def test_tokens(self, value: str, system: str | None, found: str | None) -> None:
        assert text.token(value) == text.TokenValue(system, found)

    @given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)), st.sampled_from(text.PREFIXES))
    def test_a_date_names_the_day_that_holds_it(self, at: datetime, prefix: str) -> None:
        span = text.date(f"{prefix}{at:%Y-%m-%d}", UTC, "date")
        assert span.prefix == prefix
        assert span.low <= at.replace(tzinfo=UTC) < span.high
        assert prefix == "ap" or span.high - span.low == timedelta(days=1)


class TestQuery:
    def test_clauses(self) -> None:
        query = read_query(
            "Observation",
            [("subject:Patient.name", "王"), ("_has:Provenance:target:agent", "x"), ("_list", "1"), ("code", "a,b")],
        )
        chain, has, listed, leaf = query.where
        assert isinstance(chain, Chain)
        assert [target for target, _ in chain.branches] == ["Patient"]
        assert isinstance(has, Has)
        assert isinstance(listed, OnList)
        assert isinstance(leaf, Leaf)
        assert leaf.values == ("a", "b")

    def test_a_chain_tries_every_type_that_has_the_parameter(self) -> None:
        [chain] = read_query("Observation", [("subject.name", "x")]).where
        assert isinstance(chain, Chain)
        assert "Patient" in [target for target, _ in chain.branches]
        assert "Device" not in [t for t, _ in chain.branches if t == "Group"]

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ([("code:nix", "1")], "bad-modifier"),
            ([("subject:Nix", "1")], "bad-modifier"),
            ([("code.name", "1")], "bad-modifier"),
            ([("subject.nix", "1")], "unknown-chain"),
            ([("_has:Nix:a:b", "1")], "bad-modifier"),
            ([("_has:Encounter:nix:b", "1")], "unknown-chain"),
            ([("_sort", "nix")], "bad-sort"),
            ([("_sort", "-code-value-quantity")], "bad-sort"),
            ([("_include", "Nix:a")], "bad-include"),
            ([("_include", "Observation:code")], "bad-include"),
            ([("_include:nix", "Observation:subject")], "bad-modifier"),
            ([("_count:max", "1")], "bad-modifier"),
            ([("_count", "-1")], "bad-search-value"),
            ([("_total", "some")], "bad-search-value"),
            ([("_summary", "some")], "bad-search-value"),
            ([("code:missing", "maybe")], "bad-search-value"),
            ([("code", "x")] * 50, "too-costly-search"),
            ([("code", ",".join("x" * 1500))], "too-costly-search"),
            ([("code", "x" * 5000)], "too-costly-search"),
            ([("subject.organization.partof.partof.name", "x")], "too-costly-search"),
            ([("_sort", "code,date,status,_id,_lastUpdated,category")], "too-costly-search"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, query: list[tuple[str, str]], told: str) -> None:
        assert code(query) == told

    def test_what_is_not_known_is_told_or_refused(self) -> None:
        query = [("nix", "1"), ("_contained", "true"), ("status", "final"), ("_contained", "false")]
        read = read_query("Observation", query)
        assert read.ignored == ("nix", "_contained")
        assert read.pairs == (("status", "final"),)
        assert code(query, strict=True) == "unknown-parameter"

    def test_counts_are_bounded_and_none_means_only_the_number(self) -> None:
        assert read_query("Patient", [("_count", "5000")]).count == 1000
        assert read_query("Patient", [("_count", "0")]).summary == "count"

    def test_compartments_are_clauses_too(self) -> None:
        assert InCompartment("Observation", "Patient/1", ()).owner == "Patient/1"

    @given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=5), st.booleans())
    def test_any_query_is_read_or_refused_in_words(self, query: list[tuple[str, str]], strict: bool) -> None:
        told = ""
        try:
            read_query("Patient", query, strict=strict)
        except FhirProblem as problem:
            told = problem.message("zh") + problem.message("en")
        assert "{" not in told or "{" in str(query)


class TestCursor:
    marks = st.lists(
        st.none() | st.text(max_size=20) | st.floats(allow_nan=False)
        | st.datetimes(timezones=st.just(UTC)),
        min_size=1, max_size=4,
    )  # fmt: skip

    @given(marks)
    def test_what_is_sealed_is_unsealed(self, mark: list[object]) -> None:
        assert cursor.unseal(cursor.seal(mark, "Patient?a=b", SECRET), "Patient?a=b", SECRET) == mark

    @given(marks, st.integers(0, 200), st.sampled_from("AZ09-_"))
    def test_what_was_changed_is_refused(self, mark: list[object], at: int, letter: str) -> None:
        sealed = cursor.seal(mark, "q", SECRET)
        changed = sealed[: at % len(sealed)] + letter + sealed[at % len(sealed) + 1 :]
        for other, query, secret in ((changed, "q", SECRET), (sealed, "r", SECRET), (sealed, "q", b"1" * 32)):
            if other == sealed and query == "q" and secret == SECRET:
                continue
            with suppress(FhirProblem):
                assert cursor.unseal(other, query, secret) == mark  # the last letter may carry bits that say nothing

    @pytest.mark.parametrize("sealed", ["", "x", "é", "=" * 9, "A" * 10_000, "%00"])
    def test_rubbish_is_refused(self, sealed: str) -> None:
        with pytest.raises(FhirProblem):
            cursor.unseal(sealed, "q", SECRET)


class TestFits:
    @given(
        st.sampled_from(["eq", "gt", "lt", "ge", "le", "sa", "eb", "ap", "ne"]), st.integers(-3, 3), st.integers(1, 3)
    )
    def test_prefixes_are_what_the_specification_says(self, prefix: str, start: int, width: int) -> None:
        zero = datetime(2026, 1, 1, tzinfo=UTC)
        low, high = zero, zero + timedelta(days=1)
        held = (zero + timedelta(days=start), zero + timedelta(days=start + width))
        inside = held[0] >= low and held[1] <= high
        want = {
            "eq": inside, "ne": not inside, "gt": held[1] > high, "lt": held[0] < low,
            "ge": held[1] > high or inside, "le": held[0] < low or inside,
            "sa": held[0] >= high, "eb": held[1] <= low, "ap": held[0] < high and held[1] > low,
        }  # fmt: skip
        assert dates_fit(prefix, (low, high), held) == want[prefix]

    def test_distances(self) -> None:
        # Changsha to Beijing, great circle
        assert distance(28.2278, 112.9389, 39.9042, 116.4074) == pytest.approx(1336, abs=8)
        assert distance(0, 0, 0, 180) == pytest.approx(20015, abs=1)
