"""Institutions, departments, counted facts, areas, consortia, memberships and agreements."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from doorstep.kernel.call import Scope
from doorstep.kernel.spans import days, ends_after_start
from doorstep.kernel.store import Row, ScopedRow, one_of
from doorstep.registers.organisations import rules


class Area(Row):
    """A division by its 12-digit code (GB/T 2260 and below); codes change, so each row is dated."""

    code = models.CharField(max_length=12)
    level = models.CharField(max_length=10)
    name = models.CharField(max_length=60)
    full_name = models.CharField(max_length=200, default="")
    parent = models.CharField(max_length=12, default="")
    urban = models.BooleanField(default=False)
    population = models.PositiveIntegerField(null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("area_period"),
            one_of("level", rules.Level, "area_level"),
            models.CheckConstraint(condition=Q(code__regex=r"^[1-9][0-9]{11}$"), name="area_code_shape"),
            ExclusionConstraint(
                name="area_once_a_day", expressions=[("code", RangeOperators.EQUAL), (days(), RangeOperators.OVERLAPS)]
            ),
        )
        indexes = (models.Index(fields=("parent",), name="area_parent"),)


class Organisation(ScopedRow):
    """An institution. Published: rows of other rooms may point to it."""

    uscc = models.CharField(max_length=18, null=True, unique=True)
    short_code = models.CharField(max_length=40, null=True, unique=True)
    registration = models.CharField(max_length=23, default="", blank=True)
    licence = models.CharField(max_length=40, default="", blank=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=60, default="", blank=True)
    pinyin = models.CharField(max_length=400)
    initials = models.CharField(max_length=120)
    type_code = models.CharField(max_length=4)
    grade_system = models.CharField(max_length=80, default="", blank=True)
    grade_code = models.CharField(max_length=8, default="", blank=True)
    grade_display = models.CharField(max_length=20, default="", blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    economic_type = models.CharField(max_length=2, default="", blank=True)
    management_class = models.CharField(max_length=1, default="", blank=True)
    tier = models.CharField(max_length=8)
    status = models.CharField(max_length=1, default=rules.Status.OPEN.value)
    area = models.CharField(max_length=12)
    address = models.CharField(max_length=200, default="", blank=True)
    phone = models.CharField(max_length=40, default="", blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    opened_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)

    class Meta:
        constraints = (
            one_of("tier", rules.Tier, "organisation_tier"),
            one_of("status", rules.Status, "organisation_status"),
            models.CheckConstraint(condition=Q(type_code__regex=r"^[A-Z][0-9]{3}$"), name="organisation_type_shape"),
            models.CheckConstraint(condition=Q(area__regex=r"^[1-9][0-9]{11}$"), name="organisation_area_shape"),
            models.CheckConstraint(condition=Q(level__lte=3), name="organisation_level"),
            models.CheckConstraint(
                condition=Q(longitude__isnull=True, latitude__isnull=True)
                | Q(longitude__range=(-180, 180), latitude__range=(-90, 90)),
                name="organisation_position",
            ),
            models.CheckConstraint(condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="organisation_parent"),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(opened_on__isnull=True) | Q(closed_on__gte=F("opened_on")),
                name="organisation_open_time",
            ),
        )
        indexes = (
            models.Index(fields=("pinyin", "id"), name="organisation_order"),
            models.Index(fields=("area",), name="organisation_area"),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(id__in=scope.organisations)


class OfOrganisation(ScopedRow):
    """A row that belongs to one institution and is bounded with it."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(organisation__in=scope.organisations)


class Department(OfOrganisation):
    """A department: code of 诊疗科目名录, or one that the institution gave itself, for a time."""

    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("department_period"),
            ExclusionConstraint(
                name="department_once_a_day",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    (days(), RangeOperators.OVERLAPS),
                ],
            ),
        )


class CountedFact(OfOrganisation):
    """How many of something were counted on a day; the newest on or before a day counts."""

    kind = models.CharField(max_length=12)
    number = models.PositiveIntegerField()
    counted_on = models.DateField()

    class Meta:
        constraints = (
            one_of("kind", rules.Count, "fact_kind"),
            models.UniqueConstraint(fields=("organisation", "kind", "counted_on"), name="fact_once_a_day"),
        )


class Consortium(ScopedRow):
    """A medical alliance of one of four kinds, for a time."""

    key = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=24)
    area = models.CharField(max_length=12)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("consortium_period"),
            one_of("kind", rules.Kind, "consortium_kind"),
            models.CheckConstraint(condition=Q(area__regex=r"^[1-9][0-9]{11}$"), name="consortium_area_shape"),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        inside = Membership.objects.within(scope).values("consortium")
        return Q(id__in=inside)


class Membership(OfOrganisation):
    """An institution in a consortium with its role and tier, for a time."""

    consortium = models.ForeignKey(Consortium, models.PROTECT, related_name="+")
    role = models.CharField(max_length=12)
    tier = models.CharField(max_length=8)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("membership_period"),
            one_of("role", rules.Role, "membership_role"),
            one_of("tier", rules.Tier, "membership_tier"),
            ExclusionConstraint(
                name="membership_once_a_day",
                expressions=[
                    ("consortium", RangeOperators.EQUAL),
                    ("organisation", RangeOperators.EQUAL),
                    (days(), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="membership_one_lead",
                expressions=[("consortium", RangeOperators.EQUAL), (days(), RangeOperators.OVERLAPS)],
                condition=Q(role=rules.Role.LEAD.value),
            ),
        )


class Agreement(ScopedRow):
    """What members of a consortium, or two institutions, agreed on, for a time."""

    consortium = models.ForeignKey(Consortium, models.PROTECT, null=True, related_name="+")
    parties: models.ManyToManyField[Organisation, Any] = models.ManyToManyField(Organisation, related_name="+")
    matter = models.CharField(max_length=16)
    title = models.CharField(max_length=120)
    text = models.TextField(default="", blank=True)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("agreement_period"),
            one_of("matter", rules.Matter, "agreement_matter"),
            models.UniqueConstraint(
                fields=("consortium", "title", "since"), name="agreement_once", nulls_distinct=True
            ),
        )
        indexes = (models.Index(fields=("until",), name="agreement_until"),)

    def __str__(self) -> str:
        return self.title

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        joined = Agreement.parties.through.objects.filter(organisation__in=scope.organisations)
        return Q(id__in=joined.values("agreement"))
