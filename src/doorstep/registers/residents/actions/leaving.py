"""A record leaves the index with all that it said: an institution takes back a Patient that it sent by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import ProtectedError

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import moving
from doorstep.registers.residents.models import Resident, ResidentRecord

SENT: Final = "records of the institution that sent them, which its caller was asked for"
_HEIRS: Final = """
SELECT DISTINCT ON (g.value, g.system, g.organisation_id) o.id
FROM residents_residentidentifier g JOIN residents_residentidentifier o
  ON o.resident_id = g.resident_id AND o.value = g.value AND o.system = g.system
  AND o.organisation_id IS NOT DISTINCT FROM g.organisation_id AND o.record_id IS DISTINCT FROM g.record_id
WHERE g.record_id = %s AND g.trusted ORDER BY g.value, g.system, g.organisation_id, o.id
"""


@action(Permission.INTAKE, audits="residents.take_out")
def take_out(call: Call, *, source: UUID, patients: Sequence[str]) -> tuple[UUID, ...]:
    """Take the records of these Patients of one source out of the index; a resident of whom nothing else is known goes.

    Returns the residents who went. Raises ``Refused`` ("in_use") where something of another room hangs on one, or one
    was merged.
    """
    rows = list(ResidentRecord.objects.unscoped(SENT).filter(patient_id__in=patients, organisation=source))
    homes = {row.resident_id for row in rows}
    moving.hold(homes)
    for row in rows:
        _leave(row)
    moving.refresh(homes)
    left = ResidentRecord.objects.unscoped(SENT).filter(resident__in=homes).values_list("resident_id", flat=True)
    gone = sorted(homes - set(left))
    try:
        for resident in gone:
            Resident.objects.unscoped(SENT).get(pk=resident).delete()
    except ProtectedError:
        raise Refused(refuse("in_use")) from None
    about("Batch", source, records=len(rows), gone=len(gone), residents=[str(each) for each in sorted(homes)])
    return tuple(gone)


def _leave(row: ResidentRecord) -> None:
    """Delete a record and what it said; a number that others of the resident's records say too becomes theirs."""
    with connection.cursor() as cursor:
        cursor.execute(_HEIRS, [row.pk])
        heirs = [each for (each,) in cursor.fetchall()]
        for table in (*moving.FACTS, "residentkey"):
            cursor.execute(f"DELETE FROM residents_{table} WHERE record_id = %s", [row.pk])  # noqa: S608  our own names
        cursor.execute("UPDATE residents_residentidentifier SET trusted = true WHERE id = ANY(%s)", [heirs])
    row.delete()
