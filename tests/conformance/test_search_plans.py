"""However much is stored, a page of each common search reads a bounded number of rows: PostgreSQL counts them."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import pytest
from django.db import connection

from doorstep.fhir.parameters import parameters
from doorstep.fhir.search.plan import Statement
from doorstep.fhir.search.walk import NAMED
from doorstep.kernel import ledger
from doorstep.kernel.fhir_index import index_of
from tests.conformance.reference.search import Json
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, PATIENTS, OBSERVATIONS = 8_000, 600, 15_000
START = datetime(2019, 1, 1, tzinfo=UTC)
SMALL = 20  # so many rows may be read from end to end
LOINC = "http://loinc.org"
SURNAMES = ("王", "李", "张", "刘", "陈", "Smith", "Miller", "Müller")


class Cost(NamedTuple):
    """What a search read: rows that scans gave or threw away, pages of 8 kB, tables read from end to end."""

    rows: int
    pages: int
    whole: tuple[str, ...]


def people() -> Iterator[Json]:
    """Eight thousand, of eight surnames."""
    for n in range(PEOPLE):
        name = {"family": SURNAMES[n % 8], "given": [f"名{n % 50}"], "text": f"{SURNAMES[n % 8]}{n % 50}"}
        number = [{"use": "old", "system": "http://example.cn/mrn", "value": f"N{n}"}]
        yield {"resourceType": "Patient", "id": f"p{n}", "identifier": number, "name": [name],
               "gender": ("male", "female")[n % 2], "birthDate": f"{1930 + n % 80}-01-01"}  # fmt: skip


def visits() -> Iterator[Json]:
    """Five of each of some people."""
    for n in range(PATIENTS * 5):
        at = START + timedelta(hours=7 * n)
        yield {"resourceType": "Encounter", "id": f"e{n}", "status": "finished", "class": {"code": "AMB"},
               "subject": {"reference": f"Patient/p{n % PATIENTS}"},
               "period": {"start": at.isoformat(), "end": (at + timedelta(hours=1)).isoformat()}}  # fmt: skip


def observations() -> Iterator[Json]:
    """Nearly half of one code, the rest of thirty, five of a rare one."""
    for n in range(OBSERVATIONS):
        code = "common" if n % 9 < 4 else f"c{n % 30}" if n % 3000 else "rare"
        yield {"resourceType": "Observation", "id": f"o{n}", "status": "final",
               "code": {"coding": [{"system": LOINC, "code": code}]},
               "category": [{"coding": [{"code": "laboratory" if n % 2 else "vital-signs"}]}],
               "subject": {"reference": f"Patient/p{n * 7 % PATIENTS}"},
               "encounter": {"reference": f"Encounter/e{n % 3000}"},
               "valueQuantity": {"value": n % 200},
               "effectiveDateTime": (START + timedelta(hours=2 * n)).isoformat()}  # fmt: skip


def write(source: UUID, resources: Iterator[Json]) -> None:
    """Straight into the ledger, indexed as this house does."""
    fresh = [
        ledger.Fresh(r["resourceType"], r["id"], orjson.dumps(r), source, None, index_of(r["resourceType"], r))
        for r in resources
    ]
    for start in range(0, len(fresh), 2000):
        ledger.write(fresh[start : start + 2000], datetime.now(UTC))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, from the top."""
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def cost(plans: list[Any]) -> Cost:
    """Of all statements of a search together."""
    rows, pages, whole = 0.0, 0, []
    for found in plans:
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        for node in nodes(plan):
            if str(node.get("Relation Name", "")).startswith("fhir_"):
                gone = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
                read = (node["Actual Rows"] + gone) * node["Actual Loops"]
                rows += read
                whole += [node["Relation Name"]] if node["Node Type"] == "Seq Scan" and read > SMALL else []
    return Cost(round(rows), pages, tuple(whole))


