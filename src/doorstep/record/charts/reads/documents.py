"""The shared documents of a chart: their list, one opened to be read, the original as it was sent."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from doorstep.adapters.cda import document as cda
from doorstep.adapters.cda import narrative
from doorstep.adapters.cda.shapes import Unreadable
from doorstep.adapters.cda.tree import is_document
from doorstep.kernel import fence, ledger
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.kernel.ledger import Stored
from doorstep.kernel.paging import Page, cut
from doorstep.record.charts import access, fhir
from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads import rows
from doorstep.record.charts.reads.entry import item_of, proved
from doorstep.record.charts.reads.head import Chart, head_of, not_found, open_chart
from doorstep.record.charts.reads.results import instant
from doorstep.record.charts.shapes.documents import Documents, File, Listed, Opened, Paper

TYPE: Final = "DocumentReference"
PROVED: Final = "the bytes of a document that was proved to be this resident's, kept by its own source"
SAFE: Final = frozenset({"application/pdf", "text/plain", "image/jpeg", "image/png", "image/tiff", "text/xml"})
"""Types under which a file is handed out; any other is bytes and no more."""
_SUFFIXES: Final = {
    "application/pdf": "pdf", "text/plain": "txt", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif",
    "text/xml": "xml",
}  # fmt: skip
_SPACE: Final = re.compile(r"\s+")
_CARRIER: Final = """(position('"code":"carrier"' IN n0.body) > 0 AND EXISTS (SELECT 1 FROM {table} d
 WHERE d.patient = ANY(%(patients)s::text[]) AND NOT d.deleted
 AND d.id = substring(n0.body FROM '"code":"transforms","target":[{{]"reference":"DocumentReference/([^"]+)"')))"""
"""What only tells of the message by which a document of the same chart came: that document is listed, and not both."""
_LIST: Final = (
    "SELECT {kind}::text, n.* FROM unnest(%(patients)s::text[]) p CROSS JOIN LATERAL"
    " (SELECT id, patient, source, updated, at, body FROM {table} n0 WHERE patient = p AND NOT deleted AND {guard}"
    " AND {where} AND NOT {carrier} ORDER BY at DESC, id LIMIT %(limit)s) n"
)


@ask(Permission.READ, audits="charts.read_documents")
def documents(call: Call, *, resident: UUID, page: Page) -> Documents:
    """A page of the documents of all institutions, newest first, what has no date last; ``page.after`` is (time or "",
    id) of the last that was seen."""
    chart = open_chart(call, resident)
    found = _rows(chart, page)
    listed = [Listed(rows.item(row), fhir.paper(fhir.parsed(row[6]))) for row in found[: page.limit + 1]]
    last = found[page.limit - 1] if len(found) > page.limit else None
    key = None if last is None else (last[5].isoformat() if last[5] else "", last[1])
    return Documents(head_of(chart), cut(listed, page, key))


def _rows(chart: Chart, page: Page) -> list[rows.Row]:
    """The rows of the page and one more: those with a date by it, then those without."""
    values = chart.asked | {"limit": page.limit + 1}
    dated = not page.after or bool(page.after[0])
    found: list[rows.Row] = []
    if dated and page.after:
        values |= {"at": instant(page.after[0]), "id": page.after[1]}
        found = _sorted([*_of("at = %(at)s AND id > %(id)s", values), *_of("at < %(at)s", values)])
    elif dated:
        found = _sorted(_of("at IS NOT NULL", values))
    if len(found) <= page.limit:
        last = values | {"id": page.after[1] if page.after and not dated else ""}
        found += sorted(_of("at IS NULL AND id > %(id)s", last), key=lambda row: str(row[1]))
    return found[: page.limit + 1]


def _of(where: str, values: dict[str, Any]) -> list[rows.Row]:
    query = sql.SQL(_LIST).format(
        kind=sql.Literal(TYPE), table=ledger.table(TYPE), guard=rows.GUARD, where=sql.SQL(where),
        carrier=sql.SQL(_CARRIER).format(table=ledger.table(TYPE)),
    )  # fmt: skip
    return rows.run(query, values)


def _sorted(found: list[rows.Row]) -> list[rows.Row]:
    return sorted(sorted(found, key=lambda row: str(row[1])), key=lambda row: row[5], reverse=True)


@ask(Permission.READ, audits="charts.read_document")
def document(call: Call, *, resident: UUID, key: str) -> Opened:
    """A document of the resident, to be read; ``Refused`` (not_found) if it is not theirs or withheld."""
    chart, stored, paper = _document(call, resident, key)
    resource = fhir.parsed(stored.body)
    found = Opened(
        head_of(chart), item_of(stored, resource), paper, None, may_take=_may_take(call).allowed,
        entries=fhir.entries(resource),
    )  # fmt: skip
    data = _bytes(stored, paper)
    if data is None:
        return _without(found, "gone")
    if not is_document(data):
        return _without(found, "other")
    try:
        read = cda.read(data)
    except Unreadable:
        return _without(found, "unreadable")
    media = narrative.media_of(read.root)
    html = tuple(narrative.html(each.text, media) if each.text is not None else "" for each in read.sections)
    return Opened(
        found.head, found.item, paper, read, html, may_take=found.may_take, entries=found.entries
    )  # fmt: skip


@ask(Permission.RAW, audits="charts.take_document")
def original(call: Call, *, resident: UUID, key: str) -> File:
    """The bytes of a document as they were sent. They say who the patient is with all numbers, so that it takes what
    the raw record of a person takes."""
    _chart, stored, paper = _document(call, resident, key)
    demand(_may_take(call))
    data = _bytes(stored, paper)
    if data is None:
        raise not_found("Binary")
    kind = "text/xml" if is_document(data) else paper.media_type
    return _file(data, kind, key)


@ask(Permission.READ, audits="charts.take_embedded")
def embedded(call: Call, *, resident: UUID, key: str) -> File:
    """The file that a document holds in the place of a body in XML; ``Refused`` (not_found) where it holds none."""
    _chart, stored, paper = _document(call, resident, key)
    data = _bytes(stored, paper)
    try:
        inner = cda.read(data).embedded if data is not None and is_document(data) else None
    except Unreadable:
        inner = None
    if inner is None or not inner.data:
        raise not_found("Binary")
    return _file(inner.data, inner.media_type, key)


def _may_take(call: Call) -> Any:
    return access.may_read_raw(call, "Patient")


def _file(data: bytes, media_type: str, key: str) -> File:
    kind = media_type.lower() if media_type.lower() in SAFE else "application/octet-stream"
    return File(data, kind, f"{key}.{_SUFFIXES.get(kind, 'bin')}")


def _document(call: Call, resident: UUID, key: str) -> tuple[Chart, Stored, Paper]:
    """The chart, and the DocumentReference that is proved to be of it."""
    chart = open_chart(call, resident)
    stored = proved(chart, TYPE, key)
    if stored.deleted:
        raise not_found(TYPE)
    about("Chart", chart.resident, entry=f"{TYPE}/{key}")
    return chart, stored, fhir.paper(fhir.parsed(stored.body))


def _bytes(stored: Stored, paper: Paper) -> bytes | None:
    """The document itself: from its Binary, if that is its source's own and says that it is this document's."""
    said: Any = paper.inline
    if paper.content:
        with fence.lifted(PROVED):
            binary = ledger.read("Binary", paper.content)
        if binary is None or binary.deleted or binary.source != stored.source:
            return None
        resource = fhir.parsed(binary.body)
        if fhir.owner(resource) != f"{TYPE}/{stored.id}":
            return None
        said = resource.get("data")
    if not isinstance(said, str) or not said:
        return None
    try:
        return base64.b64decode(_SPACE.sub("", said), validate=True)
    except (binascii.Error, ValueError):
        return None


def _without(found: Opened, reason: str) -> Opened:
    return Opened(found.head, found.item, found.paper, None, (), reason, found.may_take, found.entries)
