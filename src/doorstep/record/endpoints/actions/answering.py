"""What a service says of a message that it was handed: done, or why not."""

from __future__ import annotations

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.flow import FLOW, State
from doorstep.record.endpoints.models import Inbound


@action(Permission.MEND, audits="endpoints.done")
def done(call: Call, *, inbound: int, zh: str = "", en: str = "", code: str = "") -> None:
    """Note that a message was acted on; with words, that it could not be, so that it rests until a person has seen it.

    What is no longer with a service (it was acted on before) stays as it is.
    """
    about("Inbound", inbound, cause=code)
    rows = Inbound.objects.unscoped("the house's own").filter(pk=inbound, state=State.HANDED)
    state = FLOW.step("rest" if zh else "apply", State.HANDED, None)[1]
    row = rows.select_for_update(of=("self",)).first()
    if row is None:
        return
    row.state, row.settled_at = state, clock.now()
    if zh:
        row.reason, row.params = "message-refused", {**row.params, "code": code, "zh": zh[:300], "en": en[:300]}
    row.save(update_fields=("state", "settled_at", "reason", "params"))
