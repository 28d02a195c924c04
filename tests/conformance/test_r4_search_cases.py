"""Other people's cases of search, asked at the door over the resources that they bring.

What there is in the test data, and what of it can be asked here:

- the official examples hold bundles of type searchset (Bundle-bundle-example, Bundle-bundle-search-warning): the
  query of the self link finds the same matches and includes, over the resources of the bundle;
- fhir-test-cases/r4/graphql has four searches (manifest.xml: search-single, search-simple, search-full and
  reference-reverse): GraphQL is not offered, but their conditions are FHIR's own parameters, and are asked as such;
- the official examples' TestScript-testscript-example-search makes a patient and finds it by family and given name:
  its fixture is in the file's own words, so its steps are done here;
- inferno/g10 has no sequences (they are generated from its guides when it is installed), but the guide (US Core 6.1.0)
  lists the searches of each type, alone and together, and its fixtures are resources: each is asked with values that
  our FHIRPath reads from fixtures by the guide's own expressions, and must find those that hold them and no others;
- the SearchParameter resources of the examples are asked in test_search_parameters.py;
- fhir-test-cases/r4/examples/search-*.json.out are the answers of the GraphQL cases again; sql-on-fhir-v2 has no
  searches: its views filter by FHIRPath.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from rich.console import Console
from rich.table import Table

from doorstep.fhir import xml
from doorstep.fhir.fhirpath import NotEvaluated, Unknown, items
from doorstep.fhir.parameters import parameters
from doorstep.fhir.tests.samples import EXAMPLES, ROOT, members
from tests.conformance.test_search import ids, put
from tests.conformance.test_synthea import references
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
Json = dict[str, Any]
INFERNO = ROOT / "inferno" / "g10"
GUIDE = INFERNO / "lib" / "onc_certification_g10_test_kit" / "igs" / "04-us-core-610.tgz"
CASES = ROOT / "fhir-test-cases" / "r4"


def need(path: Any) -> Any:
    if not path.exists():
        pytest.skip(f"test data is not on this machine: {path.relative_to(ROOT)}")
    return path


@cache
def example(name: str) -> Json:
    return next(orjson.loads(raw) for path, raw in members(EXAMPLES) if path.endswith(f"/{name}.json"))


NEEDED: Json = {"Organization": {"name": "stand-in"}, "Condition": {"subject": {"display": "stand-in"}}}


def load(door: RunningDoor, resources: list[Json]) -> None:
    """Write resources, and an empty one for each that they refer to and that is not among them."""
    there = {f"{each['resourceType']}/{each['id']}" for each in resources}
    missing = {link for each in resources for link in references(each) if not link.startswith("#")} - there
    parts = [link.split("/") for link in sorted(missing)]
    put(door, [*({"resourceType": kind, "id": id_, **NEEDED.get(kind, {})} for kind, id_ in parts), *resources])


def test_searchset_examples_find_what_they_hold() -> None:
    bundle, warning = example("Bundle-bundle-example"), example("Bundle-bundle-search-warning")
    with running(two_keys()["a"][1]) as door:
        load(door, [entry["resource"] for entry in bundle["entry"]])
        query = bundle["link"][0]["url"].removeprefix("https://example.com/base/")
        # the example writes the include as an expression; R4's pages and ours want Type:parameter
        found = door.get(query.replace("MedicationRequest.medication", "MedicationRequest:medication")).json()
        said = [(e["resource"]["resourceType"], e["resource"]["id"], e["search"]["mode"]) for e in found["entry"]]
        wanted = [(e["resource"]["resourceType"], e["resource"]["id"], e["search"]["mode"]) for e in bundle["entry"]]
        assert said == wanted
        empty = door.get(warning["link"][0]["url"].removeprefix("https://example.org/fhir/"))
        assert ids(empty) == []
    print("\nsearchset bundles of the examples: 2 passed, 0 failed, 0 not applicable")


def test_graphql_searches_as_fhir_searches() -> None:
    names = ("patient-example", "patient-example-xds", "condition-example")
    resources = [orjson.loads(xml.read(need(CASES / f"{name}.xml").read_bytes())) for name in names]
    with running(two_keys()["a"][1]) as door:
        load(door, resources)
        asked = {
            "search-single": ("Patient?_id=example", ["example"]),
            "search-simple": ("Patient?active=true", sorted(answer("search-simple", "PatientList"))),
            "search-full": ("Patient?active=true", sorted(answer("search-simple", "PatientList"))),
            "reference-reverse": ("Condition?patient=Patient/example", answer("reference-reverse", "ConditionList")),
        }
        for name, (query, wanted) in asked.items():
            assert sorted(ids(door.get(query))) == wanted, name
    print(f"\nGraphQL cases with a search, asked as FHIR searches: {len(asked)} passed, 0 failed")


def answer(name: str, key: str) -> list[str]:
    return [each["id"] for each in json.loads(need(CASES / "graphql" / f"{name}.json").read_text())[key]]


def test_the_script_of_the_examples() -> None:
    patient = example("Patient-example")
    with running(two_keys()["a"][1]) as door:
        made = door.send(
            "POST", "Patient", {k: v for k, v in patient.items() if k not in ("id", "managingOrganization")}
        )
        assert made.status_code == 201
        assert made.headers["location"]
        found = door.get("Patient?family=Chalmers&given=Peter", headers={"Accept": "application/fhir+xml"})
        assert (found.status_code, found.headers["content-type"].split(";")[0]) == (200, "application/fhir+xml")
        bundle = orjson.loads(xml.read(found.content))
        assert (bundle["type"], len(bundle["entry"])) == ("searchset", 1)
        assert items("Bundle.total.empty() or Bundle.total.toInteger() >= entry.count()", bundle) == [True]
    print("\nTestScript-testscript-example-search: passed")


@cache
def guide() -> tuple[dict[str, list[list[str]]], dict[tuple[str, str], Json]]:
    """What US Core 6.1.0 wants: searches of each type, alone and together; its SearchParameters by type and name."""
    wanted: dict[str, list[list[str]]] = {}
    known: dict[tuple[str, str], Json] = {}
    with tarfile.open(need(GUIDE)) as archive:
        for member in archive.getmembers():
            name = member.name.rpartition("/")[2]
            if not name.endswith(".json") or not name.startswith(("SearchParameter-", "CapabilityStatement-us-core-s")):
                continue
            found = json.load(archive.extractfile(member))
            if found["resourceType"] == "SearchParameter":
                known |= {(base, found["code"]): found for base in found["base"]}
                continue
            for each in found["rest"][0]["resource"]:
                together = [
                    [part["valueString"] for part in more.get("extension", []) if part["url"] == "required"]
                    for more in each.get("extension", [])
                ]
                alone = [[p["name"]] for p in each.get("searchParam", [])]
                wanted[each["type"]] = alone + [names for names in together if names]
    return wanted, known


def fixtures() -> dict[str, list[Json]]:
    """Inferno's fixtures by type."""
    found: dict[str, list[Json]] = defaultdict(list)
    for path in sorted(need(INFERNO / "spec" / "fixtures").glob("*.ndjson")):
        for line in path.read_text().splitlines():
            if line.strip():
                resource = json.loads(line)
                found[resource["resourceType"]].append(resource)
    return found


