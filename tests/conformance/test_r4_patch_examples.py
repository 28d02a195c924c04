"""FHIRPath Patch on the examples of HL7: an element replaced by itself changes no byte, and all can be taken out."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
from rich.console import Console

from doorstep.fhir import structure
from doorstep.fhir.patch import fhirpath_patch
from doorstep.fhir.patch.elements import Element, children, root_of
from doorstep.fhir.patch.jsonpatch import MOST_OPERATIONS
from doorstep.fhir.patch.nodes import written
from doorstep.fhir.reading import minify
from doorstep.fhir.tests.samples import EXAMPLES, members

EVERY = 29  # of 5,309 examples
PARAMETER = structure.fields("Parameters.parameter")
LARGEST = 200_000


def bodies() -> Iterator[tuple[str, bytes]]:
    for _, raw in members(EXAMPLES, EVERY):
        body = minify(raw)
        kind = json.loads(body).get("resourceType")
        if kind in structure.kind_names() and kind != "Parameters" and len(body) < LARGEST:
            yield kind, body


def elements(kind: str, body: bytes) -> Iterator[tuple[str, Element]]:
    """All elements of a resource with the path of each, from the top."""
    todo = [(kind, root_of(msgspec.Raw(body), kind))]
    while todo:
        path, element = todo.pop(0)
        for name in dict.fromkeys(field.element.name for field in structure.fields(element.type).values()):
            found = [(f"{path}.{name}[{index}]", each) for index, each in enumerate(children(element, name))]
            yield from found
            todo += found


def value(element: Element) -> bytes | None:
    """The part `value` that gives the element itself, None where R4's Parameters cannot hold its type."""
    key = "value" + element.type[:1].upper() + element.type[1:]
    if structure.kind(element.type).kind == "resource":
        return b'{"name":"value","resource":' + written(element.pair.value or {}) + b"}"
    if key not in PARAMETER:
        return None
    found = [(key, element.pair.value), ("_" + key, element.pair.shadow)]
    members = [f'"{name}":'.encode() + written(node) for name, node in found if node is not None]
    return b'{"name":"value",' + b",".join(members) + b"}"


def operation(kind: str, path: str, *parts: bytes) -> bytes:
    head = f'{{"name":"type","valueCode":"{kind}"}},{{"name":"path","valueString":"{path}"}}'.encode()
    return b'{"name":"operation","part":[' + b",".join([head, *parts]) + b"]}"


def parameters(operations: list[bytes]) -> bytes:
    return b'{"resourceType":"Parameters","parameter":[' + b",".join(operations) + b"]}"


def test_an_element_replaced_by_itself_changes_no_byte() -> None:
    resources, replaced = set(), 0
    for kind, body in bodies():
        resources.add(kind)
        found = [(path, value(each)) for path, each in elements(kind, body)]
        operations = [operation("replace", path, given) for path, given in found if given is not None]
        for start in range(0, len(operations), MOST_OPERATIONS):
            some = operations[start : start + MOST_OPERATIONS]
            replaced += len(some)
            assert fhirpath_patch(body, kind, parameters(some)) == body, (kind, json.loads(body).get("id"))
    Console(width=100).print(f"{replaced} elements of {len(resources)} types replaced by themselves")
    assert replaced > 5_000


def test_all_elements_taken_out_leave_the_type_alone() -> None:
    deleted = 0
    for kind, body in bodies():
        top = [path for path, _ in elements(kind, body) if path.count(".") == 1]
        operations = [operation("delete", path) for path in reversed(top)]
        if len(operations) <= MOST_OPERATIONS:
            deleted += len(operations)
            left = json.loads(fhirpath_patch(body, kind, parameters(operations)))
            assert left == {"resourceType": kind}, (kind, json.loads(body).get("id"))
    Console(width=100).print(f"{deleted} elements deleted")
    assert deleted > 1_000
