"""Households and guardians."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.store import lock
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions.registration import touch
from doorstep.registers.residents.models import Household, HouseholdMember, Resident, ResidentGuardian
from doorstep.registers.residents.reads.identity import visible
from doorstep.registers.residents.rules.relations import HEAD
from doorstep.registers.residents.shapes import Guardian


def _must_see(call: Call, resident: UUID) -> None:
    if not visible(call.scope, resident):
        raise Refused(refuse("not_found", kind="Resident"))


def _join(household: Household, resident: UUID, relation: str) -> None:
    """The constraint decides where a person already lives: here, or anywhere at the same moment."""
    try:
        with transaction.atomic():
            HouseholdMember.objects.create(
                household=household, resident_id=resident, relation=relation, start=clock.today()
            )
    except IntegrityError as error:
        raise Refused(refuse("one_home")) from error


@action(Permission.EDIT, audits="residents.start_household")
def start_household(call: Call, *, head: UUID, address: str = "", division: str = "") -> UUID:
    """Found a household with its head; ``Refused`` (one_home) where the head already lives in one."""
    _must_see(call, head)
    household: Household = Household.objects.create(head_id=head, address=address, division=division)
    _join(household, head, HEAD)
    about("Household", household.pk, resident=head)
    return household.pk


@action(Permission.EDIT, audits="residents.add_member")
def add_member(call: Call, *, household: UUID, expect: int, resident: UUID, relation: str) -> int:
    """Let a resident live in a household, with the relation to its head; answers the new version."""
    row = lock(Household, household, scope=call.scope, expect=expect)
    _must_see(call, resident)
    if relation == HEAD:
        raise Refused(refuse("one_head"))
    _join(row, resident, relation)
    about("Household", household, resident=resident, relation=relation)
    return _count(row)


@action(Permission.EDIT, audits="residents.remove_member")
def remove_member(call: Call, *, household: UUID, expect: int, member: int) -> int:
    """End a membership today; the head goes last (``Refused`` head_stays). Answers the new version."""
    row = lock(Household, household, scope=call.scope, expect=expect)
    living = HouseholdMember.objects.unscoped("of a household that is within the scope")
    living = living.filter(household=row, end__isnull=True)
    leaving = living.filter(pk=member).first()
    if leaving is None:
        raise Refused(refuse("not_found", kind="HouseholdMember"))
    if leaving.resident_id == row.head_id and living.exclude(pk=member).exists():
        raise Refused(refuse("head_stays"))
    leaving.end = clock.today()
    leaving.save(update_fields=["end"])
    about("Household", household, resident=leaving.resident_id)
    return _count(row)


def _count(row: Household) -> int:
    row.version += 1
    row.save(update_fields=["version"])
    return row.version


@action(Permission.EDIT, audits="residents.add_guardian")
def add_guardian(call: Call, *, resident: UUID, expect: int, said: Guardian, guardian: UUID | None = None) -> int:
    """Name who answers for a resident from today: another resident within the scope, or a name and telephone."""
    row = lock(Resident, resident, scope=call.scope, expect=expect)
    if guardian == resident:
        raise Refused(refuse("own_guardian"))
    if guardian is not None:
        _must_see(call, guardian)
    elif not said.name and not said.phone:
        raise Refused(refuse("nobody_named"))
    ResidentGuardian.objects.create(
        resident=row,
        guardian_id=guardian,
        name=said.name,
        phone=said.phone,
        relation=said.relation,
        start=clock.today(),
    )
    about("Resident", resident, resident=resident, guardian=str(guardian or ""))
    return touch(row)


@action(Permission.EDIT, audits="residents.end_guardian")
def end_guardian(call: Call, *, resident: UUID, expect: int, guardian: int) -> int:
    """End a guardianship today; ``Refused`` (not_found) where it is none of the resident's, or has ended."""
    row = lock(Resident, resident, scope=call.scope, expect=expect)
    mine = ResidentGuardian.objects.within(call.scope).filter(pk=guardian, resident=resident, end__isnull=True)
    if not mine.update(end=clock.today()):
        raise Refused(refuse("not_found", kind="ResidentGuardian"))
    about("Resident", resident, resident=resident)
    return touch(row)
