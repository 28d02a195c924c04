"""Row-level policies of the register: a resident is seen by the institutions that know them, and so is all about them."""

from __future__ import annotations

from django.db import migrations

# As the owner: what an institution knows is asked whatever the policies of the tables asked.
KNOWS = """
CREATE FUNCTION doorstep_knows(one uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 20 SET search_path = public AS $$
DECLARE scope text := current_setting('doorstep.scope', true);
BEGIN
  RETURN scope = '*' OR EXISTS (SELECT 1 FROM residents_residentpresence p
    WHERE p.resident_id = one AND p.organisation_id = ANY (nullif(scope, '')::uuid[]));
END $$;
CREATE FUNCTION doorstep_knows_record(one uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 30 SET search_path = public AS $$
DECLARE scope text := current_setting('doorstep.scope', true);
BEGIN
  RETURN scope = '*' OR EXISTS (SELECT 1 FROM residents_residentrecord r
    JOIN residents_residentpresence p ON p.resident_id = r.resident_id
    WHERE r.id = one AND p.organisation_id = ANY (nullif(scope, '')::uuid[]));
END $$;
"""
POLICIES = {
    "residents_residentpresence": "doorstep_sends(organisation_id, NULL)",
    "residents_resident": "doorstep_knows(id)",
    "residents_residentrecord": "doorstep_knows(resident_id)",
    "residents_residentidentifier": "doorstep_knows(resident_id)",
    "residents_residentname": "doorstep_knows(resident_id)",
    "residents_residentphone": "doorstep_knows(resident_id)",
    "residents_residentaddress": "doorstep_knows(resident_id)",
    "residents_residentguardian": "doorstep_knows(resident_id)",
    "residents_householdmember": "doorstep_knows(resident_id)",
    "residents_household": "doorstep_knows(head_id)",
    "residents_residentfacts": "doorstep_knows_record(record_id)",
    "residents_residentkey": "doorstep_knows_record(record_id)",
    "residents_recordmove": "doorstep_knows_record(record_id)",
    "residents_doubt": "doorstep_knows_record(left_id) OR doorstep_knows_record(right_id)",
    "residents_judgement": "EXISTS (SELECT 1 FROM residents_doubt d WHERE d.id = doubt_id)",
    "residents_merge": "doorstep_knows(kept_id)",
}
FENCE = """
CREATE POLICY fence ON {table} USING ({condition});
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
STATEMENTS = "\n".join(FENCE.format(table=table, condition=condition) for table, condition in POLICIES.items())


class Migration(migrations.Migration):
    dependencies = (("residents", "0003_models"), ("kernel", "0010_fence"))
    operations = (
        migrations.RunSQL(KNOWS, "DROP FUNCTION doorstep_knows, doorstep_knows_record"),
        migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),
    )
