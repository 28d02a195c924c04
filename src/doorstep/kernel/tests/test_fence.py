"""The second fence: what a statement sees that forgot its caller's bounds."""

from __future__ import annotations

import os
import subprocess
import sys
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, transaction

from doorstep.kernel import fence
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Scope
from doorstep.kernel.ids import new_id

pytestmark = pytest.mark.django_db
A, B = new_id(), new_id()
PUT = """
INSERT INTO fhir_observation (id, version, updated, source, patient, deleted, digest, tok, body, sensitive)
VALUES (%s, 1, now(), %s, %s, false, '', '{}', '{}', %s)
"""
# Columns by which a row is somebody's; tables that have one and no policy, each with the reason.
WHOSE = ("resident_id", "patient", "source_id", "record_id")
OPEN = {
    "exchange_sourcechecks": "how an institution's messages are checked: about no person",
    "kernel_trailline": "who looked at whom, read by auditors of the whole district alone",
}


def put(key: str, source: UUID, patient: str | None = None, sensitive: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PUT, [key, source, patient, sensitive])


def seen(table: str = "fhir_observation", column: str = "id") -> list[str]:
    """What a query sees that forgot all bounds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}::text FROM {table} ORDER BY 1")  # our own names
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    put("a1", A, "pa")
    put("b1", B, "pb")
    put("b2", B)


def test_a_forgotten_filter_sees_no_more_than_the_scope() -> None:
    assert seen() == ["a1", "b1", "b2"]
    with fence.within(Scope(frozenset({A}))):
        assert seen() == ["a1"]
        with fence.within(EVERYWHERE):
            assert seen() == ["a1", "b1", "b2"]
        assert seen() == ["a1"]
    with fence.within(NOWHERE):
        assert seen() == []
    assert seen() == ["a1", "b1", "b2"]


def test_what_is_opened_by_name_is_seen_until_the_call_ends() -> None:
    with fence.within(Scope(frozenset({A}))):
        fence.admit(["pb", "x','y"])
        assert seen() == ["a1", "b1"]
        with fence.within(Scope(frozenset({A}))):
            assert seen() == ["a1"]
        assert seen() == ["a1", "b1"]
    with fence.within(Scope(frozenset({A}))):
        assert seen() == ["a1"]


def test_what_is_sensitive_is_seen_by_its_sender_and_by_whom_its_kinds_are_opened_to() -> None:
    """HIV is bit 1, psychiatric bit 4; -1 was never weighed, and is all kinds."""
    for key, source, kinds in (("a3", A, 1), ("b3", B, 1), ("b4", B, 5), ("b5", B, -1)):
        put(key, source, "pb", kinds)
    both = Scope(frozenset({A, B}))
    with fence.within(both):
        assert seen() == ["a1", "b1", "b2"]
    with fence.within(EVERYWHERE):
        assert seen() == ["a1", "b1", "b2"]
    with fence.within(both, A):
        assert seen() == ["a1", "a3", "b1", "b2"]
        fence.admit(["pb"], 1)
        assert seen() == ["a1", "a3", "b1", "b2", "b3"]
        fence.admit(["pb"], 5)
        assert seen() == ["a1", "a3", "b1", "b2", "b3", "b4"]
        fence.admit(["pb"], -1)
        assert seen() == ["a1", "a3", "b1", "b2", "b3", "b4", "b5"]
        with fence.within(both, B):
            assert seen() == ["a1", "b1", "b2", "b3", "b4", "b5"]


def test_nothing_is_written_for_another_institution() -> None:
    with fence.within(Scope(frozenset({A}))):
        put("a2", A)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            put("b3", B)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE fhir_observation SET body = '!'")
            assert cursor.rowcount == 2
            cursor.execute("DELETE FROM fhir_observation")
            assert cursor.rowcount == 2
    assert seen() == ["b1", "b2"]


def test_lifting_says_why_and_ends() -> None:
    with pytest.raises(ValueError, match="say why"), fence.lifted(""):
        pass
    with fence.within(NOWHERE):
        with fence.lifted("test"):
            assert seen() == ["a1", "b1", "b2"]
        assert seen() == []


@pytest.mark.parametrize("error", [ValueError, ProgrammingError])
def test_a_failure_leaves_the_fence_where_it_was(error: type[Exception]) -> None:
    """Also where the transaction takes no more statements, and where the failure is caught within it."""
    with fence.within(Scope(frozenset({A}))):
        with pytest.raises(error), transaction.atomic(), fence.lifted("test"):
            seen("nothing") if error is ProgrammingError else int("x")
        assert seen() == ["a1"]
        with transaction.atomic():
            with pytest.raises(ValueError), fence.lifted("test"):  # noqa: PT011  # int's own
                int("x")
            assert seen() == ["a1"]
        with pytest.raises(error), fence.within(EVERYWHERE), transaction.atomic():
            seen("nothing") if error is ProgrammingError else int("x")
        assert seen() == ["a1"]
    assert seen() == ["a1", "b1", "b2"]


def test_the_trail_is_only_added_to() -> None:
    with fence.within(EVERYWHERE):
        for change in ("UPDATE kernel_trailline SET name = ''", "DELETE FROM kernel_trailline", "TRUNCATE fhir_past"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(change)


def test_every_table_about_persons_is_fenced() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = ANY(%s)",
            [list(WHOSE)],
        )
        found = dict(cursor.fetchall())
    open_types = {name for name, fenced in found.items() if not fenced} - OPEN.keys()
    from doorstep.kernel.fhir_search import OPEN_TYPES

    assert open_types == {f"fhir_{kind.lower()}" for kind in OPEN_TYPES}
    assert len(found) > 150


def test_doors_begin_with_nothing() -> None:
    """A process that strangers speak to sees no one before it says who asks; its own work is done as the owner."""
    program = (
        "import doorstep.site.wsgi\n"
        "from django.db import connection\n"
        "from doorstep.kernel import fence\n"
        "def who():\n"
        "    with connection.cursor() as c:\n"
        '        c.execute("SELECT current_user, count(*) FROM pg_class WHERE false")\n'
        "        return c.fetchone()[0]\n"
        "print(who(), end=' ')\n"
        "with fence.lifted('test'): print(who(), end=' ')\n"
        "fence.as_system()\n"
        "print(who())\n"
    )
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "doorstep.site.settings"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env)
    behind, lifted, system = done.stdout.split()
    assert behind == fence.ROLE
    assert lifted == system == connection.settings_dict["USER"]
