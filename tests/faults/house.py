"""A house of its own: a data folder, its PostgreSQL, programs that are started and killed, and what its tables hold."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from doorstep.fhir.tables import known_types
from doorstep.kernel import postgres
from doorstep.kernel.testing.kept import copy, environment, kept, migrated, python

ROOT = Path(__file__).resolve().parents[2]
HOT = ("observation", "condition", "medicationrequest")
PREPARE = """
from doorstep.site import cli, demo_house
from doorstep.site.demo.district import make_district
with cli.house():
    cli._migrate()
    demo_house._load(make_district(1))
"""
WITHIN = "from doorstep.site import cli\nwith cli.house():\n    "


def rounds(usual: int) -> int:
    """How often a test kills: as usual, or as DOORSTEP_FAULT_ROUNDS says (``make faults ROUNDS=20``)."""
    return int(os.environ.get("DOORSTEP_FAULT_ROUNDS") or usual)


class House:
    """One installation in a folder of its own; ``reset`` brings it back to a district without records."""

    def __init__(self, folder: Path) -> None:
        founded(folder)
        self.folder = folder
        self.server = postgres.start(folder)
        self.programs: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """What programs of this house are started with."""
        return environment(self.folder)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``doorstep …``; what it says goes to program.log."""
        with (self.folder / "program.log").open("ab") as log:
            command = [sys.executable, "-m", "doorstep.site.cli", *arguments]
            self.programs.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))
        return self.programs[-1]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``doorstep …`` to its end."""
        command = [sys.executable, "-m", "doorstep.site.cli", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=300)

    def python(self, code: str) -> str:
        """Run code as a program of this house; what it printed."""
        return python(self.folder, code)

    def within(self, statement: str) -> str:
        """Run one statement with Django set up on the house's database; what it printed."""
        return self.python(WITHIN + statement)

    def keep(self, name: str) -> None:
        """Remember all that is there, for ``reset``."""
        copy(self.server, "doorstep", name)

    def reset(self, name: str = "clean") -> None:
        """Bring back what was kept under a name; "clean" is the district without records."""
        self.end()
        self.join()
        copy(self.server, name, "doorstep")
        shutil.rmtree(self.folder / "trail", ignore_errors=True)  # heads of a chain that is no more

    def end(self) -> None:
        """Kill what a test that failed left at work: it would write into the next one's house, with keys of before."""
        for program in self.programs:
            program.kill()
            program.wait()
        self.programs.clear()

    def join(self) -> None:
        """Start the server again where it was killed; where it runs this costs a look."""
        held, self.server = self.server, postgres.start(self.folder)
        held.stop()

    def kill_server(self) -> None:
        """Kill the postmaster with -9, as the kernel does where memory runs out."""
        lines = (self.folder / "pg" / "data" / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGKILL)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with psycopg.connect(self.server.dsn) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]  # the tests' own queries

    def count(self, table: str) -> int:
        """How many rows a table has; 0 while the server cannot be reached."""
        try:
            found: int = self.rows(f"SELECT count(*) FROM {table}")[0][0]
        except psycopg.OperationalError:
            return 0
        return found

    def close(self) -> None:
        """Stop the server and delete all."""
        self.end()
        self.join()
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def state(self) -> dict[str, Any]:
        """All that an ingest leaves, without times and made-up numbers, so that two of them can be compared."""
        now = " UNION ALL ".join(
            f"SELECT '{kind}', id, version, deleted, digest FROM fhir_{kind.lower()}" for kind in sorted(known_types())
        )
        return {
            "ledger": set(self.rows(now)),
            "past": set(self.rows("SELECT type, id, version, digest FROM fhir_past")),
            "codes": {
                kind: self.rows(f"SELECT id, code, patient, at FROM fhir_{kind}_code ORDER BY 1, 2") for kind in HOT
            },
            "messages": set(self.rows(MESSAGES)),
            "people": {tuple(row[0]): row[1:] for row in self.rows(PEOPLE)},
            "numbers": set(self.rows(NUMBERS)),
            "presence": set(self.rows(PRESENCE)),
        }


RECORDS = """
(SELECT resident_id, array_agg(patient_id ORDER BY patient_id) AS ids FROM residents_residentrecord GROUP BY 1) r
"""
PEOPLE = f"""
SELECT r.ids, p.name, p.sex, p.birth_date, p.deceased FROM residents_resident p JOIN {RECORDS} ON p.id = r.resident_id
"""
NUMBERS = f"""
SELECT r.ids::text, i.kind, i.system, i.value, i.trusted FROM residents_residentidentifier i
JOIN {RECORDS} USING (resident_id)
"""
PRESENCE = f"""
SELECT r.ids::text, organisation_id FROM residents_residentpresence JOIN {RECORDS} USING (resident_id)
"""
MESSAGES = "SELECT source_id, digest, kind, state, waits, problems::text FROM exchange_message"


def founded(folder: Path) -> None:
    """Put into an empty folder a house with all tables and a district without records, made once for what the source
    is now."""
    sources = [path for path in (ROOT / "src" / "doorstep").rglob("*.py") if "tests" not in path.parts]
    kept("house", sources, _found, folder)


def _found(folder: Path) -> None:
    migrated(folder)
    with postgres.running(folder, {"min_wal_size": "32MB", "max_wal_size": "64MB"}) as server:
        python(folder, PREPARE)
        copy(server, "doorstep", "clean")


@contextmanager
def house() -> Iterator[House]:
    """A house in a temporary folder, deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="doorstep-faults-"))
    folder.chmod(0o755)
    made = House(folder)
    try:
        yield made
    finally:
        made.close()


def until(true: Callable[[], object], seconds: float = 60, pause: float = 0.02) -> None:
    """Wait until something holds; fails where it does not in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(pause)


def ended(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    """Whether a process has ended, to be asked again and again."""
    return lambda: process.poll() is not None
