"""Row-level policies: a referral is seen by the institutions of both sides, a draft by its origin alone; what belongs to
it with it. And the numbers that no two referrals share."""

from __future__ import annotations

from django.db import migrations

SIDES = "doorstep_sends(origin_id, NULL) OR (sent_at IS NOT NULL AND doorstep_sends(destination_id, NULL))"
WITH_IT = "EXISTS (SELECT 1 FROM referrals_referral r WHERE r.id = referral_id)"
POLICIES = {
    "referrals_referral": SIDES,
    **dict.fromkeys(
        (
            "referrals_referralletter", "referrals_referralchange", "referrals_referralmessage",
            "referrals_referralenclosure",
        ),
        WITH_IT,
    ),
}  # fmt: skip
FENCE = """
CREATE POLICY fence ON {table} USING ({condition});
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
STATEMENTS = "\n".join(FENCE.format(table=table, condition=condition) for table, condition in POLICIES.items())


class Migration(migrations.Migration):
    dependencies = (("referrals", "0001_initial"), ("residents", "0005_own"), ("kernel", "0010_fence"))
    operations = (
        migrations.RunSQL("CREATE SEQUENCE referrals_number", "DROP SEQUENCE referrals_number"),
        migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),
    )
