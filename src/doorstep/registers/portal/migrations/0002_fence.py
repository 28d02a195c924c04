"""Row-level policies: what opens a resident's record is seen where the resident is known, and by themselves; codes that
were asked for by the system alone."""

from __future__ import annotations

from django.db import migrations

POLICIES = {
    "portal_binding": "doorstep_knows(resident_id)",
    "portal_card": "doorstep_knows(resident_id)",
    "portal_session": "doorstep_knows(resident_id)",
    "portal_shown": "doorstep_knows(resident_id)",
    "portal_code": "doorstep_sends(NULL, NULL)",
}
FENCE = """
CREATE POLICY fence ON {table} USING ({condition});
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
STATEMENTS = "\n".join(FENCE.format(table=table, condition=condition) for table, condition in POLICIES.items())


class Migration(migrations.Migration):
    dependencies = (("portal", "0001_initial"), ("residents", "0005_own"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),)
