"""Imports and their rows: what was read, what each row did, what undoing it needs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from doorstep.kernel.call import Scope
from doorstep.kernel.store import ScopedManager, ScopedRow, one_of
from doorstep.record.sheets.access import NEEDED
from doorstep.record.sheets.flow import LIVE, WORK, State
from doorstep.record.sheets.shapes import Outcome, Undo

WORKED = Q(state__in=sorted(WORK))


class Import(ScopedRow):
    """A file of one kind that an institution sent, and how far it is.

    ``digest`` is the SHA-256 of the file, which is not kept itself. ``at`` gives each column's place, ``asker`` who set
    off the work under way and within which bounds. ``last`` is the number of the last row done, ``done`` how many are;
    ``tally`` counts rows by outcome, ``undid`` by what undoing did. ``refused``: as in the tally.
    """

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    file = models.CharField(max_length=200)
    digest = models.BinaryField(max_length=32)
    state = models.CharField(max_length=10, default=State.CHECKING)
    titles = models.JSONField()
    at = models.JSONField()
    unknown = models.JSONField(default=list)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    last = models.PositiveIntegerField(default=0)
    asker = models.JSONField()
    tally = models.JSONField(default=dict)
    undid = models.JSONField(default=dict)
    refused = models.PositiveIntegerField(default=0)
    made_by = models.CharField(max_length=100)
    made_name = models.CharField(max_length=100)
    applied_at = models.DateTimeField(null=True)
    applied_name = models.CharField(max_length=100, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_name = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = (
            one_of("state", State, "import_state"),
            one_of("kind", NEEDED, "import_kind"),
            # the same file once, until it was dropped or undone; once more where rows of it were refused
            models.UniqueConstraint(
                fields=("organisation", "kind", "digest"),
                name="import_once",
                condition=Q(state__in=sorted(LIVE)) | Q(state=State.APPLIED, refused=0),
            ),
        )
        indexes = (
            models.Index(fields=("organisation", "-id"), name="import_list"),
            models.Index(fields=("id",), name="import_work", condition=WORKED),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Imports of the institutions within the scope."""
        return Q(organisation_id__in=scope.organisations)


class Entry(models.Model):
    """A row of an import: its cells, what its columns say, what is wrong, what it did (before applying: would do).

    ``foretold`` is what the check said, ``effect`` what undoing needs, ``undo`` what became of it then.
    """

    id = models.BigAutoField(primary_key=True)
    # an index of its own for each of the keys would only be written: those below answer what is asked
    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="entries", db_index=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.PositiveIntegerField()
    cells = models.JSONField()
    said = models.JSONField()
    unread = models.JSONField(default=list)
    wrong = models.JSONField(default=list)
    outcome = models.CharField(max_length=10, blank=True)
    foretold = models.CharField(max_length=10, blank=True)
    effect = models.JSONField(null=True)
    undo = models.CharField(max_length=10, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("batch", "number"), name="entry_once"),
            one_of("outcome", ("", *Outcome), "entry_outcome"),
            one_of("undo", ("", *Undo), "entry_undo"),
        )
        indexes = (
            models.Index(fields=("batch", "outcome", "number"), name="entry_outcome_list"),
            models.Index(fields=("batch", "undo", "number"), name="entry_undo_list", condition=~Q(undo="")),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        """Rows of the institutions within the scope."""
        return Q(organisation_id__in=scope.organisations)
