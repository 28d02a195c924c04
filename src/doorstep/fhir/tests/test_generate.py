"""What the generator makes is right by the structure, judged by a walk that shares nothing with it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from doorstep.fhir.reading import LIMITS, check
from doorstep.fhir.structure import fields, is_primitive, kind, kind_names
from doorstep.fhir.tests.generate import TYPES, body, codes, resources

UNBORN = replace(LIMITS, today=date.max)
"""Birth dates are any dates."""


def faults(value: dict[str, Any], name: str, path: str) -> list[str]:
    found: list[str] = []
    known = fields(name)
    missing = {f.element.name for f in known.values() if f.element.min} - {
        known[key].element.name for key in value if key in known
    }
    found += [f"{path}: {each} is missing" for each in missing]
    for key, item in value.items():
        field = known.get(key.removeprefix("_"))
        if key == "resourceType" or (field is not None and key.startswith("_")):
            continue
        if field is None:
            found.append(f"{path}.{key} is unknown")
            continue
        if isinstance(item, list) != (field.element.max != 1):
            found.append(f"{path}.{key} is a list or not")
        for one in item if isinstance(item, list) else [item]:
            found += of_one(one, field.type.code, f"{path}.{key}")
    return found


def of_one(one: Any, name: str, path: str) -> list[str]:
    if not is_primitive(name):
        if not one:
            return [f"{path} is empty"]
        return faults(one, one["resourceType"] if kind(name).kind == "resource" else name, path)
    pattern = kind(name).pattern
    shape = {"boolean": bool, "decimal": Decimal}.get(name, int if "int" in name.lower() else str)
    if one is None or (isinstance(one, shape) and (name == "boolean" or re.fullmatch(pattern or "(?s).+", str(one)))):
        return []
    return [f"{path}: {one!r} is no {name}"]


@pytest.mark.parametrize("type_name", TYPES)
def test_resources_of_every_type_are_valid_by_the_structure(type_name: str) -> None:
    @settings(max_examples=4, deadline=None)
    @given(resources(type_name))
    def judge(resource: dict[str, Any]) -> None:
        assert faults(resource, type_name, type_name) == []
        assert check(body(resource), UNBORN).type == type_name

    judge()


def test_codes_are_those_of_the_definitions() -> None:
    gender = "http://hl7.org/fhir/administrative-gender"
    assert set(codes("http://hl7.org/fhir/ValueSet/administrative-gender")) == {
        (gender, code) for code in ("male", "female", "other", "unknown")
    }


def test_required_bindings_have_codes() -> None:
    unlisted = set()
    for type_name in kind_names():
        unlisted |= {e.binding for e in kind(type_name).elements if e.binding and not codes(e.binding)}
    assert unlisted == {
        "http://loinc.org/vs/LL379-9",
        "http://hl7.org/fhir/ValueSet/characteristic-combination",
    }, "two whose codes the definitions do not hold"
