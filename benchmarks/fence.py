"""What the second fence costs: the FHIR door and the pages with PostgreSQL's policies and without, in one run.

Without: the role that doors wear passes all policies, and pages say no scope. CPU is that of the serving process and of
all of PostgreSQL's; each pair is measured by turns, and the median of the turns is told.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import fhir  # noqa: E402  the folder above must be on the path
from benchmarks.parts import limits, load  # noqa: E402  as above
from benchmarks.parts.houses import SOURCE, standing  # noqa: E402  as above
from benchmarks.parts.processes import seconds  # noqa: E402  as above
from benchmarks.parts.server import serving  # noqa: E402  as above

ROW = "{:<34}{:>12}{:>12}{:>9}"
ALIKE = ("read Patient", "Observation by patient, 10", "patient + code + date sorted", "Patient by name",
         "Patient by identifier", "common code, all, by date", "$everything of 50")  # fmt: skip
AIM = 1.15
REFERRALS = 20_000


def policies(admin: str, on: bool) -> None:
    """Have the doors' role bounded by the policies, or pass them."""
    import psycopg

    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE doorstep_fenced {'NOBYPASSRLS' if on else 'BYPASSRLS'}")


def told(name: str, fenced: list[float], bare: list[float]) -> None:
    """A line: both in ms, and their ratio."""
    one, two = median(fenced), median(bare)
    print(ROW.format(name, f"{one:.3f}", f"{two:.3f}", f"{one / two:.3f}"), flush=True)


def door(bench: fhir.Bench, admin: str, scale: int, turns: int) -> None:
    """The scenarios of the door that read."""
    sample = fhir.Sample(bench.dsn)
    for scenario in fhir.reads(sample, scale):
        if scenario.name not in ALIKE:
            continue
        costs: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * turns):
            on = turn % 2 == 0
            policies(admin, on)
            with serving(bench.folder, "bare") as (port, pid):
                asyncio.run(load.run(port, bench.key, scenario.make, max(100, scenario.count // 4), bench.clients))
                before = seconds(pid) + seconds(bench.postmaster)
                asyncio.run(load.run(port, bench.key, scenario.make, scenario.count, bench.clients))
                costs[on].append(1000 * (seconds(pid) + seconds(bench.postmaster) - before) / scenario.count)
        told(scenario.name, costs[True], costs[False])
    policies(admin, True)


@contextmanager
def unfenced() -> Iterator[None]:
    """Pages say no scope and stay the owner."""
    from doorstep.kernel import fence

    kept = fence.within
    fence.within = lambda scope, own=None, resident=None: nullcontext()  # type: ignore[assignment]  # put back below
    try:
        yield
    finally:
        fence.within = kept


def pages(postmaster: int, rounds: int, turns: int) -> None:
    """A search, a chart and a worklist, as a physician of the institution sees them."""
    client, residents = _physician()
    for name, address in (
        ("page: residents by surname", lambda n: "/residents/?q=wang"),
        ("page: one resident", lambda n: f"/residents/{residents[n % len(residents)]}/"),
        ("page: chart, summary", lambda n: f"/charts/{residents[n % len(residents)]}/"),
        ("page: chart, timeline", lambda n: f"/charts/{residents[n % len(residents)]}/timeline/"),
        ("page: worklist of referrals", lambda n: "/referrals/"),
    ):
        costs: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * turns):
            on = turn % 2 == 0
            with nullcontext() if on else unfenced():
                costs[on].append(_page(client, address, rounds, postmaster))
        told(name, costs[True], costs[False])


def _page(client: Any, address: Callable[[int], str], rounds: int, postmaster: int) -> float:
    for number in range(rounds // 5):
        client.get(address(number))
    own, theirs = time.process_time(), seconds(postmaster)
    for number in range(rounds):
        answer = client.get(address(number))
        assert answer.status_code == 200, (address(number), answer.status_code)
    return 1000 * (time.process_time() - own + seconds(postmaster) - theirs) / rounds


def _physician() -> tuple[Any, list[str]]:
    from django.conf import settings

    from doorstep.kernel import clock
    from doorstep.registers.organisations.models import Organisation
    from doorstep.registers.residents.models import Resident
    from doorstep.registers.staff.models import Account, Person, Post
    from doorstep.registers.staff.tests.factory import client_of
    from doorstep.services.referrals.tests.bulk import fill

    settings.ALLOWED_HOSTS, settings.RATE_ACCOUNT = ["*"], None  # one account asks all
    place = Organisation.objects.unscoped("the only one").get(short_code=SOURCE)
    person = Person.objects.create(number="bench", name="基准", pinyin="jizhun", initials="jz")
    Post.objects.create(person=person, organisation=place, role="physician", since=clock.today())
    account = Account.objects.create(person=person, username="bench")
    found = Resident.objects.unscoped("a sample").order_by("id").values_list("pk", flat=True)[:200]
    beside = Organisation.objects.create(
        short_code="beside", name="旁边医院", pinyin="pangbian", initials="pb", type_code="A100", tier="second",
        area="439900000000",
    )  # fmt: skip
    fill(REFERRALS, found[0], [place.pk, beside.pk])
    return client_of(account), [str(each) for each in found]


def main() -> None:
    """Make a house, fill it, measure both ways by turns, and take it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=20_000, help="resources in the house")
    parser.add_argument("--scale", type=int, default=400, help="requests of a middling scenario")
    parser.add_argument("--rounds", type=int, default=100, help="requests of a page")
    parser.add_argument("--turns", type=int, default=3, help="how often each is measured")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    options = parser.parse_args()
    with standing(options.folder) as (folder, server):
        fhir.fill(folder, options.resources)
        fhir._analyse(server.dsn)
        bench = fhir.Bench(folder, server.dsn, server.admin_dsn, fhir._key(), 16)
        print(f"{options.resources:,} resources; CPU in ms a request; aim: a ratio of {AIM}")
        print(ROW.format("scenario", "fenced ms", "without ms", "ratio"))
        pages(limits.postmaster_of(server.admin_dsn), options.rounds, options.turns)
        door(bench, server.admin_dsn, options.scale, options.turns)


if __name__ == "__main__":
    main()
