"""Registering a person by hand, and the contacts that a person tells at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, Refused, refuse
from doorstep.kernel.store import lock
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions.intake import place
from doorstep.registers.residents.models import Resident, ResidentAddress, ResidentIdentifier, ResidentPhone
from doorstep.registers.residents.reads.holders import WHOLE_DISTRICT, holder
from doorstep.registers.residents.rules.facts import Finding, Kind
from doorstep.registers.residents.shapes import Address, Incoming, Phone, Registered, Verdict

TRIES = 5
BY_HAND = Q(record__isnull=True) | Q(record__patient_id__isnull=True)


@action(Permission.EDIT, audits="residents.register", beyond="a person is sought among all of the district")
def register(call: Call, *, said: Incoming, known: bool = False) -> Registered:
    """Register a person at the caller's institution; ``said.source`` is that institution.

    Raises ``Refused``: what ``rules.facts.consistent`` calls an error; ``already_known`` with the resident where the ID
    is held and ``known`` does not say that this is meant; ``identity_conflict`` where its holder is somebody else.
    """
    if call.organisation is None or said.source != call.organisation:
        raise Refused(refuse("no_institution"))
    verdict = _placed(call, said, known)
    if verdict.problem or verdict.resident is None:
        raise Refused(_why(verdict.problem))
    about("Resident", verdict.resident, resident=verdict.resident, created=verdict.created)
    return Registered(verdict.resident, verdict.created)


def _placed(call: Call, said: Incoming, known: bool) -> Verdict:
    """Where the person belongs; looked up again where another desk was first with the number at the same moment."""
    number = next((i.value for i in said.identifiers if i.kind is Kind.RESIDENT_ID), "")
    for _ in range(TRIES):
        held = holder(call, number) if number else None
        if held and (held.resident is not None or not known):
            raise Refused(refuse("already_known", name=held.name, resident=str(held.resident or "")))
        with suppress(IntegrityError), transaction.atomic():
            (verdict,) = place(call, [said])
            _demand_unopposed(verdict)
            if not known and number and _was_held(number):
                raise IntegrityError("another desk was first with the number while this one waited for its turn")
            return verdict
    raise Refused(refuse("error"))


def _was_held(number: str) -> bool:
    """Whether somebody held the number before the last record that told it."""
    rows = ResidentIdentifier.objects.unscoped(WHOLE_DISTRICT).filter(value=number).order_by("pk")
    return any(list(rows.values_list("trusted", flat=True))[:-1])


def _demand_unopposed(verdict: Verdict) -> None:
    """A number that is somebody else's is set right at the desk, where the card lies: nobody is registered with it."""
    clash = next((w for w in verdict.warnings if w.code in ("identity_conflict", "identity_split")), None)
    if clash:
        raise Refused(_why(clash))


def _why(problem: Finding | None) -> Decision:
    return refuse(problem.code, **problem.params) if problem else refuse("error")


@action(Permission.EDIT, audits="residents.change_contacts", beyond="a person is sought among all of the district")
def change_contacts(
    call: Call, *, resident: UUID, expect: int, phones: Sequence[Phone], addresses: Sequence[Address]
) -> int:
    """Replace what was told by hand of telephones and addresses; what sources said stays. Answers the new version."""
    row = lock(Resident, resident, scope=call.scope, expect=expect)
    for model in (ResidentPhone, ResidentAddress):
        model.objects.within(call.scope).filter(BY_HAND, resident=row).delete()
    ResidentPhone.objects.bulk_create(ResidentPhone(resident=row, value=p.value, use=p.use) for p in phones)
    ResidentAddress.objects.bulk_create(
        ResidentAddress(resident=row, text=a.text, division=a.division, use=a.use) for a in addresses
    )
    about("Resident", resident, resident=resident)
    return touch(row)


def touch(row: Resident) -> int:
    """Count a change of a locked resident; answers the new version."""
    row.version += 1
    row.save(update_fields=["version"])
    return row.version
