"""The tables: relations that open a record."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.call import Scope
from doorstep.kernel.store import ScopedRow
from doorstep.registers.consents import rules


class Basis(models.TextChoices):
    """What a relation is (``rules.OPENED``)."""

    REFERRAL = rules.Why.REFERRAL.value, _("转诊")
    APPOINTMENT = rules.Why.APPOINTMENT.value, _("预约")
    CONTRACT = rules.Why.CONTRACT.value, _("签约")
    CONSULTATION = rules.Why.CONSULTATION.value, _("会诊")
    READING = rules.Why.READING.value, _("诊断服务")
    CONSENT = rules.Why.CONSENT.value, _("本人同意")
    BREAK_GLASS = rules.Why.BREAK_GLASS.value, _("紧急查阅")
    DENIAL = rules.Why.DENIAL.value, _("本人拒绝")


class Relation(ScopedRow):
    """Between a resident and an institution, or one person (``staff:<id>``), from a moment to a moment.

    ``resident`` follows merges; ``first`` is whom it was opened for, to whom it goes back where a merge is undone.
    To its ``maker`` (``staff:<id>``) it opens nothing, but for a break-glass. ``kinds``: the sensitive kinds that it
    opens (``kernel.sensitive``).
    """

    resident = models.ForeignKey("residents.Resident", on_delete=models.PROTECT, related_name="+", db_index=False)
    first = models.UUIDField(db_index=True)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    person = models.CharField(max_length=100, blank=True)
    basis = models.CharField(choices=Basis.choices, max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    reference = models.CharField(max_length=200)
    maker = models.CharField(max_length=100, blank=True)
    kinds = models.IntegerField(default=0)
    ended = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="relation_basis"),
            models.CheckConstraint(
                condition=Q(organisation__isnull=True, person__gt="") | Q(organisation__isnull=False, person=""),
                name="relation_one_side",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")), name="relation_period"
            ),
            models.UniqueConstraint(fields=("basis", "reference"), name="relation_once"),
        )
        indexes = (models.Index(fields=("resident", "organisation"), name="relation_whom"),)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Relations of the scope's institutions."""
        return Q(organisation__in=scope.organisations)


class Reason(models.TextChoices):
    """Why somebody breaks the glass."""

    EMERGENCY = "emergency", _("抢救生命")
    UNABLE = "unable", _("病人无法表达意愿，又须立即诊治")
    PUBLIC_HEALTH = "public_health", _("突发公共卫生事件处置")
    OTHER = "other", _("其他紧急情况")


class Verdict(models.TextChoices):
    """What a review says of it."""

    WAITING = "waiting", _("待审核")
    JUSTIFIED = "justified", _("正当")
    UNJUSTIFIED = "unjustified", _("不正当")


class BreakGlass(ScopedRow):
    """One person opened one resident's record for some hours, with a reason; to be reviewed by the ``due`` day."""

    relation = models.OneToOneField(Relation, on_delete=models.PROTECT, related_name="glass")
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    reason = models.CharField(choices=Reason.choices, max_length=20)
    words = models.CharField(max_length=500)
    due = models.DateField()
    verdict = models.CharField(choices=Verdict.choices, default=Verdict.WAITING, max_length=20)
    reviewed_by = models.CharField(max_length=100, blank=True)
    reviewed_name = models.CharField(max_length=200, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_words = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(reason__in=Reason.values), name="glass_reason"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="glass_verdict"),
            models.CheckConstraint(
                condition=Q(verdict="waiting", reviewed_at__isnull=True)
                | Q(reviewed_at__isnull=False, reviewed_by__gt=""),
                name="glass_reviewed",
            ),
        )
        indexes = (models.Index(fields=("verdict", "id"), name="glass_queue"),)

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """What the people of the scope's institutions did."""
        return Q(organisation__in=scope.organisations)


class Signer(models.TextChoices):
    """Who signed a consent."""

    SELF = "self", _("本人")
    GUARDIAN = "guardian", _("监护人")


class Consent(ScopedRow):
    """What a resident, or a guardian, signed on paper for one institution; ``relation`` says what and until when."""

    relation = models.OneToOneField(Relation, on_delete=models.PROTECT, related_name="consent")
    desk = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    signer = models.CharField(choices=Signer.choices, max_length=20)
    signer_name = models.CharField(max_length=100)
    recorded_by = models.CharField(max_length=100)
    recorded_name = models.CharField(max_length=200)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=100, blank=True)
    withdrawn_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(signer__in=Signer.values), name="consent_signer"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by="")
                | Q(withdrawn_at__isnull=False, withdrawn_by__gt=""),
                name="consent_withdrawn",
            ),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """What was signed at the scope's desks, or concerns its institutions."""
        return Q(desk__in=scope.organisations) | Q(relation__organisation__in=scope.organisations)
