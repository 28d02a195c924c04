"""R4's own value sets all expand or say why not, its examples as they were published; China's ICD-10 as a system."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from doorstep.fhir.parameters_resource import from_query
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.archive import parse
from doorstep.fhir.terminology.compose import Composer
from doorstep.fhir.terminology.definitions import Definitions, builtin, holding, layered
from doorstep.fhir.terminology.expansion import Wish, expand
from doorstep.fhir.terminology.operations import OPERATIONS
from doorstep.fhir.terminology.search import below
from doorstep.fhir.terminology.systems import system_of
from doorstep.fhir.terminology.validation import Manner, in_value_set
from doorstep.fhir.tests.samples import EXAMPLES, ROOT, members
from doorstep.kernel.pinyin import spelled

HL7 = "fhir-r4-definitions"
ICD = "cn-terminology/OpenDRG-DRG_Python/drg_group/chs_drg_11/ICD/ZD_INFO.dat"
CHINESE = "cn-fhir"
TEST_CASES = "fhir-test-cases/r4"
# What R4 names and does not bring: kept by others, of whom most want a licence.
NOT_LOADED = {
    "http://snomed.info/sct": 52,
    "http://loinc.org": 9,
    "urn:iso:std:iso:3166": 4,
    "http://unitsofmeasure.org": 3,
}


def published(*files: str) -> Iterator[dict[str, Any]]:
    """The resources of HL7's definition files, where they are on this machine."""
    for file in files:
        path = ROOT / HL7 / f"{file}.gz"
        if not path.exists():
            pytest.skip(f"test data is not on this machine: {HL7}/{file}.gz")
        yield from (entry["resource"] for entry in parse(gzip.decompress(path.read_bytes()))["entry"])


def everything() -> Definitions:
    """R4's own, with the tables of version 2 and the concept maps, which the package of the build does not have."""
    return layered(builtin(), holding(published("v2-tables.json", "conceptmaps.json")))


def flat(contains: Iterable[Any]) -> Iterator[Any]:
    for each in contains:
        yield each
        yield from flat(each.get("contains", ()))


def ask(operation: str, definitions: Definitions, **query: str) -> Any:
    kind, _, name = operation.partition("/")
    return msgspec.json.decode(OPERATIONS[kind, name](from_query(query.items()), definitions, language="en"))


def value(answer: Any, name: str) -> Any:
    found = (each for each in answer["parameter"] if each["name"] == name)
    return next((v for each in found for key, v in each.items() if key.startswith("value")), None)


def test_all_value_sets_of_r4_expand_or_say_what_is_missing():
    sizes: dict[str, int] = {}
    missing: dict[tuple[str, str], list[str]] = defaultdict(list)
    start = time.process_time()
    for url in builtin().urls("ValueSet"):
        value_set = builtin().value_set(url, None)
        assert value_set is not None
        try:
            sizes[url] = expand(builtin(), value_set, Wish())["expansion"]["total"]
        except FhirProblem as problem:
            named = problem.params.get("system") or problem.params.get("url")
            missing[problem.code, str(named)].append(url)
    seconds = time.process_time() - start
    print(f"\n{len(sizes)} of {len(sizes) + sum(map(len, missing.values()))} expand, {seconds:.2f} s")
    print(f"{sum(sizes.values())} codes")
    for (code, named), urls in sorted(missing.items(), key=lambda each: -len(each[1])):
        print(f"{len(urls):3} {code}: {named}")
    assert len(sizes) == 790
    assert Counter(code for (code, _), urls in missing.items() for _ in urls) == {
        "system-not-loaded": 95,
        "value-set-not-loaded": 3,
        # the published example filters by a property that its code system does not have
        "bad-filter": 1,
    }
    assert {named: len(missing["system-not-loaded", named]) for named in NOT_LOADED} == NOT_LOADED
    # two of R4's code systems hold nothing
    assert sorted(url.rpartition("/")[2] for url, size in sizes.items() if not size) == [
        "message-events",
        "v3-policyHolderRole",
    ]


def test_with_the_tables_of_version_2_more_expand():
    definitions = everything()
    for name in (
        "yesnodontknow",
        "diagnostic-service-sections",
        "relatedperson-relationshiptype",
        "patient-contactrelationship",
    ):
        value_set = builtin().value_set(f"http://hl7.org/fhir/ValueSet/{name}", None)
        assert value_set is not None
        assert expand(definitions, value_set, Wish())["expansion"]["total"], name


def test_every_code_of_every_code_system_is_looked_up_and_validates():
    looked = 0
    for url in builtin().urls("CodeSystem"):
        system = system_of(builtin(), url)
        assert system is not None
        # an example of HL7 has a code twice, in upper and lower case
        for position, concept in enumerate(system.concepts):
            answer = ask("CodeSystem/lookup", builtin(), system=url, code=concept["code"], property="display")
            assert value(answer, "display") == concept.get("display", concept["code"])
            assert system.find(concept["code"]) == position
            looked += 1
    print(f"\n{looked} codes of {len(builtin().urls('CodeSystem'))} code systems")
    assert looked > 14_000


