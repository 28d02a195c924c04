"""The residents whose records are watched more closely."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


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
