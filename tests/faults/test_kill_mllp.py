"""Listener, worker and PostgreSQL killed with -9 under load: what was acknowledged is there once in effect, all else
can be sent again; two listeners share a port."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress

from doorstep.record.endpoints.tests.kit import Sender, code, free_port, oru
from tests.faults.house import House, rounds, until

MAKE = """
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.shapes import Facts
from doorstep.registers.organisations.models import Organisation
source = Organisation.objects.unscoped("t").order_by("id").first().pk
print(editing.make(system(), facts=Facts(name="LIS", organisation=source, port=PORT)))
"""
ROUNDS = rounds(4)
SENDERS = 6
STATES = "SELECT state, count(*) FROM endpoints_inbound WHERE reason <> 'broken-frame' GROUP BY 1"
VALUES = """
SELECT (body::jsonb)->'valueQuantity'->>'value', count(*) FROM fhir_observation WHERE NOT deleted GROUP BY 1
"""


class Load(threading.Thread):
    """A sender that goes on whatever happens: what it has no acknowledgement for it sends again."""

    def __init__(self, at: int, port: int, stop: threading.Event) -> None:
        super().__init__()
        self.at, self.port, self.stop = at, port, stop
        self.sent = self.again = 0

    def run(self) -> None:
        sender: Sender | None = None
        while not self.stop.is_set():
            number = self.at * 100_000 + self.sent
            try:
                sender = sender or Sender(self.port, timeout=15)
                answer = sender.ask(oru(number, f"P{number % 40}", value=str(number)))
            except OSError:
                answer = None
            if answer is None:
                self.again += 1
                with suppress(OSError, AttributeError):
                    sender.close()  # type: ignore[union-attr]  # None where it never was
                sender = None
                time.sleep(0.05)
                continue
            assert code(answer) == f"AA C{number}"
            self.sent += 1
            time.sleep(0.4)  # a rate that one worker keeps up with

    def numbers(self) -> set[str]:
        return {str(self.at * 100_000 + n) for n in range(self.sent)}


def opened(port: int) -> bool:
    try:
        Sender(port).close()
    except OSError:
        return False
    return True


def test_killed_listeners_workers_and_servers_lose_nothing_and_do_nothing_twice(home: House):
    port, chance = free_port(), random.Random(20261127)
    home.within("\n    ".join(MAKE.replace("PORT", str(port)).strip().splitlines()))
    running = {"mllp 1": home.start("mllp"), "mllp 2": home.start("mllp"), "worker": home.start("worker")}
    until(lambda: opened(port))
    stop = threading.Event()
    loads = [Load(at, port, stop) for at in range(1, SENDERS + 1)]
    for load in loads:
        load.start()
    for turn in range(ROUNDS):
        before = [load.sent for load in loads]
        until(lambda b=before: sum(load.sent for load in loads) > sum(b) + 30)
        name = ("mllp 1", "worker", "mllp 2", "server")[turn % 4]
        time.sleep(chance.random() * 0.3)
        if name == "server":
            home.kill_server()
            home.join()
            continue
        running[name].kill()
        running[name].wait()
        running[name] = home.start(name.split()[0])
    time.sleep(1)
    stop.set()
    for load in loads:
        load.join(30)
    assert not any(load.is_alive() for load in loads)
    acknowledged = set[str]().union(*(load.numbers() for load in loads))
    assert len(acknowledged) > 100
    assert sum(load.again for load in loads) > 0, "no kill was felt"
    until(lambda: "kept" not in dict(home.rows(STATES)), 90)
    for program in running.values():
        program.terminate()
        program.wait(30)
    assert set(dict(home.rows(STATES))) == {"applied"}
    written = dict(home.rows(VALUES))
    again = sum(load.again for load in loads)
    print(f"listeners: {ROUNDS} kills, {len(acknowledged)} acknowledged, {len(written)} applied, {again} sent again")
    assert acknowledged <= set(written)
    assert set(written.values()) == {1}
    # what is there without an acknowledgement is at most the one that each sender was waiting for at the end
    assert len(set(written) - acknowledged) <= SENDERS
    [[twice]] = home.rows("SELECT count(*) - count(DISTINCT digest) FROM endpoints_inbound")
    assert twice == 0
