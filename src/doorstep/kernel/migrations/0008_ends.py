"""Ends of dates and numbers in indexes: what is greater than a value stands together there, however much else is."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("kernel", "0007_pressed_once")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX fhir_date_end ON fhir_date (param, (coalesce(hi, 'infinity'::timestamptz)));"
            "CREATE INDEX fhir_number_end ON fhir_number (param, hi)",
            "DROP INDEX fhir_date_end; DROP INDEX fhir_number_end",
        ),
    ]
