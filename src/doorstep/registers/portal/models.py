"""The tables: telephones bound to records, codes asked for, sessions, paper cards, codes shown on a screen."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from doorstep.kernel import clock
from doorstep.kernel.store import Row

RESIDENT = "residents.Resident"


class How(models.TextChoices):
    """By what a telephone was bound."""

    SELF = "self", _("本人核验")
    DESK = "desk", _("窗口办理")


class Binding(Row):
    """That a telephone opens a resident's record. One number may open several: families share telephones."""

    resident = models.ForeignKey(RESIDENT, on_delete=models.PROTECT, related_name="+")
    phone = models.CharField(max_length=200)  # sealed
    digest = models.CharField(max_length=64)
    tail = models.CharField(max_length=4)
    how = models.CharField(max_length=10, choices=How.choices)
    bound_by = models.CharField(max_length=100)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("digest", "resident"), name="binding_once", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(condition=Q(how__in=How.values), name="binding_how"),
        )


class Code(models.Model):
    """That a browser asked for a code: for which number, and how often it was tried. The code itself is nowhere."""

    id = models.UUIDField(primary_key=True, editable=False)
    digest = models.CharField(max_length=64)
    phone = models.CharField(max_length=200)  # sealed
    asked_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)


class Card(Row):
    """A paper card that, with a PIN chosen at the desk, signs its resident in at another's device."""

    resident = models.ForeignKey(RESIDENT, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    pin = models.CharField(max_length=128)
    tail = models.CharField(max_length=4)
    until = models.DateField()
    issued_by = models.CharField(max_length=100)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=100, blank=True)


class Session(Row):
    """Where a resident is signed in, by which telephone or card, and for whom they act there."""

    resident = models.ForeignKey(RESIDENT, on_delete=models.PROTECT, related_name="+")
    binding = models.ForeignKey(Binding, on_delete=models.CASCADE, null=True, related_name="+")
    card = models.ForeignKey(Card, on_delete=models.CASCADE, null=True, related_name="+")
    acting_for = models.ForeignKey(RESIDENT, on_delete=models.PROTECT, null=True, related_name="+")
    device = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=45)
    own = models.BooleanField(default=False)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(binding__isnull=True, card__isnull=False) | Q(binding__isnull=False, card__isnull=True),
                name="session_by_one",
            ),
        )


class Shown(models.Model):
    """A code that a resident's telephone shows for a minute; it is taken once."""

    id = models.UUIDField(primary_key=True, editable=False)
    resident = models.ForeignKey(RESIDENT, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
