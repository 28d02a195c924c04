"""Residents are known by the number of their certificate of birth too."""

from django.db import migrations, models

KINDS = (
    ("resident_id", "居民身份证号"),
    ("certificate", "出生医学证明编号"),
    ("insurance", "医保编号"),
    ("passport", "护照号"),
    ("archive", "健康档案编号"),
    ("hospital", "就诊号"),
    ("other", "其他号码"),
)


class Migration(migrations.Migration):
    """Wider is what the constraint of kinds allows."""

    dependencies = (("residents", "0005_own"),)

    operations = (
        migrations.AlterField(
            model_name="residentidentifier",
            name="kind",
            field=models.CharField(choices=list(KINDS), max_length=12),
        ),
        migrations.RemoveConstraint(model_name="residentidentifier", name="identifier_kind"),
        migrations.AddConstraint(
            model_name="residentidentifier",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [kind for kind, _ in KINDS])), name="identifier_kind"
            ),
        ),
    )
