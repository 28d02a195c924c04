"""Searching the trail at many rows: time, CPU of PostgreSQL, rows and pages read, and the plan of each kind of search.

A house is made in a folder of its own, and its trail filled by `generate_series`: a year of lines of 5,000 people about
300,000 residents, as unevenly as people work. Then lines are sealed and verified, for their cost. `--plans` prints the
plans whole. `--rows 1000000` is quick, `--rows 10000000` is what the issue asks for (some 6 GB, a quarter of an hour).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.parts.houses import standing  # noqa: E402  the folder above must be on the path
from benchmarks.parts.limits import postmaster_of  # noqa: E402  as above
from benchmarks.parts.processes import seconds  # noqa: E402  as above

MONTHS, STAFF, RESIDENTS = 12, 5_000, 300_000
ROW = "{:<44}{:>8}{:>10}{:>10}{:>10}{:>10}"
SEALED = 100_000
FILL = """
INSERT INTO kernel_trailline
  (at, actor, name, post, organisation, purpose, action, outcome, subject_type, subject_id, resident, detail, request)
SELECT at, 'staff:' || md5('p' || who)::uuid,
  substr('王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗', 1 + who %% 20, 1)
    || substr('桂兰建国小满秀英志强玉梅', 1 + who %% 11, 2) || CASE WHEN who %% 97 = 0 THEN '甲' ELSE '' END,
  md5('o' || who %% 300)::uuid, md5('i' || who %% 40)::uuid, 'TREAT',
  CASE WHEN kind < 600 THEN 'charts.read' WHEN kind < 800 THEN 'residents.search' WHEN kind < 900 THEN 'fhir.read'
    WHEN kind < 999 THEN 'exchange.message' ELSE 'staff.grant' END,
  CASE WHEN random() < 0.01 THEN 'refused' ELSE 'done' END, 'Patient', n::text,
  md5('r' || floor({residents} * random() ^ 2))::uuid, '{{"count": 1}}', md5(n::text)
FROM (SELECT n, floor({staff} * random() ^ 3)::int AS who, floor(1000 * random())::int AS kind,
    %(start)s::timestamptz + (n::float8 / %(rows)s) * (%(end)s::timestamptz - %(start)s::timestamptz) AS at
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) made
"""


def fill(rows: int) -> None:
    """Fill a year, month after month."""
    from django.db import connection

    from doorstep.kernel import clock

    end = clock.now()
    start = end - timedelta(days=30 * MONTHS)
    with connection.cursor() as cursor:
        for ahead in range(0, 30 * MONTHS + 1, 10):
            cursor.execute("SELECT doorstep_trail_month(%s)", [(start + timedelta(days=ahead)).date()])
        step = max(1, rows // 20)
        for first in range(1, rows + 1, step):
            cursor.execute(
                FILL.format(residents=RESIDENTS, staff=STAFF),
                {"rows": rows, "start": start, "end": end, "first": first, "last": min(rows, first + step - 1)},
            )
        cursor.execute("VACUUM ANALYZE kernel_trailline")


def searches() -> list[tuple[str, Any, int]]:
    """What auditors ask: the words, the search, and how many pages they turn."""
    from django.db import connection

    from doorstep.kernel import clock
    from doorstep.kernel.trail_search import Wanted

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT actor, name, resident FROM kernel_trailline WHERE at > now() - interval '200 days'"
            " LIMIT 1 OFFSET 77"
        )
        actor, name, resident = cursor.fetchone()
        cursor.execute("SELECT md5('r' || %s)::uuid, 'staff:' || md5('p' || %s)::uuid", [RESIDENTS - 1, STAFF - 2])
        rare, seldom = cursor.fetchone()
    day = clock.today() - timedelta(days=100)
    week = {"since": day, "until": day + timedelta(days=6)}
    return [
        ("newest of all", Wanted(), 1),
        ("a person who is busy", Wanted(who=actor), 1),
        ("the same, page 20", Wanted(who=actor), 20),
        ("a person who is seldom here", Wanted(who=seldom), 1),
        ("a name", Wanted(who=name), 1),
        ("a surname (a twentieth of all)", Wanted(who=name[:1]), 1),
        ("a name that nobody has", Wanted(who="欧阳"), 1),
        ("a resident", Wanted(resident=resident), 1),
        ("a resident seldom seen", Wanted(resident=rare), 1),
        ("a resident nobody has seen", Wanted(resident=UUID(int=1)), 1),
        ("a common action", Wanted(action="charts."), 1),
        ("a rare action", Wanted(action="staff.grant"), 1),
        ("refusals", Wanted(outcome="refused"), 1),
        ("a week", Wanted(**week), 1),
        ("a week, a resident", Wanted(resident=resident, **week), 1),
        ("a week, a person, refused", Wanted(who=actor, outcome="refused", **week), 1),
        ("a rare action, refused, a surname", Wanted(action="staff.grant", outcome="refused", who=name[:1]), 1),
    ]


def measure(words: str, wanted: Any, pages: int, postmaster: int, plans: bool) -> None:
    """One search: found rows, milliseconds, CPU, rows and pages that PostgreSQL read."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from doorstep.kernel import trail_search
    from doorstep.kernel.paging import Page

    cursor, found = None, None
    for _ in range(pages):
        with CaptureQueriesContext(connection) as asked:
            found = trail_search.find(wanted, Page.read(cursor, 50, parts=2))
        if not (cursor := found.next):
            break
    times, before, rounds = [], seconds(postmaster), 20
    with connection.cursor() as database:
        sql = asked[-1]["sql"]
        for _ in range(rounds):
            began = time.perf_counter()
            database.execute(sql)
            database.fetchall()
            times.append(time.perf_counter() - began)
        cpu = (seconds(postmaster) - before) / rounds
        database.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
        plan = database.fetchone()[0][0]["Plan"]
        print(
            ROW.format(
                words, len(found.items) if found else 0, f"{1000 * median(times):.2f}", f"{1000 * cpu:.2f}",
                f"{_rows(plan):,.0f}", f"{plan['Shared Hit Blocks'] + plan['Shared Read Blocks']:,}",
            ),
            flush=True,
        )  # fmt: skip
        if plans:
            database.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY ON) {sql}")
            lines = [line for (line,) in database.fetchall()]
            print("\n".join(f"    {line}" for line in lines if "never executed" not in line))


