"""Worklists of referrals at a million: first page and counts of a desk, CPU of the program and of PostgreSQL.

Every list is asked as a page asks it, with its permission and its line of the trail. The aim is 10 ms CPU for a first
page and the counts together.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.parts.houses import standing  # noqa: E402  the folder above must be on the path
from benchmarks.parts.limits import postmaster_of  # noqa: E402  as above
from benchmarks.parts.processes import seconds  # noqa: E402  as above

ROW = "{:<12}{:>12}{:>12}{:>12}{:>12}"


def main() -> None:
    """Make a house, fill it, ask each list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="referrals")
    parser.add_argument("--places", type=int, default=30, help="institutions among which they are shared out")
    parser.add_argument("--rounds", type=int, default=200, help="times that each list is asked")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    options = parser.parse_args()
    with standing(options.folder) as (_folder, server):
        import psycopg

        from doorstep.kernel.paging import Page
        from doorstep.services.referrals.reads import lists
        from doorstep.services.referrals.tests.bulk import fill

        call, places, resident = _district(options.places)
        fill(options.count, resident, places)
        with psycopg.connect(server.dsn, autocommit=True) as link:
            link.execute("VACUUM ANALYZE referrals_referral")  # as PostgreSQL does of itself a while after so many
        postmaster = postmaster_of(server.admin_dsn)
        print(f"{options.count:,} referrals, {options.places} institutions, {options.rounds} rounds")
        print(ROW.format("CPU ms", "program", "PG", "both", "wall ms"))
        for which in lists.Box:
            _tell(which.value, _asking(lists.box, call, which=which, query="", page=Page()), options.rounds, postmaster)
        _tell("counts", _asking(lists.counts, call), options.rounds, postmaster)


def _asking(read: Callable[..., Any], call: Any, **more: Any) -> Callable[[], Any]:
    return lambda: read(call, **more)


def _district(many: int) -> tuple[Any, list[UUID], UUID]:
    from doorstep.kernel.testing.callers import system
    from doorstep.registers.organisations.models import Organisation
    from doorstep.registers.residents.models import Resident

    places = [
        Organisation.objects.create(
            name=f"机构{n}", pinyin=f"p{n}", initials=f"p{n}", type_code="A100", tier="lead", area="439921001001"
        ).pk
        for n in range(many)
    ]
    resident = Resident.objects.create(name="某某", pinyin="moumou").pk
    return replace(system(), organisation=places[0]), places, resident


def _tell(name: str, work: Callable[[], Any], rounds: int, postmaster: int) -> None:
    work()
    before = time.process_time(), seconds(postmaster), time.perf_counter()
    for _ in range(rounds):
        work()
    after = time.process_time(), seconds(postmaster), time.perf_counter()
    own, theirs, wall = (1e3 * (b - a) / rounds for a, b in zip(before, after, strict=True))
    print(ROW.format(name, f"{own:.2f}", f"{theirs:.2f}", f"{own + theirs:.2f}", f"{wall:.2f}"), flush=True)


if __name__ == "__main__":
    main()
