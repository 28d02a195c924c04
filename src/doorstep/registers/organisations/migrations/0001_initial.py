"""The room's first tables."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import doorstep.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Area",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("code", models.CharField(max_length=12)),
                ("level", models.CharField(max_length=10)),
                ("name", models.CharField(max_length=60)),
                ("full_name", models.CharField(default="", max_length=200)),
                ("parent", models.CharField(default="", max_length=12)),
                ("urban", models.BooleanField(default=False)),
                ("population", models.PositiveIntegerField(null=True)),
                ("longitude", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("latitude", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["parent"], name="area_parent")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                        name="area_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["city", "county", "province", "township", "village"])),
                        name="area_level",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[1-9][0-9]{11}$")), name="area_code_shape"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("code", "="),
                            (
                                models.Func(
                                    models.F("since"),
                                    models.F("until"),
                                    models.Value("[]"),
                                    function="daterange",
                                    output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="area_once_a_day",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consortium",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("key", models.CharField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=24)),
                ("area", models.CharField(max_length=12)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                        name="consortium_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["city_group", "county_community", "specialty_alliance", "telemedicine_network"],
                            )
                        ),
                        name="consortium_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area__regex", "^[1-9][0-9]{11}$")), name="consortium_area_shape"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("uscc", models.CharField(max_length=18, null=True, unique=True)),
                ("short_code", models.CharField(max_length=40, null=True, unique=True)),
                ("registration", models.CharField(blank=True, default="", max_length=23)),
                ("licence", models.CharField(blank=True, default="", max_length=40)),
                ("name", models.CharField(max_length=120)),
                ("short_name", models.CharField(blank=True, default="", max_length=60)),
                ("pinyin", models.CharField(max_length=400)),
                ("initials", models.CharField(max_length=120)),
                ("type_code", models.CharField(max_length=4)),
                ("grade_system", models.CharField(blank=True, default="", max_length=80)),
                ("grade_code", models.CharField(blank=True, default="", max_length=8)),
                ("grade_display", models.CharField(blank=True, default="", max_length=20)),
                ("level", models.PositiveSmallIntegerField(default=0)),
                ("economic_type", models.CharField(blank=True, default="", max_length=2)),
                ("management_class", models.CharField(blank=True, default="", max_length=1)),
                ("tier", models.CharField(max_length=8)),
                ("status", models.CharField(default="0", max_length=1)),
                ("area", models.CharField(max_length=12)),
                ("address", models.CharField(blank=True, default="", max_length=200)),
                ("phone", models.CharField(blank=True, default="", max_length=40)),
                ("longitude", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("latitude", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("opened_on", models.DateField(null=True)),
                ("closed_on", models.DateField(null=True)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("role", models.CharField(max_length=12)),
                ("tier", models.CharField(max_length=8)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                (
                    "consortium",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organisations.consortium"
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
        migrations.CreateModel(
            name="Department",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("code", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=60)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organisations.organisation"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CountedFact",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("kind", models.CharField(max_length=12)),
                ("number", models.PositiveIntegerField()),
                ("counted_on", models.DateField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organisations.organisation"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=doorstep.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("matter", models.CharField(max_length=16)),
                ("title", models.CharField(max_length=120)),
                ("text", models.TextField(blank=True, default="")),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                (
                    "consortium",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.consortium",
                    ),
                ),
                ("parties", models.ManyToManyField(related_name="+", to="organisations.organisation")),
            ],
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(fields=["pinyin", "id"], name="organisation_order"),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(fields=["area"], name="organisation_area"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier__in", ["base", "first", "lead", "second"])), name="organisation_tier"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["0", "1", "2", "3"])), name="organisation_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("type_code__regex", "^[A-Z][0-9]{3}$")), name="organisation_type_shape"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("area__regex", "^[1-9][0-9]{11}$")), name="organisation_area_shape"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(condition=models.Q(("level__lte", 3)), name="organisation_level"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("latitude__isnull", True), ("longitude__isnull", True)),
                    models.Q(("latitude__range", (-90, 90)), ("longitude__range", (-180, 180))),
                    _connector="OR",
                ),
                name="organisation_position",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parent__isnull", True), models.Q(("parent", models.F("id")), _negated=True), _connector="OR"
                ),
                name="organisation_parent",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_on__isnull", True),
                    ("opened_on__isnull", True),
                    ("closed_on__gte", models.F("opened_on")),
                    _connector="OR",
                ),
                name="organisation_open_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                name="membership_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["base_member", "deputy_lead", "lead", "member", "supporting"])),
                name="membership_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier__in", ["base", "first", "lead", "second"])), name="membership_tier"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("consortium", "="),
                    ("organisation", "="),
                    (
                        models.Func(
                            models.F("since"),
                            models.F("until"),
                            models.Value("[]"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="membership_once_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("role", "lead")),
                expressions=[
                    ("consortium", "="),
                    (
                        models.Func(
                            models.F("since"),
                            models.F("until"),
                            models.Value("[]"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="membership_one_lead",
            ),
        ),
        migrations.AddConstraint(
            model_name="department",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                name="department_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="department",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("organisation", "="),
                    ("code", "="),
                    (
                        models.Func(
                            models.F("since"),
                            models.F("until"),
                            models.Value("[]"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="department_once_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="countedfact",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["beds", "nurses", "physicians", "staff"])), name="fact_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="countedfact",
            constraint=models.UniqueConstraint(fields=("organisation", "kind", "counted_on"), name="fact_once_a_day"),
        ),
        migrations.AddIndex(
            model_name="agreement",
            index=models.Index(fields=["until"], name="agreement_until"),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__isnull", True), ("until__gte", models.F("since")), _connector="OR"),
                name="agreement_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "matter__in",
                        [
                            "alliance",
                            "eldercare",
                            "experts",
                            "joint_ward",
                            "other",
                            "recognition",
                            "referral",
                            "sterilisation",
                            "telemedicine",
                        ],
                    )
                ),
                name="agreement_matter",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.UniqueConstraint(
                fields=("consortium", "title", "since"), name="agreement_once", nulls_distinct=True
            ),
        ),
    ]
