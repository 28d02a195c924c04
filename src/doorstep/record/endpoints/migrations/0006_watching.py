"""Rules by which endpoints and the house are watched, and alerts; an endpoint's minutes of silence become a rule."""

import django.db.models.deletion
from django.db import migrations, models

import doorstep.kernel.ids

SILENCE = """
SET CONSTRAINTS ALL IMMEDIATE;
INSERT INTO endpoints_watch (id, version, created_at, endpoint_id, kind, "limit", minutes, working, is_on)
SELECT gen_random_uuid(), 1, now(), id, 'silent', least(silence, 100000), 15, false, true FROM endpoints_endpoint
WHERE silence > 0;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("endpoints", "0005_messages"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("kind", models.CharField(max_length=20)),
                ("value", models.FloatField()),
                ("limit", models.PositiveIntegerField()),
                ("minutes", models.PositiveIntegerField()),
                ("well_since", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("noted_at", models.DateTimeField(null=True)),
                ("noted_by", models.CharField(blank=True, max_length=100)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="endpoints.endpoint",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-id"], name="alert_organisation"),
                    models.Index(fields=["endpoint", "-id"], name="alert_endpoint"),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["organisation", "-id"],
                        name="alert_open",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("endpoint", "kind"),
                        name="alert_open_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "behind",
                                    "certificate",
                                    "clock",
                                    "dead",
                                    "disk",
                                    "faults",
                                    "house-certificate",
                                    "outbox",
                                    "rests",
                                    "silent",
                                ],
                            )
                        ),
                        name="alert_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("endpoint__isnull", True),
                                ("kind__in", ["clock", "dead", "disk", "house-certificate", "outbox"]),
                                ("organisation__isnull", True),
                            ),
                            models.Q(
                                models.Q(
                                    ("kind__in", ["clock", "dead", "disk", "house-certificate", "outbox"]),
                                    _negated=True,
                                ),
                                ("endpoint__isnull", False),
                                ("organisation__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="alert_of",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("note", ""), ("noted_at__isnull", True), ("noted_by", "")),
                            models.Q(("noted_at__isnull", False), models.Q(("noted_by", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="alert_noted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Watch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("kind", models.CharField(max_length=20)),
                ("limit", models.PositiveIntegerField()),
                ("minutes", models.PositiveIntegerField()),
                ("working", models.BooleanField()),
                ("is_on", models.BooleanField()),
                (
                    "endpoint",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="endpoints.endpoint",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint", "kind"), name="watch_once", nulls_distinct=False),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "behind",
                                    "certificate",
                                    "clock",
                                    "dead",
                                    "disk",
                                    "faults",
                                    "house-certificate",
                                    "outbox",
                                    "rests",
                                    "silent",
                                ],
                            )
                        ),
                        name="watch_kind",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SILENCE, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="endpoint",
            name="silence",
        ),
    ]
