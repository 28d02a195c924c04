"""The kernel's tables: outbox, trail, dated rules. (The FHIR ledger's tables are made in SQL: see ``ledger``.)"""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OutboxEvent(models.Model):
    """An event as it was published, in the order of its writing."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=120)
    subject = models.CharField(max_length=200)
    body = models.JSONField()
    at = models.DateTimeField()


class Delivery(models.Model):
    """What one handler still has to do, or has done, about one event; unique, so nothing is applied twice."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待")
        DONE = "done", _("完成")
        DEAD = "dead", _("搁置")
        DISMISSED = "dismissed", _("放弃")

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE)
    handler = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    error = models.TextField(default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("event", "handler"), name="delivery_once"),)
        indexes = (
            models.Index(
                fields=("handler", "subject", "event"),
                name="delivery_order",
                condition=Q(state__in=("waiting", "dead")),
            ),
            models.Index(fields=("due_at",), name="delivery_due", condition=Q(state="waiting")),
        )


class TrailLine(models.Model):
    """One line of the trail: who did or saw what, about whom, and how it ended. A trigger keeps it unchanged."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    post = models.UUIDField(null=True)
    organisation = models.UUIDField(null=True)
    purpose = models.CharField(max_length=20)
    action = models.CharField(max_length=80)
    outcome = models.CharField(max_length=40)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=100)
    resident = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)
    request = models.CharField(max_length=64)

    class Meta:
        indexes = (
            models.Index(fields=("resident", "-id"), name="trail_resident", condition=Q(resident__isnull=False)),
            models.Index(fields=("actor", "-id"), name="trail_actor"),
            models.Index(fields=("action", "-id"), name="trail_action", opclasses=("varchar_pattern_ops", "int8_ops")),
            models.Index(fields=("name", "-id"), name="trail_name", opclasses=("varchar_pattern_ops", "int8_ops")),
            BrinIndex(fields=("at",), name="trail_at"),
        )


class TrailSeal(models.Model):
    """The hash chain over the lines, in the order in which they were sealed."""

    position = models.BigIntegerField(primary_key=True)
    line = models.OneToOneField(TrailLine, on_delete=models.PROTECT)
    hash = models.BinaryField(max_length=32)


class RuleSet(models.Model):
    """A dated rule of the field: its parameters hold from a day to a day within a jurisdiction."""

    code = models.CharField(max_length=80)
    revision = models.CharField(max_length=40)
    issuer = models.CharField(max_length=120)
    jurisdiction = models.CharField(max_length=12, default="CN")
    effective_from = models.DateField()
    effective_to = models.DateField(null=True)
    parameters = models.JSONField()
    source = models.TextField(default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("code", "jurisdiction", "effective_from"), name="ruleset_start_once"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=True) | Q(effective_to__gte=models.F("effective_from")),
                name="ruleset_period",
            ),
        )


class JobRun(models.Model):
    """When a job by the clock last ran, and how it ended."""

    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField()
    error = models.TextField(default="")
