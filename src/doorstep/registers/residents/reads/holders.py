"""Who holds a number, asked before a person is registered a second time."""

from __future__ import annotations

from uuid import UUID

from doorstep.kernel import fence
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.linkage import numbers
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.models import Resident, ResidentIdentifier
from doorstep.registers.residents.rules.facts import SYSTEMS, Kind
from doorstep.registers.residents.shapes import Holder

WHOLE_DISTRICT = "a person must not be registered twice, whoever registered them first"


def holder(call: Call, number: str) -> Holder | None:
    """Who holds a resident ID anywhere in the district; outside the caller's scope only a masked name is told."""
    rows = ResidentIdentifier.objects.unscoped(WHOLE_DISTRICT).filter(
        trusted=True, value=number, system=SYSTEMS[Kind.RESIDENT_ID]
    )
    with fence.lifted(WHOLE_DISTRICT):
        found: tuple[UUID, str] | None = rows.values_list("resident_id", "resident__name").first()
    if found is None:
        return None
    resident, name = found
    if Resident.objects.within(call.scope).filter(pk=resident).exists():
        return Holder(resident, name)
    return Holder(None, name[:1] + "＊" * max(1, len(name) - 1))


@ask(Permission.EDIT, audits="residents.check_number")
def check_number(call: Call, *, number: str) -> Holder | None:
    """The same, asked by a person at the desk: trailed, with the number masked."""
    found = holder(call, number)
    about("Number", numbers.mask(number), resident=found.resident if found else None, held=found is not None)
    return found


def by_number(call: Call, number: str) -> UUID | None:
    """The resident within the caller's scope who holds a resident ID; None where there is none."""
    rows = ResidentIdentifier.objects.within(call.scope).filter(
        trusted=True, value=number, system=SYSTEMS[Kind.RESIDENT_ID]
    )
    resident: UUID | None = rows.values_list("resident_id", flat=True).first()
    return resident
