"""``kill -9`` in the middle of a batch linkage: the old residents or the new ones, and a run again completes it."""

from __future__ import annotations

import psycopg
import pytest

from tests.faults.conftest import Sent
from tests.faults.house import House, ended, until

SCATTER = """
from doorstep.site import cli
with cli.house():
    from django.db import connection, transaction
    from doorstep.registers.residents.actions import moving
    from doorstep.registers.residents.models import Resident
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT max(id::text)::uuid, resident_id FROM residents_residentrecord"
                       " GROUP BY resident_id HAVING count(*) > 1")
        rows = cursor.fetchall()
        moves = {record: (home, Resident.objects.create().pk) for record, home in rows}
        moving.hold(home for _, home in rows)
        moving.move(moves, "new", "test")
        cursor.execute("UPDATE residents_residentrecord SET how = 'new', against = NULL WHERE id = ANY(%s)",
                       [list(moves)])
    print(len(moves))
"""
PEOPLE = """
SELECT r.id, (SELECT array_agg(patient_id ORDER BY patient_id) FROM residents_residentrecord WHERE resident_id = r.id),
  r.name, r.sex, r.birth_date, r.merged_into_id,
  (SELECT array_agg(organisation_id ORDER BY organisation_id) FROM residents_residentpresence WHERE resident_id = r.id),
  (SELECT array_agg(value ORDER BY value, id) FROM residents_residentidentifier WHERE resident_id = r.id)
FROM residents_resident r ORDER BY r.id
"""
AFTER = """
SELECT (SELECT array_agg(patient_id ORDER BY patient_id) FROM residents_residentrecord WHERE resident_id = r.id), name
FROM residents_resident r WHERE EXISTS (SELECT 1 FROM residents_residentrecord WHERE resident_id = r.id)
"""
COUNTS = "SELECT (SELECT count(*) FROM residents_merge), (SELECT count(*) FROM residents_recordmove)"
WAITING = "SELECT count(*) FROM pg_locks l WHERE NOT granted AND relation = %s::regclass"
HELD = """
SELECT count(*) FROM pg_stat_activity WHERE datname = 'doorstep' AND state <> 'idle' AND pid <> pg_backend_pid()
"""
LINK = ("match", "--quiet", "link")


@pytest.fixture
def scattered(home: House, sent: Sent) -> House:
    """A register in which many people are two residents."""
    home.reset("ingested")
    assert int(home.python(SCATTER)) > 50
    return home


def test_a_kill_leaves_the_old_residents_and_a_run_again_makes_the_new_ones(scattered: House):
    home = scattered
    before, counts = home.rows(PEOPLE), home.rows(COUNTS)
    for table in ("residents_recordmove", "residents_merge", "kernel_trailline"):
        stopped_at(home, table)
        assert home.rows(PEOPLE) == before, table
        assert home.rows(COUNTS) == counts, table
    done = home.run(*LINK)
    assert done.returncode == 0, done.stderr
    after, moved = home.rows(PEOPLE), home.rows(COUNTS)
    assert moved[0][0] > 50
    assert sorted(map(str, home.rows(AFTER))) != sorted(map(str, before))
    again = home.run(*LINK)
    assert again.returncode == 0, again.stderr
    assert home.rows(PEOPLE) == after
    assert home.rows(COUNTS) == moved
    assert "完整" in home.run("trail", "verify").stdout


def stopped_at(home: House, table: str) -> None:
    """Kill a batch where it waits to write to a table, the changes before that made and not committed."""
    with psycopg.connect(home.server.dsn) as holder:
        holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")  # type: ignore[arg-type]  # the test's own names
        linking = home.start(*LINK)
        until(lambda: home.rows(WAITING, table)[0][0] or linking.poll() is not None)
        assert linking.poll() is None
        linking.kill()
        linking.wait()
        holder.rollback()
    # the server learns that nobody is there once the lock is its own
    until(lambda: not home.rows(HELD)[0][0])


def test_a_server_that_is_killed_is_as_before_or_after(scattered: House):
    home = scattered
    before = home.rows(PEOPLE)
    holder = psycopg.connect(home.server.dsn)
    holder.execute("LOCK TABLE residents_merge IN EXCLUSIVE MODE")
    linking = home.start(*LINK)
    until(lambda: home.rows(WAITING, "residents_merge")[0][0])
    home.kill_server()
    until(ended(linking))
    holder.close()
    home.join()
    assert home.rows(PEOPLE) == before
    assert home.run(*LINK).returncode == 0
    assert home.rows(COUNTS)[0][0] > 50
