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
from doorstep.record.endpoints.actions.queueing import CHANNEL, readdress
from doorstep.record.endpoints.flow import FLOW, OUTWARD, Sending, State
from doorstep.record.endpoints.models import Endpoint, Inbound, Outbound, Replay
from doorstep.record.endpoints.reads.arriving import header_of
from doorstep.record.endpoints.reads.walking import along
from doorstep.record.endpoints.rules import turns
from doorstep.record.endpoints.rules.facts import MESSAGES, Ordering
from doorstep.record.endpoints.rules.outward import Direction

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
    place = Endpoint.objects.within(call.scope).filter(pk=endpoint).first()
    if place is None:
        raise Refused(refuse("not_found", kind="Endpoint"))
    messages = Outbound.objects if place.direction == Direction.OUT else Inbound.objects
    resting = along(messages.within(call.scope).filter(state=State.RESTING), {"endpoint_id": endpoint})
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
    is_fhir = endpoint.protocol == MESSAGES
    # a segment ends with a carriage return (HL7 v2.5.1, 2.4), a line of a browser's form with both
    lines = text.replace("\r\n", "\n").replace("\n", "\n" if is_fhir else "\r")
    raw = lines.encode(reads.charset_of(endpoint, bytes(row.raw)), "replace")
    kind, control = row.kind, row.control
    if is_fhir:
        kind, control, key = header_of(raw, endpoint.mapping) or (kind, control, row.key)
    else:
        key = turns.key_of(Ordering(endpoint.ordering), raw)
    made = Inbound(
        endpoint=endpoint, source_id=row.source_id, control=control, digest=hashlib.sha256(raw).digest(),
        received_at=clock.now(), raw=raw, size=len(raw), kind=kind, key=key, code=row.code,
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


@action(Permission.MEND, audits="endpoints.replay_sent")
def replay_sent(call: Call, *, outbound: int) -> None:
    """Have one message that rests sent once more, with the id that it had."""
    row = _locked_sent(call, outbound, "replay")
    readdress([row.pk])
    Outbound.objects.unscoped("locked").filter(pk=row.pk).update(state=Sending.WAITING, **afresh())
    outbox.wake(CHANNEL)


@action(Permission.MEND, audits="endpoints.dismiss_sent")
def dismiss_sent(call: Call, *, outbound: int, reason: str) -> None:
    """Lay a message aside that rests or waits: it is not sent (any more), and stays readable. Raises ``Refused``
    without a reason."""
    row = _locked_sent(call, outbound, "dismiss")
    if not reason.strip():
        raise Refused(refuse("inbound.reason_needed"))
    at = clock.now()
    Outbound.objects.unscoped("locked").filter(pk=row.pk).update(state=Sending.DISMISSED, settled_at=at)
    about("Outbound", outbound, cause=reason.strip()[:500])
    outbox.wake(CHANNEL)


def afresh() -> dict[str, Any]:
    """What is set of a message that is to be sent once more."""
    return {"reason": "", "params": {}, "settled_at": None, "tries": 0, "due_at": clock.now()}


def _locked_sent(call: Call, outbound: int, move: str) -> Outbound:
    about("Outbound", outbound)
    rows = Outbound.objects.within(call.scope).select_for_update(of=("self",))
    row: Outbound | None = rows.filter(pk=outbound).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Outbound"))
    verdict, _ = OUTWARD.step(move, Sending(row.state), None)
    demand(verdict)
    return row


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
