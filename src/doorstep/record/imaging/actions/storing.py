"""What a sender has stored through the house is noted, before the sender is told so."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.actions.following import mark
from doorstep.record.imaging.models import Archive


@action(Permission.STORE, audits="imaging.store")
def stored(call: Call, *, archive: UUID, uids: Iterable[str], taken: int, refused: int) -> None:
    """Have the studies looked at of which an archive of the sender's institution has taken images."""
    rows = Archive.objects.unscoped("the sender's own institution").select_for_update()
    row = rows.filter(pk=archive, organisation=call.organisation).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Archive"))
    listed = sorted(set(uids))
    about("Archive", archive, studies=listed, taken=taken, refused=refused)
    mark(row, listed)
    row.due_at = clock.now()
    row.save(update_fields=("due_at",))
