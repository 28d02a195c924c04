"""Row-level policy: who queues is seen where the person is known, by the institution, and by the person."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON booking_ticket USING (doorstep_sends(organisation_id, NULL) OR doorstep_knows(resident_id));
ALTER TABLE booking_ticket ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("booking", "0003_release"), ("residents", "0005_own"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
