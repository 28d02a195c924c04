"""Publishes residents who were merged or parted as FHIR Patients of the index: their records say who they are, and
these say which records are one person's."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import publishing
from doorstep.kernel.act import about, action, publish
from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.registers.residents import fhir
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.models import Merge, Resident, ResidentRecord
from doorstep.registers.residents.reads.known import birth_text
from doorstep.registers.residents.rules.persons import Person

PAGE: Final = 500
NIL: Final = UUID(int=0)
_EVER: Final = """
SELECT id FROM residents_resident r WHERE id > %s AND EXISTS (
  SELECT 1 FROM residents_merge m WHERE m.kept_id = r.id OR m.gone_id = r.id) ORDER BY id LIMIT %s
"""
INDEX: Final = "the index says who is who to all that may read Patients of the institution"


@action(Permission.MERGE, audits="residents.publish")
def publish_residents(call: Call, *, residents: Collection[UUID]) -> None:
    """Publish residents as they stand: active or replaced, with links to their records and to whom they replaced."""
    _publish(residents)
    about("Residents", len(residents), residents=[str(each) for each in residents])


@action(Permission.MERGE, audits="residents.publish")
def republish(call: Call, *, after: str = "") -> str:
    """Publish a page of all who were ever merged, in the order of ids; returns where the next begins, "" at the end.
    Only for the whole district. What has not changed is not written again."""
    demand(allow() if call.scope.everywhere else refuse("not_yours"))
    with connection.cursor() as cursor:
        cursor.execute(_EVER, [after or NIL, PAGE])
        keys = [row[0] for row in cursor.fetchall()]
    _publish(keys)
    about("Residents", "all", published=len(keys), after=after)
    return str(keys[-1]) if len(keys) == PAGE else ""


def publish_all(call: Call) -> int:
    """Publish all who were ever merged; by the clock, for a letter that failed may have been laid aside."""
    return publishing.everything(call, republish)


def _publish(residents: Collection[UUID]) -> None:
    """The institution of the first record answers for a resident; one without a record keeps the one it had."""
    for row in Resident.objects.unscoped(INDEX).filter(pk__in=residents).order_by("pk").select_for_update(no_key=True):
        records = list(
            ResidentRecord.objects.unscoped(INDEX).filter(resident=row.pk).order_by("pk")
            .values_list("patient_id", "organisation_id")
        )  # fmt: skip
        source = records[0][1] if records else _source(row.pk)
        if source is None:
            continue
        birth = birth_text(row.birth_date, row.birth_precision)
        death = row.deceased_on.isoformat() if row.deceased_on else "yes" if row.deceased else ""
        replaced = (
            Resident.objects.unscoped(INDEX).filter(merged_into=row.pk).order_by("pk").values_list("pk", flat=True)
        )
        published = fhir.golden(
            row.pk, Person(row.name, row.sex, birth, death), tuple(patient for patient, _ in records if patient),
            tuple(replaced), row.merged_into_id,
        )  # fmt: skip
        publish(published, source=source)


def _source(gone: UUID) -> UUID | None:
    """The institution of the first record that a merge took from a resident."""
    merge = Merge.objects.unscoped(INDEX).filter(gone=gone, undone_at__isnull=True).first()
    said = merge.moved["records"][:1] if merge else []
    found: UUID | None = (
        ResidentRecord.objects.unscoped(INDEX).filter(pk__in=said).values_list("organisation_id", flat=True).first()
    )
    return found
