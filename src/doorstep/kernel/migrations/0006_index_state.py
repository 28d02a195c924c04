"""How new the index of each type of the ledger is, and how far the making of a newer one has come."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.db import migrations
from psycopg import sql

from doorstep.kernel.reindex import INDEX_VERSION

ledger = import_module("doorstep.kernel.migrations.0003_ledger")

TABLE = """
CREATE TABLE fhir_index (
  type text COLLATE "C" PRIMARY KEY,
  version integer NOT NULL,
  making integer,
  last text COLLATE "C" NOT NULL DEFAULT '',
  seen bigint NOT NULL DEFAULT 0,
  changed bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  faults jsonb NOT NULL DEFAULT '[]'
);
"""
# What is about no patient is found by its id: the other indexes of these tables begin with a patient, code or source.
UNOWNED = """
CREATE INDEX fhir_{name}_code_unowned ON fhir_{name}_code (id) WHERE patient IS NULL;
"""


def statements() -> str:
    """All in one script."""
    return "\n".join([TABLE, *(UNOWNED.format(name=t.lower()) for t in ledger.HOT)])


def begin(apps: Any, editor: Any) -> None:
    """What is empty will be filled by this program or a later one; what has rows may be older than any version."""
    with editor.connection.cursor() as cursor:
        for kind in ledger.TYPES.split():
            name = sql.Identifier(f"fhir_{kind.lower()}")
            query = sql.SQL(
                "INSERT INTO fhir_index (type, version) SELECT %s, CASE WHEN EXISTS (SELECT FROM {}) THEN 0 ELSE %s END"
            )
            cursor.execute(query.format(name), [kind, INDEX_VERSION])


class Migration(migrations.Migration):
    dependencies = (("kernel", "0005_search"),)
    operations = (
        migrations.RunSQL(statements(), migrations.RunSQL.noop),
        migrations.RunPython(begin, migrations.RunPython.noop),
    )
