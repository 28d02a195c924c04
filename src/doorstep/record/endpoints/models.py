"""Endpoints, what came in by them, how much a minute, and orders to replay what rests."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.ids import new_id
from doorstep.kernel.store import ScopedManager, ScopedRow, one_of
from doorstep.record.endpoints.flow import State
from doorstep.record.endpoints.rules.facts import Ordering


class Endpoint(ScopedRow):
    """Where one system of an institution sends to: a port, or its names (MSH-3, MSH-4) on a port that several share.

    ``certificate``, ``key`` and ``clients`` are names of files: the server's own, and whose clients are let in.
    ``paused``: what comes is kept and acknowledged, and not worked on. ``depth``: how many may wait before senders are
    slowed. ``keep_days`` and ``silence`` (minutes): 0 for never.
    """

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    protocol = models.CharField(max_length=20)
    port = models.PositiveIntegerField()
    application = models.CharField(max_length=200, blank=True)
    facility = models.CharField(max_length=200, blank=True)
    addresses = ArrayField(models.CharField(max_length=60), default=list)
    certificate = models.CharField(max_length=300, blank=True)
    key = models.CharField(max_length=300, blank=True)
    clients = models.CharField(max_length=300, blank=True)
    charset = models.CharField(max_length=20, blank=True)
    mapping = models.CharField(max_length=60, blank=True)
    authorities = models.JSONField(default=dict)
    ordering = models.CharField(max_length=10)
    most_bytes = models.PositiveIntegerField()
    most_connections = models.PositiveIntegerField()
    depth = models.PositiveIntegerField()
    keep_days = models.PositiveIntegerField()
    silence = models.PositiveIntegerField()
    owner = models.CharField(max_length=100, blank=True)
    is_on = models.BooleanField(default=True)
    paused = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("port", "application", "facility"), name="endpoint_once"),
            one_of("ordering", Ordering, "endpoint_ordering"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Endpoints of the institutions within the scope."""
        return Q(organisation_id__in=scope.organisations)


class Inbound(models.Model):
    """What came in, to the byte. The same bytes at an endpoint are one row, so a control id and a hash are too.

    ``number`` is the exchange message that it became; ``wrote`` what that wrote, and whose it is
    (Type/id); ``mends`` the row in whose
    place a person put this one.
    """

    id = models.BigAutoField(primary_key=True)
    # an index of its own for each of the keys would only be written: those below answer what is asked
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    control = models.CharField(max_length=200, blank=True)
    digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField()
    peer = models.CharField(max_length=60, blank=True)
    raw = models.BinaryField()
    size = models.PositiveIntegerField()
    kind = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=200, blank=True)
    slot = models.SmallIntegerField()
    code = models.CharField(max_length=2, blank=True)
    state = models.CharField(max_length=10)
    settled_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=60, blank=True)
    place = models.CharField(max_length=200, blank=True)
    params = models.JSONField(default=dict)
    number = models.BigIntegerField(null=True)
    wrote = ArrayField(models.TextField(), default=list)
    mends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    objects = ScopedManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("endpoint", "digest"), name="inbound_once"),
            one_of("state", State, "inbound_state"),
        )
        indexes = (
            models.Index(fields=("endpoint", "id"), name="inbound_endpoint"),
            models.Index(fields=("endpoint", "slot", "id"), name="inbound_kept", condition=Q(state="kept")),
            models.Index(fields=("-id",), name="inbound_resting", condition=Q(state="resting")),
            models.Index(fields=("source", "id"), name="inbound_resting_source", condition=Q(state="resting")),
            models.Index(fields=("endpoint", "id"), name="inbound_resting_at", condition=Q(state="resting")),
            models.Index(fields=("reason", "id"), name="inbound_resting_for", condition=Q(state="resting")),
            models.Index(
                fields=("endpoint", "reason", "id"), name="inbound_resting_at_for", condition=Q(state="resting")
            ),
            models.Index(fields=("mends",), name="inbound_mends", condition=Q(mends__isnull=False)),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Messages of the institutions within the scope."""
        return Q(source_id__in=scope.organisations)


class Minute(models.Model):
    """How much came and was settled at an endpoint within a minute; ``lag_ms`` is the sum over what was applied."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    received = models.IntegerField(default=0)
    size = models.BigIntegerField(default=0)
    applied = models.IntegerField(default=0)
    rested = models.IntegerField(default=0)
    lag_ms = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("endpoint", "at"), name="minute_once"),)


class Replay(ScopedRow):
    """An order to work once more on all that rests at an endpoint (for one reason, where one is named) up to a number;
    ``done`` is the last number seen, ``count`` how many were put back."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=60, blank=True)
    upto = models.BigIntegerField()
    done = models.BigIntegerField(default=0)
    count = models.IntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("id",), name="replay_open", condition=Q(ended_at__isnull=True)),)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Orders for endpoints of the institutions within the scope."""
        return Q(endpoint__organisation_id__in=scope.organisations)