def test_the_published_expansions():
    """Of the four examples three are worked out anew from their compose; one names a system that does not exist."""
    found = {}
    for name, raw in members(EXAMPLES):
        if "/ValueSet-" in name and b'"expansion"' in raw:
            resource = json.loads(raw)
            if "expansion" in resource:
                found[resource["id"]] = resource
    assert set(found) == {"example-expansion", "example-hierarchical", "inactive", "yesnodontknow"}
    definitions = everything()

    def keys(resource: Any) -> set[tuple[str, str]]:
        return {(each["system"], each["code"]) for each in flat(resource["expansion"]["contains"]) if "code" in each}

    for name in ("example-expansion", "yesnodontknow"):
        assert keys(expand(definitions, found[name], Wish())) == keys(found[name]), name
    # the published one stands for an older table of moods, of which three of five top codes are shown
    moods = keys(expand(definitions, found["inactive"], Wish()))
    assert keys(found["inactive"]) <= moods
    assert {code for _, code in moods - keys(found["inactive"])} == {
        "EVN.CRT",
        "GOL.CRT",
        "INT.CRT",
        "PRMS.CRT",
        "RQO.CRT",
        "RSK.CRT",
    }
    hacked = expand(definitions, found["example-hierarchical"], Wish())
    assert {each["code"] for each in hacked["expansion"]["contains"]} >= {"invalid", "structure", "login"}


def test_the_examples_of_the_specification_in_their_own_bundle():
    """All examples that are value sets: the answer is an expansion or a refusal with words, never another fault."""
    resources = [
        json.loads(raw)
        for name, raw in members(EXAMPLES)
        if re.match(r"package/(ValueSet|CodeSystem|ConceptMap)-", name)
    ]
    definitions = layered(holding(resources), everything())
    outcome: Counter[str] = Counter()
    for resource in resources:
        if resource["resourceType"] != "ValueSet":
            continue
        try:
            expansion = expand(definitions, resource, Wish())["expansion"]
        except FhirProblem as problem:
            outcome[problem.code] += 1
        else:
            outcome["expanded"] += 1
            assert expansion["total"] == sum(1 for _ in flat(expansion.get("contains", ())))
    print(f"\n{dict(outcome)}")
    assert outcome["expanded"] > 1150


def test_every_mapping_of_r4_is_translated():
    definitions = everything()
    maps = [each for each in published("conceptmaps.json") if each["resourceType"] == "ConceptMap"]
    asked = 0
    for concept_map in maps:
        for group in (each for each in concept_map.get("group", ()) if "source" in each):
            for element in (each for each in group["element"] if "code" in each):
                answer = ask(
                    "ConceptMap/translate",
                    definitions,
                    url=concept_map["url"],
                    system=group["source"],
                    code=element["code"],
                )
                targets = [each for each in element.get("target", ()) if not each.get("dependsOn")]
                wanted = {(each.get("code"), each["equivalence"]) for each in targets}
                matches = [
                    {part["name"]: part for part in each["part"]}
                    for each in answer["parameter"]
                    if each["name"] == "match"
                ]
                got = {
                    (m.get("concept", {}).get("valueCoding", {}).get("code"), m["equivalence"]["valueCode"])
                    for m in matches
                }
                assert wanted <= got, (concept_map["url"], element)
                assert value(answer, "result") is any(e not in ("unmatched", "disjoint") for _, e in got)
                assert value(answer, "result") or value(answer, "message")
                asked += 1
    print(f"\n{asked} codes of {len(maps)} maps")
    assert asked > 300


def icd() -> dict[str, Any]:
    """ICD-10, the edition of China's medical insurance, as a code system: each code below its three characters."""
    path = ROOT / ICD
    if not path.exists():
        pytest.skip(f"test data is not on this machine: {ICD}")
    rows = [line.split(" ", 1) for line in path.read_text().splitlines() if " " in line]
    categories: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for code, name in rows:
        categories[code[:3]].append({"code": code, "display": name})
    concepts = [{"code": code, "display": code, "concept": below} for code, below in categories.items()]
    return {
        "resourceType": "CodeSystem",
        "url": "urn:oid:2.16.156.10011.2.3.3.11",
        "version": "1.1",
        "content": "complete",
        "language": "zh-CN",
        "caseSensitive": False,
        "hierarchyMeaning": "classified-with",
        "concept": concepts,
    }


