"""The tables: clinics with rosters and quotas, sessions and their places, appointments, wishes, queues, sanctions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from doorstep.kernel.call import Scope
from doorstep.kernel.spans import ends_after_start
from doorstep.kernel.store import Row, ScopedRow, one_of
from doorstep.resources.booking import flow, rules

ORGANISATION = "organisations.Organisation"
RESIDENT = "residents.Resident"


class OfInstitution(ScopedRow):
    """A row that belongs to one institution."""

    organisation = models.ForeignKey(ORGANISATION, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(organisation__in=scope.organisations)


class OfPerson(OfInstitution):
    """A row of one institution about one person; ``first`` is who it was made for, to whom it goes back where a merge
    is undone."""

    resident = models.ForeignKey(RESIDENT, models.PROTECT, related_name="+", db_index=False)
    first = models.UUIDField(db_index=True)

    class Meta:
        abstract = True


class Clinic(OfInstitution):
    """What is booked at a department: one practitioner's hours (of this house, by ``post``, or a visitor from
    ``visits_from``), a room, or a device. ``department`` is the id of the department's row, ``code`` its code."""

    department = models.UUIDField()
    code = models.CharField(max_length=12)
    kind = models.CharField(max_length=8, default=rules.Kind.PERSON.value)
    name = models.CharField(max_length=60)
    post = models.ForeignKey("staff.Post", models.PROTECT, null=True, related_name="+")
    practitioner = models.CharField(max_length=60, default="", blank=True)
    title = models.CharField(max_length=40, default="", blank=True)
    visits_from = models.CharField(max_length=120, default="", blank=True)
    fee_level = models.CharField(max_length=12, default=rules.FeeLevel.ORDINARY.value)
    place = models.CharField(max_length=60, default="", blank=True)
    ended_on = models.DateField(null=True)

    class Meta:
        constraints = (
            one_of("kind", rules.Kind, "clinic_kind"),
            one_of("fee_level", rules.FeeLevel, "clinic_fee_level"),
            models.UniqueConstraint(
                fields=("organisation", "department", "name"), name="clinic_once", condition=Q(ended_on__isnull=True)
            ),
            models.CheckConstraint(
                condition=~Q(kind="person") | Q(post__isnull=False, visits_from="") | Q(visits_from__gt=""),
                name="clinic_person",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Roster(Row):
    """That a clinic works on a weekday (1 is Monday), from a day to a day."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="rosters")
    weekday = models.PositiveSmallIntegerField()
    starts = models.TimeField()
    ends = models.TimeField()
    minutes = models.PositiveSmallIntegerField()
    together = models.PositiveSmallIntegerField(default=1)
    basis = models.CharField(max_length=14)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("roster_period"),
            one_of("basis", rules.Basis, "roster_basis"),
            models.CheckConstraint(condition=Q(weekday__gte=1, weekday__lte=7), name="roster_weekday"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="roster_forward"),
        )


class Quota(Row):
    """Which share of a clinic's places is kept for a channel from a day on; the newest that has begun holds."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="quotas")
    channel = models.CharField(max_length=14)
    share = models.DecimalField(max_digits=4, decimal_places=3)
    since = models.DateField()

    class Meta:
        constraints = (
            one_of("channel", rules.Channel, "quota_channel"),
            models.CheckConstraint(condition=Q(share__gte=0, share__lte=1), name="quota_share"),
            models.UniqueConstraint(fields=("clinic", "channel", "since"), name="quota_once"),
        )


class Session(OfInstitution):
    """One clinic on one day, with what it costs and who works in it as it was planned."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="sessions")
    department = models.UUIDField()
    day = models.DateField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    basis = models.CharField(max_length=14)
    status = models.CharField(max_length=12, default=flow.Sitting.PLANNED.value)
    place = models.CharField(max_length=60, default="", blank=True)
    fee = models.DecimalField(max_digits=8, decimal_places=2)
    planned = models.PositiveSmallIntegerField()
    why = models.CharField(max_length=200, default="", blank=True)
    came = models.PositiveSmallIntegerField(null=True)
    missed = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = (
            one_of("status", flow.Sitting, "session_status"),
            one_of("basis", rules.Basis, "session_basis"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="session_forward"),
            models.UniqueConstraint(fields=("clinic", "starts"), name="session_once"),
        )
        indexes = (
            models.Index(fields=("organisation", "day", "starts", "id"), name="session_of_day"),
            models.Index(fields=("department", "day"), name="session_of_department"),
            models.Index(fields=("day",), name="session_running", condition=~Q(status__in=("summarised", "stopped"))),
        )


class Slot(models.Model):
    """One place: taken by at most one ``appointment`` (its id), until ``held_until`` where that is only held.

    ``live`` while its session gives places away; ``added`` where a rule let it be added beyond the plan.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="slots", db_index=False)
    number = models.PositiveSmallIntegerField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    channel = models.CharField(max_length=14)
    released_at = models.DateTimeField()
    open_at = models.DateTimeField()
    live = models.BooleanField(default=False)
    added = models.BooleanField(default=False)
    appointment = models.UUIDField(null=True, unique=True)
    held_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            one_of("channel", rules.Channel, "slot_channel"),
            models.UniqueConstraint(fields=("session", "number"), name="slot_number"),
            models.CheckConstraint(
                condition=Q(held_until__isnull=True) | Q(appointment__isnull=False), name="slot_held_by_one"
            ),
        )
        indexes = (
            models.Index(
                fields=("session", "starts", "number"), name="slot_to_take",
                condition=Q(live=True) & (Q(appointment__isnull=True) | Q(held_until__isnull=False)),
            ),
            models.Index(fields=("held_until",), name="slot_held", condition=Q(held_until__isnull=False)),
        )  # fmt: skip


