"""Messages as they came, and what became of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.store import ScopedManager
from doorstep.record.exchange.flow import State


class Message(models.Model):
    """What a source sent, to the byte (zstd), its SHA-256, and its state. The same bytes from a source are one row."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
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
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    mends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
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
