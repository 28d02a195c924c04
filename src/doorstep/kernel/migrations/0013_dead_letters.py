"""Dead letters are asked for each minute: by an index of their own, however many others wait."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("kernel", "0012_fence_cheaper"),)
    operations = (
        migrations.AddIndex(
            "delivery",
            models.Index(fields=("id",), name="delivery_dead", condition=models.Q(state="dead")),
        ),
    )
