"""Certificates and titles of staff come by sheet too."""

from django.db import migrations, models

KINDS = [
    "counts", "departments", "followups", "institutions", "licences", "residents", "staff", "titles", "vaccinations",
]  # fmt: skip


class Migration(migrations.Migration):
    """Wider is what the constraint of kinds allows."""

    dependencies = (("sheets", "0003_departments_and_counts"),)

    operations = (
        migrations.RemoveConstraint(model_name="import", name="import_kind"),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", KINDS)), name="import_kind"),
        ),
    )
