"""What a desk does for a resident whose identity card it has seen: telephones that open the record, and paper cards."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b32encode
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.hashers import make_password

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.registers.portal.access import Permission
from doorstep.registers.portal.actions.signing import bind
from doorstep.registers.portal.models import Binding, Card, How, Session
from doorstep.registers.portal.rules import codes
from doorstep.registers.portal.rules.cards import LASTS, weak
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

MARK: Final = "DSC1"
"""What the text of a paper card begins with."""
_TEXT: Final = re.compile(rf"{MARK}[A-Z2-7]{{32}}")


def _living(call: Call, resident: UUID) -> UUID:
    head = residents.header(call.scope, resident)
    about("Resident", head.id, resident=head.id)
    if head.deceased:
        raise Refused(refuse("portal.deceased"))
    return head.id


@action(Permission.BIND, audits="portal.bind", grave=True)
def bind_phone(call: Call, *, resident: UUID, phone: str) -> UUID:
    """Let a telephone open the record of a resident who stands at the desk with their identity card.

    ``Refused``: ``portal.phone`` for what is no mobile number, ``portal.own_phone`` for that of the one who does it
    (nobody makes their own key to another's record), ``portal.deceased``, ``not_found`` outside the scope.
    """
    living, number = _living(call, resident), codes.mobile(phone)
    if not number:
        raise Refused(refuse("portal.phone"))
    kind, _, person = call.actor.partition(":")
    key = uuid_of(person) if kind == "staff" else None
    if key is not None and codes.mobile(staff.phones(key)) == number:
        raise Refused(refuse("portal.own_phone"))
    found = bind(living, number, how=How.DESK, by=call.actor)
    about("Binding", found.id, resident=living, tail=found.tail)
    return found.id


@action(Permission.BIND, audits="portal.unbind")
def unbind(call: Call, *, resident: UUID, binding: UUID) -> None:
    """Have a telephone open a resident's record no more; who is signed in by it is signed out."""
    _living(call, resident)
    row = _held(Binding.objects.all(), resident, binding)
    about("Binding", binding, resident=row.resident_id, tail=row.tail)
    Binding.objects.filter(pk=binding).update(ended_at=clock.now(), ended_by=call.actor, version=row.version + 1)
    Session.objects.filter(binding=binding).delete()


@action(Permission.BIND, audits="portal.issue_card", grave=True)
def issue_card(call: Call, *, resident: UUID, pin: str) -> tuple[UUID, str]:
    """Make a paper card with a PIN that its resident has chosen; the card's text is told this once. Cards before it
    end. ``Refused``: ``portal.pin`` for a PIN that is guessed at once."""
    living = _living(call, resident)
    if weak(pin):
        raise Refused(refuse("portal.pin"))
    text = MARK + _letters(20)
    held = Card.objects.filter(resident__in=residents.selves(living), ended_at__isnull=True)
    Session.objects.filter(card__in=held.values("pk")).delete()
    held.update(ended_at=clock.now(), ended_by=call.actor)
    row = Card.objects.create(
        resident_id=living, digest=card_digest(text), pin=make_password(pin), tail=text[-4:],
        until=clock.today() + timedelta(days=LASTS), issued_by=call.actor,
    )  # fmt: skip
    about("Card", row.id, resident=living, tail=row.tail)
    return row.id, text


@action(Permission.BIND, audits="portal.end_card")
def end_card(call: Call, *, resident: UUID, card: UUID) -> None:
    """Have a paper card, lost or not wanted, sign in nobody any more."""
    _living(call, resident)
    row = _held(Card.objects.all(), resident, card)
    about("Card", card, resident=row.resident_id, tail=row.tail)
    Card.objects.filter(pk=card).update(ended_at=clock.now(), ended_by=call.actor, version=row.version + 1)
    Session.objects.filter(card=card).delete()


def card_digest(text: str) -> str:
    """What is kept of a card's text; it is random, so one SHA-256 does."""
    return hashlib.sha256(text.strip().upper().encode()).hexdigest()


def is_card(text: str) -> bool:
    """Whether a text has the shape of a card's."""
    return bool(_TEXT.fullmatch(text.strip().upper()))


def _letters(size: int) -> str:
    return b32encode(secrets.token_bytes(size)).decode()


def _held(rows: Any, resident: UUID, key: UUID) -> Any:
    row = rows.select_for_update().filter(
        pk=key, resident__in=residents.selves(resident), ended_at__isnull=True
    ).first()  # fmt: skip
    if row is None:
        raise Refused(refuse("not_found", kind="Binding"))
    return row
