"""Past versions are pressed by the ledger (zstd): PostgreSQL need not try again."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("kernel", "0006_index_state")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE fhir_past ALTER COLUMN body SET STORAGE EXTERNAL",
            "ALTER TABLE fhir_past ALTER COLUMN body SET STORAGE EXTENDED",
        ),
    ]
