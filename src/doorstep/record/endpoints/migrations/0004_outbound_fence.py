"""Row-level policy of what goes out: seen within the scope of the institution that it goes to."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON endpoints_outbound
  USING (doorstep_sends(receiver_id, NULL));
ALTER TABLE endpoints_outbound ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("endpoints", "0003_outbound"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
