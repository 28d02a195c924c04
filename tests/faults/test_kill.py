"""``kill -9`` of the ingest, of the worker and of PostgreSQL at random moments: nothing is lost and nothing doubled."""

from __future__ import annotations

import random
import subprocess
import time
import zipfile
from itertools import cycle
from pathlib import Path

import pytest

from tests.faults.conftest import Sent
from tests.faults.house import House, ended, until

VICTIMS = ["ingest", "postgres", "worker", "ingest", "postgres", "ingest", "worker", "ingest", "postgres", "worker"]
KILLS = 7


def test_kills_leave_what_none_leaves(home: House, sent: Sent):
    """Seven kills in the middle; where the ingest came to its end before so many, all is looked at and begun again."""
    chance = random.Random(20261031)
    command = ("ingest", str(sent.archive), "--source", sent.source, "--quiet")
    victims, kills, houses = cycle(VICTIMS), 0, 0
    while kills < KILLS:
        assert houses < KILLS, "hardly any kill came before the end of the ingest"
        houses += 1
        home.reset()
        worker, counts, ran_out = home.start("worker"), [0], False
        while kills < KILLS and not ran_out:
            ingest = home.start(*command, "--workers", chance.choice(["1", "1", "2"]))
            until(lambda b=counts[-1], i=ingest: home.count("exchange_message") > b or i.poll() is not None)
            time.sleep(chance.random() * 0.15)
            counts.append(home.count("exchange_message"))
            ran_out = counts[-1] >= len(sent.names) or ingest.poll() is not None
            kills += not ran_out
            worker = fall(home, next(victims), ingest, worker)
        assert counts == sorted(counts)
        last = home.run(*command)
        assert last.returncode == 1, last.stderr
        worker.terminate()
        worker.wait(20)
        home.within("from doorstep.kernel import outbox; outbox.drain()")
        assert home.state() == sent.state
        assert_nothing_lost_or_doubled(home)


def fall(
    home: House, victim: str, ingest: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]
) -> subprocess.Popen[bytes]:
    """Kill one of the three; the ingest has ended then, and there is a worker."""
    if victim == "postgres":
        home.kill_server()
        until(ended(ingest))
        home.join()
    elif victim == "worker":
        worker.kill()
        worker.wait()
        worker = home.start("worker")
        ingest.kill()
    else:
        ingest.kill()
    ingest.wait()
    return worker


def assert_nothing_lost_or_doubled(home: House) -> None:
    assert home.rows("SELECT DISTINCT state FROM kernel_delivery") == [("done",)]
    # each message has its one line in the trail: written with it, or not at all
    lines = home.rows(
        "SELECT m.id, count(t.id) FROM exchange_message m LEFT JOIN kernel_trailline t ON t.action = 'exchange.message'"
        " AND t.subject_id = m.id::text WHERE m.parent_id IS NULL GROUP BY 1 HAVING count(t.id) <> 1"
    )
    assert lines == []
    assert "完整" in home.run("trail", "verify").stdout


def half(sent: Sent, names: list[str], path: Path) -> Path:
    """An archive of some of the members."""
    with zipfile.ZipFile(sent.archive) as whole, zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, whole.read(name))
    return path


@pytest.mark.parametrize("part", ["whole", "overlapping"])
def test_two_ingests_at_once_leave_what_one_leaves(home: House, sent: Sent, part: str, tmp_path: Path):
    third = len(sent.names) // 3
    archives = [sent.archive, sent.archive]
    if part == "overlapping":
        archives = [
            half(sent, sent.names[: 2 * third], tmp_path / "a.zip"),
            half(sent, sent.names[third:], tmp_path / "b.zip"),
        ]
    both = [home.start("ingest", str(archive), "--source", sent.source, "--quiet") for archive in archives]
    assert {process.wait(300) for process in both} <= {0, 1}
    home.within("from doorstep.kernel import outbox; outbox.drain()")
    assert home.state() == sent.state
    assert_nothing_lost_or_doubled(home)
