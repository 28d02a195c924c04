"""Row-level policy of studies: an institution's own within its scope, another's where the record it is about is open.
A study that is nobody's is its institution's alone."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON imaging_study USING (doorstep_sends(organisation_id, nullif(patient, '')));
ALTER TABLE imaging_study ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("imaging", "0001_initial"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
