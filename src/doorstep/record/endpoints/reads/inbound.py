"""What came in: lists that tell nothing of persons, and one message with all it says, whose reading is trailed."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from doorstep.adapters.hl7v2 import codec
from doorstep.fhir.xml.encodings import codec_of
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.letters import whole
from doorstep.kernel.paging import Page, Paged, cut
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.flow import State
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.reads.outbound import copies
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.shapes import Journey, Line
from doorstep.registers.residents import api as residents

SHOWN: Final = 1 << 18
REASONS: Final = 50_000
"""Of how many of the newest rests the reasons are told: enough for a choice, whatever the list has grown to."""


def rests(call: Call, *, page: Page, endpoint: UUID | None = None, reason: str = "") -> Paged[Line]:
    """What rests within the scope, newest first."""
    demand(call.may(Permission.READ))
    rows = Inbound.objects.within(call.scope).filter(state=State.RESTING)
    if endpoint is not None:
        rows = rows.filter(endpoint_id=endpoint)
    if reason:
        rows = rows.filter(reason=reason)
    return _paged(rows, page)


def messages(call: Call, endpoint: UUID, *, page: Page) -> Paged[Line]:
    """What came in by an endpoint, newest first."""
    demand(call.may(Permission.READ))
    return _paged(Inbound.objects.within(call.scope).filter(endpoint_id=endpoint), page)


def _paged(rows: Any, page: Page) -> Paged[Line]:
    rows = rows.select_related("endpoint", "source").defer("raw", "digest", "wrote").order_by("-id")
    if page.after:
        rows = rows.filter(id__lt=whole(page.after[0]))
    found = list(rows[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([_line(row) for row in found], page, key)


def reasons(call: Call) -> tuple[str, ...]:
    """The reasons for which messages rest within the scope."""
    rows = Inbound.objects.within(call.scope).filter(state=State.RESTING).order_by("-id").values("reason")[:REASONS]
    return tuple(sorted({row["reason"] for row in rows}))


@ask(Permission.MEND, audits="endpoints.read")
def journey(call: Call, *, inbound: int) -> Journey:
    """One message, from the socket to the chart; reading it is trailed, for it holds what was sent about people."""
    rows = Inbound.objects.within(call.scope).select_related("endpoint", "source")
    row: Inbound | None = rows.filter(pk=inbound).first()
    about("Inbound", inbound)
    if row is None:
        raise Refused(refuse("not_found", kind="Inbound"))
    whose = _whose(call, row)
    about("Inbound", inbound, resident=whose[0][0] if len(whose) == 1 else None)
    raw = bytes(row.raw)
    others = Inbound.objects.unscoped("of the message above").filter(mends=row)
    charset = charset_of(row.endpoint, raw)
    text = raw.decode(charset, "replace")
    return Journey(
        _line(row), row.peer, bytes(row.digest).hex(), row.code, row.key, row.settled_at, row.number,
        tuple(row.wrote), whose, row.mends_id, others.values_list("pk", flat=True).first(), text[:SHOWN],
        len(text) > SHOWN or text.encode(charset, "replace") != raw, copies(row.pk),
    )  # fmt: skip


def _whose(call: Call, row: Inbound) -> tuple[tuple[UUID, str], ...]:
    """The residents whom the records of the message belong to, with their names."""
    patients = [each.removeprefix("Patient/") for each in row.wrote if each.startswith("Patient/")]
    found = sorted(set(residents.residents_of(patients).values())) if patients else []
    called = residents.names(call.scope, found)
    return tuple((key, called.get(key, "")) for key in found)


def charset_of(endpoint: Endpoint, raw: bytes) -> str:
    """The codec by which a message is read and a mended one is written; UTF-8 where it cannot be read."""
    if endpoint.protocol == MESSAGES:
        return codec_of(raw)
    try:
        return codec.parse(raw, endpoint.charset or None).codec
    except codec.Unreadable:
        return "utf-8"


def _line(row: Inbound) -> Line:
    return Line(
        row.pk, row.endpoint_id, row.endpoint.name, row.source.name, row.control, row.kind, row.state, row.received_at,
        row.size, row.reason, row.place, row.params,
    )  # fmt: skip
