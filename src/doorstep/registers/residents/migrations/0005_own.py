"""A resident who has signed in, or for whom a guardian has, sees what is their own behind the second fence."""

from __future__ import annotations

from django.db import migrations

KNOWS = """
CREATE OR REPLACE FUNCTION doorstep_knows(one uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 20 SET search_path = public AS $$
DECLARE scope text := current_setting('doorstep.scope', true);
BEGIN
  RETURN scope = '*' OR coalesce(one::text = nullif(current_setting('doorstep.resident', true), ''), false)
    OR EXISTS (SELECT 1 FROM residents_residentpresence p
      WHERE p.resident_id = one AND p.organisation_id = ANY (nullif(scope, '')::uuid[]));
END $$;
CREATE OR REPLACE FUNCTION doorstep_knows_record(one uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 30 SET search_path = public AS $$
DECLARE
  scope text := current_setting('doorstep.scope', true);
  own text := nullif(current_setting('doorstep.resident', true), '');
BEGIN
  RETURN scope = '*'
    OR (own IS NOT NULL AND EXISTS (SELECT 1 FROM residents_residentrecord r
      WHERE r.id = one AND r.resident_id::text = own))
    OR EXISTS (SELECT 1 FROM residents_residentrecord r
      JOIN residents_residentpresence p ON p.resident_id = r.resident_id
      WHERE r.id = one AND p.organisation_id = ANY (nullif(scope, '')::uuid[]));
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (("residents", "0004_fence"),)
    operations = (migrations.RunSQL(KNOWS, migrations.RunSQL.noop),)
