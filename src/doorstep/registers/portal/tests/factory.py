"""Residents for tests: registered with a number and a telephone, and a browser in which one has signed in."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.testing import callers
from doorstep.linkage.numbers import check_digit
from doorstep.registers.portal.actions.sessions import KEY
from doorstep.registers.portal.actions.signing import bind
from doorstep.registers.portal.models import How, Session
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.models import ResidentGuardian
from doorstep.registers.residents.rules.facts import SYSTEMS, Kind

NAME, PHONE = "欧阳静", "13912345678"


def number(serial: int = 1, born: date = date(1970, 3, 15), sex: int = 2) -> str:
    """A resident ID with a right check digit, of a region that does not exist."""
    body = f"439921{born:%Y%m%d}{serial:02d}{sex}"
    return body + check_digit(body)


def resident(
    organisation: UUID, *, name: str = NAME, phone: str = PHONE, serial: int = 1, born: date = date(1970, 3, 15)
) -> UUID:
    """Somebody whom an institution has sent."""
    held = residents.Identifier(residents.Kind.RESIDENT_ID, SYSTEMS[Kind.RESIDENT_ID], number(serial, born))
    come = residents.Incoming(
        f"own{serial}", organisation, sex="2", birth_date=born.isoformat(), names=(residents.Name(name),),
        phones=(residents.Phone(phone, "mobile"),) if phone else (), identifiers=(held,),
    )  # fmt: skip
    [placed] = residents.take_in(callers.system(), [come])
    return placed.resident


def client_of(who: UUID, *, phone: str = PHONE, own: bool = False, acting_for: UUID | None = None) -> Client:
    """A browser in which a resident has signed in by their telephone."""
    bound = bind(who, phone, how=How.SELF, by=f"resident:{who}")
    row = Session.objects.create(
        resident_id=who, binding=bound, own=own, address="127.0.0.1", acting_for_id=acting_for, device="Firefox/1"
    )
    client = Client()
    session = client.session
    session[KEY] = str(row.id)
    session.save()
    return client


def guardian(of: UUID, by: UUID, *, start: date | None = None, end: date | None = None) -> ResidentGuardian:
    """That one resident answers for another."""
    return ResidentGuardian.objects.create(
        resident_id=of, guardian_id=by, relation="52", start=start or clock.today(), end=end
    )


__all__ = ["NAME", "PHONE", "client_of", "guardian", "number", "resident"]
