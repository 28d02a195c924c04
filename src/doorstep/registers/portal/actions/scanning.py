"""Codes of health cards: shown on a resident's telephone, read at a desk; and the paper card that signs in.

What a scanner types is given to each reader in turn. A reader of the national electronic health card or of the
insurance certificate joins this list once a district is admitted to it: it asks its platform whose the code is, and
keeps nothing of it (a token of 医保电子凭证 is never stored).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from doorstep.kernel import clock, fence, sealing, trail
from doorstep.kernel.act import about, action
from doorstep.kernel.call import NOWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import new_id
from doorstep.registers.portal.access import Permission
from doorstep.registers.portal.actions import sessions
from doorstep.registers.portal.actions.desk import card_digest, is_card
from doorstep.registers.portal.actions.signing import WHOLE_ADDRESS
from doorstep.registers.portal.models import Card, Shown
from doorstep.registers.portal.reads.standing import DOOR
from doorstep.registers.portal.rules import cards
from doorstep.registers.portal.shapes import Answer, ShownCard, Step
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

USE: Final = "portal.shown"
PINS: Final = staff.Limit(4, timedelta(days=1), timedelta(days=1), timedelta(minutes=1))
"""Wrong PINs of one card, from wherever: two minutes, four …, a day at most. Only who holds the card comes so far."""
_NOBODY: Final = make_password("no card has this PIN")


class Reader(Protocol):
    """Says whose a scanned code is; None where it is not its kind of code, or does not hold."""

    def __call__(self, text: str) -> UUID | None:
        """Read it."""


@action(Permission.USE, audits="portal.show_card", beyond=DOOR)
def show(call: Call) -> ShownCard:
    """A code for the one whom the call is about, good for a minute and one reading; with the index of the card."""
    if call.resident is None:
        raise Refused(refuse("permission"))
    about("Card", "shown", resident=call.resident)
    claim = cards.Claim(new_id(), call.resident, clock.now() + cards.HOLDS)
    number = residents.identity_number(call.resident)
    text = cards.MARK + sealing.seal(cards.written(claim), use=USE)
    return ShownCard(text, claim.until, cards.index(number) if number else "")


def _shown(text: str) -> UUID | None:
    if not text.startswith(cards.MARK):
        return None
    try:
        inside = sealing.unseal(text.removeprefix(cards.MARK), use=USE)
    except sealing.Unsealable:
        return None
    now = clock.now()
    claim = cards.read(inside, now)
    if claim is None:
        return None
    try:
        with transaction.atomic():
            Shown.objects.create(id=claim.id, resident_id=claim.resident, until=claim.until, used_at=now)
    except IntegrityError:  # it was read before
        return None
    return claim.resident


def _paper(text: str) -> UUID | None:
    card = _card(text)
    return card.resident_id if card else None


def _card(text: str) -> Card | None:
    if not is_card(text):
        return None
    return Card.objects.filter(digest=card_digest(text), ended_at__isnull=True, until__gte=clock.today()).first()


READERS: Final[tuple[Reader, ...]] = (_shown, _paper)


@action(Permission.BIND, audits="portal.scan")
def scan(call: Call, *, text: str) -> UUID:
    """Whose a scanned card is. ``Refused``: ``portal.scan`` where no reader knows it or its minute is over,
    ``not_found`` where the resident is not within the caller's scope: a scan finds a person, it opens nothing."""
    about("Card", "scanned")
    with fence.lifted(DOOR):
        found = next((who for reader in READERS if (who := reader(plain(text))) is not None), None)
    if found is None:
        raise Refused(refuse("portal.scan"))
    head = residents.header(call.scope, found)
    about("Card", "scanned", resident=head.id)
    return head.id


def plain(text: str) -> str:
    """What a scanner typed, without white space and the address that a paper card's code begins with."""
    return "".join(text.rpartition("#")[2].split())


def enter_by_card(request: HttpRequest, *, text: str, pin: str) -> Answer:
    """Sign in with a paper card and its PIN; never for long, for it is another's device."""
    address, typed = staff.address_of(request), plain(text)
    mine = staff.attempt_key(f"card {card_digest(typed)}", "")
    limits = {mine: PINS, staff.attempt_key("cards", address): WHOLE_ADDRESS}
    stranger = Call(f"stranger:{address}"[:100], "", clock.now(), NOWHERE, purpose="PATRQT")
    if seconds := staff.take(limits, clock.now()):
        trail.write(stranger, "portal.card", outcome="slowed", subject=("Card", card_digest(typed)[:16]))
        return Answer(Step.WAIT, seconds)
    with fence.lifted(DOOR):
        card = _card(typed)
        right = check_password(pin, card.pin if card else _NOBODY)
        if card is None or not right:
            trail.write(stranger, "portal.card", outcome="refused", subject=("Card", card_digest(typed)[:16]))
            return Answer(Step.AGAIN)
        staff.forgive(limits, mine)
        sessions.begin(request, card.resident_id, own=False, by=card)
    return Answer(Step.IN)


def forget_shown() -> int:
    """Drop the notes of codes whose minute is long over."""
    gone: int = Shown.objects.filter(until__lt=clock.now() - timedelta(days=1)).delete()[0]
    return gone
