"""A pytest plug-in: lets tests with real transactions empty the append-only tables and those of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from doorstep.kernel import postgres

TRIGGERS = """
DO $$ DECLARE guarded regclass; BEGIN
  FOR guarded IN SELECT DISTINCT tgrelid FROM pg_trigger WHERE tgfoid = to_regproc('doorstep_append_only') LOOP
    EXECUTE format('ALTER TABLE %%s %s TRIGGER USER', guarded);
  END LOOP;
END $$
"""
LEDGER = """
DO $$ DECLARE ledger text; filled boolean; BEGIN
  FOR ledger IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'fhir\\_%%'
      AND tablename <> 'fhir_index' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', ledger) INTO filled;
    IF filled THEN EXECUTE format('TRUNCATE %I', ledger); END IF;
  END LOOP;
END $$
"""


@pytest.fixture(scope="session", autouse=True)
def flush_past_triggers(django_db_modify_db_settings: None) -> None:
    """Before the tables are emptied between tests, triggers are put to sleep, and woken afterwards."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    plain = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, *args: Any, **kwargs: Any) -> list[str]:
        statements: list[str] = plain(self, *args, **kwargs)
        return [TRIGGERS % "DISABLE", *statements, LEDGER, TRIGGERS % "ENABLE"] if statements else statements

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign, assignment]  # only in tests


@pytest.fixture(autouse=True)
def no_heads_of_another_test() -> Iterator[None]:
    """What a test signed of its trail is not held against the trail of the next."""
    yield
    place = postgres.home() / "trail"
    for path in place.glob("*.jsonl") if place.exists() else ():
        path.unlink()