def literal(value: Any) -> str:
    """A parameter as SQL: what is prepared is planned as the door's own statements are, not for these values."""
    if isinstance(value, list):
        kind = (
            "int8"
            if value and isinstance(value[0], int)
            else "uuid"
            if value and isinstance(value[0], UUID)
            else "text"
        )
        return f"ARRAY[{', '.join(map(literal, value))}]::{kind}[]"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def costs(door: RunningDoor, address: str) -> tuple[Cost, int]:
    """What a search costs, and how many resources its page holds: its statements are explained as they are asked."""
    plans: list[Any] = []
    run = type(door.house._rows).run

    def explained(steps: Any) -> Generator[Any, Any, Any]:
        try:
            step = next(steps)
            while True:
                if isinstance(step, Statement):
                    yield Statement(f"PREPARE asked AS {step.sql}", ())
                    given = f"({', '.join(map(literal, step.params))})" if step.params else ""
                    told = yield Statement(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked{given}", ())
                    yield Statement("DEALLOCATE asked", ())
                    plans.append(told[0][0])
                answer = yield step
                step = steps.send(answer)
        except StopIteration as done:
            return done.value

    door.house._rows.run = lambda call, steps, *rest: run(door.house._rows, call, explained(steps), *rest)  # type: ignore[method-assign]
    try:
        answer = door.get(address)
    finally:
        door.house._rows.run = partial(run, door.house._rows)  # type: ignore[method-assign]
    assert answer.status_code == 200, answer.text[:500]
    return cost(plans), len(answer.json().get("entry", []))


@pytest.fixture
def door() -> Iterator[RunningDoor]:
    """Some twenty thousand resources of one institution, and as many people and visits of another."""
    keys = two_keys()
    for make in (people, visits, observations):
        write(keys["a"][0], make())
    write(keys["b"][0], ({**each, "id": f"{each['id']}b"} for each in people()))
    with connection.cursor() as sql:
        sql.execute("VACUUM ANALYZE")
    with running(keys["a"][1]) as running_door:
        yield running_door


ENDS = "date=ge2020-03&date=lt2020-04"
SHAPES = (
    "Patient?_id=p7",
    f"Observation?patient=p7&code={LOINC}|common&_sort=-date&_count=5",
    f"Observation?patient=p7&code={LOINC}|common&_sort=date&_count=5",
    "Observation?patient=p7&_count=20",
    "Observation?patient=p7&category=laboratory&_count=5",
    f"Observation?code={LOINC}|common&_sort=-date&_count=20",
    "Observation?code=common&_sort=date&_count=20",
    f"Observation?code={LOINC}|rare&_sort=-date&_count=20",
    f"Observation?code={LOINC}|common&{ENDS}&_count=20",
    f"Observation?{ENDS}&_count=20",
    "Observation?date=ge2020&date=lt2021&_count=20",
    f"Observation?code={LOINC}|common&date=ge2020&date=lt2021&_count=20",
    "Observation?category=laboratory&_count=20",
    "Patient?name=王&_count=20",
    "Patient?name=wang&_count=20",
    "Patient?name=mul&_count=20",
    "Patient?family=王&gender=male&_count=20",
    "Patient?identifier=http://example.cn/mrn|N77",
    "Patient?identifier=N77",
    "Patient?_sort=family&_count=20",
    "Patient?_sort=-family&_count=20",
    "Observation?subject.identifier=http://example.cn/mrn|N77&_count=20",
    f"Observation?subject:Patient.identifier=N77&code={LOINC}|common&_sort=-date",
    f"Encounter?{ENDS}&_count=20",
    "Encounter?date=2020-05-05",
    "Encounter?patient=p7&_sort=-date",
    "Encounter?_count=20",
    "Encounter?_sort=_lastUpdated&_count=20",
    "Encounter?_sort=-_lastUpdated&_count=20",
    "Observation?encounter=e77&_count=20",
    "Observation?patient=p7&_include=Observation:encounter&_count=20",
    f"Observation?patient=p7&code={LOINC}|common&_include=Observation:patient&_count=20",
    "Patient?_id=p7&_revinclude=Encounter:patient",
    f"Patient?_has:Observation:patient:code={LOINC}|rare",
    "Patient/p7/Observation?_count=20",
)
MOST = Cost(450, 600, ())
ABSENT = (
    f"Observation?code={LOINC}|absent&_sort=-date",
    f"Observation?code={LOINC}|rare&date=lt2019",
    "Observation?category=nothing",
    "Patient?name=nobody",
    "Patient?identifier=nothing",
    "Observation?subject.identifier=nothing",
    "Encounter?date=gt2040",
)
LEAST = Cost(10, 60, ())
WIDE = {
    # as many rows are looked through as there are for each that fits
    f"Observation?code={LOINC}|common&value-quantity=gt190&_count=20": Cost(3000, 6000, ()),
    # what began up to 32 days before may still last
    f"Observation?code={LOINC}|common&date=ge2020&_sort=date&_count=20": Cost(900, 1500, ()),
    # all that were born on a day are sorted by id
    "Patient?birthdate=1950-01-01": Cost(900, 2000, ()),
}


def test_common_searches_read_little(door: RunningDoor) -> None:
    """The bounds are of a page, not of what is stored; the second page costs no more than the first."""
    limits = dict.fromkeys(SHAPES, MOST) | dict.fromkeys(ABSENT, LEAST) | WIDE
    wrong = {}
    for address, most in limits.items():
        found, size = costs(door, address)
        print(address, *found, size)
        assert bool(size) == (address not in ABSENT), address
        later = _second(door, address)
        if max(found.rows, later.rows) > most.rows or max(found.pages, later.pages) > most.pages:
            wrong[address] = found, later
        assert not found.whole + later.whole, address
    assert wrong == {}


VALUES = {
    "token": ("final", "nothing"), "string": ("王", "nobody"), "reference": ("p7", "Patient/nobody"),
    "date": ("2020-05-05", "lt1900", "le1900", "gt2040", "ge2020", "sa2019", "eb2040"),
    "number": ("5", "gt1000"), "quantity": ("5", "lt1", "gt1000", "ge190", "lt190", "ne5", "5||mm"),
    "uri": ("http://a", "http://b"), "composite": ("c1$5", "a$b"), "special": ("1|2|3|km", "1|2"),
}  # fmt: skip
READ_ALL = ("_text", "_content")
"""What no index holds; nor what is `:missing`, `:not`, `:contains`, `ap`, not asked here. Time bounds them."""
SORTED_IN_SQL = ("string", "uri", "date", "number", "quantity")
"""By anything else a search is sorted in memory, or refused where too much is found."""
NAMING = Cost(2 * NAMED + 300, 6 * NAMED, ())
OTHERS = "Patient?_sort=-_lastUpdated&_count=20"
"""What another institution changed last is passed over."""


def test_no_parameter_alone_reads_all(door: RunningDoor) -> None:
    """Of three types every parameter, with values that are there and that are not, and every order."""
    wrong = {}
    for kind in ("Patient", "Observation", "Encounter"):
        for code, param in parameters(kind).items():
            asked = [f"{code}={value}" for value in VALUES[param.type]]
            if param.type in SORTED_IN_SQL:
                asked += [f"_sort={code}", f"_sort=-{code}"]
            for address in [f"{kind}?{each}&_count=20" for each in asked]:
                # 400: a value of another kind, as a composite wants it
                if code in READ_ALL or address == OTHERS or door.get(address).status_code == 400:
                    continue
                found, _ = costs(door, address)
                if found.rows > NAMING.rows or found.pages > NAMING.pages or found.whole:
                    wrong[address] = found
    assert wrong == {}


def _second(door: RunningDoor, address: str) -> Cost:
    """The cost of the second page, where there is one."""
    links = {link["relation"]: link["url"] for link in door.get(address).json()["link"]}
    return costs(door, links["next"].removeprefix("http://testserver"))[0] if "next" in links else Cost(0, 0, ())
