"""Who has signed in, for whom they may act, and where: asked at the door, before there is a scope."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db.models import Q

from doorstep.kernel import clock, fence, ruleset
from doorstep.registers.portal.models import Binding, Card, Session
from doorstep.registers.portal.rules import codes, guardians
from doorstep.registers.portal.shapes import Bound, Person, SignIn, Standing, Ward
from doorstep.registers.residents import api as residents

RULE: Final = "portal.sessions"
DOOR: Final = "who a resident is, is asked before there is a scope"
SHOWN: Final = 50


def terms() -> codes.Terms:
    """The terms of today; asked once a minute, since every page needs them."""
    return _terms(int(clock.now().timestamp()) // 60)


@lru_cache(maxsize=1)
def _terms(minute: int) -> codes.Terms:
    return codes.terms(ruleset.parameters(RULE, clock.today(), {}))


def standing(session: UUID) -> Standing | None:
    """A session that has not been ended."""
    row = Session.objects.filter(id=session).first()
    if row is None:
        return None
    how = "card" if row.card_id else "phone"
    return Standing(row.id, row.resident_id, row.acting_for_id, row.own, row.seen_at, how)


def wards(guardian: UUID) -> tuple[Ward, ...]:
    """Those for whom a resident may act today."""
    today = clock.today()
    found = {
        charge.ward: Ward(charge.ward, charge.name)
        for charge in residents.wards(guardian)
        if guardians.acts(birth=charge.birth, start=charge.start, end=charge.end, deceased=charge.deceased, on=today)
    }
    return tuple(found.values())


def persons(digest: str) -> tuple[Person, ...]:
    """Those whom a telephone opens today; of the names only who has proved the telephone is told anything."""
    with fence.lifted(DOOR):
        rows = Binding.objects.filter(digest=digest, ended_at__isnull=True, resident__deceased=False)
        found = rows.order_by("created_at", "pk").values_list("id", "resident__name")[:SHOWN]
        return tuple(Person(key, shortened(name)) for key, name in found)


def shortened(name: str) -> str:
    """A name of which all but the last character is hidden, as is usual on shared screens: ＊明."""
    return "＊" * (len(name) - 1) + name[-1:] if len(name) > 1 else name


def sign_ins(resident: UUID) -> tuple[SignIn, ...]:
    """Where a resident is signed in, the last seen first; what has ended by itself is left out."""
    now, within = clock.now(), terms()
    alive = Q(own=True, seen_at__gte=now - codes.idle(within, own=True))
    alive |= Q(own=False, seen_at__gte=now - codes.idle(within, own=False))
    with fence.lifted(DOOR):
        rows = Session.objects.filter(alive, resident__in=residents.selves(resident)).order_by("-seen_at", "id")[:SHOWN]
        return tuple(
            SignIn(
                row.id,
                row.device,
                row.address,
                row.own,
                "card" if row.card_id else "phone",
                row.created_at,
                row.seen_at,
            )
            for row in rows
        )


def bound(resident: UUID) -> tuple[Bound, ...]:
    """The telephones that open a resident's record today."""
    with fence.lifted(DOOR):
        rows = Binding.objects.filter(resident__in=residents.selves(resident), ended_at__isnull=True)
        return tuple(Bound(r.id, r.tail, r.how, r.created_at) for r in rows.order_by("created_at", "pk")[:SHOWN])


def cards(resident: UUID) -> tuple[Bound, ...]:
    """The paper cards that hold today."""
    with fence.lifted(DOOR):
        rows = Card.objects.filter(
            resident__in=residents.selves(resident), ended_at__isnull=True, until__gte=clock.today()
        )
        return tuple(Bound(r.id, r.tail, "card", r.created_at) for r in rows.order_by("created_at", "pk")[:SHOWN])
