"""What is a resident's follows them when they are merged or parted."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions.telling import publish
from doorstep.resources.booking.models import Appointment, OfPerson, Sanction, Ticket, Waiting

FOLLOWS: Final = "what is a resident's follows them, whoever knows them"
TABLES: Final[tuple[type[OfPerson], ...]] = (Appointment, Waiting, Sanction, Ticket)
ONCE: Final = dict.fromkeys(("appointment_one_a_day", "waiting_once", "sanction_once", "ticket_once"), "twice")


@action(Permission.BOOK, audits="booking.follow_merge", beyond=FOLLOWS)
def follow_merge(call: Call, *, kept: UUID, gone: UUID) -> None:
    """What was a resident's who was merged away is the other's now. Where both have an appointment of one department on
    one day, both stand, and the one that came is marked: a person at the desk asks which is to be given back. Of two
    wishes, tickets or sanctions of a kind the one of who was kept counts."""
    about("Resident", kept, resident=kept, gone=str(gone))
    _move(call, {"resident": gone}, kept)


@action(Permission.BOOK, audits="booking.follow_unmerge", beyond=FOLLOWS)
def follow_unmerge(call: Call, *, restored: UUID) -> None:
    """What had been made for a resident who is restored is theirs again."""
    about("Resident", restored, resident=restored)
    _move(call, {"first": restored}, restored)


def _move(call: Call, whose: dict[str, Any], to: UUID) -> None:
    moved = []
    for table in TABLES:
        for row in table.objects.unscoped(FOLLOWS).filter(**whose).exclude(resident=to).order_by("pk"):
            row.resident_id = to
            if isinstance(row, Appointment):
                _appointment(row)
                moved.append(row.pk)
            else:
                _one(row, ["resident"])
    publish(moved, call.at)


def _appointment(row: Appointment) -> None:
    row.double = False
    if not _one(row, ["resident", "double"]):
        row.double = True
        row.save(update_fields=["resident", "double"])


def _one(row: OfPerson, changed: list[str]) -> bool:
    """Write it, unless the resident has the same already."""
    try:
        with clashes(**ONCE):
            row.save(update_fields=changed)
    except Refused:
        return False
    return True
