"""Row-level policies: what was let in for a resident, and opened from their chart, is seen where they are known."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON {table} USING ({condition});
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
POLICIES = {
    "apps_authorization": "resident_id IS NULL OR doorstep_knows(resident_id)",
    "apps_launch": "doorstep_knows(resident_id)",
}
STATEMENTS = "\n".join(FENCE.format(table=table, condition=condition) for table, condition in POLICIES.items())


class Migration(migrations.Migration):
    dependencies = (("apps", "0001_initial"), ("residents", "0004_fence"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),)
