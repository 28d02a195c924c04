"""Workers and PostgreSQL killed with -9 while they follow an Orthanc: every study is there once, as it is there."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorstep.record.imaging.tests import images
from tests.faults.house import House, until
from tools import orthanc as tool

MAKE = """
from doorstep.kernel.testing.callers import system
from doorstep.record.charts.tests.conftest import send
from doorstep.record.imaging.actions import archives
from doorstep.record.imaging.shapes import ArchiveFacts
from doorstep.record.imaging.tests import kit
from doorstep.registers.organisations.models import Organisation
place = Organisation.objects.unscoped("t").order_by("id").first().pk
send(place, kit.patient("kill-pc", "KILL1"))
archives.add(system(), facts=ArchiveFacts(place, "x", "ADDRESS", "USER", "FILE"))
"""
STUDIES = 24
KILLS = 4
FOLLOWED = "SELECT position FROM imaging_archive"
PLACED = "SELECT count(*) FROM imaging_study WHERE state = 'placed' AND due_at IS NULL"
CHART = "SELECT s.uid, i.body, i.version FROM imaging_study s JOIN fhir_imagingstudy i ON i.id = s.id::text"


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[tool.Running]:
    if said := tool.missing():
        (pytest.fail if os.environ.get("DOORSTEP_ORTHANC_MUST") else pytest.skip)(said)
    running = tool.start(tmp_path, http=tool.free_port(), dicom=tool.free_port(), stable=1)
    yield running
    running.stop()


def test_killed_followers_lose_no_study_and_make_none_twice(home: House, orthanc: tool.Running) -> None:
    said = {"ADDRESS": orthanc.address, "USER": tool.USER, "FILE": str(orthanc.folder / "password")}
    code = MAKE.strip()
    for name, value in said.items():
        code = code.replace(name, value)
    home.within("\n    ".join(code.splitlines()))
    chance, worker = random.Random(20261128), home.start("worker")
    for turn in range(KILLS):
        for number in range(STUDIES // KILLS):
            for file in images.slices(f"kill{turn}.{number}", 2, patient="KILL1"):
                tool.store(orthanc, file)
        until(lambda t=turn: home.rows(PLACED)[0][0] > t * STUDIES // KILLS, 90)
        time.sleep(chance.random() * 0.2)
        if turn % 2:
            home.kill_server()
            home.join()
        else:
            worker.kill()
            worker.wait()
            worker = home.start("worker")
    last = lambda: tool.get(orthanc, "/changes?last")["Last"]  # noqa: E731  asked again each time
    until(lambda: home.rows(PLACED) == [(STUDIES,)] and home.rows(FOLLOWED) == [(last(),)], 120)
    worker.terminate()
    worker.wait(30)
    found = home.rows(CHART)
    assert len(found) == len({uid for uid, *_ in found}) == STUDIES
    bodies = [body if isinstance(body, dict) else json.loads(body) for _, body, _ in found]
    assert {body["numberOfInstances"] for body in bodies} == {2}
    assert max(version for *_, version in found) <= 3, "what was read twice and is the same made no version"
