"""Row-level policy: an objection is seen by its resident, and where the resident is known."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON trail_objection USING (doorstep_knows(resident_id));
ALTER TABLE trail_objection ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("trail", "0003_objections"), ("residents", "0005_own"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
