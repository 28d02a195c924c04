"""5,000 people queue for 500 places that are given out at a fixed hour: one ticket, one answer each, by the seed.

Two processes with four threads do what the pages do: first everybody joins (``releasing.join``), then the hour comes
and everybody asks where they stand as often as their page would (``releasing.ask_again``); whoever asks serves the next
batch (``releasing.serve``), as on the page. Rendering and HTTP are not in it.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PROCESSES, THREADS = 2, 4
ROW = "{:<52}{:>20}"
Line = dict[str, tuple[float, str]]
Told = tuple[str, list[str], float]


def prepare(people: int, places: int) -> tuple[str, list[str]]:
    """A clinic in fifteen days, all of whose places are given out tomorrow morning; the people."""
    from decimal import Decimal

    from benchmarks.booking import given_out
    from doorstep.registers.residents.models import Resident
    from doorstep.resources.booking.rules import Channel

    session = given_out(15, places, {Channel.WINDOW: Decimal(0)})
    Resident.objects.bulk_create([Resident(name=f"居民{n}") for n in range(people)], batch_size=5000)
    who = Resident.objects.unscoped("bench").order_by("pk").values_list("pk", flat=True)
    return str(session), [str(one) for one in who]


def _caller(resident: UUID) -> Any:
    from dataclasses import replace

    from benchmarks.booking import _call
    from doorstep.kernel.call import NOWHERE

    return replace(_call(), actor=f"resident:{resident}", scope=NOWHERE, resident=resident)


def _join(session: UUID, resident: UUID) -> tuple[str, float]:
    from doorstep.resources.booking.actions import releasing

    return str(releasing.join(_caller(resident), session=session)), 0.0


def _look(session: UUID, resident: UUID) -> tuple[str, float]:
    """What the page does each time that it renews itself; after how many seconds it will again."""
    from doorstep.resources.booking.actions import releasing as acts
    from doorstep.resources.booking.reads import releases
    from doorstep.resources.booking.rules import releasing

    call = _caller(resident)
    found = releases.stand(call, session=session)
    if found.status == "waiting" and acts.serve(call, session=session):
        found = releases.stand(call, session=session)
    if found.status != "waiting":
        return found.status, 0.0
    return "", releasing.ask_again(found.joined, 0, random.random())


def work(folder: Path, name: str) -> None:
    """One page process: its people, each at their moment, each answer a line in its file."""
    import django

    django.setup()
    from django.db import connection

    said = json.loads((folder / f"{name}.told").read_text())
    act: Callable[[UUID, UUID], tuple[str, float]] = {"join": _join, "look": _look}[said["what"]]
    session = UUID(said["session"])
    connection.ensure_connection()
    (folder / f"{name}.ready").touch()
    while not (folder / "go").exists():
        time.sleep(0.005)
    began, lock, asked = float((folder / "go").read_text()), threading.Lock(), [0]
    # the first time they ask within as long as their pages spread it
    due = [(began + said["spread"] * random.random(), one) for one in said["people"]]
    heapq.heapify(due)
    with (folder / f"{name}.answers").open("a", buffering=1) as answers:

        def run() -> None:
            while True:
                with lock:
                    if not due:
                        return
                    moment, one = heapq.heappop(due)
                    asked[0] += 1
                if (ahead := moment - time.time()) > 0:
                    time.sleep(ahead)
                outcome, again = act(session, UUID(one))
                if outcome:
                    answers.write(f"{one} {outcome} {time.time() - began:.3f}\n")
                    continue
                with lock:
                    heapq.heappush(due, (time.time() + again, one))

        threads = [threading.Thread(target=run) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (folder / f"{name}.asked").write_text(str(asked[0]))


def serve(folder: Path, what: str, told: Told, postmaster: int) -> tuple[Line, int, float]:
    """Let two processes do it for everybody: by person when they had which answer; how often was asked; CPU seconds."""
    from benchmarks.booking import cpu

    session, people, spread = told
    names = [f"{what}{k}" for k in range(PROCESSES)]
    running = []
    for k, name in enumerate(names):
        share = {"what": what, "session": session, "people": people[k::PROCESSES], "spread": spread}
        (folder / f"{name}.told").write_text(json.dumps(share))
        command = [sys.executable, __file__, "--worker", name, "--folder", str(folder)]
        running.append(subprocess.Popen(command, env=os.environ))
        while not (folder / f"{name}.ready").exists():
            time.sleep(0.01)
    if what == "look":
        _hour(session)
    before, fresh = cpu(postmaster), folder / "go.new"
    fresh.write_text(str(time.time()))
    fresh.replace(folder / "go")
    for one in running:
        if one.wait():
            raise RuntimeError(f"a process of {what} has failed")
    spent = cpu(postmaster) - before
    (folder / "go").unlink()
    found: Line = {}
    for name in names:
        for line in (folder / f"{name}.answers").read_text().splitlines():
            one, outcome, at = line.split(" ")
            if one in found:
                raise RuntimeError(f"{one} has two answers")
            found[one] = (float(at), outcome)
    return found, sum(int((folder / f"{name}.asked").read_text()) for name in names), spent


def _hour(session: str) -> None:
    """The hour has come."""
    from doorstep.kernel import clock
    from doorstep.resources.booking.models import Release, Slot

    now = clock.now()
    Release.objects.unscoped("bench").filter(session=session).update(opens_at=now)
    Slot.objects.filter(session=session).update(open_at=now)


def exact(session: str, people: list[str], places: int, answers: Line) -> list[str]:
    """What is not as it must be."""
    from doorstep.resources.booking.models import Appointment, Release, Slot, Ticket
    from doorstep.resources.booking.rules import releasing

    release = Release.objects.unscoped("bench").get(session=session)
    rows = list(Ticket.objects.unscoped("bench").filter(release=release).order_by("turn"))
    sold = Appointment.objects.unscoped("bench").filter(session=session, status="booked")
    slots = set(Slot.objects.filter(session=session).values_list("appointment", flat=True))
    given = [row for row in rows if row.status == "given"]
    told, keys = {str(row.resident_id): row.status for row in rows}, [row.id for row in rows]
    print(ROW.format("tickets / given / none left", f"{len(rows)} / {len(given)} / {len(rows) - len(given)}"))
    print(ROW.format("places / sold / of these different", f"{places} / {sold.count()} / {len(slots - {None})}"))
    holds = {
        "one ticket each": len(rows) == len(people) == len(told),
        "one answer each, and the same": told == {one: outcome for one, (_, outcome) in answers.items()},
        "all places sold once": sold.count() == places and slots == set(sold.values_list("id", flat=True)),
        "in the order of the seed": keys == list(releasing.drawn(release.seed, keys)),
        "the first have the places": rows[: len(given)] == given,
        "closed": release.closed_at is not None,
    }
    return [f"not so: {name}" for name, so in holds.items() if not so]


def measure(people: int, places: int) -> list[str]:
    """All of it; what went wrong."""
    from benchmarks.parts.houses import standing

    with standing(Path(tempfile.gettempdir())) as (folder, server):
        from doorstep.resources.booking.models import Release, Ticket
        from doorstep.resources.booking.rules import releasing

        session, who = prepare(people, places)
        joined, _, cost = serve(folder, "join", (session, who, 0), server.pid)
        seconds = max(at for at, _ in joined.values())
        print(f"\n{people:,} people, {places} places, {PROCESSES} processes with {THREADS} threads")
        print(ROW.format("joined in seconds, a second", f"{seconds:.1f}, {people / seconds:,.0f}"))
        print(ROW.format("CPU ms to join, pages and PostgreSQL", f"{1000 * cost / people:.2f}"))
        spread = people / releasing.MOST_A_SECOND
        told, asked, cost = serve(folder, "look", (session, who, spread), server.pid)
        release = Release.objects.unscoped("bench").get(session=session)
        last = Ticket.objects.unscoped("bench").filter(release=release).order_by("-answered_at").first()
        decided = (last.answered_at - release.opens_at).total_seconds()
        late = sorted(at for at, _ in told.values())
        half, most = late[people // 2], late[people * 99 // 100]
        print(ROW.format("all decided, seconds after the hour", f"{decided:.1f}"))
        print(ROW.format("told p50 / p99 / last, s", f"{half:.1f} / {most:.1f} / {late[-1]:.1f}"))
        print(ROW.format("questions, a second", f"{asked:,}, {asked / late[-1]:,.0f}"))
        print(ROW.format("CPU ms a person until told, all in all", f"{1000 * cost / people:.2f}"))
        return exact(session, who, places, told)


def main() -> int:
    """Measure, or be one of the processes; 1 where anything is not exact."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=5_000)
    options.add_argument("--places", type=int, default=500)
    for name in ("--worker", "--folder"):
        options.add_argument(name, default="")
    asked = options.parse_args()
    if asked.worker:
        work(Path(asked.folder), asked.worker)
        return 0
    wrong = measure(asked.people, asked.places)
    print("\n".join(wrong) or "\nexact")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
