"""Two houses refer to each other through a third: three databases, six processes, real HTTP, by FHIR messages.

East sends a referral to an institution of West; the hub between them passes on what they say, unchanged. West accepts,
and says that the patient has come; then East's full record follows. The hub is killed with -9 on the way.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from doorstep.kernel.testing.kept import copy, environment
from doorstep.record.endpoints.tests.kit import free_port
from tests.faults.house import House, ended, until

WITHIN = "from doorstep.site import cli\nwith cli.house():\n"
SETUP = """
from pathlib import Path
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.shapes import Facts, Outward
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.staff import api as staff
places = {each.uscc: each.pk for each in Organisation.objects.unscoped("t")}
for whose, behind, port, mine, theirs in PARTNERS:
    speaks = tuple(places[code] for code in behind)
    key = staff.issue_key(system(), organisation=places[whose], name="平台")[1]
    Path(mine).write_text(key)
    said = dict(organisation=places[whose], protocol=MESSAGES, mapping="sichuan", speaks_for=speaks)
    editing.make(system(), facts=Facts("来自平台", port=0, **said))
    out = Outward("127.0.0.1", to_facility="fhir", credential=theirs, most_tries=100)
    editing.make(system(), facts=Facts("送往平台", port=port, out=out, **said))
"""
SEND = """
from dataclasses import replace
from doorstep.kernel.call import Scope
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import patient, send
from doorstep.record.exchange.tests.kit import bundle, entry, observation
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.residents import api as residents
from doorstep.services.referrals.actions import drafting, moving
from doorstep.services.referrals.shapes import Wish
places = {each.uscc: each.pk for each in Organisation.objects.unscoped("t")}
here, there = places[HERE], places[THERE]
send(here, patient("pt"))
send(here, {**observation("Patient/pt"), "id": "temperature"})
call = member(here, scope=Scope(frozenset({here, there})))
wish = Wish(
    service="inpatient", urgency="urgent", destination=there, department_name="神经内科", criteria=("U1", "D1"),
    letter={"impression": "脑出血？", "present": "头痛三小时\\n血压 210/120", "past": "高血压", "treatment": "甘露醇"},
    consenter="self", consent_name="某某", consent_channel="in_person",
)
referral = drafting.draft(call, resident=residents.residents_of(["pt"])["pt"], wish=wish)
moving.send(call, referral=referral, expect=None)
"""
MOVE = """
from doorstep.kernel.call import Scope
from doorstep.kernel.testing.callers import member
from doorstep.services.referrals.actions import moving
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.shapes import Answer
row = Referral.objects.unscoped("t").get()
call = member(row.destination_id, scope=Scope(frozenset({row.origin_id, row.destination_id})))
moving.MOVES[NAME](call, referral=row.pk, expect=None, answer=Answer(note=NOTE))
"""
SENT = "SELECT kind, state, code FROM endpoints_outbound ORDER BY id"
CAME = "SELECT kind, state FROM endpoints_inbound ORDER BY id"
STATUS = "SELECT status FROM referrals_referral"


class One:
    """One of the three: a database of the server that all share, a folder and a port of its own."""

    def __init__(self, server: House, name: str, folder: Path) -> None:
        self.name, self.folder, self.port = name, folder / name, free_port()
        self.folder.mkdir()
        copy(server.server, "clean", name)
        self.dsn = make_conninfo(server.server.dsn, dbname=name)
        self.environment = environment(self.folder) | {"DOORSTEP_DATABASE_URL": self.dsn}
        self.running: list[subprocess.Popen[bytes]] = []

    def within(self, code: str, **names: Any) -> None:
        """Run code with Django set up on this database; names stand for values."""
        said = "".join(f"{name} = {value!r}\n" for name, value in names.items()) + code
        body = WITHIN + "".join(f"    {line}\n" for line in said.splitlines())
        command = [sys.executable, "-c", body]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr

    def begin(self, *arguments: str) -> None:
        with (self.folder / "program.log").open("ab") as log:
            command = [sys.executable, "-m", "doorstep.site.cli", *arguments]
            self.running.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))

    def open(self) -> None:
        """Start the door and the worker; ``is_open`` says when the door answers."""
        self.begin("fhir", "--port", str(self.port))
        self.begin("worker")

    def is_open(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]  # the tests' own queries

    def close(self, number: int = signal.SIGTERM) -> None:
        for process in self.running:
            process.send_signal(number)
        for process in self.running:
            until(ended(process), 30)
        self.running.clear()


@pytest.fixture
def three(built: House, tmp_path: Path) -> Iterator[tuple[One, One, One]]:
    built.reset()
    houses = tuple(One(built, name, tmp_path) for name in ("east", "hub", "west"))
    try:
        yield houses  # type: ignore[misc]  # three of them
    finally:
        for each in houses:
            each.close(signal.SIGKILL)


def test_a_referral_goes_there_and_back_through_a_hub_that_is_killed(
    three: tuple[One, One, One], tmp_path: Path
) -> None:
    east, hub, west = three
    here, between, there = codes(east)
    keys = {name: str(tmp_path / name) for name in ("east at hub", "west at hub", "hub at east", "hub at west")}
    # (whose, whom they speak for, their port, the key that we give them, the key that they gave us)
    east.within(SETUP, PARTNERS=[(between, [there], hub.port, keys["hub at east"], keys["east at hub"])])
    west.within(SETUP, PARTNERS=[(between, [here], hub.port, keys["hub at west"], keys["west at hub"])])
    hub.within(SETUP, PARTNERS=[
        (here, [], east.port, keys["east at hub"], keys["hub at east"]),
        (there, [], west.port, keys["west at hub"], keys["hub at west"]),
    ])  # fmt: skip
    for each in (east, west, hub):
        each.open()
    until(lambda: all(each.is_open() for each in three))
    hub.close(signal.SIGKILL)
    east.within(SEND, HERE=here, THERE=there)
    hub.open()
    until(lambda: west.rows(STATUS) == [("sent",)])
    west.within(MOVE, NAME="accept", NOTE="已留床")
    until(lambda: east.rows(STATUS) == [("accepted",)])
    west.within(MOVE, NAME="arrive", NOTE="")
    until(lambda: [kind for kind, *_ in west.rows(CAME)] == ["C01001", "C01004"])
    until(lambda: all(each.rows("SELECT 1 FROM endpoints_outbound WHERE state <> 'taken'") == [] for each in three))
    until(lambda: all(state == "applied" for each in three for _, state in each.rows(CAME)))
    assert east.rows(STATUS) == west.rows(STATUS) == [("arrived",)]
    flow = ["C01001", "C01002", "C01003", "C01004"]
    assert hub.rows(CAME) == [(kind, "applied") for kind in flow]
    assert hub.rows(SENT) == [(kind, "taken", "ok") for kind in flow]
    assert east.rows(SENT) == [(kind, "taken", "ok") for kind in ("C01001", "C01004")]
    assert hub.rows("SELECT count(*) FROM referrals_referral") == [(0,)]
    same = "SELECT encode(digest, 'hex') FROM endpoints_inbound WHERE kind IN ('C01001', 'C01004') ORDER BY id"
    assert hub.rows(same) == west.rows(same)  # as it came, to the byte
    assert west.rows("SELECT name, urgency, department_name FROM referrals_referral") == [
        ("李秀英", "urgent", "神经内科")
    ]
    letter = "SELECT body->>'present' FROM referrals_referralletter"
    assert west.rows(letter) == east.rows(letter) == [("头痛三小时\n血压 210/120",)]
    assert west.rows("SELECT body::jsonb->'valueQuantity'->>'value' FROM fhir_observation") == [("36.5",)]
    assert "完整病历" in west.rows("SELECT text FROM referrals_referralmessage")[0][0]


def codes(one: One) -> list[str]:
    """The credit codes of three institutions that treat."""
    found = one.rows(
        "SELECT uscc FROM organisations_organisation WHERE type_code LIKE 'A%' AND uscc <> '' ORDER BY uscc"
    )
    return [code for (code,) in found[:3]]
