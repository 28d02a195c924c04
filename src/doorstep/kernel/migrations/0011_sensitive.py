"""The mark of sensitive kinds on every row of the ledger, and policies that ask for it.

What is there already is marked -1 (of all kinds, until ``doorstep reindex`` has looked at it): a record that nobody has
weighed is not shown to those who need more than a reason to read.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

ledger = import_module("doorstep.kernel.migrations.0003_ledger")
fence = import_module("doorstep.kernel.migrations.0010_fence")

COLUMNS = "\n".join(
    [
        *(
            f"ALTER TABLE fhir_{t.lower()} ADD COLUMN sensitive integer NOT NULL DEFAULT -1;\n"
            f"CREATE INDEX fhir_{t.lower()}_sensitive ON fhir_{t.lower()} (patient) WHERE sensitive <> 0;"
            for t in ledger.TYPES.split()
        ),
        *(
            f"ALTER TABLE fhir_{t.lower()}_code ADD COLUMN sensitive integer NOT NULL DEFAULT -1;"
            for t in ledger.HOT
        ),
        "ALTER TABLE fhir_past ADD COLUMN sensitive integer NOT NULL DEFAULT -1;",
    ]
)  # fmt: skip
OPENS = """
CREATE FUNCTION doorstep_opens(source uuid, marked integer) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5 AS $$
BEGIN
  RETURN coalesce(current_setting('doorstep.own', true) = source::text, false)
    OR coalesce(marked & ~ nullif(current_setting('doorstep.kinds', true), '')::integer = 0, false);
END $$;
"""
POLICIES = """
DO $do$
DECLARE name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_policies
    WHERE schemaname = current_schema() AND policyname = 'fence' AND tablename LIKE 'fhir\\_%'
  LOOP
    EXECUTE format('ALTER POLICY fence ON %I USING (%s)', name, CASE WHEN name = 'fhir_past'
      THEN 'doorstep_sends(source, NULL) AND (sensitive = 0 OR doorstep_opens(source, sensitive))'
        || ' OR lower(type) = ANY (string_to_array(''OPEN'', '' ''))'
      ELSE 'doorstep_sends(source, patient) AND (sensitive = 0 OR doorstep_opens(source, sensitive))' END);
  END LOOP;
END $do$;
""".replace("OPEN", " ".join(fence.OPEN.split()))


class Migration(migrations.Migration):
    dependencies = (("kernel", "0010_fence"),)
    operations = (
        migrations.RunSQL(COLUMNS, migrations.RunSQL.noop),
        migrations.RunSQL(OPENS, "DROP FUNCTION doorstep_opens"),
        migrations.RunSQL(POLICIES, migrations.RunSQL.noop),
    )
