"""The demo: the promised numbers, the same again for a seed, quick the second time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from doorstep.kernel import postgres

COUNTS = """
SELECT (SELECT count(*) FROM organisations_organisation), (SELECT count(*) FROM staff_person),
  (SELECT sum(number) FROM organisations_countedfact WHERE kind = 'beds'),
  (SELECT count(*) FROM residents_residentidentifier WHERE trusted AND kind = 'resident_id'),
  (SELECT count(*) FROM exchange_message WHERE state = 'set_aside')
"""
FACTS = """
SELECT md5(string_agg(id || encode(digest, 'hex'), ',' ORDER BY id)) FROM (
  SELECT id, digest FROM fhir_patient UNION ALL SELECT id, digest FROM fhir_observation
  UNION ALL SELECT id, digest FROM fhir_condition UNION ALL SELECT id, digest FROM fhir_encounter) AS facts
"""


def _demo(home: Path, seed: int) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DOORSTEP_", "DJANGO_"))}
    command = [
        sys.executable,
        "-m",
        "doorstep.site.cli",
        "demo",
        "--no-serve",
        "--residents",
        "150",
        "--seed",
        str(seed),
    ]
    done = subprocess.run(
        command, env=environment | {"DOORSTEP_HOME": str(home)}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def _ask(home: Path, query: str) -> tuple[object, ...]:
    with postgres.running(home) as server, psycopg.connect(server.dsn) as connection:
        found = connection.execute(query).fetchone()
        assert found is not None
        return found


@pytest.fixture
def homes() -> Iterator[tuple[Path, Path]]:
    """Two data folders that any account may enter (PostgreSQL's too, where the tests run as root), gone afterwards."""
    found = tuple(Path(tempfile.mkdtemp(prefix="doorstep-demo-")) for _ in range(2))
    for folder in found:
        folder.chmod(0o755)
    yield found[0], found[1]
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_demo_stands_as_promised_and_is_the_same_again(homes: tuple[Path, Path]) -> None:
    one, two = homes
    _demo(one, 5)
    organisations, staff, beds, residents, aside = _ask(one, COUNTS)
    assert (organisations, staff, beds, aside) == (128, 2299, 2636, 7)
    assert residents == 150
    accounts = one / "demo_accounts.json"
    assert accounts.stat().st_mode & 0o077 == 0, "passwords are readable by their owner alone"
    assert len(json.loads(accounts.read_text())) == 11
    tried = one / "demo_residents.json"
    assert tried.stat().st_mode & 0o077 == 0
    assert [person["bound"] for person in json.loads(tried.read_text())] == [True, False]
    assert "正在建立" not in _demo(one, 5)
    _demo(two, 5)
    assert _ask(one, FACTS) == _ask(two, FACTS)
    secrets = [json.loads((h / "demo_accounts.json").read_text())["doctor"][1] for h in homes]
    assert secrets[0] != secrets[1], "each installation makes its own passwords"
