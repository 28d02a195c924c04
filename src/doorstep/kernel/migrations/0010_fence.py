"""Row-level policies of the ledger: what an institution sent is seen, and written, within its scope alone.

They bound the role that doors to the world wear (`kernel.fence`); the owner, whom the worker and the command line use,
passes them: COPY, by which records come in, knows no policies.
"""

from __future__ import annotations

from django.db import migrations

# Types about no person who is cared for, as `kernel.fhir_search.OPEN_TYPES` said when this was written.
OPEN = """
    activitydefinition codesystem conceptmap endpoint healthcareservice library location measure medication
    medicationknowledge namingsystem organization organizationaffiliation plandefinition practitioner practitionerrole
    questionnaire substance valueset
"""
ROLE = """
DO $do$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'doorstep_fenced') THEN
    CREATE ROLE doorstep_fenced NOLOGIN;
  END IF;
  IF NOT pg_has_role(current_user, 'doorstep_fenced', 'MEMBER') THEN
    EXECUTE format('GRANT doorstep_fenced TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'the role doorstep_fenced is missing, or not granted to %: an administrator of the database must run'
    ' CREATE ROLE doorstep_fenced NOLOGIN; GRANT doorstep_fenced TO %;', current_user, current_user;
END $do$;
GRANT USAGE ON SCHEMA public TO doorstep_fenced;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO doorstep_fenced;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO doorstep_fenced;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO doorstep_fenced;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO doorstep_fenced;
REVOKE UPDATE, DELETE ON kernel_trailline, kernel_trailseal, fhir_past FROM doorstep_fenced;
"""
# A function costs a microsecond a row; conditions written out cost a page's many statements a fifth more in planning.
FUNCTIONS = """
CREATE FUNCTION doorstep_sends(source uuid, patient text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5 AS $$
DECLARE scope text := current_setting('doorstep.scope', true);
BEGIN
  RETURN coalesce(scope = '*' OR strpos(scope, source::text) > 0, false)
    OR coalesce(patient = ANY (nullif(current_setting('doorstep.patients', true), '')::text[]), false);
END $$;
"""
POLICIES = """
DO $do$
DECLARE name text;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'source'
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'fhir\\_%'
      AND c.relname <> ALL (SELECT 'fhir_' || t FROM string_to_table('OPEN', ' ') t)
  LOOP
    EXECUTE format('CREATE POLICY fence ON %I USING (%s)', name, CASE WHEN name = 'fhir_past'
      THEN 'doorstep_sends(source, NULL) OR lower(type) = ANY (string_to_array(''OPEN'', '' ''))'
      ELSE 'doorstep_sends(source, patient)' END);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  END LOOP;
END $do$;
""".replace("OPEN", " ".join(OPEN.split()))


class Migration(migrations.Migration):
    dependencies = (("kernel", "0009_trail_months"),)
    operations = (
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, "DROP FUNCTION doorstep_sends"),
        migrations.RunSQL(POLICIES, migrations.RunSQL.noop),
    )
