"""A million messages rest: what a page of them costs to read, what counting them costs, and replaying them all.

The rows are made by ``generate_series``, as many an endpoint; each question is asked as the pages ask it, by the room's
own reads within the operator's scope, ``--times`` times. *Rows* are those that the leaves of the plan read, also thrown
away ones, *pages* those of 8 kB; CPU is PostgreSQL's and this process's. Then an order replays all that rests at an
endpoint, slice by slice, as the clock does it (what the worker makes of them is measured by exchange_worker.py).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ROW = "{:<48}{:>8}{:>9}{:>9}{:>10}{:>9}"
HEAD = ("", "ms", "CPU ms", "PG ms", "rows", "pages")
ENDPOINTS = 4
# of a thousand rests: how many have the reason
REASONS = {"unmappable": 600, "unreadable": 300, "future-birth-date": 99, "broken-frame": 1}
FILL = """
INSERT INTO endpoints_inbound (endpoint_id, source_id, control, digest, received_at, peer, raw, size, kind, key, slot,
  code, state, settled_at, reason, place, params, wrote)
SELECT %(endpoint)s, %(source)s, 'C' || n, sha256(('%(port)s ' || n)::bytea),
  now() - make_interval(secs => %(count)s - n), '10.1.1.1',
  convert_to(repeat('MSH|^~\\&|LIS|LAB|DOORSTEP|D|20260301080000||ORU^R01|C' || n || '|P|2.5.1', 8), 'UTF8'),
  560, 'ORU^R01', n %% 5000 || '^LAB', n %% 8, 'AA', %(state)s, now(), %(reason)s, 'PID',
  '{"detail": "missing-segment"}', '{}'
FROM generate_series(1, %(count)s) n WHERE n %% 1000 >= %(from)s AND n %% 1000 < %(to)s
"""


def fill(endpoint: UUID, source: UUID, port: int, count: int) -> None:
    """Rests of an endpoint, and as many messages that were used."""
    from django.db import connection

    begin = 0
    told: dict[str, Any] = {"endpoint": endpoint, "source": source, "port": port, "count": count}
    with connection.cursor() as cursor:
        for reason, share in REASONS.items():
            cursor.execute(FILL, told | {"state": "resting", "reason": reason, "from": begin, "to": begin + share})
            begin += share
        used = told | {"state": "applied", "reason": "", "from": 0, "to": 1000, "port": port + 1000}
        cursor.execute(FILL, used)


class Asked:
    """What questions cost, by PostgreSQL's own counts and the clocks of CPU."""

    def __init__(self, postmaster: int, times: int) -> None:
        self._postmaster, self._times = postmaster, times

    def line(self, name: str, ask: Callable[[], object]) -> str:
        """Ask many times; a line of the table."""
        from benchmarks.parts.processes import seconds

        ask()
        rows, pages = self._plans(ask)
        client, server, began = time.process_time(), seconds(self._postmaster), time.monotonic()
        for _ in range(self._times):
            ask()
        spent = [time.monotonic() - began, time.process_time() - client, seconds(self._postmaster) - server]
        each = [f"{1000 * value / self._times:.1f}" for value in spent]
        return ROW.format(name, *each, f"{rows:,}", f"{pages:,}")

    @staticmethod
    def _plans(ask: Callable[[], object]) -> tuple[int, int]:
        """Rows and pages that the plans of all statements of a question read."""
        from django.db import connection

        read = [0, 0]

        def explain(execute: Any, statement: str, params: Any, many: bool, context: Mapping[str, Any]) -> Any:
            if statement.lstrip().startswith(("SELECT", "WITH")):
                execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", params, many, context)
                found = context["cursor"].fetchone()[0]
                plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
                read[0] += sum(_leaves(plan))
                read[1] += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            return execute(statement, params, many, context)

        with connection.execute_wrapper(explain):
            ask()
        return read[0], read[1]


def _leaves(plan: Mapping[str, Any]) -> Iterator[int]:
    if below := plan.get("Plans"):
        for each in below:
            yield from _leaves(each)
    else:
        away = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        yield int(plan["Actual Loops"] * (plan["Actual Rows"] + away))


