"""Sixty people want twenty places of three processes; one is killed, all connections break: exactly twenty are sold."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection

from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import organisation
from doorstep.resources.booking.models import Appointment
from doorstep.resources.booking.tests.conftest import ahead, department, person, sitting, slots

ROOT = Path(__file__).resolve().parents[2]
BREAK = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
Want = tuple[int | str | UUID, ...]
BOOKS = ("tests.faults.crowd",)


class Crowd:
    """A process that does for people what it is told: the module, and what it is started with."""

    def __init__(self, wants: list[Want], program: tuple[str, ...] = BOOKS) -> None:
        said = connection.settings_dict
        dsn = f"postgresql://{said['USER']}:{quote(said['PASSWORD'])}@/{said['NAME']}?host={quote(said['HOST'], '')}"
        if said["PORT"]:
            dsn += f"&port={said['PORT']}"
        settings = {
            "DJANGO_SETTINGS_MODULE": "doorstep.site.settings",
            "DOORSTEP_DATABASE_URL": dsn,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        }
        self.wants, self.answers = wants, dict[int, str]()
        self.process = subprocess.Popen(
            [sys.executable, "-m", *program], env=os.environ | settings, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def begin(self) -> None:
        """Tell it all of its people at once."""
        assert self.process.stdin
        for want in self.wants:
            self.process.stdin.write(" ".join(map(str, want)) + "\n")
        self.process.stdin.close()

    def read(self, most: int = 1000) -> None:
        """Hear some answers, or all that there will be."""
        assert self.process.stdout
        for _ in range(most):
            line = self.process.stdout.readline()
            if not line.endswith("\n"):
                return
            number, outcome = line.split(maxsplit=1)
            self.answers[int(number)] = outcome.strip()


@pytest.mark.django_db(transaction=True)
def test_a_kill_and_broken_lines_leave_every_place_sold_once():
    county = organisation("县人民医院")
    session = sitting(member(county), department(county, "03.04", "心内科"), ahead(1), minutes=30, hours=2, together=5)
    at = [row.id for row in slots(session)][::5]
    wants = [(n, person(f"居民{n}", county), at[n % 4]) for n in range(60)]
    crowds = [Crowd(wants[k::3]) for k in range(3)]
    for crowd in crowds:
        crowd.begin()
    crowds[0].read(3)
    crowds[0].process.kill()
    crowds[1].read(2)
    with connection.cursor() as cursor:
        cursor.execute(BREAK)
        assert len(cursor.fetchall()) >= 2, "nothing was left to break: they were too quick"
    for crowd in crowds:
        crowd.read()
        crowd.process.wait(60)
    answers = {number: said for crowd in crowds for number, said in crowd.answers.items()}
    assert len(crowds[0].answers) < 20, "the kill came after the end"
    again = Crowd([want for want in wants if want[0] not in answers])
    again.begin()
    again.read()
    again.process.wait(60)
    answers |= again.answers
    assert Counter(answers.values()) == {"sold": 20, "slot_taken": 40}
    rows = Appointment.objects.unscoped("a test").filter(status="booked")
    assert len({row.slot_id for row in rows}) == len({row.resident_id for row in rows}) == rows.count() == 20
    assert {row.appointment for row in slots(session)} == {row.id for row in rows}
