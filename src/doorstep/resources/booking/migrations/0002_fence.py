"""Row-level policies: appointments, wishes and sanctions are seen where the person is known, by the institution that they
are with, and by the person."""

from __future__ import annotations

from django.db import migrations

TABLES = ("booking_appointment", "booking_waiting", "booking_sanction")
FENCE = """
CREATE POLICY fence ON {table} USING (doorstep_sends(organisation_id, NULL) OR doorstep_knows(resident_id));
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
"""
STATEMENTS = "\n".join(FENCE.format(table=table) for table in TABLES)


class Migration(migrations.Migration):
    dependencies = (("booking", "0001_initial"), ("residents", "0005_own"), ("kernel", "0010_fence"))
    operations = (migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),)
