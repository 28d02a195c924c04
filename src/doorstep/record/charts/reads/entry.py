"""One resource of a chart: read as people can read it, its versions, what differs between them, and its own JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import zstandard
from psycopg import sql

from doorstep.fhir.indexing import index
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tables import known_types, table
from doorstep.kernel import fence, ledger, sensitive
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.clock import CHINA
from doorstep.kernel.decision import demand
from doorstep.kernel.ledger import Stored
from doorstep.record.charts import access, fhir
from doorstep.record.charts.access import Permission
from doorstep.record.charts.fhir.parts import walk_refs
from doorstep.record.charts.reads import rows
from doorstep.record.charts.reads.head import Chart, head_of, not_found, open_chart
from doorstep.record.charts.shapes import Changes, Entry, Item, Key, Target, Version

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
VERSIONS: Final = 200
PROVED: Final = "whether a version is this resident's is known when it is read, and proved before it is shown"
TARGETS: Final = 60
# What an unpacked old version may weigh: a frame that claims more is not unpacked.
HEAVIEST: Final = 256 << 20


@ask(Permission.READ, audits="charts.read_entry")
def entry(call: Call, *, resident: UUID, kind: str, key: str, version: int | None = None) -> Entry:
    """A resource of the resident, as it stands or in an older version; ``Refused`` (not_found) if it is not theirs."""
    chart = open_chart(call, resident)
    current, versions = _versions(chart, kind, key, version)
    stored = current if version in (None, current.version) else _old(chart, kind, key, version)
    resource = access.shown(call, kind, fhir.parsed(stored.body))
    (item,) = rows.named([item_of(stored, resource)])
    main, rest = fhir.definition(kind, resource)
    return Entry(
        head=head_of(chart),
        item=item,
        version=_version(stored),
        versions=versions,
        main=main,
        rest=rest,
        narrative=fhir.narrative(resource),
        body=stored.body.decode("utf-8", "replace") if access.may_read_raw(call, kind).allowed else None,
        targets=_targets(chart, resource, (kind, key)),
        document=_document(chart, kind, key, resource),
    )


@ask(Permission.READ, audits="charts.read_changes")
def changes(call: Call, *, resident: UUID, kind: str, key: str, before: int, after: int) -> Changes:
    """What differs between two versions; ``Refused`` (not_found) where one is not there or not this resident's."""
    chart = open_chart(call, resident)
    current, _rest = _versions(chart, kind, key, after, before)
    one, two = (current if n == current.version else _old(chart, kind, key, n) for n in (before, after))
    older, newer = (access.shown(call, kind, fhir.parsed(stored.body)) for stored in (one, two))
    return Changes(
        head=head_of(chart),
        item=item_of(two, newer),
        before=_version(one),
        after=_version(two),
        changes=fhir.differences(older, newer),
    )


@ask(Permission.RAW, audits="charts.read_raw")
def raw(call: Call, *, resident: UUID, kind: str, key: str, version: int | None = None) -> bytes:
    """The stored bytes of a version of a resource of the resident."""
    chart = open_chart(call, resident)
    demand(access.may_read_raw(call, kind))
    current, _rest = _versions(chart, kind, key, version)
    return (current if version in (None, current.version) else _old(chart, kind, key, version)).body


def proved(chart: Chart, kind: str, key: str) -> Stored:
    """The version of a resource that holds, which is this resident's and shown to the caller; ``Refused`` else."""
    return _versions(chart, kind, key)[0]


def seen(chart: Chart, kind: str, keys: Sequence[str]) -> frozenset[str]:
    """Which of some resources of a type stand in the chart and are shown to the caller. One query."""
    found = rows.run(
        sql.SQL(
            "SELECT id FROM {table} WHERE id = ANY(%(keys)s::text[]) AND patient = ANY(%(patients)s::text[])"
            " AND NOT deleted AND {guard}"
        ).format(table=ledger.table(kind), guard=rows.GUARD),
        chart.asked | {"keys": list(keys)},
    )
    return frozenset(row[0] for row in found)


def _versions(chart: Chart, kind: str, key: str, *asked: int | None) -> tuple[Stored, tuple[Version, ...]]:
    """The version that holds, proved to be this resident's, and the list of all (at most 200, newest first)."""
    if kind not in known_types() or not ID.fullmatch(key) or any(not 0 < (n or 1) < 1 << 31 for n in asked):
        raise not_found("Resource")
    about("Chart", chart.resident, entry=f"{kind}/{key}", versions=[n for n in asked if n is not None])
    with fence.lifted(PROVED):
        current = ledger.read(kind, key)
        if current is None:
            raise not_found(kind)
        older = rows.run(
            sql.SQL(
                "SELECT version, updated, source, message, deleted FROM fhir_past"
                " WHERE type = %(kind)s AND id = %(key)s ORDER BY version DESC LIMIT {}"
            ).format(sql.Literal(VERSIONS)),
            {"kind": kind, "key": key},
        )
    versions = (_version(current), *(Version(*row) for row in older))
    _prove(chart, current, versions)
    return current, versions


