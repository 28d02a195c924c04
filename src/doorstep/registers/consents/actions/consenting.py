"""Consents and refusals: recorded at a desk from signed paper, withdrawn by one press, published as FHIR Consent."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from doorstep.kernel import clock, publishing
from doorstep.kernel.act import about, action, publish
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.ids import new_id
from doorstep.registers.consents import fhir, rules
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.models import Consent, Relation, Signer
from doorstep.registers.consents.reads.consenting import WHOSE, agreed
from doorstep.registers.consents.rules import Why
from doorstep.registers.consents.shapes import Signed
from doorstep.registers.organisations import api as organisations
from doorstep.registers.portal import api as portal
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.api import Header

PAGE: Final = 500
ONLINE: Final = "what a resident says online is published for the institution that it names"
NIL: Final = UUID(int=0)
SIGNED: Final = (Why.CONSENT.value, Why.DENIAL.value)


@action(Permission.RECORD, audits="consents.record")
def record(call: Call, *, resident: UUID, signed: Signed) -> UUID:
    """Record what was signed for one institution, effective at once; it takes the place of what was said before of
    the same institution (each sharing has a consent of its own: 个人信息保护法 art. 23, 29).

    To the person who records it a consent opens nothing: a reader cannot make the reason. ``Refused``: ``not_found``
    outside the scope, ``consent.*``.
    """
    head = residents.header(call.scope, resident)
    about("Resident", head.id, resident=head.id)
    if call.organisation is None:
        raise Refused(refuse("consent.no_desk"))
    return _kept(call, head, signed, desk=call.organisation)


@action(Permission.OWN, audits="consents.give", beyond=ONLINE)
def give(call: Call, *, organisation: UUID, permit: bool, until: date | None = None, kinds: int = 0) -> UUID:
    """Consent or refuse online, by the resident or, where the law lets them, the guardian: the session is the
    signature. The institution that it names keeps it; ``kinds`` is the mark of the sensitive kinds that it opens.
    ``Refused``: ``consent.*``."""
    head = _own(call)
    guardian = call.actor != f"resident:{head.id}"
    if guardian and permit and not portal.consents_for(_born(head), clock.today()):
        raise Refused(refuse("consent.own_from", age=rules.OF_AGE))
    signer = Signer.GUARDIAN if guardian else Signer.SELF
    return _kept(call, head, Signed(organisation, permit, signer.value, call.name, until, kinds), desk=organisation)


@action(Permission.OWN, audits="consents.take_back", beyond=ONLINE)
def take_back(call: Call, *, consent: UUID) -> None:
    """End one's own consent or refusal, wherever it was given. ``Refused`` as ``withdraw``."""
    _withdrawn(call, _own(call), consent)


def _own(call: Call) -> Header:
    if call.resident is None:
        raise Refused(refuse("permission"))
    head = residents.header(EVERYWHERE, call.resident)
    about("Resident", head.id, resident=head.id)
    return head


def _born(head: Header) -> date | None:
    try:
        return date.fromisoformat(head.birth)
    except ValueError:
        return None


def _kept(call: Call, head: Header, signed: Signed, *, desk: UUID) -> UUID:
    if signed.organisation not in organisations.names({signed.organisation}):
        raise Refused(refuse("consent.where"))
    given = rules.consent(
        signer=signed.signer, age=head.age, permit=signed.permit, until=signed.until, today=clock.today()
    )
    demand(given)
    for row in _standing(head.id, signed.organisation, call.at):
        _end(row, call, "replaced")
    key = new_id()
    last = signed.until + timedelta(days=1) if signed.until else None
    relation = Relation.objects.create(
        resident_id=head.id, first=head.id, organisation_id=signed.organisation,
        basis=(Why.CONSENT if signed.permit else Why.DENIAL).value, since=call.at, reference=f"Consent/{key}",
        until=datetime.combine(last, time(), clock.CHINA).astimezone(UTC) if last else None, maker=call.actor,
        kinds=signed.kinds if signed.permit else 0,
    )  # fmt: skip
    row = Consent.objects.create(
        id=key, relation=relation, desk_id=desk, signer=Signer(signed.signer).value,
        signer_name=signed.signer_name, recorded_by=call.actor, recorded_name=call.name,
    )  # fmt: skip
    _publish(row)
    about(
        "Consent",
        key,
        resident=head.id,
        organisation=str(signed.organisation),
        permit=signed.permit,
        sensitive=relation.kinds != 0,
    )
    return key


@action(Permission.RECORD, audits="consents.withdraw")
def withdraw(call: Call, *, resident: UUID, consent: UUID) -> None:
    """End a consent or refusal now, at any desk that knows the resident (as easily as it was given: art. 15).

    ``Refused``: ``not_found`` where it is not this resident's, ``consent.withdrawn`` where it holds no longer.
    """
    _withdrawn(call, residents.header(call.scope, resident), consent)


def _withdrawn(call: Call, head: Header, consent: UUID) -> None:
    about("Consent", consent, resident=head.id)
    rows = Consent.objects.unscoped(WHOSE).select_related("relation").select_for_update(of=("self", "relation"))
    row = rows.filter(pk=consent, relation__resident=head.id).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Consent"))
    until = row.relation.until
    demand(allow() if until is None or until > call.at else refuse("consent.withdrawn"))
    _end(row, call, "withdrawn")


def _standing(resident: UUID, organisation: UUID, at: datetime) -> list[Consent]:
    rows = Consent.objects.unscoped(WHOSE).filter(
        relation__resident=resident, relation__organisation=organisation, relation__basis__in=SIGNED
    )
    found = rows.select_related("relation").select_for_update(of=("self", "relation")).order_by("pk")
    return [row for row in found if row.relation.until is None or row.relation.until > at]


def _end(row: Consent, call: Call, reason: str) -> None:
    row.relation.until, row.relation.ended = max(call.at, row.relation.since), reason
    row.relation.save(update_fields=["until", "ended"])
    row.withdrawn_at, row.withdrawn_by, row.withdrawn_name = row.relation.until, call.actor, call.name
    row.version += 1
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_name", "version"])
    _publish(row)


def _publish(row: Consent) -> None:
    """The desk's institution answers for it."""
    records = residents.records(EVERYWHERE, row.relation.resident_id)
    patient = next((r.patient_id for r in records if r.patient_id), "")
    publish(fhir.consent(agreed(row, patient=patient)), source=row.desk_id)


@action(Permission.RECORD, audits="consents.publish")
def republish(call: Call, *, after: str = "") -> str:
    """Publish a page of all consents in the order of ids; returns where the next begins, "" at the end. Only for the
    whole district; those whose last day has passed become inactive by it."""
    demand(allow() if call.scope.everywhere else refuse("not_yours"))
    rows = list(
        Consent.objects.unscoped(WHOSE).select_related("relation").filter(pk__gt=after or NIL).order_by("pk")[:PAGE]
    )
    for row in rows:
        _publish(row)
    about("Consents", "all", published=len(rows), after=after)
    return str(rows[-1].pk) if len(rows) == PAGE else ""


def publish_all(call: Call) -> int:
    """Publish all; by the clock, so that what ended by itself is told."""
    return publishing.everything(call, republish)
