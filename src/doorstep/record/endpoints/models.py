"""Endpoints, what came in and what goes out by them, how much a minute, and orders to replay what rests."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.ids import new_id
from doorstep.kernel.store import ScopedManager, ScopedRow, one_of
from doorstep.record.endpoints.flow import Sending, State
from doorstep.record.endpoints.rules.facts import MESSAGE_CODES, Ordering
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.record.endpoints.rules.turns import MERGES
from doorstep.record.endpoints.rules.watching import OF_HOUSE, Kind


class Endpoint(ScopedRow):
    """Where one system of an institution sends to: a port, or its names (MSH-3, MSH-4) on a port that several share; or
    for FHIR messages, which all come to one address, the institution and the name in their header.

    ``receiver``: for whom messages are that name nobody; ``speaks_for``: the institutions behind a platform.
    ``certificate``, ``key`` and ``clients`` are names of files: the server's own, and whose clients are let in.
    ``paused``: what comes is kept and acknowledged, and not worked on. ``depth``: how many may wait before senders are
    slowed. ``keep_days``: 0 for ever. Of one that we send to (``shapes.Outward``), ``port``
    is the other side's, and ``application`` and ``facility`` are still the sender's names: ours.
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
    owner = models.CharField(max_length=100, blank=True)
    receiver = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, null=True, related_name="+")
    speaks_for = ArrayField(models.UUIDField(), default=list)
    is_on = models.BooleanField(default=True)
    paused = models.BooleanField(default=False)
    direction = models.CharField(max_length=3, default="in")
    host = models.CharField(max_length=255, blank=True, default="")
    secured = models.BooleanField(default=False)
    authority = models.CharField(max_length=300, blank=True, default="")
    to_application = models.CharField(max_length=200, blank=True, default="")
    to_facility = models.CharField(max_length=200, blank=True, default="")
    standard = models.CharField(max_length=10, blank=True, default="")
    carries = ArrayField(models.CharField(max_length=20), default=list)
    rate = models.PositiveIntegerField(default=0)
    opens = models.TimeField(null=True)
    closes = models.TimeField(null=True)
    patience = models.PositiveIntegerField(default=30)
    most_tries = models.PositiveIntegerField(default=8)
    holds = models.BooleanField(default=False)
    credential = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("port", "application", "facility"),
                name="endpoint_once",
                condition=Q(direction="in", port__gt=0),
            ),
            models.UniqueConstraint(
                fields=("organisation", "protocol", "application"),
                name="endpoint_once_message",
                condition=Q(direction="in", port=0),
            ),
            one_of("ordering", Ordering, "endpoint_ordering"),
            one_of("direction", Direction, "endpoint_direction"),
            models.CheckConstraint(condition=Q(direction="in") | ~Q(host=""), name="endpoint_host"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Endpoints of the institutions within the scope."""
        return Q(organisation_id__in=scope.organisations)


class Inbound(models.Model):
    """What came in, to the byte. The same bytes at an endpoint are one row, so a control id and a hash are too.

    ``trace`` is the W3C traceparent of its coming; ``number`` the exchange message that it became; ``wrote`` what that
    wrote, and whose it is (Type/id); ``mends`` the row in whose place a person put this one.
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
    trace = models.CharField(max_length=55, blank=True, db_default="")
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
            models.Index(fields=("endpoint", "id"), name="inbound_merge", condition=Q(state="kept", kind__in=MERGES)),
            models.Index(fields=("-id",), name="inbound_resting", condition=Q(state="resting")),
            models.Index(fields=("source", "id"), name="inbound_resting_source", condition=Q(state="resting")),
            models.Index(fields=("endpoint", "id"), name="inbound_resting_at", condition=Q(state="resting")),
            models.Index(fields=("reason", "id"), name="inbound_resting_for", condition=Q(state="resting")),
            models.Index(
                fields=("endpoint", "reason", "id"), name="inbound_resting_at_for", condition=Q(state="resting")
            ),
            models.Index(fields=("mends",), name="inbound_mends", condition=Q(mends__isnull=False)),
            models.Index(fields=("endpoint", "control"), name="inbound_control", condition=Q(code__in=MESSAGE_CODES)),
            models.Index(fields=("key", "id"), name="inbound_matter", condition=Q(code__in=MESSAGE_CODES)),
            models.Index(fields=("number",), name="inbound_number", condition=Q(number__isnull=False)),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Messages of the institutions within the scope."""
        return Q(source_id__in=scope.organisations)


class Outbound(models.Model):
    """What goes out, composed once; a cause makes one message at an endpoint, however often it is told.

    ``key``: its messages go one after the other (``rules.outward.key_of``). ``inbound``: the message that came in and
    caused it, which may be deleted before it. ``content``: what a report says (``rules.copies``), ``origin``: the
    institution that said it. ``due_at``: not before; ``sent_at``: when it first left, ``tries``: how
    often it did; ``answer``: the last acknowledgement.
    """

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    cause = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    control = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    body = models.BinaryField()
    size = models.PositiveIntegerField()
    residents = ArrayField(models.UUIDField(), default=list)
    inbound = models.BigIntegerField(null=True)
    content = models.CharField(max_length=64, blank=True, default="", db_default="")
    origin = models.UUIDField(null=True)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10)
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=20, blank=True)
    answer = models.BinaryField(null=True)
    reason = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict)

    objects = ScopedManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("endpoint", "cause"), name="outbound_once"),
            one_of("state", Sending, "outbound_state"),
            models.CheckConstraint(condition=~Q(key=""), name="outbound_key"),
        )
        indexes = (
            models.Index(fields=("endpoint", "-id"), name="outbound_endpoint"),
            models.Index(fields=("endpoint", "key", "id"), name="outbound_waiting", condition=Q(state="waiting")),
            models.Index(fields=("endpoint", "id"), name="outbound_oldest", condition=Q(state="waiting")),
            models.Index(fields=("endpoint", "key", "id"), name="outbound_held", condition=Q(state="resting")),
            models.Index(fields=("-id",), name="outbound_resting", condition=Q(state="resting")),
            models.Index(fields=("receiver", "-id"), name="outbound_resting_to", condition=Q(state="resting")),
            models.Index(fields=("endpoint", "-id"), name="outbound_resting_at", condition=Q(state="resting")),
            models.Index(fields=("inbound",), name="outbound_inbound", condition=Q(inbound__isnull=False)),
            models.Index(fields=("content",), name="outbound_content", condition=~Q(content="")),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Messages to the institutions within the scope."""
        return Q(receiver_id__in=scope.organisations)


class Minute(models.Model):
    """How much came and was settled at an endpoint within a minute; ``lag_ms`` is the sum over what was applied.

    Of one that we send to: how many left for the first time, were taken, and came to rest.
    """

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


class Watch(ScopedRow):
    """A rule by which an endpoint (none: the house itself) is watched, where it is not the usual one."""

    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    limit = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()
    working = models.BooleanField()
    is_on = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("endpoint", "kind"), name="watch_once", nulls_distinct=False),
            one_of("kind", Kind, "watch_kind"),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Rules of endpoints within the scope; the house's own are the district's."""
        return Q(endpoint__organisation_id__in=scope.organisations)


class Alert(ScopedRow):
    """That an endpoint (none: the house itself) must be looked at: open until ``closed_at``.

    ``value`` is what it opened with, against ``limit``; ``well_since``: since when it is well within again.
    """

    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=20)
    value = models.FloatField()
    limit = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()
    well_since = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    noted_at = models.DateTimeField(null=True)
    noted_by = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("endpoint", "kind"), name="alert_open_once", condition=Q(closed_at__isnull=True),
                nulls_distinct=False,
            ),
            one_of("kind", Kind, "alert_kind"),
            models.CheckConstraint(
                name="alert_of",
                condition=Q(kind__in=sorted(map(str, OF_HOUSE)), endpoint__isnull=True, organisation__isnull=True)
                | (~Q(kind__in=sorted(map(str, OF_HOUSE))) & Q(endpoint__isnull=False, organisation__isnull=False)),
            ),
            models.CheckConstraint(
                name="alert_noted",
                condition=Q(noted_at__isnull=True, noted_by="", note="") | Q(noted_at__isnull=False) & ~Q(noted_by=""),
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("organisation", "-id"), name="alert_organisation"),
            models.Index(fields=("endpoint", "-id"), name="alert_endpoint"),
            models.Index(fields=("organisation", "-id"), name="alert_open", condition=Q(closed_at__isnull=True)),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Alerts of endpoints of the institutions within the scope; those of the house are the district's."""
        return Q(organisation_id__in=scope.organisations)


