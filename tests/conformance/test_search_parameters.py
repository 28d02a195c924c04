"""What is extracted equals what fhirpathpy finds by the official expressions in the official examples of R4."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from math import inf
from typing import Any

import fhirpathpy
import orjson
import pytest
from fhirpathpy.models import models

from doorstep.fhir.build_paths import DEFINITIONS
from doorstep.fhir.dates import span
from doorstep.fhir.extraction import Values, extract, values
from doorstep.fhir.extraction_values import QuantityValue, TokenValue
from doorstep.fhir.hashes import FALLBACK, identifier_hash, param_key, reference_hash, token_hash
from doorstep.fhir.indexing import index
from doorstep.fhir.parameters import Component, compartments, main_date, parameters, patient_params
from doorstep.fhir.tables import known_types, table
from doorstep.fhir.tests.samples import EXAMPLES, members
from doorstep.fhir.texts import normalise

TARGET = re.compile(r"\.where\(resolve\(\) is (\w+)\)")
DATE = re.compile(r"\d{4}(-|$)")
STANDING = "Bundle.entry[0].resource"
R4 = models["r4"]
NO_ELEMENT = {"_text", "_content", "_query"}
Part = tuple[Callable[..., list[Any]], str | None]
Facts = set[Any]


def official() -> list[dict[str, Any]]:
    """All parameters of the R4 file."""
    path = DEFINITIONS / "search-parameters.json"
    if not path.exists():
        pytest.skip("the R4 definitions are not built: make setup")
    return [entry["resource"] for entry in json.loads(path.read_bytes())["entry"]]


def bases(parameter: dict[str, Any]) -> Iterable[str]:
    return known_types() if "Resource" in parameter["base"] else known_types() & set(parameter["base"])


def own_parts(expression: str, name: str) -> list[str]:
    """The parts of a union that concern a type; the oracle knows a resource by its own type only."""
    parts = [re.sub("^Resource", name, part.strip()) for part in expression.split(" | ")]
    return [part for part in parts if re.match(rf"\(*({name}\b|[a-z])", part)]


def wanted_target(part: str, parameter: dict[str, Any]) -> str | None:
    """The only type that may be led to: as resolve() says, or of a resource that itself stands there (Bundle)."""
    target = TARGET.search(part)
    return target[1] if target else parameter["target"][0] if part == STANDING else None


def compiled() -> dict[str, dict[str, tuple[str, list[Part]]]]:
    """Type → parameter → (its type, compiled parts); what needs resolve() is filtered by us, from the reference."""
    found: dict[str, dict[str, tuple[str, list[Part]]]] = defaultdict(dict)
    cache: dict[str, Part] = {}
    for parameter in official():
        if parameter["code"] in NO_ELEMENT or parameter["type"] == "composite":
            continue
        for name in bases(parameter):
            parts = own_parts(parameter["expression"], name)
            for part in parts:
                if part == STANDING or part not in cache:
                    cache[part] = fhirpathpy.compile(TARGET.sub("", part), R4), wanted_target(part, parameter)
            found[name][parameter["code"]] = parameter["type"], [cache[part] for part in parts]
    return found


def token_facts(code: str, value: Any) -> Facts:
    """(system, code) of a value of a token parameter, from its looks alone."""
    if isinstance(value, bool):
        return {(None, "true" if value else "false")}
    if isinstance(value, str):
        return {(None, value)}
    if code in ("email", "phone", "telecom", "contact"):
        return {(None, value["value"])} if "value" in value else set()
    if "coding" in value or "text" in value:
        return {(each.get("system"), each["code"]) for each in value.get("coding", []) if "code" in each}
    return {(value.get("system"), value[key]) for key in ("code", "value") if key in value}


def reference_facts(value: Any, target: str | None) -> Facts:
    """Target and identifier of a reference, if it is of the wanted type."""
    if isinstance(value, str):
        return {value} if value[0] != "#" else set()
    if "resourceType" in value:
        if value["resourceType"] != target:
            return set()
        return {f"{value['resourceType']}/{value['id']}"} if "id" in value else set()
    text, found = value.get("reference", ""), set()
    kind = text.split("/_history/")[0].split("/")[-2] if "/" in text else value.get("type")
    if text and text[0] != "#" and target in (None, kind):
        found.add(text.split("/_history/")[0])
    if "value" in value.get("identifier", {}) and (target is None or kind in (None, target)):
        found.add((value["identifier"].get("system"), value["identifier"]["value"]))
    return found


def string_facts(value: Any) -> Facts:
    """The texts of a string, a HumanName or an Address."""
    if isinstance(value, str):
        return {value} - {""}
    names = [
        "text",
        "family",
        "given",
        "prefix",
        "suffix",
        "line",
        "city",
        "district",
        "state",
        "postalCode",
        "country",
    ]
    below = [value[name] for name in names if name in value]
    return {text for each in below for text in (each if isinstance(each, list) else [each]) if text}


def plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=float)


def date_facts(value: Any) -> Facts:
    """Dates, Periods and Timings; what else a choice may be is no date."""
    if isinstance(value, str):
        return {plain(value)} if DATE.match(value) else set()
    return {plain(value)} if value.keys() & {"start", "end", "event", "repeat", "code"} - {"value"} else set()


def quantity_facts(value: Any) -> Facts:
    """Numbers, quantities, ranges and curves."""
    return {plain(value)}


def facts(kind: str, code: str, value: Any, target: str | None) -> Facts:
    if kind == "token":
        return token_facts(code, value)
    if kind == "reference":
        return reference_facts(value, target)
    if kind == "string":
        return string_facts(value)
    if kind == "date":
        return date_facts(value)
    return {value} if kind == "uri" else quantity_facts(value)


def extracted(resource: dict[str, Any]) -> dict[str, Facts]:
    """The same facts by our own extraction."""
    found = extract(resource["resourceType"], resource)
    facts_of: dict[str, Facts] = defaultdict(set)
    for params, system, code in [*found.tokens, *found.identifiers]:
        for param in params:
            facts_of[param].add((system, code))
    for param, target in [*found.links, *found.inline]:
        facts_of[param].add(target)
    for params, text in [*found.strings, *found.uris]:
        for param in params:
            facts_of[param].add(text)
    for params, value in [(p, v) for p, _, _, v in found.dates] + [(p, v) for p, _, v in found.quantities]:
        for param in params:
            facts_of[param].add(plain(value))
    facts_of["near"] |= {plain(position) for position in found.positions}
    return facts_of


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, data in members(EXAMPLES):
        resource = orjson.loads(data)
        if resource.get("resourceType") in known_types():
            yield name, resource


def strings_of_choices(value: Any) -> Iterator[str]:
    """What stands under keys as scheduledString."""
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(below, str) and str(key).endswith("String"):
            yield plain(below)
        yield from strings_of_choices(below)


def test_every_official_parameter_is_known_and_led_somewhere_or_is_listed() -> None:
    for parameter in official():
        for name in bases(parameter):
            known = parameters(name).get(parameter["code"])
            assert (known is None) == (parameter["code"] == "_query"), parameter["code"]
            assert known is None or known.type in (parameter["type"], "special")
    assert len(official()) == 1_378


def test_all_parameters_equal_the_oracle_on_the_official_examples() -> None:
    by_type = compiled()
    equal, found, different = Counter[str](), Counter[str](), Counter[str]()
    for name, resource in examples():
        kind = resource["resourceType"]
        ours = extracted(resource)
        ours["_id"] = {(None, resource["id"])} if "id" in resource else set()
        ours["_lastUpdated"] = {plain(each) for key, each in resource.get("meta", {}).items() if key == "lastUpdated"}
        texts = set(strings_of_choices(resource))
        for code, (sort, parts) in by_type[kind].items():
            wanted = {
                fact
                for evaluate, target in parts
                for value in evaluate(resource)
                for fact in facts(sort, code, value, target)
            }
            # the oracle says no types: a date that was written as the string of a choice is no date
            wanted -= texts if sort == "date" else set()
            if wanted == ours[code]:
                equal[sort] += 1
                found[sort] += bool(wanted)
            else:
                different[f"{kind}?{code} ({name}): {wanted ^ ours[code]}"] += 1
    assert not different, f"{sum(different.values())} of {equal.total()} differ: {different.most_common(20)}"
    assert equal.total() > 100_000
    print(f"equal: {dict(equal)}, of which with values: {dict(found)}")


def component_facts(component: Component, results: list[Any]) -> Facts:
    found: Facts = set()
    for value in results:
        if component.type == "quantity":
            ends = [value.get(name, {}).get("value") for name in ("low", "high")]
            exact, above = float(value.get("value", 0)), value.get("comparator") in (">", ">=")
            below = value.get("comparator") in ("<", "<=")
            found |= {(-inf if below else exact, inf if above else exact)} if "value" in value else set()
            found |= {(float(ends[0] or -inf), float(ends[1] or inf))} if any(ends) else set()
        elif component.type == "number":
            found.add((float(value), float(value)))
        elif component.type == "date":
            found.add(span("Period" if isinstance(value, dict) else "dateTime", value, UTC, {}))
        else:
            found |= facts(component.type, component.code, value, None)
    return found


def composite_of(code: str, name: str, resource: dict[str, Any]) -> list[tuple[Facts, ...]]:
    """The groups of a composite, by the oracle, that are whole."""
    parameter, groups = parameters(name)[code], []
    for part in parameter.expression.split(" | "):
        for element in [resource] if part == name else fhirpathpy.evaluate(resource, part, model=R4):
            group = []
            for each in parameter.components:
                expression = each.expression.replace("DateTime", "dateTime")
                path = {"base": "UsageContext" if part.endswith("useContext") else part, "expression": expression}
                results = fhirpathpy.evaluate(element, path, {"resource": resource}, R4)
                group.append(component_facts(each, results))
            groups += [tuple(group)] if all(group) else []
    return groups


def value_facts(found: list[Any]) -> Facts:
    facts_of: Facts = set()
    for value in found:
        if isinstance(value, TokenValue):
            facts_of |= {(value.system, value.code)} if value.code else set()
        elif isinstance(value, QuantityValue):
            facts_of.add((float(value.low), float(value.high)))
        else:
            facts_of.add(value.target if hasattr(value, "target") else value)
    return facts_of


def test_composites_equal_the_oracle() -> None:
    checked, whole, different = 0, Counter[str](), Counter[str]()
    for name, resource in examples():
        kind = resource["resourceType"]
        ours = values(kind, resource).composites
        for code, parameter in parameters(kind).items():
            if parameter.type != "composite":
                continue
            wanted = composite_of(code, kind, resource)
            groups = [tuple(map(value_facts, group)) for group in ours.get(code, [])]
            groups = [group for group in groups if all(group)]
            checked += 1
            whole[code] += len(wanted)
            if sorted(map(str, wanted)) != sorted(map(str, groups)):
                different[f"{kind}?{code} ({name}): {wanted} {groups}"] += 1
    assert not different, f"{sum(different.values())} of {checked} differ: {different.most_common(5)}"
    assert whole.total() > 100
    print(f"composites compared: {checked}, groups found: {dict(whole)}")


def expected_tokens(kind: str, found: Values, patient: str | None) -> set[int]:
    """The hashes that follow from the values, but FALLBACK."""
    hashes = set()
    for code, tokens in found.tokens.items():
        for token in tokens if code != "_id" else ():
            hashes |= {token_hash(code, each, token.code) for each in (token.system, None) if token.code is not None}
    for code, links in found.references.items():
        for link in links:
            target = (link.target or "#").partition("/_history/")[0]
            own = target == f"Patient/{patient}" and code in patient_params(kind)
            if target[0] != "#" and not own:
                hashes |= {reference_hash(code, target), reference_hash(code, target.partition("|")[0])}
            if link.identifier:
                hashes |= {identifier_hash(code, each, link.identifier[1]) for each in (link.identifier[0], None)}
    return hashes


def expected_rows(kind: str, found: Values) -> tuple[Facts, Facts, Facts]:
    """The rows of strings, numbers and dates, the main date with them."""
    strings = {(param_key(kind, c), normalise(text)[:200]) for c, texts in found.strings.items() for text in texts}
    strings |= {(param_key(kind, code), uri[:500]) for code, uris in found.uris.items() for uri in uris}
    numbers = {(param_key(kind, c), float(q.low), float(q.high)) for c, all_ in found.quantities.items() for q in all_}
    for position in (each for positions in found.positions.values() for each in positions):
        for name, degrees in position._asdict().items():
            numbers.add((param_key(kind, f"near:{name}"), float(degrees), float(degrees)))
    dates = {(param_key(kind, c), *s) for c, spans in found.dates.items() if c != "_lastUpdated" for s in spans}
    return strings, numbers, dates


def test_the_index_of_every_example_says_what_its_values_say() -> None:
    kept = Counter[str]()
    for name, resource in examples():
        kind = resource["resourceType"]
        found, entries = values(kind, resource), index(kind, resource)
        tokens, main = set(entries.tokens), param_key(kind, main_date(kind) or "")
        assert tokens - {FALLBACK} == expected_tokens(kind, found, entries.patient), name
        strings, numbers, dates = expected_rows(kind, found)
        assert {row[:2] for row in entries.strings} == strings, name
        assert set(entries.numbers) == numbers, name
        of_main = {row[1:] for row in dates if row[0] == main}
        if FALLBACK in tokens:
            assert of_main != {(entries.at, entries.at_end)}, name
        elif main_date(kind):
            assert of_main == ({(entries.at, entries.at_end)} if entries.at else set()), name
            dates = {row for row in dates if row[0] != main}
        assert set(entries.dates) == dates, name
        for code in patient_params(kind) if entries.patient and table(kind).patient else ():
            assert f"Patient/{entries.patient}" in {
                (link.target or "").partition("/_history/")[0] for link in found.references[code]
            }, name
        kept.update(strings=len(strings), numbers=len(numbers), dates=len(dates), apart=FALLBACK in tokens)
    assert min(kept.values()) > 20
    print(f"rows: {dict(kept)}")


def test_compartments_are_those_of_the_specification() -> None:
    """The examples have the official definitions; the package has Task with the patient, as later releases do."""
    stated = {}
    for _, data in members(EXAMPLES):
        resource = orjson.loads(data)
        if resource.get("resourceType") == "CompartmentDefinition" and resource["id"] != "example":
            params = {each["code"]: each["param"] for each in resource["resource"] if each.get("param")}
            stated[resource["code"]] = {kind: [c for c in codes if c != "{def}"] for kind, codes in params.items()}
    ours = {name: dict(kinds) for name, kinds in compartments().items()}
    assert ours["Patient"].pop("Task") == ["patient", "focus"]
    ours["Patient"]["Encounter"] = ["patient"]
    assert ours == stated
    for kinds in ours.values():
        assert all(code in parameters(kind) for kind, codes in kinds.items() for code in codes)
