"""The compiled extraction equals what fhirpathpy finds by the official expressions in the official examples."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import fhirpathpy
import orjson
import pytest
from fhirpathpy.models import models

from doorstep.fhir.build_paths import DEFINITIONS
from doorstep.fhir.extraction import extract
from doorstep.fhir.tables import known_types, table
from doorstep.fhir.tests.samples import EXAMPLES, members

TARGET = re.compile(r"\.where\(resolve\(\) is (\w+)\)")
Expression = tuple[Callable[[Any], list[Any]], str | None]


def compiled(part: str) -> Expression:
    """Compile one part of a union; what needs resolve() is filtered by us, from the reference itself."""
    target = TARGET.search(part)
    return fhirpathpy.compile(TARGET.sub("", part), models["r4"]), target[1] if target else None


def expressions() -> dict[str, dict[str, tuple[str, list[Expression]]]]:
    """Return type → parameter → (kind, compiled parts) of all token and reference parameters in the tables."""
    if not (DEFINITIONS / "search-parameters.json").exists():
        pytest.skip("the R4 definitions are not built: make setup")
    found: dict[str, dict[str, tuple[str, list[Expression]]]] = defaultdict(dict)
    cache: dict[str, Expression] = {}
    for entry in json.loads((DEFINITIONS / "search-parameters.json").read_bytes())["entry"]:
        parameter = entry["resource"]
        for name in known_types() if "Resource" in parameter["base"] else parameter["base"]:
            if name not in known_types() or parameter["code"] not in table(name).tokens + table(name).references:
                continue
            parts = [part.strip() for part in parameter["expression"].split(" | ")]
            # the oracle knows a resource by its own type only
            parts = [re.sub("^Resource", name, part) for part in parts]
            parts = [part for part in parts if re.match(rf"\(?{name}\b", part)]
            for part in parts:
                if part not in cache:
                    cache[part] = compiled(part)
            found[name][parameter["code"]] = (parameter["type"], [cache[part] for part in parts])
    return found


def tokens_of(param: str, value: Any) -> list[tuple[str | None, str]]:
    """Turn one value of a token parameter into (system, code), from its looks alone."""
    if isinstance(value, bool):
        return [(None, "true" if value else "false")]
    if isinstance(value, str):
        return [(None, value)]
    if param in ("email", "phone", "telecom", "contact"):
        return [(None, value["value"])] if "value" in value else []
    if "coding" in value or "text" in value:
        return [(each.get("system"), each["code"]) for each in value.get("coding", []) if "code" in each]
    return [(value.get("system"), value[key]) for key in ("code", "value") if key in value]


def links_of(value: Any, target: str | None) -> list[str]:
    """Turn one value of a reference parameter into its target, if it is of the wanted type."""
    text = value if isinstance(value, str) else value.get("reference")
    if not isinstance(text, str) or text.startswith("#"):
        return []
    text = text.split("/_history/")[0]
    if target is None:
        return [text]
    return [text] if target == (text.split("/")[-2] if "/" in text else value.get("type")) else []


def expected(param: str, kind: str, parts: list[Expression], resource: Any) -> set[tuple[str | None, str]]:
    """Evaluate a parameter with the oracle."""
    found: set[tuple[str | None, str]] = set()
    for evaluate, target in parts:
        for value in evaluate(resource):
            if kind == "token":
                found.update(tokens_of(param, value))
            else:
                found.update((None, link) for link in links_of(value, target))
    return found


def actual(param: str, resource: Any) -> set[tuple[str | None, str]]:
    """Take the same from the compiled extraction."""
    found = extract(resource["resourceType"], resource)
    tokens = {(system, code) for params, system, code in found.tokens if param in params}
    return tokens | {(None, target) for name, target in found.links if name == param}


def test_all_parameters_equal_the_oracle_on_the_official_examples() -> None:
    by_type = expressions()
    equal, different = 0, Counter[str]()
    for name, data in members(EXAMPLES):
        resource = orjson.loads(data)
        for param, (kind, parts) in by_type.get(resource.get("resourceType"), {}).items():
            if expected(param, kind, parts, resource) == actual(param, resource):
                equal += 1
            else:
                different[f"{resource['resourceType']}?{param} ({name})"] += 1
    assert equal > 60_000
    assert not different, f"{sum(different.values())} of {equal} differ: {different.most_common(20)}"
