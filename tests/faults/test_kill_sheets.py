"""The worker killed with -9 while it applies a sheet, and while it takes it back: each row once, and all of them."""

from __future__ import annotations

import random
import time

from tests.faults.house import House, until

ROWS = 150
SEND = """
from doorstep.kernel.testing.callers import member
from doorstep.record.sheets.tests import kit
from doorstep.registers.organisations.models import Organisation
clerk = member(Organisation.objects.unscoped("t").order_by("id").first().pk)
batch = kit.checked(clerk, "residents", *[kit.resident(n) for n in range(1, ROWS + 1)])
kit.deciding.apply(clerk, batch=batch, expect=kit.version(batch))
"""
UNDO = """
from doorstep.kernel.testing.callers import member
from doorstep.record.sheets.models import Import
from doorstep.record.sheets.tests import kit
batch = Import.objects.unscoped("t").get()
kit.deciding.undo(member(batch.organisation_id), batch=batch.pk, expect=batch.version)
"""
DONE = "SELECT state, done, tally, undid FROM sheets_import"


def within(home: House, code: str) -> None:
    home.within("\n    ".join(code.replace("ROWS", str(ROWS)).strip().splitlines()))


def kill_until(home: House, state: str, chance: random.Random) -> int:
    """Start the worker and kill it once it has done some rows, twice; then let it end. How often it was felt."""
    felt = 0
    for _ in range(2):
        before = home.rows(DONE)[0][1]
        worker = home.start("worker")
        until(lambda b=before: home.rows(DONE)[0][0] == state or home.rows(DONE)[0][1] > b)
        time.sleep(chance.random() * 0.05)
        worker.kill()
        worker.wait()
        felt += home.rows(DONE)[0][0] != state
    worker = home.start("worker")
    until(lambda: home.rows(DONE)[0][0] == state, 120)
    worker.terminate()
    worker.wait(30)
    return felt


def test_a_killed_worker_does_each_row_once_and_all_of_them(home: House) -> None:
    chance = random.Random(20261127)
    within(home, SEND)
    assert kill_until(home, "applied", chance) > 0, "no kill was felt"
    assert home.rows(DONE)[0][2] == {"new": ROWS}
    [[patients, versions, messages]] = home.rows(
        "SELECT count(*), max(version), (SELECT count(*) FROM exchange_message) FROM fhir_patient WHERE NOT deleted"
    )
    assert (patients, versions, messages) == (ROWS, 1, ROWS)
    assert home.rows("SELECT outcome, foretold, count(*) FROM sheets_entry GROUP BY 1, 2") == [("new", "new", ROWS)]
    within(home, UNDO)
    kill_until(home, "undone", chance)
    assert home.rows(DONE)[0][3] == {"undone": ROWS}
    assert home.rows("SELECT count(*) FROM fhir_patient WHERE NOT deleted") == [(0,)]
    assert home.count("residents_resident") == 0
