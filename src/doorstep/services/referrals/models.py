"""The tables: referrals, their letters, changes, messages and enclosures."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.store import ScopedRow, one_of
from doorstep.services.referrals.flow import FLOW, TURN, Status
from doorstep.services.referrals.rules.kinds import Kind, Service, Urgency
from doorstep.services.referrals.rules.letters import Part

_SENT = sorted(str(s) for s in Status if s is not Status.DRAFT)


class Referral(ScopedRow):
    """One referral; ``desk`` is the institution whose turn it is and ``waiting`` the other one (``flow.TURN``).

    ``wish`` holds what was written and is neither asked for in lists nor bound by a constraint (``shapes.Wish``);
    ``person`` the patient as the letter names them; ``patient`` the FHIR id of the origin's record of them.
    ``resident`` follows merges, ``first`` is whom it was made for. ``outside``: what another platform calls it
    (Type/id), where it came by a message of ``endpoint``.
    """

    number = models.CharField(max_length=20, unique=True)
    resident = models.ForeignKey("residents.Resident", on_delete=models.PROTECT, related_name="+", db_index=False)
    first = models.UUIDField(db_index=True)
    name = models.CharField(max_length=200)
    pinyin = models.CharField(max_length=200, blank=True)
    initials = models.CharField(max_length=100, blank=True)
    patient = models.CharField(max_length=64, blank=True)
    person = models.JSONField(default=dict)
    kind = models.CharField(max_length=10)
    service = models.CharField(max_length=20)
    urgency = models.CharField(max_length=20)
    status = models.CharField(max_length=20, default=FLOW.start)
    origin = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    destination = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    desk = models.UUIDField(null=True)
    waiting = models.UUIDField(null=True)
    department = models.UUIDField(null=True)
    department_name = models.CharField(max_length=100, blank=True)
    wish = models.JSONField(default=dict)
    sender = models.CharField(max_length=100)
    sender_name = models.CharField(max_length=200)
    holder = models.CharField(max_length=100, blank=True)
    holder_name = models.CharField(max_length=200, blank=True)
    slot = models.UUIDField(null=True)
    appointment = models.UUIDField(null=True, unique=True)
    instead = models.UUIDField(null=True, unique=True)
    starts = models.DateTimeField(null=True)
    consent_at = models.DateTimeField(null=True)
    follow_up_owed = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answer_due = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    discharged_at = models.DateTimeField(null=True)
    letter_due = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    follow_up_due = models.DateField(null=True)
    escalated_at = models.DateTimeField(null=True)
    escalation = models.CharField(max_length=500, blank=True)
    outside = models.CharField(max_length=200, blank=True, db_default="")
    endpoint = models.UUIDField(null=True)

    class Meta:
        constraints = (
            one_of("status", Status, "referral_status"),
            one_of("kind", Kind, "referral_kind"),
            one_of("service", Service, "referral_service"),
            one_of("urgency", Urgency, "referral_urgency"),
            models.CheckConstraint(
                condition=~Q(status__in=_SENT) | Q(status=Status.WITHDRAWN)
                | Q(sent_at__isnull=False, destination__isnull=False, valid_until__isnull=False),
                name="referral_sent",
            ),
            models.CheckConstraint(
                condition=Q(destination__isnull=True) | ~Q(destination=models.F("origin")), name="referral_two_sides"
            ),
            models.CheckConstraint(
                condition=Q(desk__isnull=True, status__in=sorted(str(s) for s, side in TURN.items() if side is None))
                | Q(desk__isnull=False, status__in=sorted(str(s) for s, side in TURN.items() if side)),
                name="referral_turn",
            ),
            models.UniqueConstraint(
                fields=("endpoint", "outside"), name="referral_outside", condition=Q(endpoint__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(appointment__isnull=True) | Q(starts__isnull=False), name="referral_appointment"
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("desk", "status", "due_at", "id"), name="referral_desk"),
            models.Index(fields=("desk", "due_at", "id"), name="referral_due", condition=Q(desk__isnull=False)),
            models.Index(fields=("waiting", "due_at", "id"), name="referral_wait", condition=Q(waiting__isnull=False)),
            models.Index(fields=("origin", "-changed_at", "-id"), name="referral_origin"),
            models.Index(fields=("destination", "-changed_at", "-id"), name="referral_destination"),
            models.Index(fields=("origin", "sent_at"), name="referral_sent_by"),
            models.Index(fields=("destination", "sent_at"), name="referral_sent_to"),
            models.Index(fields=("resident",), name="referral_resident"),
            models.Index(fields=("escalated_at",), name="referral_escalated", condition=Q(escalated_at__isnull=False)),
            models.Index(
                fields=("valid_until",), name="referral_valid",
                condition=Q(status__in=sorted(str(s) for s in FLOW.move("lapse").at)),
            ),
            models.Index(fields=("name",), name="referral_name"),
            models.Index(fields=("pinyin",), name="referral_pinyin"),
            models.Index(fields=("initials",), name="referral_letters"),
        )  # fmt: skip

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """What one of the scope's institutions sent or received."""
        return Q(origin__in=scope.organisations) | Q(destination__in=scope.organisations)


class _Part(ScopedRow):
    """A row of a referral."""

    class Meta:
        abstract = True

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """As the referral's."""
        return Q(referral__origin__in=scope.organisations) | Q(referral__destination__in=scope.organisations)


class ReferralLetter(_Part):
    """A revision of one of the two letters; once sent it is not written again, the next is a new one."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="letters")
    part = models.CharField(max_length=10)
    revision = models.PositiveSmallIntegerField(default=1)
    body = models.JSONField(default=dict)
    written_by = models.CharField(max_length=100)
    written_name = models.CharField(max_length=200)
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            one_of("part", Part, "letter_part"),
            models.UniqueConstraint(fields=("referral", "part", "revision"), name="letter_once"),
        )


class ReferralChange(_Part):
    """One move: from, to, by whom, for which institution, when, why. Written once, by the action that moved."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="changes")
    move = models.CharField(max_length=20)
    before = models.CharField(max_length=20)
    after = models.CharField(max_length=20)
    actor = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=200)
    organisation = models.UUIDField(null=True)
    at = models.DateTimeField()
    reason = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = (
            one_of("before", Status, "change_before"),
            one_of("after", Status, "change_after"),
        )


class ReferralMessage(_Part):
    """What one doctor wrote to the other."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="messages")
    organisation = models.UUIDField()
    actor = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    text = models.CharField(max_length=2000)


class ReferralEnclosure(_Part):
    """A record of the chart that a person chose: its FHIR type and id, and its words at that time."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="enclosures")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    title = models.CharField(max_length=300)
    on = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("referral", "kind", "key"), name="enclosure_once"),)
