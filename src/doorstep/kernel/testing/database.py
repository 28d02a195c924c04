"""A pytest plug-in (loaded first): runs the tests on the embedded PostgreSQL unless a database is given."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from doorstep.kernel import postgres
from doorstep.kernel.postgres_place import ROLE

for kind in ("ACCOUNT", "ADDRESS", "KEY"):
    os.environ.setdefault(f"DOORSTEP_RATE_{kind}", "off")  # tests ask faster than people do
if "DOORSTEP_DATABASE_URL" not in os.environ:
    folder = Path(tempfile.mkdtemp(prefix="doorstep-test-"))
    folder.chmod(0o755)
    os.environ["DOORSTEP_HOME"] = str(folder)
    server = postgres.start(folder, settings={"fsync": "off", "full_page_writes": "off"})
    os.environ["DOORSTEP_DATABASE_URL"] = server.dsn
    with psycopg.connect(server.admin_dsn) as admin:  # tables are emptied without triggers, see testing/flush.py
        admin.execute(f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}")

    def _end() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(_end)
