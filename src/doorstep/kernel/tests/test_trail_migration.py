"""The move of an old trail into its months: every line and seal stays, and the old chain still holds."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

LINES = """
INSERT INTO kernel_trailline (at, actor, name, post, purpose, action, outcome, subject_type, subject_id, resident,
  detail, organisation, request)
SELECT timestamptz '2025-12-31 15:00+00' + n * interval '10 days', 'staff:1', '王芳', NULL, 'TREAT', 'charts.read',
  'done', 'Thing', n::text, NULL, '{"n": 1.50, "词": "é"}', NULL, '' FROM generate_series(0, 9) n
"""
BEFORE = """
from doorstep.kernel.trail_chain import GENESIS, link
from django.db import connection
import django, json
django.setup()
with connection.cursor() as cursor:
    cursor.execute("SELECT id, at, actor, name, post, organisation, purpose, action, outcome, subject_type, subject_id,"
                   " resident, detail::text, request FROM kernel_trailline ORDER BY id")
    previous = GENESIS
    for position, row in enumerate(cursor.fetchall(), 1):
        previous = link(previous, (*row[:-2], json.loads(row[-2]), row[-1]))
        cursor.execute("INSERT INTO kernel_trailseal VALUES (%s, %s, %s)", [position, previous, row[0]])
"""
AFTER = """
import django
django.setup()
from django.db import connection
from doorstep.kernel import trail, trail_months, trail_verify
from doorstep.kernel.testing.callers import system
trail.write(system(), "test.new")
report = trail_verify.verify()
with connection.cursor() as cursor:
    cursor.execute("SELECT tableoid::regclass::text, count(*), max(id) FROM kernel_trailline GROUP BY 1 ORDER BY 1")
    print([b.kind for b in report.breaches], report.position, cursor.fetchall())
"""


def run(dsn: str, *arguments: str) -> str:
    environment = {**os.environ, "DOORSTEP_DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "doorstep.site.settings"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def old(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """A database of its own that stands before the move, with a sealed trail."""
    dsn = os.environ["DOORSTEP_DATABASE_URL"]
    monkeypatch.setenv("DOORSTEP_HOME", str(tmp_path))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS trail_before")
        connection.execute("CREATE DATABASE trail_before")
        yield make_conninfo(dsn, dbname="trail_before")
        connection.execute("DROP DATABASE trail_before WITH (FORCE)")


def test_an_old_trail_moves_into_its_months(old: str) -> None:
    run(old, "-m", "django", "migrate", "-v0", "kernel", "0008")
    with psycopg.connect(old) as connection:
        connection.execute(LINES)
    run(old, "-c", BEFORE)
    run(old, "-m", "django", "migrate", "-v0", "kernel")
    said = run(old, "-c", AFTER)
    assert said.startswith("[] 11 [")
    # midnight of the new year in China is 16:00 of the last day of the old one in UTC
    assert "('kernel_trailline_2025_12', 1, 1)" in said
    assert "('kernel_trailline_2026_01', 3, 4)" in said
    assert said.rstrip().endswith(", 1, 11)]")
