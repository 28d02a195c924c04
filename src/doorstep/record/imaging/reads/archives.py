"""Archives: the list, one, and where it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Count, Q

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.record.imaging.models import Archive, Study, Unreadable
from doorstep.record.imaging.reads import rows
from doorstep.record.imaging.shapes import ArchiveRow, Place, UnreadableRow
from doorstep.registers.organisations import api as organisations

SHOWN: Final = 50
COUNTED: Final = "how many studies an archive has is told, and nothing of them"


def archives(call: Call, page: Page) -> Paged[ArchiveRow]:
    """The archives within the caller's scope, the oldest first."""
    asked = Archive.objects.within(call.scope)
    if page.after:
        asked = asked.filter(pk__gt=key_of(page.after[0]))
    found = _told(list(asked.order_by("pk")[: page.limit + 1]))
    return cut(found, page, (str(found[page.limit - 1].id),) if len(found) > page.limit else None)


def archive(call: Call, key: UUID) -> ArchiveRow:
    """One; ``Refused`` (not_found) outside the scope."""
    row = Archive.objects.within(call.scope).filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Archive"))
    return _told([row])[0]


def _told(found: Collection[Archive]) -> list[ArchiveRow]:
    called = organisations.names({row.organisation_id for row in found})
    counts = rows.counted(
        Study.objects.unscoped(COUNTED)
        .filter(archive__in=[row.pk for row in found])
        .values_list("archive", "state")
        .annotate(n=Count("pk"))
    )
    waiting = dict(
        Study.objects.unscoped(COUNTED)
        .filter(archive__in=[row.pk for row in found], due_at__isnull=False)
        .values_list("archive")
        .annotate(n=Count("pk"))
    )
    asked = Unreadable.objects.unscoped(COUNTED).filter(archive__in=[row.pk for row in found])
    unreadable = dict(asked.values_list("archive").annotate(n=Count("pk")))
    return [
        rows.archive(
            row, called,
            {**counts.get(row.pk, {}), "waiting": waiting.get(row.pk, 0), "unreadable": unreadable.get(row.pk, 0)},
        )
        for row in found
    ]  # fmt: skip


def unreadable(call: Call, archive: UUID) -> list[UnreadableRow]:
    """The studies that an archive within the caller's scope holds under no UID, the newest first; at most ``SHOWN``."""
    found = Unreadable.objects.within(call.scope).filter(archive=archive).order_by("-pk")[:SHOWN]
    return [UnreadableRow(row.key, row.said, row.seen_at) for row in found]


def place(key: UUID) -> Place:
    """Where an archive is, for the house itself; ``Refused`` (not_found) where there is none."""
    row = Archive.objects.unscoped("the house asks its archives itself").filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Archive"))
    return rows.place(row)


def place_for(organisation: UUID | None) -> Place | None:
    """The archive that takes what an institution sends: its first that is on."""
    asked = Archive.objects.unscoped("where what a sender brings is put").filter(
        Q(is_on=True), organisation=organisation
    )
    row = asked.order_by("pk").first() if organisation is not None else None
    return rows.place(row) if row is not None else None


def has_archive(call: Call) -> bool:
    """Whether any archive is registered within the caller's scope."""
    found: bool = Archive.objects.within(call.scope).exists()
    return found


def choices(call: Call) -> list[tuple[str, str]]:
    """The archives within the caller's scope, for a filter: at most 200."""
    found = Archive.objects.within(call.scope).order_by("pk").values_list("pk", "name")[:200]
    return [(str(key), name) for key, name in found]
