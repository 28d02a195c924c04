"""The residents whose records are watched more closely, and the objections of residents."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.store import Row


class Watched(models.Model):
    """That the privacy officer has a resident's looks watched (public figures, colleagues who are ill), and why."""

    id = models.BigAutoField(primary_key=True)
    resident = models.ForeignKey("residents.Resident", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=100)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=100, default="", blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("resident",), name="watched_once", condition=Q(ended_at__isnull=True)),
        )


class Stage(models.TextChoices):
    """Where an objection stands (``flow.State``)."""

    RAISED = "raised", _("待受理")
    TAKEN = "taken", _("处理中")
    ANSWERED = "answered", _("已答复")
    CLOSED = "closed", _("已结束")


class Objection(Row):
    """That a resident objects to looks at their record: to lines of the trail, or to a period.

    ``lines`` are [number, moment] of lines; ``steps`` what was done, with the words of each side, the oldest first.
    """

    resident = models.ForeignKey("residents.Resident", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=10, choices=Stage.choices, default=Stage.RAISED)
    raised_by = models.CharField(max_length=100)
    raised_name = models.CharField(max_length=200)
    text = models.CharField(max_length=1000)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    lines = models.JSONField(default=list)
    due = models.DateField()
    upheld = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)
    reopened = models.BooleanField(default=False)
    steps = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(state__in=Stage.values), name="objection_state"),
            models.CheckConstraint(
                condition=~Q(state="answered") | Q(upheld__isnull=False, answered_at__isnull=False),
                name="objection_answered",
            ),
        )
        indexes = (
            models.Index(fields=("state", "due", "id"), name="objection_queue"),
            models.Index(fields=("resident", "-id"), name="objection_resident"),
        )
