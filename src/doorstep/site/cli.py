"""The command ``doorstep``: everything that people and systemd call."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def house() -> Iterator[str]:
    """Django set up on a running database (the embedded one, unless another is given); yields the database's address."""
    from doorstep.kernel import postgres

    with postgres.database() as dsn:
        os.environ["DOORSTEP_DATABASE_URL"] = dsn
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doorstep.site.settings")
        import django

        django.setup()
        yield dsn


def manage(arguments: list[str]) -> int:
    """Django's own commands, on the house's database."""
    with house():
        from django.core.management import execute_from_command_line

        execute_from_command_line(["doorstep manage", *arguments])
    return 0


def main() -> int:
    """Read the command line and run the command; the exit status is 0 where all went well."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["manage"]:
        return manage(arguments[1:])
    sys.stderr.write("doorstep manage …\n")
    return 2
