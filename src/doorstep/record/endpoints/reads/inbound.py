"""What came in: lists that tell nothing of persons, and one message with all it says, whose reading is trailed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import connection

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
from doorstep.record.endpoints.reads.walking import LAST, along
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.shapes import Journey, Line
from doorstep.registers.residents import api as residents

SHOWN: Final = 1 << 18
DISTINCT: Final = """
WITH RECURSIVE r(endpoint, reason) AS (
  SELECT e.id, (SELECT min(i.reason) FROM endpoints_inbound i WHERE i.endpoint_id = e.id AND i.state = 'resting')
  FROM unnest(%s::uuid[]) e(id)
  UNION ALL
  SELECT r.endpoint, (SELECT min(i.reason) FROM endpoints_inbound i
    WHERE i.endpoint_id = r.endpoint AND i.state = 'resting' AND i.reason > r.reason)
  FROM r WHERE r.reason IS NOT NULL
)
SELECT DISTINCT reason FROM r WHERE reason IS NOT NULL
"""
"""Each reason of each endpoint by one look into the index, however many rest for it."""


def rests(call: Call, *, page: Page, endpoint: UUID | None = None, reason: str = "") -> Paged[Line]:
    """What rests within the scope, newest first."""
    demand(call.may(Permission.READ))
    fixed: dict[str, object] = {"endpoint_id": endpoint} if endpoint is not None else {}
    if reason:
        fixed["reason"] = reason
    if not fixed and len(call.scope.organisations) == 1 and not call.scope.everywhere:
        fixed = {"source_id": next(iter(call.scope.organisations))}
    return _paged(Inbound.objects.within(call.scope).filter(state=State.RESTING), page, fixed)


def messages(call: Call, endpoint: UUID, *, page: Page) -> Paged[Line]:
    """What came in by an endpoint, newest first."""
    demand(call.may(Permission.READ))
    return _paged(Inbound.objects.within(call.scope), page, {"endpoint_id": endpoint})


def _paged(rows: Any, page: Page, fixed: Mapping[str, object]) -> Paged[Line]:
    rows = rows.select_related("endpoint", "source").defer("raw", "digest", "wrote")
    rows = along(rows, fixed, below=whole(page.after[0]) if page.after else LAST)
    found = list(rows.order_by(*[f"-{name}" for name in fixed], "-id")[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([_line(row) for row in found], page, key)


def reasons(call: Call) -> tuple[str, ...]:
    """The reasons for which messages rest at the endpoints within the scope."""
    demand(call.may(Permission.READ))
    keys = list(Endpoint.objects.within(call.scope).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(DISTINCT, [keys])
        return tuple(sorted(row[0] for row in cursor.fetchall()))


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
