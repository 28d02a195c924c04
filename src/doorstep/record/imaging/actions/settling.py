"""What an archive says of a study becomes a row, a resident's, and a part of their chart; or it rests."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote
from uuid import UUID

from django.db.models import Q

from doorstep.kernel import clock, ledger
from doorstep.kernel.act import about, action, publish, withdraw
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.kernel.fhir_search import search_ids
from doorstep.linkage import numbers
from doorstep.record.imaging import fhir
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.flow import FLOW, State
from doorstep.record.imaging.models import Study
from doorstep.record.imaging.reads import rows
from doorstep.record.imaging.rules import names, placing
from doorstep.record.imaging.rules.placing import Candidate, Facts, Placing
from doorstep.record.imaging.rules.reading import Found
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.api import Identifier, Incoming, Kind, Name

ITSELF: Final = "the house places what its archives hold"
ORDERS: Final = 5
AGAIN: Final = timedelta(days=7)
"""For so long after it was first seen, a study that nobody is known for is looked at again each hour."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9._/\-]{1,64}", re.ASCII)
UNDECIDED: Final = ("unknown", "no-number", "contradicts")


@action(Permission.TIE, audits="imaging.settle")
def settle(call: Call, *, study: UUID, found: Found | None) -> str:
    """Write what the archive says of a study (None: it has it no more), place it or let it rest; its state then. The
    same again changes nothing."""
    row = Study.objects.unscoped(ITSELF).select_for_update().get(pk=study)
    row.due_at, row.tries = None, 0
    if found is None:
        _move(row, "lose", Placing())
        row.tied_by = row.tied_name = ""
        row.tied_at = None
    else:
        changed = _is_of_another(row, found)
        _put(row, found)
        _place(row, found, changed=changed)
    about("Study", row.uid, resident=_resident(row), id=str(row.pk), state=row.state, reason=row.reason)
    row.save()
    tell(row)
    return str(row.state)


def _place(row: Study, found: Found, *, changed: bool) -> None:
    """A person's word stands until the archive says that the study is of another."""
    if row.tied_by and not changed:
        return
    if row.tied_by:
        row.tied_by = row.tied_name = ""
        row.tied_at = None
        _move(row, "rest", Placing(reason="changed"))
        return
    placed, order = whose(row.organisation_id, found)
    row.order = order if placed.patient else ""
    _move(row, "place" if placed.patient else "rest", placed)


def _move(row: Study, name: str, placed: Placing) -> None:
    verdict, state = FLOW.step(name, State(row.state), None)
    demand(verdict)
    if (row.state, row.patient) != (state, placed.patient):
        row.changed_at = clock.now()
    row.state, row.patient = state, placed.patient
    row.reason, row.reason_params = placed.reason, placed.params
    if not placed.patient:
        row.order = ""


def tell(row: Study) -> None:
    """Have the study stand in the chart of whom it is placed with, or in none."""
    if row.state == State.PLACED:
        resource = fhir.imaging_study(row.pk, rows.found(row), row.patient, row.archive_id, row.order)
        publish(resource, source=row.organisation_id)
    elif ledger.read("ImagingStudy", str(row.pk)) is not None:
        withdraw("ImagingStudy", str(row.pk), source=row.organisation_id)


def whose(organisation: UUID, found: Found) -> tuple[Placing, str]:
    """Whose a study is by what stands on it, and the order (FHIR id) that it answers, or empty."""
    said = described(organisation, found)
    orders = _orders(organisation, found.accession)
    by_order = residents.described_as(sorted(set(orders.values())), said) if orders else ()
    placed = placing.place(
        Facts(
            has_number=bool(said.identifiers),
            is_described=bool(found.names or found.birth),
            copies=found.copies,
            by_number=[Candidate(each.patient_id, each.resident, each.against) for each in residents.numbered(said)],
            by_order=[Candidate(each.patient_id, each.resident, each.against) for each in by_order],
        )
    )
    return placed, next(iter(orders)) if len(orders) == 1 else ""


def described(organisation: UUID, found: Found) -> Incoming:
    """The person of a study, as the residents' room compares: the number is the institution's own, and where it could
    be one, a resident ID too."""
    value = numbers.one_form(found.number)[:100]
    held = [Identifier(Kind.HOSPITAL, "", value)] if value else []
    if value and not isinstance(numbers.read_id(numbers.to_18(value)), str):
        held.append(Identifier(Kind.RESIDENT_ID, "", numbers.to_18(value)))
    told = tuple(Name(text) for text in found.names)
    birth = found.birth.isoformat() if found.birth else ""
    return Incoming("", organisation, tuple(held), told, found.sex, birth)


def _orders(organisation: UUID, accession: str) -> dict[str, str]:
    """The orders of the institution with this number (placer's, filler's or accession), and whose each is."""
    if not _PLAIN.fullmatch(accession):
        return {}
    found = search_ids("ServiceRequest", f"identifier={quote(accession)}", [organisation], ORDERS)
    read = (ledger.read("ServiceRequest", key) for key in found)
    return {each.id: each.patient for each in read if each is not None and each.patient}


def _is_of_another(row: Study, found: Found) -> bool:
    before, now = (row.number, row.name, row.sex, row.birth), (found.number, found.name, found.sex, found.birth)
    return found.copies > 1 or (row.state != State.SEEN and before != now)


def _put(row: Study, found: Found) -> None:
    row.number, row.name, row.sex, row.birth = found.number, found.name, found.sex, found.birth
    row.hanzi, row.latin = names.searched(found.name)
    row.accession, row.modalities = found.accession, list(found.modalities)
    row.started, row.day, row.description = found.started, found.day, found.description
    series = [asdict(part) for part in found.series]
    if row.series != series:
        row.changed_at = clock.now()
    row.series = series


def _resident(row: Study) -> UUID | None:
    return residents.residents_of([row.patient]).get(row.patient) if row.patient else None


def look_again(numbers_told: frozenset[str], organisation: UUID, at: datetime) -> int:
    """Have studies looked at that rest under one of these numbers; how many."""
    asked = Study.objects.unscoped(ITSELF).filter(state=State.RESTING, tied_by="", reason__in=UNDECIDED)
    count: int = asked.filter(organisation=organisation, number__in=numbers_told).update(due_at=at)
    return count


def look_at_young(at: datetime) -> int:
    """Have the young ones looked at again for which nobody, or no order, is known; how many."""
    nobody = Q(state=State.RESTING, tied_by="", reason__in=UNDECIDED)
    unordered = Q(state=State.PLACED, order="") & ~Q(accession="")
    asked = Study.objects.unscoped(ITSELF).filter(nobody | unordered, seen_at__gte=at - AGAIN, due_at__isnull=True)
    count: int = asked.update(due_at=at)
    return count
