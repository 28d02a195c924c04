"""Writers of consortia, memberships and agreements."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from doorstep.events.organisations import OrganisationJoined, OrganisationLeft
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Decision, allow, demand, refuse
from doorstep.kernel.outbox import emit
from doorstep.kernel.store import lock
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import Permission, Sides, may_arrange, may_join, may_manage
from doorstep.registers.organisations.actions.publishing import publish_consortia
from doorstep.registers.organisations.models import Agreement, Consortium, Membership
from doorstep.registers.organisations.reads import bounds
from doorstep.registers.organisations.reads.directory import directory

LINKS = Agreement.parties.through
CLASHES = {
    "organisations_consortium_key_key": "consortium.taken",
    "membership_once_a_day": "membership.overlap",
    "membership_one_lead": "membership.second_lead",
    "agreement_once": "agreement.taken",
}


@action(Permission.CONSORTIA, audits="organisations.found")
def found(call: Call, *, key: str, name: str, kind: rules.Kind, area: str, since: date) -> UUID:
    """Found a consortium; only for the whole district."""
    demand(may_manage(call, Sides(None)))
    demand(rules.area_code(area))
    with clashes(**CLASHES):
        row: Consortium = Consortium.objects.create(key=key, name=name, kind=kind, area=area, since=since)
    about("Consortium", row.id, name=name)
    publish_consortia([row.id])
    return row.id


@action(Permission.CONSORTIA, audits="organisations.join")
def join(
    call: Call, *, consortium: UUID, organisation: UUID, role: rules.Role, tier: rules.Tier, since: date,
    until: date | None = None,
) -> UUID:  # fmt: skip
    """Make an institution a member from a day; refused where it is one, would be a second lead, or is not asked."""
    about("Consortium", consortium, organisation=str(organisation), role=role)
    row = lock(Consortium, consortium, scope=call.scope)
    demand(may_arrange(call, bounds.lead_of(consortium, clock.today())))
    demand(may_join(call, Sides(organisation, bounds.leaders((organisation,), clock.today())[organisation])))
    demand(rules.period(since, until))
    demand(allow() if rules.holds(row.since, row.until, since) else refuse("membership.outside", since=row.since))
    demand(_is_open(call, organisation))
    with clashes(**CLASHES):
        made: Membership = Membership.objects.create(
            consortium=row, organisation_id=organisation, role=role, tier=tier, since=since, until=until
        )
    emit(OrganisationJoined(consortium, organisation, role, since))
    publish_consortia([consortium])
    return made.id


def _is_open(call: Call, organisation: UUID) -> Decision:
    status = directory(call.scope).filter(id=organisation).values_list("status", flat=True).first()
    if status is None:
        return refuse("not_found", kind="Organisation")
    return refuse("organisation.closed") if status == rules.Status.CLOSED else allow()


@action(Permission.CONSORTIA, audits="organisations.leave")
def leave(call: Call, *, membership: UUID, expect: int, last_day: date) -> None:
    """Give a membership its last day (or another one, while it has not passed)."""
    row = lock(Membership, membership, scope=call.scope, expect=expect)
    about("Consortium", row.consortium_id, organisation=str(row.organisation_id), last_day=last_day.isoformat())
    demand(may_arrange(call, bounds.lead_of(row.consortium_id, clock.today())))
    demand(rules.period(row.since, last_day))
    demand(refuse("membership.ended") if row.until and row.until < clock.today() else allow())
    row.until, row.version = last_day, row.version + 1
    with clashes(**CLASHES):
        row.save()
    emit(OrganisationLeft(row.consortium_id, row.organisation_id, last_day))
    publish_consortia([row.consortium_id])


@action(Permission.CONSORTIA, audits="organisations.agree")
def agree(
    call: Call, *, consortium: UUID | None, parties: Collection[UUID], matter: rules.Matter, title: str, text: str,
    since: date, until: date | None = None,
) -> UUID:  # fmt: skip
    """Write down an agreement: of a consortium, by its lead; of two or more institutions, by one of them."""
    about("Agreement", "", title=title)
    demand(_may_agree(call, consortium, parties))
    demand(rules.period(since, until))
    known = set(directory(call.scope).filter(id__in=parties).values_list("id", flat=True))
    demand(allow() if known == set(parties) and len(known) > 1 else refuse("agreement.parties"))
    with clashes(**CLASHES):
        row: Agreement = Agreement.objects.create(
            consortium_id=consortium, matter=matter, title=title, text=text, since=since, until=until
        )
    LINKS.objects.bulk_create(LINKS(agreement=row, organisation_id=party) for party in known)
    about("Agreement", row.id, parties=len(known))
    return row.id


def _may_agree(call: Call, consortium: UUID | None, parties: Collection[UUID]) -> Decision:
    if consortium is None:
        return may_manage(call, Sides(call.organisation if call.organisation in parties else None))
    lock(Consortium, consortium, scope=call.scope)
    return may_arrange(call, bounds.lead_of(consortium, clock.today()))


def _parties(agreement: UUID) -> set[UUID]:
    return set(LINKS.objects.filter(agreement=agreement).values_list("organisation", flat=True))


@action(Permission.CONSORTIA, audits="organisations.end_agreement")
def end_agreement(call: Call, *, agreement: UUID, expect: int, last_day: date) -> None:
    """Give an agreement its last day."""
    row = lock(Agreement, agreement, scope=call.scope, expect=expect)
    about("Agreement", agreement, last_day=last_day.isoformat())
    demand(_may_agree(call, row.consortium_id, _parties(agreement)))
    demand(rules.period(row.since, last_day))
    row.until, row.version = last_day, row.version + 1
    row.save()
