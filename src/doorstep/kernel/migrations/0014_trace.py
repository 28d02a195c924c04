"""Events remember the trace of what set them off (W3C traceparent)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0013_dead_letters"),
    ]

    operations = [
        migrations.AddField(
            model_name="outboxevent",
            name="trace",
            field=models.CharField(blank=True, db_default="", max_length=55),
        ),
    ]
