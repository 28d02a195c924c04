"""Workers and PostgreSQL killed with -9 while messages go out: each is received at least once, each key's in its order,
none is lost, and what comes twice has the same control id."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress

import psycopg

from doorstep.record.endpoints.tests.kit import oru
from doorstep.record.endpoints.tests.receiver import Answer, Receiver, ack
from tests.faults.house import House, rounds, until

MAKE = """
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.shapes import Facts, Outward
from doorstep.registers.organisations.models import Organisation
to = Organisation.objects.unscoped("t").order_by("id").first().pk
out = Outward("127.0.0.1", to_application="HIS")
for name, port, organisation in (("sound", PORT, to), ("gone", 9, to)):
    print(editing.make(system(), facts=Facts(name, organisation, port, "DOORSTEP", most_connections=4, out=out)), to)
"""
QUEUE = """
INSERT INTO endpoints_outbound (endpoint_id, receiver_id, cause, kind, control, key, body, size, residents, made_at,
  due_at, state, tries, code, reason, params)
VALUES (%s, %s, %s, 'ORU^R01', %s, %s, %s, %s, '{}', now(), now(), 'waiting', 0, '', '', '{}')
"""
STATES = "SELECT state, count(*) FROM endpoints_outbound WHERE endpoint_id = %s GROUP BY 1"
KEYS = 7
ROUNDS = rounds(2)


class Queue(threading.Thread):
    """Queues messages in transactions of a few, whatever happens to the server; ``made`` are committed."""

    def __init__(self, home: House, endpoints: list[str], to: str, stop: threading.Event) -> None:
        super().__init__()
        self.home, self.endpoints, self.to, self.stop, self.made = home, endpoints, to, stop, 0

    def run(self) -> None:
        sure = True
        while not (self.stop.is_set() and sure):
            sure = False
            rows = [self.row(target, number) for number in range(self.made, self.made + 5) for target in self.endpoints]
            with suppress(psycopg.Error):
                with psycopg.connect(self.home.server.dsn, connect_timeout=5) as line, line.cursor() as cursor:
                    cursor.executemany(QUEUE + " ON CONFLICT DO NOTHING", rows)
                self.made, sure = self.made + 5, True
            time.sleep(0.05)

    def row(self, target: str, number: int) -> tuple[object, ...]:
        body = oru(number)
        return target, self.to, f"c{number}", f"C{number}", f"K{number % KEYS}", body, len(body)


def slowly(raw: bytes) -> Answer:
    time.sleep(0.005)  # so that a kill falls between sending and noting
    return ack(raw)


def test_killed_workers_and_servers_lose_nothing_that_goes_out(home: House):
    there, chance, stop = Receiver(slowly), random.Random(20261128), threading.Event()
    said = home.within("\n    ".join(MAKE.replace("PORT", str(there.port)).strip().splitlines()))
    ends = [line.split() for line in said.split("\n") if line]
    sound, to = ends[0]
    workers = [home.start("worker"), home.start("worker")]
    queue = Queue(home, [sound, ends[1][0]], to, stop)
    queue.start()
    for turn in range(ROUNDS):
        before = len(there.came)
        until(lambda b=before: len(there.came) > b + 40, 90)
        time.sleep(chance.random() * 0.3)
        if turn % 2:
            home.kill_server()
            home.join()
            continue
        for at, worker in enumerate(workers):
            worker.kill()
            worker.wait()
            workers[at] = home.start("worker")
    stop.set()
    queue.join(30)
    until(lambda: dict(home.rows(STATES, sound)) == {"taken": queue.made}, 120)
    for worker in workers:
        worker.terminate()
        worker.wait(30)
    first = list(dict.fromkeys(there.controls()))
    print(f"sender: {ROUNDS} kills, {queue.made} queued, {len(first)} delivered, {len(there.came) - len(first)} twice")
    assert set(first) == {f"C{n}" for n in range(queue.made)}
    for key in range(KEYS):
        mine = [number for control in first if (number := int(control[1:])) % KEYS == key]
        assert mine == sorted(mine)
    assert len(there.came) >= len(first) > 100
    assert dict(home.rows(STATES, ends[1][0])) == {"waiting": queue.made}, "who is not there loses nothing"
    [[untold]] = home.rows(
        "SELECT count(*) FROM endpoints_outbound o WHERE state = 'taken' AND NOT EXISTS ("
        "SELECT 1 FROM kernel_trailline l WHERE l.action = 'endpoints.send' AND l.subject_id = o.id::text)"
    )
    assert untold == 0, "what left is in the trail"
    there.close()
