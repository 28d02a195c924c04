"""What the trail adds to a read at the FHIR door: CPU of door and PostgreSQL, with and without it, turn by turn.

Two doors stand on one house, one as production has it and one that leaves no line. They are asked in turns, so that
what the machine does besides meets both. The aim is 0.1 ms a read; sealing, in the worker, is told by itself
(`benchmarks/trail.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import fhir  # noqa: E402  the folder above must be on the path
from benchmarks.parts import load  # noqa: E402  as above
from benchmarks.parts.houses import standing  # noqa: E402  as above
from benchmarks.parts.limits import postmaster_of  # noqa: E402  as above
from benchmarks.parts.processes import seconds  # noqa: E402  as above
from benchmarks.parts.server import serving  # noqa: E402  as above

AIM = 0.1
ROW = "{:<32}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}"
NAMES = ("read Patient", "Observation by patient, 10", "Patient by identifier")


def main() -> None:
    """Make a house, open both doors, ask in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=20_000, help="resources in the house")
    parser.add_argument("--requests", type=int, default=4_000, help="requests of a turn")
    parser.add_argument("--turns", type=int, default=5, help="turns of each door; the median counts")
    parser.add_argument("--clients", type=int, nargs="+", default=[16, 64], help="clients at once")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    options = parser.parse_args()
    with standing(options.folder) as (folder, server), ExitStack() as stack:
        fhir.fill(folder, options.resources)
        fhir._analyse(server.dsn)
        key, postmaster = fhir._key(), postmaster_of(server.admin_dsn)
        doors = {what: stack.enter_context(serving(folder, what)) for what in ("bare", "trailed")}
        wanted = [s for s in fhir.reads(fhir.Sample(server.dsn), 1) if s.name in NAMES]
        print(ROW.format("CPU ms a read", "clients", "door", "PG", "door +", "PG +", "adds", "aim"))
        for clients in options.clients:
            for scenario in wanted:
                cost: dict[str, list[tuple[float, float]]] = {"bare": [], "trailed": []}
                for turn in range(options.turns + 1):
                    for what, (port, pid) in doors.items():
                        before = seconds(pid), seconds(postmaster)
                        asyncio.run(load.run(port, key, scenario.make, options.requests, clients))
                        spent = (seconds(pid) - before[0], seconds(postmaster) - before[1])
                        if turn:  # the first warms up
                            cost[what].append((1e3 * spent[0] / options.requests, 1e3 * spent[1] / options.requests))
                bare, trailed = ([median(each) for each in zip(*cost[what], strict=True)] for what in doors)
                added = [after - plain for after, plain in zip(trailed, bare, strict=True)]
                told = [f"{ms:.3f}" for ms in (*bare, *added, sum(added))]
                print(ROW.format(scenario.name, clients, *told, f"{AIM:.2f}"), flush=True)


if __name__ == "__main__":
    main()
