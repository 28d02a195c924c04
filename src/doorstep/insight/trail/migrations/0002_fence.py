"""Row-level policy: who is watched is seen where the resident is known."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON trail_watched USING (doorstep_knows(resident_id));
ALTER TABLE trail_watched ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("trail", "0001_initial"), ("residents", "0004_fence"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
