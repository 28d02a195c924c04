"""Row-level policies: a relation is seen and made where its resident is known and by the institution that it names; a
break-glass by its person's institution, a consent with its relation."""

from __future__ import annotations

from django.db import migrations

POLICIES = {
    "consents_relation": "doorstep_sends(organisation_id, NULL) OR doorstep_knows(resident_id)",
    "consents_breakglass": "doorstep_sends(organisation_id, NULL)",
    "consents_consent": "EXISTS (SELECT 1 FROM consents_relation r WHERE r.id = relation_id)",
}
FENCE = """
CREATE POLICY fence ON {table} USING ({condition});
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
STATEMENTS = "\n".join(FENCE.format(table=table, condition=condition) for table, condition in POLICIES.items())


class Migration(migrations.Migration):
    dependencies = (("consents", "0001_initial"), ("residents", "0004_fence"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),)
