"""What a person does with what rests: replay it, one or many; put a mended text in its place; lay it aside."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from doorstep.kernel import clock, outbox
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.flow import FLOW, State
from doorstep.record.endpoints.models import Endpoint, Inbound, Replay
from doorstep.record.endpoints.reads.walking import along
from doorstep.record.endpoints.rules import turns
from doorstep.record.endpoints.rules.facts import Ordering

FRESH: Final[dict[str, Any]] = {"reason": "", "place": "", "params": {}, "settled_at": None}


@action(Permission.MEND, audits="endpoints.replay")
def replay(call: Call, *, inbound: int) -> None:
    """Have one message that rests worked on once more, as it came."""
    row = _locked(call, inbound, "replay")
    _change(row.pk, state=_step("replay"), **FRESH)
    outbox.wake()


@action(Permission.MEND, audits="endpoints.replay_all")
def replay_all(call: Call, *, endpoint: UUID, reason: str = "") -> UUID:
    """Have all that rests at an endpoint now (for one reason, where one is given) worked on once more, bit by bit."""
    if not Endpoint.objects.within(call.scope).filter(pk=endpoint).exists():
        raise Refused(refuse("not_found", kind="Endpoint"))
    resting = along(Inbound.objects.within(call.scope).filter(state=State.RESTING), {"endpoint_id": endpoint})
    last = resting.order_by("-endpoint_id", "-id").values_list("pk", flat=True).first()
    about("Endpoint", endpoint, cause=reason, upto=last)
    if last is None:
        raise Refused(refuse("endpoint.nothing_rests"))
    order = Replay(endpoint_id=endpoint, reason=reason, upto=last)
    order.save(force_insert=True)
    outbox.wake()
    return order.pk


@action(Permission.MEND, audits="endpoints.mend")
def mend(call: Call, *, inbound: int, text: str) -> int:
    """Put a mended text in the place of a message that rests, and have it worked on; both are kept. Its new number.

    Raises ``Refused`` where the same text came before ("inbound.same").
    """
    row = _locked(call, inbound, "mend")
    endpoint = Endpoint.objects.within(call.scope).get(pk=row.endpoint_id)
    # a segment ends with a carriage return (HL7 v2.5.1, 2.4), a line of a browser's form with both
    raw = text.replace("\r\n", "\r").replace("\n", "\r").encode(reads.charset_of(endpoint, bytes(row.raw)), "replace")
    key = turns.key_of(Ordering(endpoint.ordering), raw)
    made = Inbound(
        endpoint=endpoint, source_id=row.source_id, control=row.control, digest=hashlib.sha256(raw).digest(),
        received_at=clock.now(), raw=raw, size=len(raw), kind=row.kind, key=key, code=row.code,
        slot=turns.slot_of(Ordering(endpoint.ordering), key, row.pk), state=State.KEPT, mends=row,
    )  # fmt: skip
    with clashes(inbound_once="inbound.same"):
        made.save(force_insert=True)
    _change(row.pk, state=_step("mend"), settled_at=clock.now())
    about("Inbound", inbound, by=made.pk)
    outbox.wake()
    return made.pk


@action(Permission.MEND, audits="endpoints.dismiss")
def dismiss(call: Call, *, inbound: int, reason: str) -> None:
    """Lay a message aside for good; it stays readable. Raises ``Refused`` without a reason."""
    row = _locked(call, inbound, "dismiss")
    if not reason.strip():
        raise Refused(refuse("inbound.reason_needed"))
    _change(row.pk, state=_step("dismiss"), settled_at=clock.now())
    about("Inbound", inbound, cause=reason.strip()[:500])


def _locked(call: Call, inbound: int, move: str) -> Inbound:
    about("Inbound", inbound)
    row: Inbound | None = Inbound.objects.within(call.scope).select_for_update(of=("self",)).filter(pk=inbound).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Inbound"))
    verdict, _ = FLOW.step(move, State(row.state), None)
    demand(verdict)
    return row


def _step(move: str) -> State:
    return FLOW.step(move, State.RESTING, None)[1]


def _change(inbound: int, **values: object) -> None:
    Inbound.objects.unscoped("locked by its action").filter(pk=inbound).update(**values)
