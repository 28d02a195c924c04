"""What is dear to make and the same for every test process: made once, kept in .cache, copied by whoever needs it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from doorstep.kernel import postgres
from doorstep.kernel.postgres_place import ROLE

ROOT: Final = Path(__file__).resolve().parents[4]
CACHE: Final = ROOT / ".cache"
_MIGRATE: Final = "from doorstep.site import cli\nwith cli.house():\n    cli._migrate()"


def kept(name: str, sources: Iterable[Path], make: Callable[[Path], None], into: Path) -> None:
    """Put into an empty folder what `make` puts into one, made once for what the source files are now."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(sources):
        digest.update(path.read_bytes())
    shelf = CACHE / name
    shelf.mkdir(parents=True, exist_ok=True)
    with (shelf / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = shelf / digest.hexdigest()[:16]
        if not found.exists():
            for old in [one for one in shelf.iterdir() if one.is_dir()]:
                shutil.rmtree(old)
            with tempfile.TemporaryDirectory(prefix=f"doorstep-{name}-") as made:
                Path(made).chmod(0o755)
                make(Path(made))
                part = found.with_suffix(".part")
                subprocess.run(["cp", "-a", made, str(part)], check=True)
                part.rename(found)
        subprocess.run(["cp", "-a", f"{found}/.", str(into)], check=True)


def migrated(into: Path) -> None:
    """Put into an empty folder an installation whose database has all tables: to migrate takes ten seconds of CPU."""
    sources = [*(ROOT / "src").rglob("migrations/*.py"), ROOT / "requirements" / "dev.txt"]
    kept("migrated", sources, _migrate, into)


def _migrate(folder: Path) -> None:
    with postgres.running(folder, {"min_wal_size": "32MB", "max_wal_size": "64MB", "fsync": "off"}):
        python(folder, _MIGRATE)


def copy(server: postgres.Server, old: str, new: str) -> None:
    """Make a database of a server the copy of another, whatever it was before."""
    with psycopg.connect(server.admin_dsn, dbname="postgres", autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)", [[old, new]])
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(new)))
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        admin.execute(make.format(sql.Identifier(new), sql.Identifier(old), sql.Identifier(ROLE)))


def environment(folder: Path) -> dict[str, str]:
    """What programs of the installation in a folder are started with."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("DOORSTEP_", "DJANGO_", "COV_"))}
    return given | {"DOORSTEP_HOME": str(folder)}


def python(folder: Path, code: str) -> str:
    """Run code as a program of the installation in a folder; what it printed."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout
