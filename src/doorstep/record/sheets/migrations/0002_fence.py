"""Row-level policies: what an institution sent by sheet is seen within its scope alone."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON sheets_entry USING (doorstep_sends(organisation_id, NULL));
ALTER TABLE sheets_entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY fence ON sheets_import USING (doorstep_sends(organisation_id, NULL));
ALTER TABLE sheets_import ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("sheets", "0001_initial"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