def test_chinas_icd_10_is_searched_by_hanzi_and_initials():
    resource = icd()
    url = resource["url"]
    whole = {
        "resourceType": "ValueSet",
        "url": "urn:vs:icd",
        "status": "active",
        "compose": {"include": [{"system": url}]},
    }
    definitions = holding([resource, whole])
    system = system_of(definitions, url)
    assert system is not None
    print(f"\n{len(system)} concepts")
    with pytest.raises(FhirProblem) as caught:
        expand(definitions, whole, Wish())
    assert caught.value.kind.issue == "too-costly"

    def found(text: str) -> list[tuple[str, str]]:
        start = time.process_time()
        answer = expand(definitions, whole, Wish(filter=text, count=20, spelling=spelled))["expansion"]
        print(f"{text}: {answer['total']} in {1000 * (time.process_time() - start):.0f} ms")
        return [(each["code"], each["display"]) for each in answer["contains"]]

    assert all("高血压" in name for _, name in found("高血压"))
    assert ("A00.900", "霍乱") in found("huoluan")
    assert ("A00.900", "霍乱") in found("霍乱")
    assert all(code.startswith("A01") for code, _ in found("a01"))
    tree = below(definitions, url, "I10")
    assert len(tree) > 1
    assert all(code.startswith("I10") for _, code in tree)
    start = time.process_time()
    for code, _ in [("A00.900", ""), ("a01.000X004", "")] * 500:
        assert in_value_set(definitions, whole, [{"system": url, "code": code}], Manner()).result
    print(f"validate-code: {(time.process_time() - start) * 1000:.0f} µs each")


def chinese_sets() -> Iterator[dict[str, Any]]:
    """The value sets of the Chinese guides, as far as codes are listed in them."""
    folder = ROOT / CHINESE
    if not folder.exists():
        pytest.skip(f"test data is not on this machine: {CHINESE}")
    for path in sorted(folder.rglob("*alue*et-*.xml")):
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError:
            # two files of the guides are no XML
            continue
        if root.tag.endswith("ValueSet"):
            yield _value_set(root)


def _value_set(root: ElementTree.Element) -> dict[str, Any]:
    space = "{http://hl7.org/fhir}"

    def text(element: ElementTree.Element, name: str) -> str | None:
        found = element.find(f"{space}{name}")
        return None if found is None else found.get("value")

    includes = []
    for part in root.iter(f"{space}include"):
        include: dict[str, Any] = {"system": text(part, "system")} if text(part, "system") else {}
        concepts = [{"code": text(c, "code"), "display": text(c, "display")} for c in part.findall(f"{space}concept")]
        include |= {"concept": concepts} if concepts else {}
        imported = [each.get("value") for each in part.findall(f"{space}valueSet")]
        includes.append(include | ({"valueSet": imported} if imported else {}))
    return {"resourceType": "ValueSet", "url": text(root, "url"), "status": "active", "compose": {"include": includes}}


def test_value_sets_of_the_chinese_guides():
    outcome: Counter[str] = Counter()
    sets = list(chinese_sets())
    definitions = layered(holding(sets), builtin())
    for value_set in sets:
        try:
            items = Composer(definitions).select(value_set)
        except FhirProblem as problem:
            outcome[problem.code] += 1
            continue
        outcome["expanded"] += 1
        for item in items.values():
            assert in_value_set(
                definitions, value_set, [{"system": item.system.url, "code": item.code}], Manner(abstract=True)
            ).result
    print(f"\n{dict(outcome)}")
    assert outcome["expanded"] >= 10
    # one set of the guides has an include that says nothing
    assert outcome["bad-compose"] == 1
    assert set(outcome) <= {"expanded", "system-not-loaded", "value-set-not-loaded", "bad-compose"}


def test_the_terminology_of_the_test_cases():
    """The test cases bring a code system, a value set and a map (no questions); all are answered from."""
    folder = ROOT / TEST_CASES / "examples"
    if not folder.exists():
        pytest.skip(f"test data is not on this machine: {TEST_CASES}")
    resources = [
        json.loads((folder / f"{name}-example.json").read_text()) for name in ("codesystem", "valueset", "conceptmap")
    ]
    definitions = layered(holding(resources), builtin())
    system, value_set, concept_map = resources
    concept = system["concept"][0]
    assert (
        value(ask("CodeSystem/lookup", definitions, system=system["url"], code=concept["code"]), "display")
        == concept["display"]
    )
    expansion = ask("ValueSet/expand", definitions, url=value_set["url"])["expansion"]
    listed = [each for part in value_set["compose"]["include"] for each in part["concept"]]
    assert [each["code"] for each in expansion["contains"]] == [each["code"] for each in listed]
    group = concept_map["group"][0]
    for element in group["element"]:
        answer = ask(
            "ConceptMap/translate", definitions, url=concept_map["url"], system=group["source"], code=element["code"]
        )
        wanted = any(each["equivalence"] not in ("unmatched", "disjoint") for each in element["target"])
        assert value(answer, "result") is wanted
