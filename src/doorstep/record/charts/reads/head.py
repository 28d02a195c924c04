"""The head of every page of a chart, and the records that the chart is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from doorstep.kernel import fence, ledger, sensitive
from doorstep.kernel.act import about
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.record.charts import rules
from doorstep.record.charts.access import Permission
from doorstep.record.charts.reads import gather, rows
from doorstep.record.charts.shapes import Ground, Head, Item, Person
from doorstep.registers.consents import api as consents
from doorstep.registers.consents.api import Basis
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.api import Source

ALLERGIES: Final = "AllergyIntolerance"
COUNTED: Final = "how many entries a chart withholds is told, and nothing of them"


@dataclass(frozen=True, slots=True)
class Chart:
    """The resident, the source records of theirs that the caller may read, and what the reading rests on: of what
    tells of sensitive kinds, what the caller's ``own`` institution sent, and those ``kinds`` (a mark) that are opened;
    ``withheld`` counts the rest."""

    resident: UUID
    person: Person
    records: tuple[Source, ...]
    basis: Basis
    own: UUID | None
    kinds: int
    withheld: int = 0

    @property
    def patients(self) -> list[str]:
        """The FHIR ids of all records."""
        return [record.patient_id for record in self.records if record.patient_id]

    @property
    def asked(self) -> dict[str, Any]:
        """What every query of the chart is bounded by."""
        return {"patients": self.patients, "own": self.own, "kinds": self.kinds}

    def sees(self, source: UUID, marked: int) -> bool:
        """Whether something with such a mark is shown in this chart."""
        return source == self.own or sensitive.is_opened(marked, self.kinds)

    def of(self, institution: UUID | None) -> list[str]:
        """The FHIR ids of the records of an institution, of all for none."""
        return [r.patient_id for r in self.records if r.patient_id and institution in (None, r.organisation)]

    def head(self, allergies: Iterable[Item]) -> Head:
        """The head of the page."""
        called = {record.organisation: record.organisation_name for record in self.records}
        ground = Ground(self.basis.why.value, self.basis.whole, self.basis.denied)
        return Head(self.resident, self.person, gather.allergies(allergies), called, ground, self.withheld)


def open_chart(call: Call, resident: UUID) -> Chart:
    """The chart of a resident whom the caller may see, as far as the caller has a reason to read it.

    Raises ``Refused``: ``not_found`` for one who is not within the scope, ``chart.no_reason`` where nothing that the
    reader cannot make speaks for it. Tells the trail what the reading rests on.
    """
    about("Chart", resident, resident=resident)
    if call.resident is not None and call.resident != resident:
        raise not_found("Resident")
    # a resident's own reading is bounded by the second fence, which lets no other's row through
    found = residents.header(call.scope if call.resident is None else EVERYWHERE, resident)
    person = Person(found.name, found.sex, found.birth, found.age, found.number, found.deceased)
    about("Chart", found.id, resident=found.id)
    records = residents.records(EVERYWHERE, found.id)
    own = tuple(r for r in records if r.patient_id and r.organisation == call.organisation)
    basis = consents.basis(call, found.id, [r.patient_id for r in own])
    if basis is None:
        raise Refused(refuse(consents.NO_REASON, resident=str(found.id), name=found.name))
    about("Chart", found.id, resident=found.id, basis=basis.why.value)
    kinds = sensitive.UNWEIGHED if call.may(Permission.SENSITIVE).allowed else basis.kinds
    chart = Chart(found.id, person, records if basis.whole else own, basis, call.organisation, kinds)
    fence.admit(chart.patients, kinds)
    return _weighed(chart)


def _weighed(chart: Chart) -> Chart:
    """The chart that knows how many entries are withheld; tells the trail whether it shows any such, not of which kind:
    who reads the trail is not to learn that. One query."""
    parts = rows.union(
        sql.SQL(
            "SELECT sensitive, source, count(*) FROM {table} WHERE patient = ANY(%(patients)s::text[])"
            " AND sensitive <> 0 AND NOT deleted GROUP BY sensitive, source"
        ).format(table=ledger.table(kind))
        for kind in rules.types_of("")
        if kind != "Consent"  # one that names a kind tells of it, and is no record of care
    )
    withheld, shown = 0, False
    with fence.lifted(COUNTED):
        found = rows.run(parts, chart.asked)
    for marked, source, count in found:
        if chart.sees(source, marked):
            shown = True
        else:
            withheld += count
    if shown:
        about("Chart", chart.resident, sensitive=True)
    return replace(chart, withheld=withheld)


def head_of(chart: Chart) -> Head:
    """The head with its allergies; one query."""
    found = rows.run(rows.bodies(ALLERGIES, rows.newest(ALLERGIES, 60)), chart.asked)
    return chart.head(map(rows.item, found))


def not_found(kind: str) -> Refused:
    """The refusal for what is not in this chart."""
    return Refused(refuse("not_found", kind=kind))
