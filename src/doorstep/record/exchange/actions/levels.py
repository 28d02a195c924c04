"""How thoroughly what a source sends is checked: set by those who mend what the checks set aside."""

from __future__ import annotations

from uuid import UUID

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, Stale, refuse
from doorstep.record.exchange.access import Permission
from doorstep.record.exchange.models import SourceChecks
from doorstep.record.exchange.shapes import Level
from doorstep.registers.organisations import api as organisations


@action(Permission.MEND, audits="exchange.set_checks")
def set_checks(call: Call, *, source: UUID, expect: int, level: Level, strict_bundles: bool) -> None:
    """Check what an institution sends in this way from now on; ``expect`` is the version seen (0: nothing was set).

    Raises ``Refused`` where the institution is not within the caller's scope, ``Stale`` where it was set meanwhile.
    """
    about("Source", source, level=str(level), strict_bundles=strict_bundles)
    if not call.scope.holds(source) or source not in organisations.names([source]):
        raise Refused(refuse("not_found", kind="Source"))
    rows = SourceChecks.objects.within(call.scope)
    # the row is there before it is locked, so that of two who set it first one waits, and then sees the other's
    rows.bulk_create([SourceChecks(source_id=source, version=0, level=Level.STRUCTURE)], ignore_conflicts=True)
    row = rows.select_for_update(of=("self",)).get(pk=source)
    if row.version != expect:
        raise Stale(expect, row.version)
    about("Source", source, before={"level": row.level, "strict_bundles": row.strict_bundles})
    rows.filter(pk=source).update(version=expect + 1, level=level, strict_bundles=strict_bundles)