def _prove(chart: Chart, current: Stored, versions: Sequence[Version]) -> None:
    """Raise ``Refused`` unless the resource is this resident's, or was when it was deleted, and is not withheld."""
    if not chart.sees(current.source, current.sensitive):
        raise not_found(current.type)
    if not current.deleted:
        if current.patient is None or current.patient not in chart.patients:
            raise not_found(current.type)
        return
    last = next((v for v in versions if not v.deleted), None)
    if last is None:
        raise not_found(current.type)
    _old(chart, current.type, current.id, last.number)


def _old(chart: Chart, kind: str, key: str, version: int | None) -> Stored:
    """An older version that was about this resident; it may have been about another before it was set right."""
    with fence.lifted(PROVED):
        found = rows.run(
            sql.SQL(
                "SELECT version, updated, source, message, deleted, body, sensitive FROM fhir_past"
                " WHERE type = %(kind)s AND id = %(key)s AND version = %(version)s"
            ),
            {"kind": kind, "key": key, "version": version},
        )
    if not found:
        raise not_found(kind)
    body = zstandard.ZstdDecompressor().decompress(bytes(found[0][5]), max_output_size=HEAVIEST)
    number, updated, source, message, deleted = found[0][:5]
    stored = Stored(kind, key, number, updated, source, message, deleted, body)
    if not stored.deleted and patient_of(kind, body, key) not in chart.patients:
        raise not_found(kind)
    marked = found[0][6]
    if not chart.sees(source, sensitive.mark(kind, fhir.parsed(body)) if marked == sensitive.UNWEIGHED else marked):
        raise not_found(kind)
    return stored


def patient_of(kind: str, body: bytes, key: str) -> str | None:
    """The FHIR id of the patient that a body is about; None where it does not say or cannot be indexed."""
    if kind == "Patient":
        return key
    if table(kind).patient is None:
        return None
    try:
        return index(kind, fhir.parsed(body), CHINA).patient
    except FhirProblem:
        return None


def _version(stored: Stored) -> Version:
    return Version(stored.version, stored.updated, stored.source, stored.message, stored.deleted)


def item_of(stored: Stored, resource: Mapping[str, Any]) -> Item:
    """A stored version as it is read."""
    if resource or stored.deleted:
        read = fhir.reading(stored.type, resource, key=stored.id, deleted=stored.deleted)
    else:
        read = fhir.unreadable(stored.type, stored.id)
    return Item(read, stored.source, stored.updated, None, stored.patient)


def _document(chart: Chart, kind: str, key: str, resource: Mapping[str, Any]) -> str:
    """The id of the document that a resource is, or was read from, where that is in this chart; empty for none."""
    paper = fhir.paper(resource) if kind == "DocumentReference" else None
    if paper is not None:
        return key if paper.content or paper.inline else ""
    wanted = fhir.source_document(resource)
    if not wanted:
        return ""
    found = rows.run(
        sql.SQL(
            "SELECT 1 FROM {table} WHERE id = %(key)s AND patient = ANY(%(patients)s::text[])"
            " AND NOT deleted AND {guard}"
        ).format(table=ledger.table("DocumentReference"), guard=rows.GUARD),
        chart.asked | {"key": wanted},
    )
    return wanted if found else ""


def _targets(chart: Chart, resource: Mapping[str, Any], itself: Key) -> dict[Key, Target]:
    """What the references lead to: entries of the same resident, and who and where; another resident's are not told."""
    wanted = list(dict.fromkeys(ref.key for ref in walk_refs(resource) if ref.key is not None and ref.key != itself))
    by_type: dict[str, list[str]] = {}
    for kind, key in wanted[:TARGETS]:
        by_type.setdefault(kind, []).append(key)
    if not by_type:
        return {}
    found = rows.run(_named(by_type), chart.asked | {f"k{n}": keys for n, keys in enumerate(by_type.values())})
    return {(row[0], row[1]): target for row in found if (target := _target(chart, row)) is not None}


def _named(by_type: Iterable[str]) -> sql.Composed:
    return rows.union(
        sql.SQL(
            "SELECT {kind}::text, id, patient, source, updated, at, body FROM {table}"
            " WHERE id = ANY(%({keys})s::text[]) AND NOT deleted AND {guard}"
        ).format(kind=sql.Literal(kind), table=ledger.table(kind), keys=sql.SQL(f"k{place}"), guard=rows.GUARD)
        for place, kind in enumerate(by_type)
    )


def _target(chart: Chart, row: Sequence[Any]) -> Target | None:
    kind, patient = row[0], row[2]
    mine = patient is not None and patient in chart.patients
    if not mine and (patient is not None or kind not in OPEN):
        return None
    found = rows.item(row)
    return Target(found.reading.title, mine, found.reading)


# Not about a patient: their names may be told wherever they are referred to.
OPEN: Final = frozenset(
    {"Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "Medication", "Device",
     "Substance", "ActivityDefinition", "PlanDefinition", "Questionnaire"}
)  # fmt: skip
