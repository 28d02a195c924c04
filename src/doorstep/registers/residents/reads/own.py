"""What is asked when a resident signs in: who proves to be whom, for whom they answer, which ids were theirs.

Asked before there is a scope, by the room that lets residents in; nothing of it is shown to anyone else.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import fence
from doorstep.linkage import names, numbers
from doorstep.registers.residents.models import ResidentGuardian, ResidentIdentifier, ResidentPhone
from doorstep.registers.residents.reads.history import BEHIND
from doorstep.registers.residents.rules.facts import SYSTEMS, Kind
from doorstep.registers.residents.shapes import Charge

DOOR: Final = "who a resident is, is asked before there is a scope"


def proved(*, number: str, name: str, phone: str) -> UUID | None:
    """The living resident who holds this identity number, is called so, and has this telephone; None where any of the
    three does not fit, and the same is looked at whichever it is."""
    known = numbers.read_id(number)
    value = number[:100] if isinstance(known, str) else known.number
    with fence.lifted(DOOR):
        rows = ResidentIdentifier.objects.unscoped(DOOR).filter(
            trusted=True, value=value, system=SYSTEMS[Kind.RESIDENT_ID], resident__deceased=False
        )
        found = rows.values_list("resident_id", "resident__name").first() or (None, "")
        phones_known = phones(found[0] or UUID(int=0))
    fits = bool(found[1]) and names.one_form(found[1]) == names.one_form(name)
    return found[0] if fits and phone in phones_known else None


def phones(resident: UUID) -> Collection[str]:
    """The telephones that are known of a resident, as digits."""
    with fence.lifted(DOOR):
        rows = ResidentPhone.objects.unscoped(DOOR).filter(resident=resident)
        return frozenset(rows.values_list("value", flat=True)[:200])


def has_phone(phone: str) -> bool:
    """Whether a telephone is any living resident's."""
    with fence.lifted(DOOR):
        rows = ResidentPhone.objects.unscoped(DOOR).filter(value=phone, resident__deceased=False)
        return bool(rows.exists())


def identity_number(resident: UUID) -> str:
    """The identity number of a resident; empty where none is known for sure."""
    with fence.lifted(DOOR):
        rows = ResidentIdentifier.objects.unscoped(DOOR).filter(
            trusted=True, resident=resident, system=SYSTEMS[Kind.RESIDENT_ID]
        )
        return rows.values_list("value", flat=True).first() or ""


def wards(guardian: UUID) -> tuple[Charge, ...]:
    """For whom a resident was registered as the guardian; whether it holds today, the caller decides."""
    with fence.lifted(DOOR):
        rows = ResidentGuardian.objects.unscoped(DOOR).filter(guardian=guardian, resident__merged_into__isnull=True)
        found = rows.order_by("resident__birth_date", "pk").values_list(
            "resident_id", "resident__name", "resident__birth_date", "resident__deceased", "relation", "start", "end"
        )[:100]
        return tuple(Charge(*row) for row in found)


def selves(resident: UUID) -> tuple[UUID, ...]:
    """The ids under which a resident was ever known: their own, and of those who were merged into them."""
    with fence.lifted(DOOR), connection.cursor() as cursor:
        cursor.execute(BEHIND, [[resident]])
        return tuple(row[0] for row in cursor.fetchall())
