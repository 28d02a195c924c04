"""The door of the room: which resident has signed in, and for whom they act."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from doorstep.kernel import clock, fence
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.ids import new_id
from doorstep.registers.portal.access import Permission
from doorstep.registers.portal.actions import sessions
from doorstep.registers.portal.actions.sending import is_real, tell
from doorstep.registers.portal.actions.sessions import resident_of
from doorstep.registers.portal.reads import standing as reads
from doorstep.registers.portal.rules.guardians import consents_for
from doorstep.registers.portal.shapes import Acting, Ward
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.api import Header
from doorstep.registers.staff import api as staff

__all__ = ["Acting", "Permission", "Ward", "acting", "call_for", "consents_for", "is_real", "resident_of", "tell"]


def call_for(request: HttpRequest) -> Call | None:
    """The call of the resident who has signed in in this browser; None where nobody has, or it is over.

    ``call.actor`` is who signed in, ``call.resident`` whose record it is about: their own, or that of the ward for whom
    they act, for as long as they may. Whoever was merged into another is that other.
    """
    key = sessions.key_of(request)
    if key is None:
        return None
    with fence.lifted(reads.DOOR):
        found = reads.standing(key)
        if found is None or not sessions.still(request, found):
            return None
        own = _living(residents.current(found.resident))
        if own is None:
            return None
        ward = None
        if found.acting_for:
            ward = next((one for one in reads.wards(own.id) if one.id == found.acting_for), None)
    role = staff.OUTSIDE["guardian" if ward else "resident"]
    return Call(
        actor=f"resident:{own.id}",
        name=own.name,
        at=clock.now(),
        scope=NOWHERE,
        permissions=role.permissions,
        role=role.title,
        purpose=role.purpose,
        request=new_id().hex,
        factors=1,
        resident=ward.id if ward else own.id,
    )


def _living(resident: UUID) -> Header | None:
    try:
        found = residents.header(EVERYWHERE, resident)
    except Refused:
        return None
    return None if found.deceased else found


def acting(call: Call | None) -> Acting | None:
    """For whom a resident acts and might act; None for staff and strangers."""
    if call is None or call.resident is None:
        return None
    with fence.lifted(reads.DOOR):
        wards = reads.wards(resident_of(call))
    return Acting(call.name, next((one for one in wards if one.id == call.resident), None), wards)
