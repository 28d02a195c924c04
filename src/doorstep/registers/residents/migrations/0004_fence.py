"""Row-level policies of the register: a resident is seen by the institutions that know them, and so is all about them."""

from __future__ import annotations

from django.db import migrations

EVERYWHERE = "(SELECT doorstep_everywhere())"
OWN = "organisation_id = ANY ((SELECT doorstep_scope())::uuid[])"
KNOWN = "EXISTS (SELECT 1 FROM residents_residentpresence p WHERE p.resident_id = {} AND p.%s)" % OWN  # noqa: S608,UP031
# What hangs on a record, a household or a doubt is seen where that is: policies hold within policies too.
RECORD = "EXISTS (SELECT 1 FROM residents_residentrecord r WHERE r.id = {})"
POLICIES = {
    "residents_residentpresence": OWN,
    "residents_resident": KNOWN.format("residents_resident.id"),
    "residents_residentrecord": KNOWN.format("residents_residentrecord.resident_id"),
    "residents_residentidentifier": KNOWN.format("residents_residentidentifier.resident_id"),
    "residents_residentname": KNOWN.format("residents_residentname.resident_id"),
    "residents_residentphone": KNOWN.format("residents_residentphone.resident_id"),
    "residents_residentaddress": KNOWN.format("residents_residentaddress.resident_id"),
    "residents_residentguardian": KNOWN.format("residents_residentguardian.resident_id"),
    "residents_householdmember": KNOWN.format("residents_householdmember.resident_id"),
    "residents_household": KNOWN.format("residents_household.head_id"),
    "residents_residentfacts": RECORD.format("residents_residentfacts.record_id"),
    "residents_residentkey": RECORD.format("residents_residentkey.record_id"),
    "residents_recordmove": RECORD.format("residents_recordmove.record_id"),
    "residents_doubt": f"{RECORD.format('residents_doubt.left_id')} OR {RECORD.format('residents_doubt.right_id')}",
    "residents_judgement": "EXISTS (SELECT 1 FROM residents_doubt d WHERE d.id = residents_judgement.doubt_id)",
    "residents_merge": KNOWN.format("residents_merge.kept_id"),
}
FENCE = """
CREATE POLICY fence ON {table} USING ({everywhere} OR {condition});
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
STATEMENTS = "\n".join(
    FENCE.format(table=table, everywhere=EVERYWHERE, condition=condition) for table, condition in POLICIES.items()
)


class Migration(migrations.Migration):
    dependencies = (("residents", "0003_models"), ("kernel", "0009_fence"))
    operations = (migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),)
