"""What a request to the FHIR door costs: requests a second, latency, CPU of server and PostgreSQL, and the limit.

The door runs under granian on the embedded PostgreSQL, in a folder of its own that is removed afterwards. Beside each
read stands, in the same run, what pgbench gets for the same statements, and above all a plain hello of the same server.
CPU is that of the server's processes and of all of PostgreSQL's; the clients' is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import ingest  # noqa: E402  the folder above must be on the path
from benchmarks.parts import limits, load  # noqa: E402  as above
from benchmarks.parts.copies import multiply  # noqa: E402  as above
from benchmarks.parts.houses import SOURCE, standing  # noqa: E402  as above
from benchmarks.parts.load import Request  # noqa: E402  as above
from benchmarks.parts.processes import seconds  # noqa: E402  as above
from benchmarks.parts.server import serving  # noqa: E402  as above

ROW = "{:<34}{:>8}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}{:>7}{:>10}{:>9}"
HEAD = ("scenario", "req/s", "p50 ms", "p95 ms", "p99 ms", "door ms", "PG ms", "CPU ms", "aim", "limit tps", "limit PG")
HEAVY, FIFTY = "bench-heavy", "bench-fifty"
HEAVY_RECORDS = 5_000
RARE, RARE_RECORDS = "bench-rare", 30
HL7 = "http://terminology.hl7.org/CodeSystem"
UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked: the n-th request, how often, the aim (CPU ms, all in), whether pgbench can do the same."""

    name: str
    make: Callable[[int], Request]
    count: int
    aim: float | None = None
    limited: bool = True


class Sample:
    """Patients, codes and numbers that are really there, in a fixed random order."""

    def __init__(self, dsn: str) -> None:
        import psycopg

        self.dice = random.Random(7)
        with psycopg.connect(dsn) as connection:
            rows = connection.execute(
                "SELECT p.id, p.body FROM fhir_patient p WHERE EXISTS (SELECT FROM fhir_observation o"
                " WHERE o.patient = p.id) AND p.id <> %s ORDER BY md5(p.id) LIMIT 2000",
                [HEAVY],
            ).fetchall()
            self.observations = [
                (r[0], json.loads(r[1]))
                for r in connection.execute(
                    "SELECT id, body FROM fhir_observation WHERE patient <> %s ORDER BY md5(id) LIMIT 2000", [HEAVY]
                ).fetchall()
            ]
        self.patients = [(row[0], json.loads(row[1])) for row in rows]

    def patient(self, number: int) -> str:
        """The id of a patient."""
        return self.patients[number % len(self.patients)][0]

    def identifier(self, number: int) -> str:
        """A number of a patient, as a search wants it."""
        found = self.patients[number % len(self.patients)][1]["identifier"][0]
        return quote(f"{found['system']}|{found['value']}")

    def name(self, number: int) -> str:
        """The whole name of a patient."""
        said = self.patients[number % len(self.patients)][1]["name"][0]
        return quote(said.get("text") or said.get("family", "") + "".join(said.get("given", ())))

    def code(self, number: int) -> str:
        """The code of an observation, as a search wants it."""
        said = self.observations[number % len(self.observations)][1]["code"]["coding"][0]
        return quote(f"{said['system']}|{said['code']}")


