"""Every statement that goes to the database, also those below Django (the ledger's, COPY), for tests that count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that psycopg is given while it stands; one with many sets of values counts as one."""
    said: list[str] = []
    with ExitStack() as stack:
        for name in ("execute", "executemany", "copy"):
            stack.enter_context(patch.object(psycopg.Cursor, name, _telling(getattr(psycopg.Cursor, name), said)))
        yield said


def _telling(real: Any, said: list[str]) -> Any:
    def told(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        said.append(query if isinstance(query, str) else repr(query))
        return real(self, query, *args, **kwargs)

    return told
