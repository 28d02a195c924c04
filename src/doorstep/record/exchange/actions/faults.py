"""Input that could not even be read as a piece (a bomb, a broken archive): nothing to keep but that it came."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.record.exchange import rules
from doorstep.record.exchange.access import Permission, may_send_for
from doorstep.record.exchange.models import Message
from doorstep.record.exchange.shapes import Problem


@action(Permission.SEND, audits="exchange.fault")
def set_aside_fault(call: Call, *, source: UUID, origin: str, problem: Problem, channel: str) -> bool:
    """Put a line in the list for input that could not be read; False where the same line stands there already."""
    demand(may_send_for(call, source))
    params = {name: rules.storable(v) if isinstance(v, str) else v for name, v in problem.params.items()}
    problem, origin = replace(problem, params=params), rules.storable(origin, 4000)
    mark = json.dumps([origin, problem.as_dict()], sort_keys=True, ensure_ascii=False)
    row = Message(
        source_id=source,
        digest=hashlib.sha256(mark.encode()).digest(),
        channel=channel,
        kind="file",
        origin=origin,
        received_at=clock.now(),
        size=0,
        raw=b"",
        state="set_aside",
        problems=[problem.as_dict()],
    )
    known = Message.objects.unscoped("its own").filter(source_id=source, digest=row.digest).exists()
    Message.objects.bulk_create([row], ignore_conflicts=True)
    about("Source", source, code=problem.code)
    return not known
