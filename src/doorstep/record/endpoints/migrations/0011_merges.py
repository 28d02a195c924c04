from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("endpoints", "0010_content"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="inbound",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ("ADT^A18", "ADT^A34", "ADT^A36", "ADT^A39", "ADT^A40")), ("state", "kept")
                ),
                fields=["endpoint", "id"],
                name="inbound_merge",
            ),
        ),
    ]
