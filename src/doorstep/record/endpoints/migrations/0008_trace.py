"""Messages remember the trace of their coming (W3C traceparent)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("endpoints", "0007_mapping"),
    ]

    operations = [
        migrations.AddField(
            model_name="inbound",
            name="trace",
            field=models.CharField(blank=True, db_default="", max_length=55),
        ),
    ]