def coded(value: Any) -> list[str]:
    """System and code of a CodeableConcept, Coding or Identifier, the code itself."""
    if not isinstance(value, dict):
        return [str(value).lower() if isinstance(value, bool) else str(value)]
    each = value.get("coding", [value])
    return [f"{c.get('system', '')}|{c.get('code', c.get('value', ''))}" for c in each if c.get("code", c.get("value"))]


def linked(value: Any) -> list[str]:
    return [value["reference"]] if isinstance(value, dict) and "/" in value.get("reference", "") else []


def dated(value: Any) -> list[str]:
    """A date as it stands; of a Period all that does not end before it starts."""
    return [value] if isinstance(value, str) else [f"ge{value['start']}"] if value.get("start") else []


def spelled(value: Any) -> list[str]:
    """A string; the family of a name, the city of an address."""
    found = value if isinstance(value, str) else value.get("family") or value.get("city")
    return [found] if found else []


SAID: dict[str, Callable[[Any], list[str]]] = {"token": coded, "reference": linked, "date": dated, "string": spelled}


@cache
def said(raw: str, name: str) -> tuple[str, ...]:
    """What may be asked of a parameter to find a resource: from the parameter's expression, by our FHIRPath."""
    resource = json.loads(raw)
    parameter = guide()[1][resource["resourceType"], name]
    expression = parameter["expression"].replace(".where(resolve() is Patient)", "")
    try:
        found = items(expression, resource)
    except (Unknown, NotEvaluated):
        return ()
    return tuple(text for item in found for text in SAID[parameter["type"]](getattr(item, "value", item)))


def searches(
    kind: str, resources: list[Json], names: list[str]
) -> Iterator[tuple[list[tuple[str, str]], set[str], bool]]:
    """Up to three searches for a type by parameters: query, what it must find, whether it may find nothing else."""
    rows = {each["id"]: [said(json.dumps(each), name) for name in names] for each in resources}
    full = [row for row in rows.values() if all(row)]
    for row in full[:: max(1, len(full) // 3)][:3]:
        texts = [values[0] for values in row]
        hits = {id_ for id_, other in rows.items() if all(t in v for t, v in zip(texts, other, strict=True))}
        kinds = [guide()[1][kind, name]["type"] for name in names]
        exactly = "string" not in kinds and not any(text.startswith("ge") for text in texts)
        yield list(zip(names, texts, strict=True)), hits, exactly


def test_the_searches_that_inferno_asks_for() -> None:
    wanted, known = guide()
    held = fixtures()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: list[str] = []
    silent: dict[str, set[str]] = defaultdict(set)
    with running(two_keys()["a"][1]) as door:
        load(door, [each for resources in held.values() for each in resources])
        for kind, combinations in wanted.items():
            for names in combinations:
                own = [name for name in names if name not in parameters(kind)]
                asked = (
                    [] if own or any((kind, n) not in known for n in names) else list(searches(kind, held[kind], names))
                )
                if not asked:
                    counts[kind]["not applicable"] += 1
                    silent[f"no parameter of R4: {', '.join(own)}" if own else "no fixture has values"].add(
                        f"{kind}?{'&'.join(names)}"
                    )
                for query, hits, exactly in asked:
                    line = f"{kind}?{urlencode(query)}"
                    found = set(ids(door.get(f"{line}&_count=1000")))
                    right = found == hits if exactly else found >= hits
                    counts[kind]["passed" if right else "failed"] += 1
                    wrong += [] if right else [f"{line}: {len(found)} instead of {len(hits)}"]
    show(counts)
    for why, lines in sorted(silent.items()):
        print(f"not applicable, {why}:", *sorted(lines))
    assert wrong == []
    assert sum(count["passed"] for count in counts.values()) > 60


def show(counts: dict[str, Counter[str]]) -> None:
    table = Table("type", "passed", "failed", "not applicable", title="US Core's searches over Inferno's fixtures")
    for name, count in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        table.add_row(name, *(str(count[key]) for key in ("passed", "failed", "not applicable")))
    Console(width=100).print(table)
