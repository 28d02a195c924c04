"""All archives and studies published again, where the ledger does not say the same."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from doorstep.kernel.act import about, action, publish
from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.record.imaging import fhir
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions.settling import tell
from doorstep.record.imaging.flow import State
from doorstep.record.imaging.models import Archive, Study

ALL: Final = "everything that the room publishes, whoever's it is"
NIL: Final = str(UUID(int=0))
PAGE: Final = 200


@action(Permission.TIE, audits="imaging.publish")
def republish(call: Call, *, after: str = "") -> str:
    """Publish a page of studies in the order of ids, with the first all archives; returns where the next begins, "" at
    the end. Only for the whole district."""
    demand(allow() if call.scope.everywhere else refuse("not_yours"))
    if not after:
        for row in Archive.objects.unscoped(ALL).order_by("pk"):
            publish(fhir.endpoint(row.pk, row.name, on=row.is_on), source=row.organisation_id)
    found = list(Study.objects.unscoped(ALL).filter(state=State.PLACED, pk__gt=after or NIL).order_by("pk")[:PAGE])
    for study in found:
        tell(study)
    about("Studies", "all", published=len(found), after=after)
    return str(found[-1].pk) if len(found) == PAGE else ""
