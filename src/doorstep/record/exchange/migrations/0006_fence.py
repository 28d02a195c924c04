"""Row-level policy of the messages: what an institution sent is seen within its scope alone."""

from __future__ import annotations

from django.db import migrations

FENCE = """
CREATE POLICY fence ON exchange_message
  USING (doorstep_sends(source_id, NULL));
ALTER TABLE exchange_message ENABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = (("exchange", "0005_lean"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(FENCE, migrations.RunSQL.noop),)
