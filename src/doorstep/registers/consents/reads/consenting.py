"""What residents have signed, and what a consent would open before it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from django.db import connection
from psycopg import sql

from doorstep.kernel import clock, fence, ledger
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import BadCursor, Page, Paged, cut
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.models import Consent
from doorstep.registers.consents.rules import Why
from doorstep.registers.consents.shapes import Agreed, Effect
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.api import Header

KINDS: Final = (
    "AllergyIntolerance", "Condition", "DiagnosticReport", "Encounter", "Immunization", "MedicationRequest",
    "Observation", "Procedure",
)  # fmt: skip
WHOSE: Final = "what a resident signed is seen wherever the resident is known: asked before this"
COUNTED: Final = "what a consent would open is counted, and nothing of it is shown"


@ask(Permission.READ, audits="consents.list")
def consents(call: Call, *, resident: UUID, page: Page) -> tuple[Header, Paged[Agreed]]:
    """The resident's consents and refusals, the newest first. ``Refused`` (not_found) outside the scope."""
    head = residents.header(call.scope, resident)
    about("Resident", head.id, resident=head.id)
    rows = Consent.objects.unscoped(WHOSE).filter(relation__resident=head.id).select_related("relation")
    if page.after:
        rows = rows.filter(pk__lt=_key(page.after[0]))
    found = list(rows.order_by("-pk")[: page.limit + 1])
    called = organisations.names({row.relation.organisation_id for row in found})
    shown = found[: page.limit]
    return head, cut([agreed(row, called) for row in found], page, (str(shown[-1].pk),) if shown else None)


def agreed(row: Consent, called: Mapping[UUID, str] | None = None, patient: str = "") -> Agreed:
    """A row as it stands now."""
    relation = row.relation
    organisation = UUID(str(relation.organisation_id))  # a consent always names one
    return Agreed(
        id=row.pk,
        resident=relation.resident_id,
        organisation=organisation,
        desk=row.desk_id,
        permit=relation.basis == Why.CONSENT.value,
        signer=row.signer,
        signer_name=row.signer_name,
        since=relation.since,
        until=relation.until,
        active=relation.until is None or relation.until > clock.now(),
        organisation_name=(called or {}).get(organisation, ""),
        recorded_name=row.recorded_name,
        withdrawn_name=row.withdrawn_name,
        patient=patient,
        kinds=relation.kinds,
    )


@ask(Permission.RECORD, audits="consents.preview")
def effect(call: Call, *, resident: UUID, organisation: UUID) -> Effect:
    """How many records of which kinds the institution holds itself, and how many of others' a consent opens to it."""
    head = residents.header(call.scope, resident)
    about("Resident", head.id, resident=head.id, organisation=str(organisation))
    records = [r for r in residents.records(EVERYWHERE, head.id) if r.patient_id]
    names = organisations.names({organisation})
    if organisation not in names:
        raise Refused(refuse("consent.where"))
    others = [r for r in records if r.organisation != organisation]
    return Effect(
        names[organisation],
        _counted([r.patient_id for r in others]),
        _counted([r.patient_id for r in records if r.organisation == organisation]),
        tuple(sorted({r.organisation_name for r in others})),
    )


def _counted(patients: Collection[str]) -> Mapping[str, int]:
    parts = sql.SQL(" UNION ALL ").join(
        sql.SQL(
            "SELECT {kind}::text, count(*) FROM {table} WHERE patient = ANY(%(patients)s) AND NOT deleted"
            " AND sensitive = 0"
        ).format(kind=sql.Literal(kind), table=ledger.table(kind))
        for kind in KINDS
    )
    with fence.lifted(COUNTED), connection.cursor() as cursor:
        cursor.execute(parts.as_string(cursor.cursor), {"patients": list(patients)})
        return {kind: count for kind, count in cursor.fetchall() if count}


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadCursor(text[:40]) from error
