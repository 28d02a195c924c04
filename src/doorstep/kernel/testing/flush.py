"""A pytest plug-in: empties the tables after a test with real transactions, also the append-only ones and the ledger's.

Few of them hold rows. To look and delete costs a few milliseconds; TRUNCATE of all, which makes new files for every
table and index, cost a hundred times that.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from doorstep.kernel import trail_keys

TABLES = """
SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission', 'fhir_index')
"""
"""All that tests fill: not what migrations and Django put there, which would be put there again as it was."""
EMPTY = f"""
DO $$ DECLARE name regclass; filled boolean; tables text[] := ARRAY({TABLES}); BEGIN
  SET LOCAL session_replication_role = replica; -- no triggers: neither those of foreign keys nor the append-only ones
  EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', array_to_string(tables, ',')); -- waits for who writes yet
  FOREACH name IN ARRAY tables LOOP
    CONTINUE WHEN pg_relation_size(name) = 0;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', name) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %s', name); END IF;
  END LOOP;
END $$
"""  # noqa: S608  # our own names


@pytest.fixture(scope="session", autouse=True)
def quick_flush(django_db_modify_db_settings: None) -> Iterator[None]:
    """The tables are emptied between tests by ``EMPTY``."""
    from django.core.management.commands import flush
    from django.db.backends.postgresql.operations import DatabaseOperations

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", lambda *args, **kwargs: [EMPTY])
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **kwargs: None)
        yield


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
