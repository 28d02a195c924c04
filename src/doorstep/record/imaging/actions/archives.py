"""Archives registered, changed and switched."""

from __future__ import annotations

from uuid import UUID

from doorstep.adapters.dicomweb.client import may_ask
from doorstep.kernel import clock
from doorstep.kernel.act import about, action, publish
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.store import lock
from doorstep.record.imaging import fhir
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.models import Archive, Unreadable
from doorstep.record.imaging.shapes import ArchiveFacts
from doorstep.registers.organisations import api as organisations


@action(Permission.EDIT, audits="imaging.add_archive")
def add(call: Call, *, facts: ArchiveFacts) -> UUID:
    """Register an archive, which is followed from then. Raises ``Refused`` where it is not sound or known already."""
    row = Archive(organisation_id=facts.organisation, due_at=call.at)
    _put(call, row, facts)
    return row.pk


@action(Permission.EDIT, audits="imaging.edit_archive")
def edit(call: Call, *, archive: UUID, expect: int, facts: ArchiveFacts) -> None:
    """Change an archive; whose it is stays, for its studies are theirs. Another address is another archive's
    position: it is followed from its beginning."""
    row = lock(Archive, archive, scope=call.scope, expect=expect)
    if row.organisation_id != facts.organisation:
        raise Refused(refuse("archive.moved"))
    if row.address != facts.address or row.is_orthanc != facts.is_orthanc:
        row.position, row.since = 0, None
    row.version += 1
    _put(call, row, facts)


@action(Permission.EDIT, audits="imaging.switch_archive")
def switch(call: Call, *, archive: UUID, expect: int, on: bool) -> None:
    """Follow it and give its images out, or no longer."""
    row = lock(Archive, archive, scope=call.scope, expect=expect)
    about("Archive", archive, on=on)
    row.is_on, row.version, row.due_at = on, row.version + 1, clock.now()
    row.save(update_fields=("is_on", "version", "due_at"))
    publish(fhir.endpoint(row.pk, row.name, on=on), source=row.organisation_id)


@action(Permission.EDIT, audits="imaging.hurry_archive")
def hurry(call: Call, *, archive: UUID) -> None:
    """Have it asked in the next round, whatever it waits for."""
    row = lock(Archive, archive, scope=call.scope)
    about("Archive", archive)
    row.due_at, row.faults = clock.now(), 0
    row.save(update_fields=("due_at", "faults"))
    Unreadable.objects.within(call.scope).filter(archive=row).update(due_at=row.due_at)


def _put(call: Call, row: Archive, facts: ArchiveFacts) -> None:
    about("Archive", row.pk, name=facts.name, address=facts.address)
    if not call.scope.holds(facts.organisation) or facts.organisation not in organisations.names([facts.organisation]):
        raise Refused(refuse("not_found", kind="Organisation"))
    if wrong := may_ask(facts.address):
        raise Refused(refuse(f"archive.{wrong}"))
    row.name, row.owner = facts.name.strip(), facts.owner.strip()
    row.address, row.user, row.credential = facts.address.rstrip("/"), facts.user.strip(), facts.credential.strip()
    row.is_orthanc, row.due_at, row.faults = facts.is_orthanc, clock.now(), 0
    with clashes(archive_once="archive.taken"):
        row.save()
    publish(fhir.endpoint(row.pk, row.name, on=row.is_on), source=row.organisation_id)
