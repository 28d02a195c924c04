"""The summary: what holds now, over all institutions. Two queries beside those of the head."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from doorstep.kernel.act import ask
from doorstep.kernel.call import Call
from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads import gather, results, rows
from doorstep.record.charts.reads.head import ALLERGIES, Chart, not_found, open_chart
from doorstep.record.charts.shapes import Summary

# How many of each type a record gives to the summary; the codes of a record beyond 300 are found on the timeline.
NEWEST: Final = {ALLERGIES: 60, "Immunization": 80, "MedicationStatement": 40, "Encounter": 8}
CODES: Final = 600
EACH: Final = 4
SHOWN: Final = 24


@ask(Permission.READ, audits="charts.read")
def summary(call: Call, *, resident: UUID) -> Summary:
    """Problems, allergies, medicines, immunisations, latest results and encounters of a resident."""
    return _summary(call, open_chart(call, resident))


@ask(Permission.OWN, audits="charts.read_own")
def own_summary(call: Call) -> Summary:
    """The same, of the resident who has signed in, or of the ward for whom they act."""
    if call.resident is None:
        raise not_found("Resident")
    return _summary(call, open_chart(call, call.resident))


def _summary(call: Call, chart: Chart) -> Summary:
    parts = [rows.bodies(kind, rows.newest(kind, limit)) for kind, limit in NEWEST.items()]
    parts += [rows.bodies(kind, rows.by_code(kind, EACH, CODES)) for kind in ("Condition", "MedicationRequest")]
    found = rows.run(rows.union(parts), chart.asked)
    items = gather.grouped(rows.named(map(rows.item, found)), lambda item: item.reading.type)
    latest = results.groups(chart, codes=SHOWN, each=12)
    return Summary(
        head=chart.head(items.get(ALLERGIES, [])),
        problems=gather.problems(items.get("Condition", []), call.at),
        medicines=gather.medicines(
            [*items.get("MedicationRequest", []), *items.get("MedicationStatement", [])], call.at
        ),
        immunisations=gather.immunisations(items.get("Immunization", [])),
        results=gather.results(latest, call.at)[:SHOWN],
        encounters=tuple(sorted(items.get("Encounter", []), key=gather.moment, reverse=True)[: NEWEST["Encounter"]]),
    )
