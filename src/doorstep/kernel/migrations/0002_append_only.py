"""The trail is append-only: what is written stays, for every role of the database that the program uses."""

from __future__ import annotations

from django.db import migrations

FUNCTION = """
CREATE FUNCTION doorstep_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % on %', TG_OP, TG_TABLE_NAME;
END $$;
"""
TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION doorstep_append_only();
"""


class Migration(migrations.Migration):
    dependencies = (("kernel", "0001_initial"),)
    operations = (
        migrations.RunSQL(FUNCTION, "DROP FUNCTION doorstep_append_only"),
        migrations.RunSQL(TRIGGER.format(table="kernel_trailline"), migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGER.format(table="kernel_trailseal"), migrations.RunSQL.noop),
    )
