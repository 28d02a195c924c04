"""A person says whose a study is, or takes that back."""

from __future__ import annotations

from uuid import UUID

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.store import lock
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions.settling import tell
from doorstep.record.imaging.flow import FLOW, State
from doorstep.record.imaging.models import Study
from doorstep.registers.residents import api as residents


@action(Permission.TIE, audits="imaging.tie")
def tie(call: Call, *, study: UUID, expect: int, resident: UUID) -> None:
    """Say whose a resting study is. ``Refused`` where the resident is not within the scope, or no institution has sent
    a record of theirs, or the archive has two patients under the study's UID."""
    row = lock(Study, study, scope=call.scope, expect=expect)
    resident = residents.current(resident)
    if not residents.visible(call.scope, resident):
        raise Refused(refuse("not_found", kind="Resident"))
    about("Study", row.uid, resident=resident, id=str(row.pk))
    if row.reason == "two-patients":
        raise Refused(refuse("study.two-patients"))
    patient = residents.patient_of(resident, row.organisation_id)
    if not patient:
        raise Refused(refuse("study.no-record"))
    _decided(call, row, "tie", patient, "")


@action(Permission.TIE, audits="imaging.untie")
def untie(call: Call, *, study: UUID, expect: int) -> None:
    """Take a study out of the chart where it is; it rests until a person says whose it is."""
    row = lock(Study, study, scope=call.scope, expect=expect)
    whose = residents.residents_of([row.patient]).get(row.patient)
    about("Study", row.uid, resident=whose, id=str(row.pk))
    _decided(call, row, "untie", "", "untied")


def _decided(call: Call, row: Study, move: str, patient: str, reason: str) -> None:
    verdict, state = FLOW.step(move, State(row.state), None)
    demand(verdict)
    row.state, row.patient, row.reason, row.reason_params = state, patient, reason, {}
    row.order = row.order if patient else ""
    row.tied_by, row.tied_name, row.tied_at = call.actor[:100], call.name[:100], call.at
    row.changed_at, row.version = call.at, row.version + 1
    row.save()
    tell(row)
