"""Residents, the source records that are theirs, and what each source said of them.

Facts (numbers, names, telephones, addresses, guardians) carry the record that said them, so that a merge or unmerge
moves a record and its facts. ``ResidentPresence`` is the relation by which every scope is looked up.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.call import Scope
from doorstep.kernel.store import ScopedManager, ScopedRow

ORGANISATION = "organisations.Organisation"


class Sex(models.TextChoices):
    """GB/T 2261.1."""

    UNKNOWN = "0", _("未知的性别")
    MALE = "1", _("男")
    FEMALE = "2", _("女")
    UNSTATED = "9", _("未说明的性别")


class Kind(models.TextChoices):
    """The kinds of numbers, as ``rules.facts.Kind``."""

    RESIDENT_ID = "resident_id", _("居民身份证号")
    BIRTH_CERTIFICATE = "certificate", _("出生医学证明编号")
    INSURANCE = "insurance", _("医保编号")
    PASSPORT = "passport", _("护照号")
    ARCHIVE = "archive", _("健康档案编号")
    HOSPITAL = "hospital", _("就诊号")
    OTHER = "other", _("其他号码")


class Precision(models.TextChoices):
    """How much of a birth date is known."""

    DAY = "day", _("日")
    MONTH = "month", _("月")
    YEAR = "year", _("年")


def present(scope: Scope, resident: str) -> Q:
    """The condition that a record of the resident in column ``resident`` lies within the scope."""
    rows = ResidentPresence.objects.filter(resident=OuterRef(resident), organisation__in=scope.organisations)
    return Q(Exists(rows))


class Resident(ScopedRow):
    """The golden identity, one row a person: what its records say, as ``rules.persons.fold`` settles it.

    One whose records went to another (``merged_into``) stays, so that whatever refers to it is led there.
    """

    name = models.CharField(max_length=200, blank=True)
    pinyin = models.CharField(max_length=200, blank=True, db_collation="C")
    sex = models.CharField(max_length=1, choices=Sex.choices, default=Sex.UNKNOWN)
    birth_date = models.DateField(null=True)
    birth_precision = models.CharField(max_length=5, choices=Precision.choices, default=Precision.DAY)
    deceased = models.BooleanField(default=False)
    deceased_on = models.DateField(null=True)
    ethnic = models.CharField(max_length=2, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="resident_sex"),
            models.CheckConstraint(condition=Q(birth_precision__in=Precision.values), name="resident_precision"),
            models.CheckConstraint(condition=Q(deceased=True) | Q(deceased_on__isnull=True), name="resident_death"),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="resident_another"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return present(scope, "pk")


class ResidentPresence(models.Model):
    """That an institution knows a resident: by a record that it sent, or a registration at its desk."""

    pk = models.CompositePrimaryKey("resident_id", "organisation_id")
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, db_index=False)
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, db_index=False)

    class Meta:
        indexes = (models.Index(fields=("organisation", "resident"), name="presence_organisation"),)


class ResidentRecord(ScopedRow):
    """The link from one source record to its resident; a merge moves these links and nothing else.

    ``patient_id`` is the FHIR Patient's id (none: registered by hand), ``digest`` tells whether it says anything new.
    """

    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, db_index=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, db_index=False)
    patient_id = models.CharField(max_length=64, null=True, db_collation="C")
    digest = models.BinaryField(max_length=16)
    # By what it was placed (``index.How``), the bits that decided, and the record with which it agreed.
    how = models.CharField(max_length=20, blank=True)
    bits = models.FloatField(null=True)
    against = models.UUIDField(null=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("patient_id",), name="record_patient_once"),)
        indexes = (
            models.Index(fields=("resident", "organisation"), name="record_resident"),
            models.Index(fields=("resident", "id"), name="record_in_order"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return present(scope, "resident_id")


class Fact(models.Model):
    """Something that a source said of a resident."""

    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, db_index=False)
    record = models.ForeignKey(ResidentRecord, on_delete=models.PROTECT, null=True, db_index=False)

    objects = ScopedManager()

    class Meta:
        abstract = True

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Facts are seen where their resident is."""
        return present(scope, "resident_id")


class ResidentIdentifier(Fact):
    """A number. A trusted one belongs to one resident: the constraint decides a race between two ingests.

    ``organisation`` is set for hospital numbers alone, which are unique within the system of their hospital.
    """

    kind = models.CharField(max_length=12, choices=Kind.choices)
    system = models.CharField(max_length=200)
    value = models.CharField(max_length=100, db_collation="C")
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, null=True, db_index=False)
    trusted = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("value", "system", "organisation"),
                name="identifier_one_resident",
                condition=Q(trusted=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="identifier_kind"),
        )
        indexes = (
            models.Index(fields=("resident", "kind"), name="identifier_resident"),
            models.Index(fields=("value",), name="identifier_untrusted", condition=Q(trusted=False)),
        )


