"""The official R4 examples go in by PUT and come back as they were: every byte that the server does not stamp.

A sample over all types, each with what it refers to: one goes by PUT, several by a transaction. Examples whose
references lead to none of the package are left out; those that break R4 are refused, and counted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from doorstep.fhir import xml
from doorstep.fhir.reading import minify
from doorstep.fhir.references import references
from doorstep.fhir.splice import set_meta
from doorstep.fhir.tables import known_types
from doorstep.fhir.tests.samples import EXAMPLES, members
from tests.served import JSON, XML, Served, json_of, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
OF_A_TYPE, LARGEST = 3, 200_000
RELATIVE = re.compile(r"([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
Examples = dict[str, bytes]


@cache
def examples() -> Examples:
    """All examples that are not too large, minified, by `Type/id`."""
    found: Examples = {}
    for name, data in members(EXAMPLES):
        kind, _, rest = name.rpartition("/")[2].partition("-")
        if kind in known_types() and rest and len(data) <= LARGEST:
            body = minify(data)
            head = json.loads(body)
            if head.get("resourceType") == kind and "id" in head:
                found.setdefault(f"{kind}/{head['id']}", body)
    return found


def together(address: str) -> Examples | None:
    """An example with all that it refers to, and so on; None where that is much, or one of them is not there."""
    found: Examples = {}
    waiting = [address]
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        if at not in examples() or len(found) >= 60:
            return None
        found[at] = examples()[at]
        for reference in references(found[at]):
            if reference.startswith(("#", "urn:", "http")):
                continue
            match = RELATIVE.match(reference)
            if match is None:
                return None
            waiting.append(match[1])
    return found


def sample() -> Iterator[Examples]:
    """Up to three of each type, with what belongs to them."""
    counted: Counter[str] = Counter()
    for address in examples():
        kind = address.partition("/")[0]
        if counted[kind] < OF_A_TYPE:
            found = together(address)
            if found is not None:
                counted[kind] += 1
                yield found


def sent(served: Served, group: Examples, form: str) -> Any:
    """One by PUT, several by a transaction."""
    headers = {"Content-Type": form, "Accept": JSON}
    if len(group) == 1:
        [(address, body)] = group.items()
        return served.send("PUT", address, body if form == JSON else xml.write(body), headers=headers)
    entries = [
        b'{"resource":' + body + b',"request":{"method":"PUT","url":"' + address.encode() + b'"}}'
        for address, body in group.items()
    ]
    bundle = b'{"resourceType":"Bundle","type":"transaction","entry":[' + b",".join(entries) + b"]}"
    return served.send("POST", "", bundle if form == JSON else xml.write(bundle), headers=headers)


def stamped(body: bytes, meta: dict[str, Any]) -> bytes:
    """The example with the version and time that the server gave it."""
    return set_meta(body, meta["versionId"], meta["lastUpdated"])


def content(body: bytes) -> Any:
    """Content that is compared: numbers by their letters, the order of keys aside."""
    return json.loads(body, parse_float=lambda text: f"#{text}", parse_int=lambda text: f"#{text}")


def test_stored_and_read(served: Served) -> None:
    """Every other group goes in as XML."""
    counted: Counter[str] = Counter()
    kept: dict[str, str] = {}
    refused: dict[str, str] = {}
    for number, group in enumerate(sample()):
        form = XML if number % 2 else JSON
        new = {address: body for address, body in group.items() if address not in kept}
        answer = sent(served, new, form) if new else None
        if answer is None or answer.status_code in (200, 201):
            kept.update(dict.fromkeys(new, form))
            continue
        assert answer.status_code in (400, 422), (list(new), answer.text[:500])
        codes = sorted({issue["details"]["coding"][0]["code"] for issue in json_of(answer)["issue"]})
        refused[next(iter(new))] = f"{', '.join(codes)}: {answer.json()['issue'][0].get('expression')}"
        counted["refused"] += 1
    for address, form in kept.items():
        body = examples()[address]
        read = served.get(address)
        meta = json_of(read)["meta"]
        wanted = stamped(body, meta)
        if form == JSON:
            assert ordered(read.content) == ordered(wanted), address
        assert content(read.content) == content(wanted), address
        as_xml = served.get(f"{address}?_format=xml")
        assert content(xml.read(as_xml.content)) == content(wanted), address
        counted[form] += 1
    types = {address.partition("/")[0] for address in kept}
    print(dict(counted), f"{len(types)} types", refused)
    assert counted[JSON] > 120 < counted[XML]
    assert len(types) > 110
    assert counted["refused"] < 10, refused


def ordered(body: bytes) -> list[tuple[str, bytes]]:
    """The fields of a resource with their bytes, but for the place of meta, which the server may choose."""
    import msgspec

    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    meta = msgspec.json.decode(fields.pop("meta"), type=dict[str, msgspec.Raw])
    return [*((name, bytes(raw)) for name, raw in fields.items()), *sorted((k, bytes(v)) for k, v in meta.items())]
