"""Residents of the demo who can be tried: one who has signed in before and answers for a child, one who has not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from django.conf import settings

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.postgres import home
from doorstep.registers.portal.actions.signing import bind
from doorstep.registers.portal.models import How
from doorstep.registers.portal.rules import codes
from doorstep.registers.residents.actions.family import add_guardian
from doorstep.registers.residents.models import Resident, ResidentIdentifier, ResidentPhone
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.shapes import Guardian

WHY = "the demo chooses who can be tried"
CHILD, GROWN = timedelta(days=12 * 365), timedelta(days=25 * 365)


class Tried(TypedDict):
    """One who can be tried: the telephone, and what they prove themselves by the first time."""

    name: str
    phone: str
    number: str
    bound: bool
    child: str


def build(call: Call) -> list[Tried]:
    """Bind the first one's telephone and name them a child's guardian, as a desk would."""
    found = []
    for at, (person, phone) in enumerate(_grown()):
        child = ""
        if at == 0:
            bind(person.pk, phone, how=How.DESK, by=call.actor)
            child = _ward(call, person)
        found.append(Tried(name=person.name, phone=phone, number=_number(person), bound=at == 0, child=child))
        if at == 1:
            break
    return found


def _grown() -> Iterator[tuple[Resident, str]]:
    """Adults with a number and a mobile telephone that is theirs alone, in the order in which they came."""
    rows = Resident.objects.unscoped(WHY).filter(
        deceased=False, merged_into__isnull=True, birth_date__lt=clock.today() - GROWN,
        pk__in=ResidentIdentifier.objects.unscoped(WHY).filter(trusted=True, kind=Kind.RESIDENT_ID).values("resident"),
    )  # fmt: skip
    phones = ResidentPhone.objects.unscoped(WHY)
    for person in rows.order_by("pk")[:500]:
        own = next((v for v in phones.filter(resident=person).values_list("value", flat=True) if codes.mobile(v)), "")
        if own and phones.filter(value=own).values("resident").distinct().count() == 1:
            yield person, own


def _ward(call: Call, person: Resident) -> str:
    """A child of the same surname, where there is one; else any."""
    young = Resident.objects.unscoped(WHY).filter(
        deceased=False, merged_into__isnull=True, birth_date__gt=clock.today() - CHILD
    )
    child = young.filter(name__startswith=person.name[:1]).order_by("pk").first() or young.order_by("pk").first()
    if child is None:
        return ""
    add_guardian(
        call, resident=child.pk, expect=child.version, guardian=person.pk,
        said=Guardian("", "", "51" if person.sex == "1" else "52"),
    )  # fmt: skip
    named: str = child.name
    return named


def _number(person: Resident) -> str:
    rows = ResidentIdentifier.objects.unscoped(WHY).filter(resident=person, trusted=True, kind=Kind.RESIDENT_ID)
    found: str = rows.values_list("value", flat=True).first() or ""
    return found


def kept() -> Path:
    """Where they are written down, for the owner of the data folder alone."""
    return home() / "demo_residents.json"


def lines(address: str) -> Iterator[str]:
    """What is printed: where residents sign in, as whom, and where the messages are."""
    if not kept().exists():
        return
    tried: list[Tried] = json.loads(kept().read_text())
    yield f"居民登录 / residents: {address}my/sign-in"
    for one in tried:
        said = f"  {one['name']} · 手机 / phone {one['phone']}"
        if one["bound"]:
            yield said + (f" · 监护 / guardian of {one['child']}" if one["child"] else "")
        else:
            yield f"{said} · 第一次要核验 / first time, prove by: {one['number']}"
    yield f"验证码在 / codes are in: {Path(settings.DOORSTEP_MESSAGES).with_suffix('.jsonl')}"