@contextmanager
def house(count: int) -> Iterator[tuple[int, list[UUID]]]:
    """A house with so many rests; gives PostgreSQL's process and the endpoints."""
    from benchmarks.exchange import _endpoint
    from benchmarks.parts.houses import standing

    with tempfile.TemporaryDirectory() as within, standing(Path(within)) as (folder, _server):
        from django.db import connection

        from doorstep.record.endpoints.models import Endpoint

        for number in range(ENDPOINTS):
            _endpoint(25_750 + number, f"检验{number}")
        places = list(Endpoint.objects.unscoped("bench").order_by("port"))
        for place in places:
            fill(place.pk, place.organisation_id, place.port, count // ENDPOINTS)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE endpoints_inbound")
        yield int((folder / "home" / "pg" / "data" / "postmaster.pid").read_text().split()[0]), [p.pk for p in places]


def browse(asked: Asked, places: list[UUID]) -> Iterator[str]:
    """The pages, as they are asked for."""
    from django.db import connection

    from doorstep.kernel import clock
    from doorstep.kernel.call import EVERYWHERE, Call
    from doorstep.kernel.paging import Page
    from doorstep.record.endpoints import reads
    from doorstep.record.endpoints.models import Inbound

    call = Call("system:bench", "基准", clock.now(), EVERYWHERE, frozenset({"endpoints.read", "endpoints.mend"}))
    rows = Inbound.objects.unscoped("bench").filter(state="resting").order_by("-id")
    middle = Page(after=(str(rows.values_list("pk", flat=True)[rows.count() // 2]),))
    last = Page(after=(str(rows.order_by("id").values_list("pk", flat=True)[60]),))
    pages = {"first": Page(), "middle": middle, "last": last}
    for name, page in pages.items():
        yield asked.line(f"rests, {name} page", lambda page=page: reads.rests(call, page=page))  # type: ignore[misc]  # a default of a lambda has no type
    for reason in ("unmappable", "broken-frame", "no-such-reason"):
        yield asked.line(f"rests for {reason}", lambda r=reason: reads.rests(call, page=Page(), reason=r))  # type: ignore[misc]  # a default of a lambda has no type
        yield asked.line(
            f"rests for {reason} at one endpoint",
            lambda r=reason: reads.rests(call, page=Page(), endpoint=places[1], reason=r),  # type: ignore[misc]  # a default of a lambda has no type
        )
    yield asked.line("rests at one endpoint", lambda: reads.rests(call, page=Page(), endpoint=places[0]))
    yield asked.line("the choice of reasons", lambda: reads.reasons(call))
    yield asked.line("messages of one endpoint", lambda: reads.messages(call, places[0], page=Page()))
    listed = reads.listed(call, page=Page()).items
    yield asked.line(f"how {len(listed)} endpoints do", lambda: reads.standing(listed))
    yield asked.line("what the listener asks each second", reads.doors)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE endpoints_inbound SET state = 'kept' WHERE id IN (SELECT id FROM endpoints_inbound"
                       " WHERE endpoint_id = %s AND state = 'applied' LIMIT 20000)", [places[0]])  # fmt: skip
    yield asked.line("the same while 20,000 wait", reads.doors)
    yield asked.line(f"how {len(listed)} endpoints do, while 20,000 wait", lambda: reads.standing(listed))


def replay(asked: Asked, place: UUID) -> Iterator[str]:
    """All that rests at an endpoint, put back slice by slice."""
    from django.db import connection

    from doorstep.kernel import clock
    from doorstep.kernel.call import EVERYWHERE, Call
    from doorstep.record.endpoints.actions import mending, purging

    call = Call("system:bench", "基准", clock.now(), EVERYWHERE, frozenset({"endpoints.mend"}))
    mending.replay_all(call, endpoint=place, reason="unmappable")
    slices: list[float] = []
    count = 0
    while True:
        began = time.monotonic()
        done = purging.replay_some(call)
        slices.append(time.monotonic() - began)
        if not done:
            break
        count += done
        with connection.cursor() as cursor:  # as if the worker had used them
            cursor.execute(
                "UPDATE endpoints_inbound SET state = 'applied' WHERE endpoint_id = %s AND state = 'kept'", [place]
            )
    ordered = sorted(slices)
    told = (ordered[len(ordered) // 2], ordered[-1], sum(slices[:10]) / 10, sum(slices[-11:-1]) / 10)
    middle, longest, early, late = (f"{1000 * each:.0f}" for each in told)
    yield f"replayed {count:,} in {len(slices)} slices"
    yield f"ms a slice: median {middle}, longest {longest}, the first ten {early}, the last ten {late}"


def main() -> int:
    """Measure and tell."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rests", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=20)
    given = options.parse_args()
    with house(given.rests) as (postmaster, places):
        from doorstep.kernel import fence

        fence.as_system()
        asked = Asked(postmaster, given.times)
        print(ROW.format(*HEAD))
        for line in browse(asked, places):
            print(line, flush=True)
        for line in replay(asked, places[2]):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
