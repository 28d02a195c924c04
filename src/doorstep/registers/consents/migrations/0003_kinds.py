"""The sensitive kinds that a relation opens; broken glass opens all."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("consents", "0002_fence"),)
    operations = (
        migrations.AddField("relation", "kinds", models.IntegerField(default=0)),
        migrations.RunSQL(
            "UPDATE consents_relation SET kinds = -1 WHERE basis = 'break_glass'", migrations.RunSQL.noop
        ),
    )
