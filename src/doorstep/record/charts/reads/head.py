"""The head of every page of a chart, and the records that the chart is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from doorstep.kernel import fence
from doorstep.kernel.act import about
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.record.charts.reads import gather, rows
from doorstep.record.charts.shapes import Head, Item, Person
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.api import Source

ALLERGIES: Final = "AllergyIntolerance"


@dataclass(frozen=True, slots=True)
class Chart:
    """The resident and the source records that are theirs."""

    resident: UUID
    person: Person
    records: tuple[Source, ...]

    @property
    def patients(self) -> list[str]:
        """The FHIR ids of all records."""
        return [record.patient_id for record in self.records if record.patient_id]

    def of(self, institution: UUID | None) -> list[str]:
        """The FHIR ids of the records of an institution, of all for none."""
        return [r.patient_id for r in self.records if r.patient_id and institution in (None, r.organisation)]

    def head(self, allergies: Iterable[Item]) -> Head:
        """The head of the page."""
        called = {record.organisation: record.organisation_name for record in self.records}
        return Head(self.resident, self.person, gather.allergies(allergies), called)


def open_chart(call: Call, resident: UUID) -> Chart:
    """The chart of a resident whom the caller may see; ``Refused`` (not_found) else. Tells the trail."""
    about("Chart", resident, resident=resident)
    found = residents.header(call.scope, resident)
    person = Person(found.name, found.sex, found.birth, found.age, found.number, found.deceased)
    about("Chart", found.id, resident=found.id)
    chart = Chart(found.id, person, residents.records(call.scope, found.id))
    fence.admit(chart.patients)
    return chart


def head_of(chart: Chart) -> Head:
    """The head with its allergies; one query."""
    found = rows.run(rows.bodies(ALLERGIES, rows.newest(ALLERGIES, 60)), {"patients": chart.patients})
    return chart.head(map(rows.item, found))


def not_found(kind: str) -> Refused:
    """The refusal for what is not in this chart."""
    return Refused(refuse("not_found", kind=kind))
