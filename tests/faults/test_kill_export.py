"""A worker killed with -9 in the midst of an export: the next goes on, and the files are those of one that was not."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psycopg

from tests.faults.house import House, until

ROWS = 45_000
FILL = """
INSERT INTO fhir_observation (id, version, updated, source, patient, deleted, digest, tok, sensitive, body)
SELECT id, 1, now(), %s, 'p', false, '\\x00', '{}', 0, replace(%s, '@', id)
FROM (SELECT 'o' || md5(n::text) AS id FROM generate_series(1, %s) n) t
"""
BODY = '{"resourceType":"Observation","id":"@","status":"final","code":{"text":"体温"},"valueQuantity":{"value":36.50}}'
BEGIN = """
from doorstep.kernel.testing.callers import system; from doorstep.record.exchange import api;
print(api.begin_export(system(), level="system", types=["Observation", "Patient"], request_url="https://h/$export").id)
"""


def begin(home: House) -> str:
    return home.within(" ".join(BEGIN.split("\n"))).strip()


def state(home: House, export: str) -> tuple[str, int]:
    [row] = home.rows("SELECT state, read FROM exchange_export WHERE id = %s", export)
    return row[0], row[1]


def kept(home: House, export: str) -> dict[str, int]:
    """The files and their lengths as the table knows them."""
    [[files]] = home.rows("SELECT files FROM exchange_export WHERE id = %s", export)
    return {file["name"]: file["size"] for file in files}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_killed_worker_s_export_is_gone_on_with(home: House):
    with psycopg.connect(home.server.dsn) as connection:
        connection.execute(FILL, ["00000000-0000-0000-0000-000000000001", BODY, ROWS])
    exports, chance, middle, torn = home.folder / "exports", random.Random(20261126), 0, 0
    killed = begin(home)
    folder = exports / killed
    for size in (1, 2_000_000, 4_000_000):
        worker = home.start("worker")
        until(lambda s=size: folder.exists() and sum(p.stat().st_size for p in folder.iterdir()) >= s, pause=0.002)
        time.sleep(chance.random() * 0.02)
        worker.kill()
        worker.wait()
        middle += state(home, killed)[0] in ("accepted", "running")
        torn += sum(p.stat().st_size for p in folder.iterdir()) > sum(kept(home, killed).values())
    assert (middle >= 2, torn >= 1) == (True, True), "too quick, the kills came after the end, or between slices"
    worker, whole = home.start("worker"), begin(home)
    for export in (killed, whole):
        until(lambda e=export: state(home, e)[0] == "done")
    worker.terminate()
    worker.wait(20)
    assert state(home, killed) == ("done", ROWS)
    made = files(folder)
    assert made == files(exports / whole)
    assert made["Observation.1.ndjson"].count(b"\n") == ROWS
    assert kept(home, killed) == {name: len(body) for name, body in made.items()}
