"""The kernel's tables: outbox, trail, dated rules. (The FHIR ledger's tables are made in SQL: see ``ledger``.)"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OutboxEvent(models.Model):
    """An event as it was published, in the order of its writing; ``trace`` is W3C's traceparent of what set it off."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=120)
    subject = models.CharField(max_length=200)
    body = models.JSONField()
    at = models.DateTimeField()
    trace = models.CharField(max_length=55, blank=True, db_default="")


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
            models.Index(fields=("id",), name="delivery_dead", condition=Q(state="dead")),
        )


_BEGINNING = ("varchar_pattern_ops", "timestamptz_ops", "int8_ops")


class TrailLine(models.Model):
    """One line of the trail: who did or saw what, about whom, and how it ended. Triggers keep it unchanged.

    The table is one of parts, a month each (``trail_months``); its key in the database is ``(at, id)``.
    """

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
            models.Index(fields=("resident", "at", "id"), name="trail_resident", condition=Q(resident__isnull=False)),
            models.Index(fields=("actor", "at", "id"), name="trail_actor"),
            models.Index(fields=("action", "at", "id"), name="trail_action", opclasses=_BEGINNING),
            models.Index(fields=("name", "at", "id"), name="trail_name", opclasses=_BEGINNING),
        )


class TrailSeal(models.Model):
    """The hash chain over the lines, in the order in which they were sealed; a line is known by its time and number."""

    position = models.BigIntegerField(primary_key=True)
    line_id = models.BigIntegerField()
    at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("at", "line_id"), name="seal_of_a_line_once"),)


class TrailHead(models.Model):
    """A signed head: what the chain's hash was at a position, and how many lines came since the head before it."""

    position = models.BigIntegerField(primary_key=True)
    day = models.DateField()
    lines = models.BigIntegerField()
    at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)
    algorithm = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    signature = models.BinaryField(max_length=256)


class TrailRetired(models.Model):
    """A month of lines that is a table of its own now, outside the trail: signed, so that nobody else can say it."""

    table = models.CharField(max_length=63, primary_key=True)
    lower = models.DateTimeField()
    upper = models.DateTimeField()
    lines = models.BigIntegerField()
    position = models.BigIntegerField()
    at = models.DateTimeField()
    algorithm = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    signature = models.BinaryField(max_length=256)


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