class ResidentName(Fact):
    """A name as an institution says it, with the keys of the search box (``linkage.names.keys``); C collation makes a
    plain b-tree serve prefixes. A second reading of a surname is a row of its own, with ``use`` reading."""

    # Repeats the record's institution, so that a search within one institution reads one range of one index.
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    use = models.CharField(max_length=20, blank=True)
    text = models.CharField(max_length=200)
    family = models.CharField(max_length=200, blank=True)
    given = models.CharField(max_length=200, blank=True)
    hanzi = models.CharField(max_length=200, blank=True, db_collation="C")
    full = models.CharField(max_length=400, blank=True, db_collation="C")
    short = models.CharField(max_length=400, blank=True, db_collation="C")

    class Meta:
        indexes = (
            models.Index(fields=("resident",), name="name_resident"),
            models.Index(fields=("hanzi", "resident"), name="name_hanzi", condition=Q(hanzi__gt="")),
            models.Index(fields=("full", "resident"), name="name_full"),
            models.Index(fields=("short", "resident", "full"), name="name_short"),
            models.Index(fields=("organisation", "hanzi", "resident"), name="name_in_hanzi", condition=Q(hanzi__gt="")),
            models.Index(fields=("organisation", "full", "resident"), name="name_in_full"),
            models.Index(fields=("organisation", "short", "resident", "full"), name="name_in_short"),
        )


class ResidentPhone(Fact):
    """A telephone number in its one form; a household often shares one."""

    use = models.CharField(max_length=20, blank=True)
    value = models.CharField(max_length=15, db_collation="C")

    class Meta:
        indexes = (
            models.Index(fields=("resident",), name="phone_resident"),
            models.Index(fields=("value", "resident"), name="phone_value"),
        )


class ResidentAddress(Fact):
    """An address: words, and a division code whose first 2, 4, 6, 9 and 12 digits are province, city, county, street
    and village, so that one prefix finds all who live in any of them."""

    use = models.CharField(max_length=20, blank=True)
    text = models.CharField(max_length=300, blank=True)
    division = models.CharField(max_length=12, blank=True, db_collation="C")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(division__regex=r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})?$"),
                name="address_division",
            ),
        )
        indexes = (
            models.Index(fields=("resident",), name="address_resident"),
            models.Index(fields=("division", "resident"), name="address_place", condition=Q(division__gt="")),
        )


class ResidentGuardian(Fact):
    """Who answers for a resident: another resident, or a name and telephone; within a time where one is given."""

    guardian = models.ForeignKey(
        Resident, on_delete=models.PROTECT, null=True, related_name="wards", related_query_name="ward"
    )
    name = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=15, blank=True)
    relation = models.CharField(max_length=20, blank=True)
    start = models.DateField(null=True)
    end = models.DateField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(guardian__isnull=False) | ~Q(name="") | ~Q(phone=""), name="guardian_somebody"
            ),
            models.CheckConstraint(condition=~Q(guardian=F("resident")), name="guardian_another"),
            models.CheckConstraint(
                condition=Q(end__isnull=True) | Q(start__isnull=True) | Q(end__gte=F("start")), name="guardian_period"
            ),
        )
        indexes = (models.Index(fields=("resident",), name="guardian_resident"),)


class Household(ScopedRow):
    """People who live together; the head is the one whose relations the members state."""

    head = models.ForeignKey(Resident, on_delete=models.PROTECT)
    address = models.CharField(max_length=300, blank=True)
    division = models.CharField(max_length=12, blank=True, db_collation="C")

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return present(scope, "head_id")


class HouseholdMember(models.Model):
    """That a resident lives in a household from a day to a day, with the relation to its head (GB/T 4761)."""

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="members")
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT)
    relation = models.CharField(max_length=2)
    start = models.DateField()
    end = models.DateField(null=True)

    objects = ScopedManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("resident",), name="member_one_home", condition=Q(end__isnull=True)),
            models.CheckConstraint(condition=Q(end__isnull=True) | Q(end__gte=F("start")), name="member_period"),
            models.CheckConstraint(condition=Q(relation__regex=r"^[0-9]{2}$"), name="member_relation"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Membership is seen where the member is."""
        return present(scope, "resident_id")
