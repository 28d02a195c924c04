"""A pytest plug-in: lets tests with real transactions empty the append-only tables and those of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from doorstep.kernel import trail_keys

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


@pytest.fixture(scope="session", autouse=True)
def trail_folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests that run beside each other have a database each, but one data folder: heads of the other's trail would
    stand where this one's belong."""
    place = tmp_path_factory.mktemp("trail")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trail_keys, "folder", lambda: place)
        yield


@pytest.fixture(autouse=True)
def no_heads_of_another_test() -> Iterator[None]:
    """What a test signed of its trail is not held against the trail of the next."""
    yield
    for path in trail_keys.folder().glob("*.jsonl"):
        path.unlink()