def reads(s: Sample, scale: int) -> list[Scenario]:
    """The scenarios that only read."""

    def get(path: Callable[[int], str]) -> Callable[[int], Request]:
        return lambda n: Request("GET", "/fhir/" + path(n))

    def of_observation(n: int) -> tuple[str, str]:
        _, found = s.observations[n % len(s.observations)]
        coding = found["code"]["coding"][0]
        return found["subject"]["reference"].removeprefix("Patient/"), quote(f"{coding['system']}|{coding['code']}")

    def by_code(n: int) -> str:
        patient, code = of_observation(n)
        return f"Observation?patient={patient}&code={code}&_sort=-date&_count=10"

    absent = quote("http://loinc.org|no-such-code")
    own, newest = "Observation?patient=", "&_sort=-date&_count=20"
    both = "&_include=Observation:subject&_include=Observation:encounter"
    many = 4 * scale
    return [
        Scenario("read Patient", get(lambda n: f"Patient/{s.patient(n)}"), many, 0.30),
        Scenario("vread Patient", get(lambda n: f"Patient/{s.patient(n)}/_history/1"), many, 0.30),
        Scenario("Observation by patient, 10", get(lambda n: f"{own}{s.patient(n)}&_count=10"), many, 0.60),
        Scenario("Observation of one patient, 50", get(lambda n: f"Observation?patient={HEAVY}&_count=50"), scale, 1.2),
        Scenario("Observation, 50 of all", get(lambda n: "Observation?_count=50"), scale, 1.2),
        Scenario("patient + code + date sorted", get(by_code), many, 0.60),
        Scenario("Patient by name", get(lambda n: f"Patient?name={s.name(n)}"), many, 0.70),
        Scenario("Patient by surname (common)", get(lambda n: f"Patient?name={quote('王')}&_count=10"), scale),
        Scenario("Patient by identifier", get(lambda n: f"Patient?identifier={s.identifier(n)}"), many, 0.60),
        Scenario("Encounter by date (a week)", get(_week), many),
        Scenario("chain subject.identifier", get(lambda n: f"Observation?subject.identifier={s.identifier(n)}"), many),
        Scenario("_include subject, encounter", get(lambda n: f"{own}{s.patient(n)}{both}&_count=10"), scale),
        Scenario("common code, all, by date", get(lambda n: f"Observation?code={s.code(n)}{newest}"), scale),
        Scenario("rare code, all, by date", get(lambda n: f"Observation?code={RARE}{newest}"), scale),
        Scenario("absent code, all, by date", get(lambda n: f"Observation?code={absent}{newest}"), scale),
        Scenario("rare token, all, by date", get(lambda n: f"Encounter?identifier={absent}&_sort=-date"), scale),
        Scenario("$everything of 50", get(lambda n: f"Patient/{FIFTY}/$everything"), scale),
        Scenario(f"$everything of {HEAVY_RECORDS:,}", get(lambda n: f"Patient/{HEAVY}/$everything"), 3 + scale // 100),
    ]  # fmt: skip


def _week(number: int) -> str:
    month, day = 1 + number % 12, 1 + 7 * (number % 4)
    return f"Encounter?date=ge2025-{month:02}-{day:02}&date=lt2025-{month:02}-{day + 6:02}&_count=20"


def writes(s: Sample, scale: int) -> list[Scenario]:
    """The scenarios that write."""
    return [
        Scenario("create Patient", lambda n: _create(_patient(n)), scale, 0.9, limited=False),
        Scenario("create Observation", lambda n: _create(_observation(s.patient(n), n)), scale, 0.9, limited=False),
        Scenario("update Observation", lambda n: _update(s, n), scale, limited=False),
        Scenario("transaction bundle of 100", lambda n: _bundle(s, n), max(10, scale // 20), 80.0, limited=False),
    ]


def _create(resource: dict[str, Any]) -> Request:
    return Request("POST", f"/fhir/{resource['resourceType']}", json.dumps(resource).encode(), status=201)


def _patient(number: int) -> dict[str, Any]:
    given = chr(0x4E00 + number * 7 % 20_000)  # a thousand of one name and day would each be compared with fifty others
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:bench", "value": f"{time.time_ns()}-{number}"}],
        "name": [{"text": f"测{given}", "family": "测", "given": [given]}],
        "gender": "female",
        "birthDate": f"{1930 + number % 80}-{1 + number % 12:02}-{1 + number % 28:02}",
        "telecom": [{"system": "phone", "value": f"139{number:08d}"}],
        "address": [{"text": "清禾县石桥镇", "city": "清禾县"}],
    }


def _observation(patient: str, number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": f"{HL7}/observation-category", "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0", "display": "Glucose"}], "text": "血糖"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2026-0{1 + number % 9}-1{number % 9}T08:00:00+08:00",
        "valueQuantity": {"value": 5 + number % 40 / 10, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"},
    }  # fmt: skip


def _update(s: Sample, number: int) -> Request:
    ident, resource = s.observations[number % len(s.observations)]
    changed = {**resource, "id": ident, "note": [{"text": f"{time.time_ns()}"}]}
    return Request("PUT", f"/fhir/Observation/{ident}", json.dumps(changed).encode())


def _bundle(s: Sample, number: int) -> Request:
    entries = []
    for each in range(100):
        resource = _observation(s.patient(number), number * 100 + each)
        urn = f"urn:uuid:{random.Random(f'{time.time_ns()} {number} {each}').getrandbits(128):032x}"
        urn = f"{urn[:17]}-{urn[17:21]}-{urn[21:25]}-{urn[25:29]}-{urn[29:]}"
        entries.append({"fullUrl": urn, "resource": resource, "request": {"method": "POST", "url": "Observation"}})
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return Request("POST", "/fhir", json.dumps(bundle).encode())


class Bench:
    """Measures scenarios against one house."""

    def __init__(self, folder: Path, dsn: str, admin: str, key: str, clients: int) -> None:
        self.folder, self.dsn, self.key, self.clients = folder, dsn, key, clients
        self.postmaster = limits.postmaster_of(admin)

    def hello(self, scale: int) -> None:
        """A plain hello of the same server."""
        with serving(self.folder, "hello") as (port, pid):
            self._measure(Scenario("hello of the same server", lambda _: Request("GET", "/"), 8 * scale), port, pid)

    def all(self, what: str, scenarios: list[Scenario]) -> None:
        """All scenarios against the door, ``bare`` or ``trailed``."""
        with serving(self.folder, what) as (port, pid):
            for scenario in scenarios:
                self._measure(scenario, port, pid)

    def _measure(self, scenario: Scenario, port: int, pid: int) -> None:
        warm = max(20, min(300, scenario.count // 5))
        asyncio.run(load.run(port, self.key, lambda n: scenario.make(n + 1_000_000), warm, self.clients))
        before = seconds(pid), seconds(self.postmaster)
        done = asyncio.run(load.run(port, self.key, scenario.make, scenario.count, self.clients))
        door, server = seconds(pid) - before[0], seconds(self.postmaster) - before[1]
        limit = ("", "")
        if scenario.limited and scenario.make(0).path.startswith("/fhir/"):
            tps, cost = self._limit(scenario)
            limit = (f"{tps:,.0f}", f"{cost:.3f}")
        each = [1000 * s / done.count for s in (door, server, door + server)]
        print(
            ROW.format(
                scenario.name, f"{done.count / done.wall:,.0f}",
                *(f"{done.percentile(p):.1f}" for p in (0.5, 0.95, 0.99)), *(f"{ms:.3f}" for ms in each),
                "" if scenario.aim is None else f"{scenario.aim:.2f}", *limit,
            ),
            flush=True,
        )  # fmt: skip

    def _limit(self, scenario: Scenario) -> tuple[float, float]:
        texts = limits.statements(scenario.make(0).path, self.key)
        each = max(40, scenario.count // (2 * self.clients))
        return limits.pgbench(texts, self.folder, self.dsn, self.postmaster, self.clients, each)


def export(bench: Bench) -> None:
    """A bulk export of all, by the worker."""
    import httpx

    with serving(bench.folder, "trailed") as (port, _):
        worker = subprocess.Popen([sys.executable, "-m", "doorstep.site.cli", "worker"])
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {bench.key}"}
            ) as client:
                before, began = (seconds(worker.pid), seconds(bench.postmaster)), time.monotonic()
                place = client.get("/fhir/$export", headers={"prefer": "respond-async"}).headers["content-location"]
                while (answer := client.get(place)).status_code == 202:
                    time.sleep(0.2)
                wall = time.monotonic() - began
                count = sum(each["count"] for each in answer.json()["output"])
                cpu = seconds(worker.pid) - before[0] + seconds(bench.postmaster) - before[1]
                print(
                    f"$export: {count:,} resources, {count / wall:,.0f} a second, {1e6 * cpu / count:.0f} µs CPU each"
                )
        finally:
            worker.terminate()
            worker.wait(20)


def fill(folder: Path, total: int) -> None:
    """Demo records and one patient with very many, by the program itself."""
    path = folder / "demo.zip"
    ingest.pack(path, ingest.demo(total), total)
    heavy = folder / "heavy.ndjson"
    with heavy.open("w") as out:
        for patient, count in ((HEAVY, HEAVY_RECORDS), (FIFTY, 49)):
            out.write(json.dumps({**_patient(0), "id": patient}) + "\n")
            for number in range(count):
                out.write(json.dumps({**_observation(patient, number), "id": f"{patient}-{number}"}) + "\n")
        for number in range(RARE_RECORDS):
            rare = {
                **_observation(FIFTY, number),
                "id": f"{RARE}-{number}",
                "subject": {"reference": f"Patient/{HEAVY}"},
            }
            rare["code"] = {"coding": [{"system": "urn:bench", "code": RARE}]}
            out.write(json.dumps(rare) + "\n")
    command = [sys.executable, "-m", "doorstep.site.cli", "ingest", "--quiet", "--source", SOURCE]
    subprocess.run([*command, str(path), str(heavy)], check=True)
    path.unlink()


def _key() -> str:
    from doorstep.kernel import clock
    from doorstep.kernel.call import EVERYWHERE, Call
    from doorstep.registers.organisations.models import Organisation
    from doorstep.registers.staff import api as staff
    from doorstep.registers.staff.access import Permission

    call = Call("system:bench", "bench", clock.now(), EVERYWHERE, frozenset(str(p) for p in Permission))
    place = Organisation.objects.unscoped("the only one").get(short_code=SOURCE)
    return staff.issue_key(call, organisation=place.pk, name="bench")[1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=20_000, help="resources in the house")
    parser.add_argument("--multiply", type=int, default=1, help="copy them within the database, so many times in all")
    parser.add_argument("--scale", type=int, default=400, help="requests of a middling scenario")
    parser.add_argument("--clients", type=int, default=16, help="clients at once")
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    return parser.parse_args()


def main() -> None:
    """Make a house, fill it, measure, and take it down."""
    options = _arguments()
    with standing(options.folder) as (folder, server):
        fill(folder, options.resources)
        total = multiply(server.dsn, options.multiply) if options.multiply > 1 else options.resources
        _analyse(server.dsn)
        bench = Bench(folder, server.dsn, server.admin_dsn, _key(), options.clients)
        sample = Sample(server.dsn)
        print(f"{total:,} resources, {options.clients} clients; CPU in ms a request\n{ROW.format(*HEAD)}")
        bench.hello(options.scale)
        scenarios = [*reads(sample, options.scale), *writes(sample, options.scale)]
        wanted = [each for each in scenarios if options.only in each.name]
        bench.all("bare", wanted)
        print("with the trail:")
        bench.all("trailed", [each for each in wanted if each.aim is not None and each.limited])
        if not options.only:
            export(bench)


def _analyse(dsn: str) -> None:
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
