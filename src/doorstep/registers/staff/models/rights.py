"""What roles may do, what waits for a second person, and what was granted besides."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from doorstep.kernel.call import Scope
from doorstep.kernel.spans import days, ends_after_start
from doorstep.kernel.store import Row, ScopedRow, one_of
from doorstep.registers.staff import flow, rules


class RoleChange(Row):
    """What administrators made of a role: each change is a row, the one of the highest version holds; never changed."""

    role = models.CharField(max_length=30)
    permissions = ArrayField(models.CharField(max_length=60))
    sentence = models.CharField(max_length=200)
    why = models.CharField(max_length=300)
    by = models.CharField(max_length=100)
    by_name = models.CharField(max_length=60)
    confirmed_by_name = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            one_of("role", rules.ROLES, "rolechange_role"),
            models.UniqueConstraint(fields=("role", "version"), name="rolechange_once"),
        )


class Proposal(Row):
    """A grave act that one person proposed and another decides: what, with which values, why, and until when."""

    kind = models.CharField(max_length=12)
    role = models.CharField(max_length=30)
    person = models.ForeignKey("staff.Person", models.PROTECT, null=True, related_name="+")
    values = models.JSONField()
    why = models.CharField(max_length=300)
    by = models.CharField(max_length=100)
    by_name = models.CharField(max_length=60)
    at = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=12, default=flow.State.OPEN.value)
    decided_by = models.CharField(max_length=100, default="", blank=True)
    decided_by_name = models.CharField(max_length=60, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = (
            one_of("kind", rules.Grave, "proposal_kind"),
            one_of("state", flow.State, "proposal_state"),
            models.CheckConstraint(
                condition=~Q(state__in=("confirmed", "declined")) | (~Q(decided_by="") & ~Q(decided_by=F("by"))),
                name="proposal_two_persons",
            ),
        )
        indexes = (models.Index(fields=("state", "-at", "-id"), name="proposal_order"),)


class Grant(ScopedRow):
    """One more permission at an institution, for a person's posts there or one of them, for a time."""

    person = models.ForeignKey("staff.Person", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    post = models.ForeignKey("staff.Post", models.PROTECT, null=True, related_name="+")
    permission = models.CharField(max_length=60)
    since = models.DateField()
    until = models.DateField()
    why = models.CharField(max_length=300)
    by = models.CharField(max_length=100)
    by_name = models.CharField(max_length=60)
    revoked_at = models.DateTimeField(null=True)
    revoked_by_name = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        constraints = (
            ends_after_start("grant_period"),
            ExclusionConstraint(
                name="grant_once_a_day",
                expressions=[
                    (Coalesce("post", "person"), RangeOperators.EQUAL),
                    ("organisation", RangeOperators.EQUAL),
                    ("permission", RangeOperators.EQUAL),
                    (days(), RangeOperators.OVERLAPS),
                ],
                condition=Q(revoked_at__isnull=True),
            ),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(organisation__in=scope.organisations)
