"""What goes out: lists that tell nothing of persons, and one message with all it says, whose reading is trailed."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from doorstep.adapters.hl7v2 import codec
from doorstep.kernel import fence
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.letters import whole
from doorstep.kernel.paging import Page, Paged, cut
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.flow import Sending
from doorstep.record.endpoints.models import Outbound
from doorstep.record.endpoints.shapes import Passage, Sent
from doorstep.registers.residents import api as residents

SHOWN: Final = 1 << 18
REASONS: Final = 50_000
COPIES: Final = 100
ONWARD: Final = "where a message went on to is part of its journey, which the reader may see"


def sent(call: Call, endpoint: UUID, *, page: Page) -> Paged[Sent]:
    """What goes out by an endpoint, newest first."""
    demand(call.may(Permission.READ))
    return _paged(Outbound.objects.within(call.scope).filter(endpoint_id=endpoint), page)


def unsent(call: Call, *, page: Page, endpoint: UUID | None = None, reason: str = "") -> Paged[Sent]:
    """What rests within the scope, newest first."""
    demand(call.may(Permission.READ))
    rows = Outbound.objects.within(call.scope).filter(state=Sending.RESTING)
    if endpoint is not None:
        rows = rows.filter(endpoint_id=endpoint)
    if reason:
        rows = rows.filter(reason=reason)
    return _paged(rows, page)


def unsent_reasons(call: Call) -> tuple[str, ...]:
    """The reasons for which what goes out rests within the scope."""
    rows = Outbound.objects.within(call.scope).filter(state=Sending.RESTING).order_by("-id").values("reason")[:REASONS]
    return tuple(sorted({row["reason"] for row in rows}))


def copies(inbound: int) -> tuple[Sent, ...]:
    """What a message that came in has caused to go out, for whoever may open that."""
    with fence.lifted(ONWARD):
        rows = Outbound.objects.unscoped(ONWARD).filter(inbound=inbound).order_by("id")
        return tuple(_line(row) for row in _lean(rows)[:COPIES])


def _lean(rows: Any) -> Any:
    return rows.select_related("endpoint", "receiver").defer("body", "answer", "residents")


def _paged(rows: Any, page: Page) -> Paged[Sent]:
    rows = _lean(rows).order_by("-id")
    if page.after:
        rows = rows.filter(id__lt=whole(page.after[0]))
    found = list(rows[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([_line(row) for row in found], page, key)


@ask(Permission.MEND, audits="endpoints.read_sent")
def passage(call: Call, *, outbound: int) -> Passage:
    """One message, from its cause to its acknowledgement; reading it is trailed, for it tells of people."""
    rows = Outbound.objects.within(call.scope).select_related("endpoint", "receiver")
    row: Outbound | None = rows.filter(pk=outbound).first()
    about("Outbound", outbound)
    if row is None:
        raise Refused(refuse("not_found", kind="Outbound"))
    whose = sorted({residents.current(each) for each in row.residents})
    about("Outbound", outbound, resident=whose[0] if len(whose) == 1 else None)
    called = residents.names(call.scope, whose)
    text, answer = _text(bytes(row.body)), _text(bytes(row.answer or b""))
    return Passage(
        _line(row), row.cause, row.key, row.inbound, tuple((key, called.get(key, "")) for key in whose), row.sent_at,
        row.tried_at, row.due_at, row.settled_at, row.code, str(row.params.get("said", "")), text[:SHOWN],
        answer[:SHOWN], len(text) > SHOWN,
    )  # fmt: skip


def _text(raw: bytes) -> str:
    try:
        return raw.decode(codec.parse(raw).codec, "replace")
    except codec.Unreadable:
        return raw.decode("utf-8", "replace")


def _line(row: Outbound) -> Sent:
    params = {name: value for name, value in row.params.items() if name != "said"}
    return Sent(
        row.pk, row.endpoint_id, row.endpoint.name, row.receiver_id, row.receiver.name, row.kind, row.control,
        row.state, row.made_at, row.size, row.tries, row.reason, params,
    )  # fmt: skip
