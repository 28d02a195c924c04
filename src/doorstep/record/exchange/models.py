"""Messages as they came and what became of them; exports and how far they are."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.ids import new_id
from doorstep.kernel.store import ScopedManager
from doorstep.record.exchange.flow import LIVE, ExportState, State
from doorstep.record.exchange.shapes import Level


class Message(models.Model):
    """What a source sent, to the byte (zstd), its SHA-256, and its state. The same bytes from a source are one row."""

    id = models.BigAutoField(primary_key=True)
    # an index of its own for each of the three would only be written: those below answer what is asked
    source = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    digest = models.BinaryField(max_length=32)
    channel = models.CharField(max_length=10)
    kind = models.CharField(max_length=10)
    origin = models.TextField()
    received_at = models.DateTimeField()
    size = models.BigIntegerField()
    raw = models.BinaryField()
    state = models.CharField(max_length=10)
    received = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    mends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.TextField(default="")
    waits = models.BooleanField(default=False)
    answers = models.JSONField(null=True)

    objects = ScopedManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("source", "digest"), name="message_once"),
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in State]), name="message_state"),
        )
        indexes = (
            models.Index(fields=("-id",), name="message_aside", condition=Q(state="set_aside")),
            models.Index(fields=("source", "-id"), name="message_source"),
            models.Index(fields=("source", "id"), name="message_waits", condition=Q(state="set_aside", waits=True)),
            models.Index(fields=("parent",), name="message_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=("mends",), name="message_mends", condition=Q(mends__isnull=False)),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Messages of the institutions within the scope."""
        return Q(source_id__in=scope.organisations)


class SourceChecks(models.Model):
    """How what a source sends is checked, where somebody has set it; ``version`` counts the changes."""

    source = models.OneToOneField(
        "organisations.Organisation", primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    level = models.CharField(max_length=12)
    strict_bundles = models.BooleanField(default=True)

    objects = ScopedManager()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(level__in=[str(s) for s in Level]), name="checks_level"),)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """The settings of the institutions within the scope."""
        return Q(source_id__in=scope.organisations)


class Export(models.Model):
    """A bulk export: who asked for what within which bounds, and how far it is. ``at`` is its transactionTime;
    ``types`` are read in order, ``place`` counts those done, ``last`` is the last id read of the next."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    actor = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=100, default="")
    everywhere = models.BooleanField()
    organisations = ArrayField(models.UUIDField())
    level = models.CharField(max_length=10)
    group = models.CharField(max_length=64, default="")
    members = ArrayField(models.TextField(), null=True)
    types = ArrayField(models.TextField())
    since = models.DateTimeField(null=True)
    filters = models.JSONField(default=dict)
    elements = ArrayField(models.TextField(), default=list)
    request = models.TextField()
    at = models.DateTimeField()
    state = models.CharField(max_length=10)
    awaited = ArrayField(models.TextField(), default=list)
    place = models.IntegerField(default=0)
    last = models.TextField(default="")
    files = models.JSONField(default=list)
    read = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    failures = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=40, default="")
    worked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ScopedManager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=[str(s) for s in ExportState]), name="export_state"),
            models.UniqueConstraint(
                fields=("actor", "key"), name="export_once", condition=Q(state__in=[str(s) for s in LIVE]) & ~Q(key="")
            ),
        )
        indexes = (
            models.Index(
                fields=("worked_at",), name="export_at_work", condition=Q(state__in=[str(s) for s in LIVE[:2]])
            ),
            models.Index(fields=("expires_at",), name="export_expires", condition=Q(state__in=("done", "failed"))),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Exports that hold nothing beyond the scope."""
        return Q(everywhere=False, organisations__contained_by=list(scope.organisations))