class Appointment(OfPerson):
    """That a resident has, or had, a place: who made it by which channel and why, and what became of it.

    Organisation, department, day and times are the session's, so that the one rule (one a person, department and day)
    is a constraint. ``replaces`` is one that was stopped, ``series`` what visits of one course share. ``double`` is a
    second of one day that came with a resident who was merged: one of the two is to be given back.
    """

    slot = models.ForeignKey(Slot, models.PROTECT, related_name="+", db_index=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="+", db_index=False)
    department = models.UUIDField()
    day = models.DateField()
    number = models.PositiveSmallIntegerField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    channel = models.CharField(max_length=14)
    status = models.CharField(max_length=12)
    held_until = models.DateTimeField(null=True)
    token = models.UUIDField(unique=True)
    made_by = models.CharField(max_length=100)
    made_name = models.CharField(max_length=200)
    why = models.CharField(max_length=200, default="", blank=True)
    came_at = models.DateTimeField(null=True)
    booked_at = models.DateTimeField(null=True)
    called_at = models.DateTimeField(null=True)
    passed = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=200, default="", blank=True)
    stopped = models.BooleanField(default=False)
    double = models.BooleanField(default=False, db_default=False)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    series = models.UUIDField(null=True, db_index=True)

    class Meta:
        constraints = (
            one_of("status", flow.Status, "appointment_status"),
            one_of("channel", rules.Channel, "appointment_channel"),
            models.UniqueConstraint(
                fields=("slot",), name="appointment_one_a_place", condition=Q(status__in=flow.TAKES)
            ),
            models.UniqueConstraint(
                fields=("resident", "department", "day"), name="appointment_one_a_day",
                condition=Q(status__in=flow.ONCE, double=False),
            ),
            models.CheckConstraint(
                condition=Q(status="held", held_until__isnull=False)
                | Q(status="expired", held_until__isnull=False)
                | ~Q(status__in=("held", "expired")),
                name="appointment_held",
            ),
        )  # fmt: skip
        indexes = (
            models.Index(fields=("session", "starts", "number"), name="appointment_of_session"),
            models.Index(fields=("resident", "-starts", "id"), name="appointment_of_resident"),
            models.Index(fields=("organisation", "day", "starts", "id"), name="appointment_of_day"),
        )


