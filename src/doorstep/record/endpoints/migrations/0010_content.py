from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("endpoints", "0009_rests"),
    ]

    operations = [
        migrations.AddField(
            model_name="outbound",
            name="content",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="outbound",
            name="origin",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="outbound",
            index=models.Index(
                condition=models.Q(("content", ""), _negated=True), fields=["content"], name="outbound_content"
            ),
        ),
    ]
