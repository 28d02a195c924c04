"""Versions of an institution's own mapping tables, and from when until when they were in use."""

import django.db.models.deletion
from django.db import migrations, models

import doorstep.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("endpoints", "0006_watching"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mapping",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("number", models.PositiveIntegerField()),
                ("base", models.CharField(max_length=60)),
                ("note", models.CharField(max_length=200)),
                ("files", models.JSONField()),
                ("made_by", models.CharField(max_length=100)),
                ("proof", models.JSONField(null=True)),
                ("proved_at", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organisations.organisation"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MappingUse",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("by", models.CharField(max_length=100)),
                (
                    "mapping",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="endpoints.mapping"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organisations.organisation"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.UniqueConstraint(fields=("organisation", "number"), name="mapping_once"),
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proof__isnull", True), ("proved_at__isnull", True)),
                    models.Q(("proof__isnull", False), ("proved_at__isnull", False)),
                    _connector="OR",
                ),
                name="mapping_proved",
            ),
        ),
        migrations.AddConstraint(
            model_name="mappinguse",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until__isnull", True)), fields=("organisation",), name="mapping_used_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="mappinguse",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                name="mapping_use_period",
            ),
        ),
    ]
