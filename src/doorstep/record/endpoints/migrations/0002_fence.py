"""Row-level policy of what came in: what an institution sent is seen within its scope alone."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON endpoints_inbound
  USING (doorstep_sends(source_id, NULL));
ALTER TABLE endpoints_inbound ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("endpoints", "0001_initial"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
