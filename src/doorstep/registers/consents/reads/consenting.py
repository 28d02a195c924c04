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
from doorstep.kernel.paging import Page, Paged, cut, key_of
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
    return _listed(residents.header(call.scope, resident), page)


@ask(Permission.OWN, audits="consents.list_own")
def own_consents(call: Call, *, page: Page) -> tuple[Header, Paged[Agreed]]:
    """The same, by the resident or guardian."""
    return _listed(_own(call), page)


def _own(call: Call) -> Header:
    if call.resident is None:
        raise Refused(refuse("permission"))
    return residents.header(EVERYWHERE, call.resident)


def _listed(head: Header, page: Page) -> tuple[Header, Paged[Agreed]]:
    about("Resident", head.id, resident=head.id)
    rows = Consent.objects.unscoped(WHOSE).filter(relation__resident=head.id).select_related("relation")
    if page.after:
        rows = rows.filter(pk__lt=key_of(page.after[0]))
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
    return _effect(residents.header(call.scope, resident), organisation)


@ask(Permission.OWN, audits="consents.preview_own", beyond=COUNTED)
def own_effect(call: Call, *, organisation: UUID) -> Effect:
    """The same, for the resident or guardian before they consent or refuse."""
    return _effect(_own(call), organisation)


@ask(Permission.OWN, audits="consents.places", beyond=COUNTED)
def own_places(call: Call) -> Mapping[UUID, str]:
    """The institutions that a resident may name: those that sent a record, and all that these work together with."""
    head, today = _own(call), clock.today()
    about("Resident", head.id, resident=head.id)
    known = {record.organisation for record in residents.records(EVERYWHERE, head.id)}
    near = known.union(*(organisations.reach(one, today) for one in sorted(known)[:20]))
    return organisations.names(near)


def _effect(head: Header, organisation: UUID) -> Effect:
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
