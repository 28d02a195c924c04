"""Row-level policies: a relation is seen and made where its resident is known and by the institution that it names; a break-glass by its person's institution, a consent with its relation."""

from __future__ import annotations

from django.db import migrations

KNOWN = (
    "EXISTS (SELECT 1 FROM residents_residentpresence p WHERE p.resident_id = consents_relation.resident_id"
    " AND p.organisation_id = ANY ((SELECT doorstep_scope())::uuid[]))"
)
OWN = "organisation_id = ANY ((SELECT doorstep_scope())::uuid[])"
STATEMENTS = f"""
CREATE POLICY fence ON consents_relation USING ((SELECT doorstep_everywhere()) OR {OWN} OR {KNOWN});
ALTER TABLE consents_relation ENABLE ROW LEVEL SECURITY;
CREATE POLICY fence ON consents_breakglass USING ((SELECT doorstep_everywhere()) OR {OWN});
ALTER TABLE consents_breakglass ENABLE ROW LEVEL SECURITY;
CREATE POLICY fence ON consents_consent USING ((SELECT doorstep_everywhere())
  OR EXISTS (SELECT 1 FROM consents_relation r WHERE r.id = relation_id));
ALTER TABLE consents_consent ENABLE ROW LEVEL SECURITY;
"""  # noqa: S608  our own names


class Migration(migrations.Migration):
    dependencies = (("consents", "0001_initial"), ("residents", "0004_fence"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),)
