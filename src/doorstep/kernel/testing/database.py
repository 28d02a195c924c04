"""A pytest plug-in (loaded first): runs the tests on the embedded PostgreSQL unless a database is given.

Its test database is there already, a copy of one that is migrated once (`kept.migrated`); Django migrates what is new.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from doorstep.kernel import postgres
from doorstep.kernel.postgres_place import ROLE
from doorstep.kernel.testing.kept import copy, migrated

for kind in ("ACCOUNT", "ADDRESS", "KEY"):
    os.environ.setdefault(f"DOORSTEP_RATE_{kind}", "off")  # tests ask faster than people do
MADE = "DOORSTEP_DATABASE_URL" not in os.environ
"""Whether the database is this plug-in's own, and the test database stands in it."""
if MADE:
    folder = Path(tempfile.mkdtemp(prefix="doorstep-test-"))
    folder.chmod(0o755)
    os.environ["DOORSTEP_HOME"] = str(folder)
    with tempfile.TemporaryDirectory(prefix="doorstep-migrated-") as made:
        migrated(Path(made))
        shutil.move(Path(made) / "pg", folder / "pg")  # not the keys: each run makes its own
    server = postgres.start(folder, settings={"fsync": "off", "full_page_writes": "off"})
    os.environ["DOORSTEP_DATABASE_URL"] = server.dsn
    with psycopg.connect(server.admin_dsn) as admin:  # tables are emptied without triggers, see testing/flush.py
        admin.execute(f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    copy(server, "doorstep", f"test_doorstep_{worker}" if worker else "test_doorstep")

    def _end() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(_end)
