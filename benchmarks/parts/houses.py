"""A house to measure in: an embedded PostgreSQL with all tables and one institution, in a folder that is removed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doorstep.kernel.postgres import Server

SOURCE = "bench"


@contextmanager
def standing(within: Path, kept: Path | None = None) -> Iterator[tuple[Path, Server]]:
    """Make a house below a folder, set Django up in it, give its own folder and server, and take it down.

    A ``kept`` folder is the house's own: it is made once, found again, and stays.
    """
    folder = kept.absolute() if kept else Path(tempfile.mkdtemp(prefix="doorstep-bench-", dir=within))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    os.environ["DOORSTEP_HOME"] = str(folder / "home")
    os.environ["DJANGO_SETTINGS_MODULE"] = "doorstep.site.settings"
    from doorstep.kernel import postgres

    try:
        with postgres.running(folder / "home") as server:
            os.environ["DOORSTEP_DATABASE_URL"] = server.dsn
            _found()
            yield folder, server
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def _found() -> None:
    """Make the tables and the institution; a house found again has them."""
    import django

    django.setup()
    from django.core.management import call_command

    from doorstep.registers.organisations.models import Organisation

    call_command("migrate", verbosity=0, interactive=False)
    if not Organisation.objects.unscoped("benchmark").exists():
        Organisation.objects.create(
            short_code=SOURCE, name="基准医院", pinyin="jizhunyiyuan", initials="jzyy", type_code="A100", tier="lead",
            area="439900000000",
        )  # fmt: skip
