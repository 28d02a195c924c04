"""Messages without indexes that others cover, and without pressing again what is pressed already."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


def _key(to: str, null: bool) -> models.ForeignKey[object, object]:
    on_delete = django.db.models.deletion.PROTECT
    return models.ForeignKey(db_index=False, null=null, on_delete=on_delete, related_name="+", to=to)


class Migration(migrations.Migration):
    dependencies = [("exchange", "0004_checks"), ("organisations", "0001_initial")]

    operations = [
        migrations.AlterField("message", "mends", _key("exchange.message", True)),
        migrations.AlterField("message", "parent", _key("exchange.message", True)),
        migrations.AlterField("message", "source", _key("organisations.organisation", False)),
        migrations.RunSQL(
            "ALTER TABLE exchange_message ALTER COLUMN raw SET STORAGE EXTERNAL",
            "ALTER TABLE exchange_message ALTER COLUMN raw SET STORAGE EXTENDED",
        ),
    ]
