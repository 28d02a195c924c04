"""Studies that an archive holds under no UID: told to its operators. They are of nobody that is known here."""

import django.db.models.deletion
from django.db import migrations, models

import doorstep.kernel.ids


class Migration(migrations.Migration):
    dependencies = (("imaging", "0002_fence"),)

    operations = (
        migrations.CreateModel(
            name="Unreadable",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("key", models.CharField(db_collation="C", max_length=60)),
                ("said", models.CharField(blank=True, max_length=64)),
                ("seen_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "archive",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="imaging.archive",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["archive", "due_at"], name="unreadable_due")],
                "constraints": [models.UniqueConstraint(fields=("archive", "key"), name="unreadable_once")],
            },
        ),
    )