class Mapping(ScopedRow):
    """A version of an institution's own mapping tables: the whole set of files by their names, as it was kept.

    ``base`` is what it was begun from; ``proof`` what came of its cases, none since it was last changed.
    """

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    base = models.CharField(max_length=60)
    note = models.CharField(max_length=200)
    files = models.JSONField()
    made_by = models.CharField(max_length=100)
    proof = models.JSONField(null=True)
    proved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("organisation", "number"), name="mapping_once"),
            models.CheckConstraint(
                name="mapping_proved",
                condition=Q(proof__isnull=True, proved_at__isnull=True)
                | Q(proof__isnull=False, proved_at__isnull=False),
            ),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Tables of the institutions within the scope."""
        return Q(organisation_id__in=scope.organisations)


class MappingUse(ScopedRow):
    """From when until when a version was in use at an institution; without one its standard tables were."""

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    mapping = models.ForeignKey(Mapping, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    by = models.CharField(max_length=100)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organisation",), name="mapping_used_once", condition=Q(until__isnull=True)
            ),
            models.CheckConstraint(
                name="mapping_use_period", condition=Q(until__isnull=True) | Q(until__gte=models.F("since"))
            ),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Uses of the institutions within the scope."""
        return Q(organisation_id__in=scope.organisations)


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
