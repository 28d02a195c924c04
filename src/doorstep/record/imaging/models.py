"""Archives, and what is known of the studies in them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.store import ScopedRow, one_of
from doorstep.record.imaging.flow import State


class Archive(ScopedRow):
    """An archive of an institution, asked by DICOMweb. ``credential`` names the file that holds the password.

    ``position`` is how far Orthanc's changes are known, ``since`` from which day on other archives are asked again;
    ``due_at`` is when it is asked next. ``failed_at``, ``fault``: the last time that it did not answer well.
    """

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    owner = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=300)
    user = models.CharField(max_length=100, blank=True)
    credential = models.CharField(max_length=300, blank=True)
    is_orthanc = models.BooleanField(default=True)
    is_on = models.BooleanField(default=True)
    position = models.BigIntegerField(default=0)
    since = models.DateField(null=True)
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=40, blank=True)
    fault_params = models.JSONField(default=dict)
    faults = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("organisation", "address"), name="archive_once"),
            models.CheckConstraint(condition=Q(position__gte=0), name="archive_position"),
        )
        indexes = (models.Index(fields=("due_at",), name="archive_due", condition=Q(is_on=True)),)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Archives of the institutions within the scope."""
        return Q(organisation__in=scope.organisations)


class Unreadable(ScopedRow):
    """A study that an Orthanc holds under what is no StudyInstanceUID: nobody can ask for it by DICOMweb. ``key`` is
    Orthanc's own id of it, ``said`` the beginning of what stands in place of the UID; ``due_at``: when it is asked
    whether it is still there."""

    archive = models.ForeignKey(Archive, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=60, db_collation="C")
    said = models.CharField(max_length=64, blank=True)
    seen_at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("archive", "key"), name="unreadable_once"),)
        indexes = (models.Index(fields=("archive", "due_at"), name="unreadable_due"),)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Those in archives of the institutions within the scope."""
        return Q(archive__organisation__in=scope.organisations)


class Study(ScopedRow):
    """A study in an archive. ``patient`` is the FHIR id of the record of whose person it is (empty: nobody's yet), so
    that it follows the record wherever the index puts it; ``order`` that of the ServiceRequest which it answers.

    ``number``, ``name``, ``sex``, ``birth`` and ``accession`` are as the archive has them; ``hanzi`` and ``latin`` are
    the name as it is searched. ``due_at``: when it is to be looked at (null: known as it stands). ``tied_by``: who
    said whose it is, where a person did.
    """

    archive = models.ForeignKey(Archive, on_delete=models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    uid = models.CharField(max_length=64, db_collation="C")
    state = models.CharField(max_length=10, default=State.SEEN)
    reason = models.CharField(max_length=30, blank=True)
    reason_params = models.JSONField(default=dict)
    patient = models.CharField(max_length=64, blank=True, db_collation="C")
    order = models.CharField(max_length=64, blank=True, db_collation="C")
    number = models.CharField(max_length=64, blank=True, db_collation="C")
    name = models.CharField(max_length=300, blank=True)
    hanzi = models.CharField(max_length=200, blank=True, db_collation="C")
    latin = models.CharField(max_length=200, blank=True, db_collation="C")
    sex = models.CharField(max_length=1, default="0")
    birth = models.DateField(null=True)
    accession = models.CharField(max_length=64, blank=True, db_collation="C")
    modalities = ArrayField(models.CharField(max_length=16), default=list)
    started = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    description = models.CharField(max_length=200, blank=True)
    series = models.JSONField(default=list)
    seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    tied_by = models.CharField(max_length=100, blank=True)
    tied_name = models.CharField(max_length=100, blank=True)
    tied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("archive", "uid"), name="study_once"),
            one_of("state", State, "study_state"),
            models.CheckConstraint(
                condition=~Q(state=State.PLACED) | ~Q(patient=""), name="study_placed_with_somebody"
            ),
            models.CheckConstraint(condition=Q(state=State.PLACED) | Q(patient=""), name="study_of_nobody_else"),
        )
        indexes = (
            models.Index(fields=("due_at",), name="study_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=("patient",), name="study_patient", condition=Q(state=State.PLACED)),
            models.Index(fields=("uid",), name="study_uid"),
            models.Index(fields=("state", "-id"), name="study_resting", condition=Q(state=State.RESTING)),
            models.Index(fields=("organisation", "-day", "-id"), name="study_day"),
            models.Index(fields=("organisation", "number"), name="study_number"),
            models.Index(fields=("organisation", "accession"), name="study_accession"),
            models.Index(fields=("organisation", "hanzi"), name="study_hanzi"),
            models.Index(fields=("organisation", "latin"), name="study_latin"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Studies of the institutions within the scope."""
        return Q(organisation__in=scope.organisations)
