"""Where one could refer to: the institutions that work together with the caller's, ranked with reasons; free slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.registers.organisations import api as organisations
from doorstep.resources.booking import api as booking
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.reads import rows
from doorstep.services.referrals.rules import insurance, ranking
from doorstep.services.referrals.rules.kinds import Kind, Service, Urgency, direction
from doorstep.services.referrals.rules.places import treats
from doorstep.services.referrals.shapes import Wish

AHEAD: Final = timedelta(days=14)
MOST_OFFERS: Final = 200
SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen: destinations in order, the effect in yuan of each, its departments; the free slots of the
    chosen one; where the insurance rule comes from."""

    ranked: tuple[ranking.Ranked, ...]
    effects: Mapping[UUID, insurance.Effect]
    departments: tuple[organisations.DepartmentLine, ...] = ()
    offers: tuple[booking.Offer, ...] = ()
    source: str = ""
    costs: int = 0
    names: Mapping[UUID, str] = field(default_factory=dict)


@ask(Permission.SEND, audits="referrals.destinations")
def choice(call: Call, *, wish: Wish) -> Choice:
    """Destinations for a wish, best first, and the slots of the one that is chosen. A fixed number of queries."""
    if call.organisation is None:
        raise Refused(refuse("referral.no_desk"))
    about("Referrals", "destinations")
    today = clock.today()
    partners = organisations.reach(call.organisation, today)
    near = _near(call.organisation, partners)
    lines = organisations.get(call.scope, near | {call.organisation})
    here = lines[call.organisation]
    wanted = [key for key in lines if key != here.id and _fits(here.tier, lines[key], wish)]
    held = organisations.departments_of(wanted, today)
    offers = _offers(call, wanted)
    found = _Found(call, wish, here, partners, held, offers, organisations.places({*wanted, here.id}))
    effects = {key: e for key in wanted if (e := found.effect(lines[key].tier)) is not None}
    candidates = [found.candidate(lines[key], effects.get(key)) for key in wanted]
    ranked = ranking.rank(candidates, kind=Kind(wish.kind), urgency=Urgency(wish.urgency), at=call.at)
    chosen = wish.destination
    return Choice(
        _kept(ranked, chosen),
        effects,
        held.get(chosen, ()) if chosen else (),
        tuple(o for o in offers.get(chosen, ()) if wish.department in (None, o.department))[:24] if chosen else (),
        found.scheme.source,
        found.costs,
        {key: line.name for key, line in lines.items()},
    )


@ask(Permission.TRIAGE, audits="referrals.offers")
def offers(call: Call, *, department: UUID | None) -> tuple[booking.Offer, ...]:
    """The free slots of the caller's own institution, for the desk that accepts: of the department that is asked, or of
    all where it has none."""
    if call.organisation is None:
        raise Refused(refuse("referral.no_desk"))
    about("Referrals", "offers")
    all_ = _offers(call, [call.organisation]).get(call.organisation, [])
    near = [offer for offer in all_ if offer.department == department]
    return tuple((near or all_)[:24])


def elsewhere(call: Call) -> Mapping[UUID, str]:
    """The institutions that the caller's works together with, by name: to pass a referral on, or ask again."""
    if call.organisation is None:
        return {}
    near = _near(call.organisation, organisations.reach(call.organisation, clock.today())) - {call.organisation}
    return dict(sorted(organisations.names(near).items(), key=lambda one: one[1]))


def _near(organisation: UUID, partners: Collection[UUID]) -> frozenset[UUID]:
    """Of one consortium, and of the alliances that the institution is in."""
    today = clock.today()
    allied = (organisations.members(key, today) for key in organisations.consortia_of(organisation, today))
    return frozenset(partners).union(*allied)


def _fits(here: str, there: organisations.Line, wish: Wish) -> bool:
    return treats(there.type_code) and direction(here, there.tier) is Kind(wish.kind)


def _offers(call: Call, wanted: Collection[UUID]) -> Mapping[UUID, list[booking.Offer]]:
    today = clock.today()
    found: dict[UUID, list[booking.Offer]] = defaultdict(list)
    given = booking.free(
        call, organisations=wanted, department=None, since=today, until=today + AHEAD,
        channel=booking.Channel.REFERRAL, limit=MOST_OFFERS,
    )  # fmt: skip
    for offer in given:
        found[offer.organisation].append(offer)
    return found


def _kept(ranked: Sequence[ranking.Ranked], chosen: UUID | None) -> tuple[ranking.Ranked, ...]:
    """The best, and the chosen one wherever it stands."""
    return tuple(r for at, r in enumerate(ranked) if at < SHOWN or r.candidate.organisation == chosen)


class _Found:
    """What was found, from which candidates are made."""

    def __init__(
        self,
        call: Call,
        wish: Wish,
        here: organisations.Line,
        partners: Collection[UUID],
        held: Mapping[UUID, tuple[organisations.DepartmentLine, ...]],
        offers: Mapping[UUID, list[booking.Offer]],
        places: Mapping[UUID, tuple[Decimal, Decimal]],
    ) -> None:
        self.call, self.wish, self.here, self.partners = call, wish, here, partners
        self.held, self.offers, self.places = held, offers, places
        self.scheme = rows.scheme_now()
        self.costs = wish.costs or insurance.USUAL[Service(wish.service)]

    def effect(self, tier: str) -> insurance.Effect | None:
        """In yuan, at a destination of that tier."""
        return insurance.effect(
            self.scheme, kind=direction(self.here.tier, tier), origin=self.here.tier, destination=tier,
            costs=Decimal(self.costs), contract=self.wish.contract,
        )  # fmt: skip

    def candidate(self, line: organisations.Line, effect: insurance.Effect | None) -> ranking.Candidate:
        """One institution."""
        asked = self.wish.department_name.strip()
        free = [o for o in self.offers.get(line.id, ()) if not asked or asked in o.department_name]
        return ranking.Candidate(
            line.id, line.name, line.tier, direction(self.here.tier, line.tier),
            has_department=any(asked in d.name for d in self.held.get(line.id, ())) if asked else None,
            free=sum(o.free for o in free), first=free[0].starts if free else None,
            km=ranking.distance(self.places.get(self.here.id), self.places.get(line.id)),
            saved=effect.saved if effect else None, partner=line.id in self.partners,
        )  # fmt: skip
