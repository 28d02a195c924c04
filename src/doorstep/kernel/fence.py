"""The second fence: PostgreSQL's row-level policies let a statement see no more than its caller's scope.

The first fence is the program's own bounds on every query; this one holds where a query forgets them. Behind it a
session wears the role ``doorstep_fenced``, which owns nothing, and says its scope in the setting ``doorstep.scope``:
the institutions, ``*``, or nothing, and then no row about a person is seen but those of patients admitted by name, and
of the resident (``doorstep.resident``) who has signed in or for whom a guardian has. What tells of a sensitive kind
(``kernel.sensitive``) is seen by the institution that sent it (``doorstep.own``), or where its kinds were opened
(``doorstep.kinds``).
What the system does of itself (taking records in, linking them, the worker, the command line) is done as the owner,
whom no policy bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from django.db import connection, connections
from psycopg.pq import TransactionStatus

from doorstep.kernel.call import Scope

ROLE: Final = "doorstep_fenced"
SETTING: Final = "doorstep.scope"
PATIENTS: Final = "doorstep.patients"
OWN: Final = "doorstep.own"
KINDS: Final = "doorstep.kinds"
RESIDENT: Final = "doorstep.resident"
_ALL: Final = (SETTING, PATIENTS, OWN, KINDS, RESIDENT, "role")
_NOW: Final = ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in _ALL)
_SET: Final = ", ".join(f"set_config('{name}', %s, false)" for name in _ALL)
_CHANGE: Final = f"SELECT before.*, {_SET} FROM (SELECT {_NOW} OFFSET 0) before"  # noqa: S608  # our own names
_default = {"behind": False}
_behind: ContextVar[bool | None] = ContextVar("doorstep_behind_the_fence", default=None)


def written(scope: Scope) -> str:
    """The scope as the session's setting."""
    return "*" if scope.everywhere else "{" + ",".join(sorted(map(str, scope.organisations))) + "}"


def close_doors() -> None:
    """Have the connections of this process begin behind the fence with no scope: for what strangers speak to."""
    _default["behind"] = True
    _dress(connections.settings["default"], f"-c role={ROLE}")
    connections.close_all()


def as_system() -> None:
    """Have this thread's connections begin as the owner's, also where doors are closed: for the system's own work."""
    _behind.set(False)
    connection.settings_dict = dict(connection.settings_dict)
    _dress(connection.settings_dict, "")
    connection.close()


def admit(patients: Iterable[str], kinds: int = 0) -> None:
    """Let the statements up to the end of the innermost ``within`` see what is about these patients (FHIR ids) too, and
    of the sensitive kinds those in the mark: for the one place that has decided that a record may be opened."""
    if _is_behind():
        raw: Any = connection.connection
        raw.execute(
            f"SELECT set_config('{PATIENTS}', %s::text[]::text, false), set_config('{KINDS}', %s, false)",
            [list(patients), str(kinds)],
        )


def _is_behind() -> bool:
    behind = _behind.get()
    return _default["behind"] if behind is None else behind


def _dress(settings: dict[str, Any], role: str) -> None:
    given = str(settings["OPTIONS"].get("options", "")).replace(f"-c role={ROLE}", "")
    settings["OPTIONS"] = {**settings["OPTIONS"], "options": f"{given} {role}".strip()}


@contextmanager
def within(scope: Scope, own: UUID | None = None, resident: UUID | None = None) -> Iterator[None]:
    """Keep the statements of this thread's connection within the scope, and to what is the resident's own where one
    is named; afterwards it is as it was before. ``own`` is the institution for which the caller reads: what it sent
    itself, it sees whatever that tells of."""
    with _wearing(ROLE, written(scope), str(own or ""), str(resident or "")):
        yield


@contextmanager
def lifted(reason: str) -> Iterator[None]:
    """Let the statements see and write all rows, for a rule of the system itself; the reason is for the reader."""
    if not reason:
        raise ValueError("say why")
    if not _is_behind():
        yield
        return
    with _wearing("none", "", ""):
        yield


@contextmanager
def _wearing(role: str, scope: str, own: str = "", resident: str = "") -> Iterator[None]:
    connection.ensure_connection()
    raw: Any = connection.connection
    with connection.wrap_database_errors:
        before = raw.execute(_CHANGE, [scope, "{}", own, "", resident, role]).fetchone()[: len(_ALL)]
    token = _behind.set(role == ROLE)
    try:
        yield
    finally:
        _behind.reset(token)
        raw = connection.connection
        # a transaction that failed takes no statement: when it is rolled back, so is the setting
        if raw is not None and not raw.closed and raw.info.transaction_status != TransactionStatus.INERROR:
            raw.execute(f"SELECT {_SET}", before)
