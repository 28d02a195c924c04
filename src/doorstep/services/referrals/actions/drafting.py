"""Drafts: begun from a resident, saved as they are written, nothing lost; what was sent is not written again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.pinyin import spelled_person
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.services.referrals.access import Permission, may_move
from doorstep.services.referrals.actions import rows
from doorstep.services.referrals.flow import FLOW, MOVER, Status
from doorstep.services.referrals.models import Referral, ReferralEnclosure, ReferralLetter
from doorstep.services.referrals.reads.rows import HOUSE, sides
from doorstep.services.referrals.rules import kinds
from doorstep.services.referrals.rules.letters import Part, kept
from doorstep.services.referrals.shapes import Wish

WRITABLE: Final = frozenset({Status.DRAFT, Status.RETURNED})
MOST_ENCLOSED: Final = 40


@action(Permission.SEND, audits="referrals.draft")
def draft(call: Call, *, resident: UUID, wish: Wish) -> UUID:
    """Begin a referral of a resident from the caller's institution. ``Refused``: ``not_found`` outside the scope."""
    head = residents.header(call.scope, resident)
    if call.organisation is None:
        raise Refused(refuse("referral.no_desk"))
    demand(refuse("referral.deceased") if head.deceased else allow())
    phone, address = residents.contact(call, head.id)
    records = [r for r in residents.records(call.scope, head.id) if r.patient_id]
    records.sort(key=lambda r: r.organisation != call.organisation)
    pinyin, initials = spelled_person(head.name)
    row = Referral(
        number=_number(), resident_id=head.id, first=head.id, name=head.name[:200], pinyin=pinyin[:200],
        initials=initials[:100], patient=records[0].patient_id if records else "", origin_id=call.organisation,
        desk=call.organisation, sender=call.actor, sender_name=call.name, holder=call.actor, holder_name=call.name,
        person={
            "name": head.name, "sex": head.sex, "birth": head.birth, "age": head.age, "number": head.number,
            "phone": phone, "address": address,
        },
        changed_at=call.at,
    )  # fmt: skip
    _written(row, wish)
    row.save(force_insert=True)
    _letter(row, call, wish.letter)
    _enclosed(row, wish)
    about("Referral", row.pk, resident=head.id)
    return UUID(str(row.pk))


@action(Permission.SEND, audits="referrals.save")
def save(call: Call, *, referral: UUID, expect: int, wish: Wish) -> int:
    """Keep what was written so far; returns the new version. ``Refused``: ``referral.sent`` for what the other side has
    already."""
    row = rows.own(call, referral, expect)
    demand(may_move(call, MOVER["send"], Permission.SEND, sides(row)))
    demand(allow() if Status(row.status) in WRITABLE else refuse("referral.sent"))
    _written(row, wish)
    _letter(row, call, wish.letter)
    _enclosed(row, wish)
    rows.keep(row, call)
    return row.version


def _number() -> str:
    """ZZ (转诊), the day, and a number that no other has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('referrals_number')")
        (serial,) = cursor.fetchone() or (0,)
    return f"ZZ{clock.today():%y%m%d}-{serial:05d}"


def _written(row: Referral, wish: Wish) -> None:
    row.service, row.urgency = kinds.Service(wish.service), kinds.Urgency(wish.urgency)
    row.kind = _kind(row.origin_id, wish)
    allowed = kinds.criteria_of(kinds.Kind(row.kind))
    if row.status == FLOW.start or row.sent_at is None:
        row.destination_id = wish.destination
    row.department, row.department_name = wish.department, wish.department_name[:100]
    row.slot = wish.slot
    row.wish = {**_said(wish), "criteria": [code for code in wish.criteria if code in allowed]}


def _kind(origin: UUID, wish: Wish) -> kinds.Kind:
    """By the tiers of the two institutions, once both are known; until then as was chosen."""
    if wish.destination is None:
        return kinds.Kind(wish.kind)
    known = organisations.get(EVERYWHERE, (origin, wish.destination))
    tiers = [known[key].tier if key in known else "" for key in (origin, wish.destination)]
    return kinds.direction(*tiers)


def _said(wish: Wish) -> Mapping[str, Any]:
    return {
        "seen": list(wish.seen), "receiver": wish.receiver[:100], "consenter": wish.consenter,
        "consent_name": wish.consent_name[:100], "consent_channel": wish.consent_channel, "transport": wish.transport,
        "escort": wish.escort, "contract": wish.contract, "phone": wish.phone[:40],
        "costs": wish.costs,
    }  # fmt: skip


def _letter(row: Referral, call: Call, body: Mapping[str, str]) -> None:
    """Into the revision that is not sent yet; after it was sent, into a new one."""
    letters = ReferralLetter.objects.unscoped(HOUSE).filter(referral=row.pk, part=Part.OUT)
    last = letters.order_by("-revision").first()
    fresh = {"body": kept(Part.OUT, body), "written_by": call.actor, "written_name": call.name, "written_at": call.at}
    if last is not None and last.sent_at is None:
        letters.filter(pk=last.pk).update(**fresh)
        return
    if last is not None and last.body == fresh["body"]:
        return
    ReferralLetter.objects.create(referral=row, part=Part.OUT, revision=last.revision + 1 if last else 1, **fresh)


def _enclosed(row: Referral, wish: Wish) -> None:
    ReferralEnclosure.objects.unscoped(HOUSE).filter(referral=row.pk).delete()
    chosen = {(each.kind, each.key): each for each in wish.enclosures[:MOST_ENCLOSED]}
    ReferralEnclosure.objects.bulk_create(
        ReferralEnclosure(referral=row, kind=e.kind[:40], key=e.key[:64], title=e.title[:300], on=e.on[:40])
        for e in chosen.values()
    )