class Waiting(OfPerson):
    """That a resident waits for a place at a clinic between two days; ``offer`` is the held appointment offered."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", db_index=False)
    since = models.DateField()
    until = models.DateField()
    status = models.CharField(max_length=12, default=flow.Wish.WAITING.value)
    offer = models.ForeignKey(Appointment, models.PROTECT, null=True, related_name="+")
    answer_by = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=100)
    made_name = models.CharField(max_length=200)

    class Meta:
        constraints = (
            ends_after_start("waiting_period"),
            one_of("status", flow.Wish, "waiting_status"),
            models.UniqueConstraint(
                fields=("clinic", "resident"), name="waiting_once", condition=Q(status__in=("waiting", "offered"))
            ),
            models.CheckConstraint(
                condition=~Q(status="offered") | Q(offer__isnull=False, answer_by__isnull=False), name="waiting_offered"
            ),
        )
        indexes = (
            models.Index(fields=("clinic", "created_at", "id"), name="waiting_line", condition=Q(status="waiting")),
            models.Index(fields=("resident", "-created_at", "id"), name="waiting_of_resident"),
        )


class Sanction(OfPerson):
    """That a resident may not book by some channels, from a day to a day, at the institution or ``everywhere``, by
    which rule; what they said against it and what became of that."""

    everywhere = models.BooleanField(default=False)
    event = models.CharField(max_length=12)
    count = models.PositiveSmallIntegerField()
    window_days = models.PositiveSmallIntegerField()
    channels = ArrayField(models.CharField(max_length=14))
    since = models.DateField()
    until = models.DateField()
    status = models.CharField(max_length=12, default=flow.Penalty.STANDING.value)
    appeal = models.CharField(max_length=500, default="", blank=True)
    appealed_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=500, default="", blank=True)
    decided_by = models.CharField(max_length=100, default="", blank=True)
    decided_name = models.CharField(max_length=200, default="", blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            ends_after_start("sanction_period"),
            one_of("status", flow.Penalty, "sanction_status"),
            models.UniqueConstraint(fields=("resident", "since", "organisation"), name="sanction_once"),
        )
        indexes = (models.Index(fields=("organisation", "status", "-since", "id"), name="sanction_list"),)


class Release(OfInstitution):
    """That people queue for a session's places, which are given out to all at ``opens_at``: until it is closed they go
    to none but those in the queue. ``seed`` is what the order was drawn from."""

    session = models.OneToOneField(Session, models.PROTECT, related_name="+")
    opens_at = models.DateTimeField()
    seed = models.CharField(max_length=64, default="", blank=True)
    drawn_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("opens_at",), name="release_open", condition=Q(closed_at__isnull=True)),)
        constraints = (models.CheckConstraint(condition=Q(drawn_at__isnull=True) | ~Q(seed=""), name="release_seeded"),)


class Ticket(OfPerson):
    """That a resident queues for a release, and their one answer; ``turn`` is drawn for those who came before the
    hour, the others follow as they came."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="+", db_index=False)
    joined_at = models.DateTimeField()
    turn = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=10, default=flow.Turn.WAITING.value)
    appointment = models.ForeignKey(Appointment, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=20, default="", blank=True)
    made_by = models.CharField(max_length=100)
    made_name = models.CharField(max_length=200)

    class Meta:
        constraints = (
            one_of("status", flow.Turn, "ticket_status"),
            models.UniqueConstraint(fields=("release", "resident"), name="ticket_once"),
            models.CheckConstraint(
                condition=Q(status="given", appointment__isnull=False)
                | Q(~Q(status="given"), appointment__isnull=True),
                name="ticket_given",
            ),
        )
        indexes = (
            models.Index(
                fields=("release", "turn", "joined_at", "id"), name="ticket_line", condition=Q(status="waiting")
            ),
            models.Index(fields=("resident", "-joined_at", "id"), name="ticket_of_resident"),
        )
