"""However long a record is, a page reads a bounded number of rows: counted by PostgreSQL itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from doorstep.fhir.indexing import index
from doorstep.kernel import ledger
from doorstep.kernel.paging import Page, cursor
from doorstep.kernel.testing.callers import system
from doorstep.record.charts import reads
from doorstep.record.charts.shapes import Narrowing
from doorstep.record.charts.tests.samples import condition, medicine, observation

pytestmark = pytest.mark.django_db
START = datetime(2014, 1, 1, tzinfo=UTC)
CODES = 40


def _write(source: UUID, resources: list[dict[str, Any]]) -> None:
    fresh = [
        ledger.Fresh(r["resourceType"], r["id"], json.dumps(r, ensure_ascii=False).encode(), source, None, found)
        for r in resources
        for found in (index(r["resourceType"], r),)
    ]
    ledger.write(fresh, datetime.now(UTC))


def _observations(patient: str, count: int) -> list[dict[str, Any]]:
    return [
        observation(
            f"{patient}-o{n}",
            patient,
            (START + timedelta(hours=17 * n)).isoformat(),
            n % 90,
            code=f"{n % CODES}-1",
            name=f"项目{n % CODES}",
        )
        for n in range(count)
    ]


@pytest.fixture
def long_record(resident: UUID, county: UUID, township: UUID) -> UUID:
    """5,000 observations, 300 diagnoses, 300 prescriptions of one person among those of others."""
    _write(county, _observations("pc", 5000))
    for other in range(5):
        _write(county, _observations(f"other{other}", 1500))
    days = [(START + timedelta(days=n)).date().isoformat() for n in range(300)]
    _write(township, [condition(f"d{n}", "pt", day, f"A{n % 30}", f"病{n % 30}") for n, day in enumerate(days)])
    _write(township, [medicine(f"m{n}", "pt", day, f"药{n % 20}", "completed") for n, day in enumerate(days)])
    with connection.cursor() as sql:
        sql.execute("ANALYZE")
    return resident


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def rows_read(captured: CaptureQueriesContext) -> int:
    """How many rows the scans of the ledger gave or threw away, over all captured queries."""
    read = 0.0
    for query in captured.captured_queries:
        if "fhir_" not in query["sql"]:
            continue
        with connection.cursor() as sql:
            sql.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            found = sql.fetchone()[0]
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        for node in _nodes(plan):
            if str(node.get("Relation Name", "")).startswith("fhir_"):
                gone = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
                read += (node["Actual Rows"] + gone) * node["Actual Loops"]
    return round(read)


def test_rows_read_are_bounded(long_record: UUID) -> None:
    """The bounds are of the pages (codes × values shown, rows of a page), not of the record."""
    call, deep = system(), cursor(START.replace(year=2016).isoformat(), "x", "Observation")
    page, code = Page((), 50), "http://loinc.org|3-1"
    pages = {
        "summary": (2500, lambda: reads.summary(call, resident=long_record)),
        "results": (1500, lambda: reads.latest(call, resident=long_record)),
        "timeline": (500, lambda: _timeline(call, long_record, "")),
        "deep": (500, lambda: _timeline(call, long_record, deep)),
        "series": (500, lambda: reads.series(call, resident=long_record, key=code, page=page)),
        "entry": (20, lambda: reads.entry(call, resident=long_record, kind="Observation", key="pc-o77")),
    }
    found = {}
    for name, (_most, read) in pages.items():
        with CaptureQueriesContext(connection) as captured:
            read()
        found[name] = rows_read(captured)
    assert {name: count for name, count in found.items() if not 0 < count <= pages[name][0]} == {}, found


def _timeline(call: Any, resident: UUID, at: str) -> Any:
    return reads.timeline(call, resident=resident, narrowing=Narrowing(), page=Page.read(at or None, parts=3))