def _rows(plan: dict[str, Any]) -> float:
    """Rows that the leaves of a plan read, also those they threw away."""
    below = plan.get("Plans", ())
    if below:
        return sum(_rows(each) for each in below)
    thrown = sum(plan.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    return float(plan["Actual Loops"] * (plan["Actual Rows"] + thrown))


def unusual(postmaster: int) -> None:
    """What each kind of unusual look costs over a week: the whole page of findings."""
    from doorstep.insight.trail.reads import unusual as reads
    from doorstep.insight.trail.rules import Kind
    from doorstep.kernel import clock
    from doorstep.kernel.paging import Page
    from doorstep.kernel.testing.callers import system

    until = clock.today() - timedelta(days=100)
    for kind in Kind:
        began, before = time.perf_counter(), seconds(postmaster)
        found = reads.findings(reads.asked(system(), kind, until - timedelta(days=6), until), Page((), 50))
        wall, cpu = time.perf_counter() - began, seconds(postmaster) - before
        told = f"{len(found.items):>4} found{1000 * wall:>8.0f} ms{1000 * cpu:>8.0f} ms CPU"
        print(f"unusual, a week: {kind.value:<12}{told}")


def sealing(postmaster: int) -> None:
    """What sealing and verifying a line cost."""
    import resource

    from doorstep.kernel import trail, trail_verify

    def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime + seconds(postmaster)

    began, before = time.perf_counter(), cpu()
    for _ in range(SEALED // 5000):
        trail.seal()
    wall, used = time.perf_counter() - began, cpu() - before
    print(f"sealing: {1e6 * wall / SEALED:.0f} µs a line, CPU {1e6 * used / SEALED:.0f} µs (Python and PostgreSQL)")
    began, before = time.perf_counter(), cpu()
    rows = trail_verify._rows(0, SEALED, [])
    walk = trail_verify.Walk()
    for row in rows:
        walk.take(row)
    wall, used = time.perf_counter() - began, cpu() - before
    print(f"verifying: {1e6 * wall / SEALED:.0f} µs a line, CPU {1e6 * used / SEALED:.0f} µs; found {walk.end()}")


def main() -> None:
    """Make a house, fill its trail, search it, seal and verify."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="lines of the trail")
    parser.add_argument("--plans", action="store_true", help="print each plan")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    options = parser.parse_args()
    with standing(options.folder) as (_, server):
        from django.db import connection

        began = time.monotonic()
        fill(options.rows)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sum(pg_table_size(inhrelid)), sum(pg_indexes_size(inhrelid)) FROM pg_inherits"
                " WHERE inhparent = 'kernel_trailline'::regclass"
            )
            table, indexes = cursor.fetchone()
        print(
            f"{options.rows:,} lines in {time.monotonic() - began:,.0f} s; bytes a line: {table / options.rows:.0f},"
            f" in indexes {indexes / options.rows:.0f}"
        )
        print(ROW.format("search (a page of 50)", "found", "ms", "PG CPU ms", "rows read", "pages"))
        postmaster = postmaster_of(server.admin_dsn)
        for words, wanted, pages in searches():
            measure(words, wanted, pages, postmaster, options.plans)
        unusual(postmaster)
        sealing(postmaster)


if __name__ == "__main__":
    main()
