"""617 people of Synthea go in whole, and every resource comes back as it was sent, to the digit.

What is expected is worked out here from the files alone, by other code than the house's: a reference by an entry's
fullUrl is ``Type/id``, the id is the fullUrl's UUID, and all else stays. Numbers are compared as they were written.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction
from rich.console import Console

from doorstep.fhir.tables import known_types
from doorstep.fhir.tests.samples import ROOT, SYNTHEA, members
from doorstep.record.exchange.tests import kit
from doorstep.site import ingest

URN = re.compile(r"urn:uuid:[0-9a-f-]{36}")
# a number with a point or an exponent is kept as the text that it was
DECODER = msgspec.json.Decoder(float_hook=lambda literal: {"number": literal})
Key = tuple[str, str]
Contents = dict[Key, set[bytes]]


def digest(resource: Any) -> bytes:
    """A fingerprint of the content, whatever the order of its keys."""
    return hashlib.sha256(msgspec.json.encode(resource, order="deterministic")).digest()


def resolved(value: Any, targets: dict[str, str]) -> Any:
    """The same with every reference to an entry of the bundle as ``Type/id``."""
    if isinstance(value, dict):
        return {
            name: targets.get(below, below)
            if name == "reference" and isinstance(below, str)
            else resolved(below, targets)
            for name, below in value.items()
        }
    return [resolved(below, targets) for below in value] if isinstance(value, list) else value


def sent() -> tuple[Contents, int, set[str]]:
    """What the files say: the contents of each resource (by type and id), how many entries, references to nowhere."""
    contents: Contents = defaultdict(set)
    entries, dangling = 0, set()
    for _, raw in members(SYNTHEA):
        bundle = DECODER.decode(raw)
        targets = {e["fullUrl"]: f"{e['resource']['resourceType']}/{e['fullUrl'][9:]}" for e in bundle["entry"]}
        for entry in bundle["entry"]:
            resource = resolved(entry["resource"], targets)
            resource["id"] = entry["fullUrl"][9:]
            contents[resource["resourceType"], resource["id"]].add(digest(resource))
            dangling |= {r for r in references(resource) if URN.fullmatch(r)}
            entries += 1
    return contents, entries, dangling


def references(value: Any) -> Iterator[str]:
    """The values of all properties ``reference``."""
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(below)
    if isinstance(value, dict) and isinstance(value.get("reference"), str):
        yield value["reference"]


def stored() -> Contents:
    """What the ledger holds: the contents of each resource, of all its versions."""
    contents: Contents = defaultdict(set)
    for kind in sorted(known_types()):
        with transaction.atomic(), connection.connection.cursor(name="stored") as cursor:
            cursor.execute(f"SELECT id, body FROM fhir_{kind.lower()}")
            for key, body in cursor:
                contents[kind, key].add(digest(DECODER.decode(body)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT type, id FROM fhir_past")
        for kind, key in cursor.fetchall():
            from doorstep.kernel import ledger

            contents[kind, key] |= {digest(DECODER.decode(version.body)) for version in ledger.past(kind, key)}
    return contents


def versions() -> dict[str, tuple[int, int]]:
    """Rows and sum of versions by type."""
    parts = [f"SELECT '{kind}', count(*), coalesce(sum(version), 0) FROM fhir_{kind.lower()}" for kind in known_types()]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {kind: (rows, int(total)) for kind, rows, total in cursor.fetchall() if rows}


@pytest.mark.django_db(transaction=True)
def test_synthea_goes_in_whole_and_comes_back():
    archive = ROOT / SYNTHEA
    if not archive.exists():
        pytest.skip(f"test data is not on this machine: {SYNTHEA}")
    source = kit.make_organisation("Synthea")
    quiet = Console(quiet=True)
    done = ingest.take_paths(source, [archive], quiet)
    expected, entries, dangling = sent()
    assert dangling == set()
    assert (done.pieces, done.repeated, done.aside, done.resources) == (617, 0, 0, entries)
    found = stored()
    assert Counter(kind for kind, _ in found) == Counter(kind for kind, _ in expected)
    differing = [key for key in expected if found[key] != expected[key]]
    assert differing == []
    assert found.keys() == expected.keys()
    assert kit.count("residents_residentrecord") == sum(kind == "Patient" for kind, _ in expected)

    before = versions()
    assert {kind: rows for kind, (rows, _) in before.items()} == Counter(kind for kind, _ in expected)
    again = ingest.take_paths(source, [archive], quiet)
    assert (again.pieces, again.repeated, again.created, again.updated) == (617, 617, 0, 0)
    assert (versions(), kit.messages().count()) == (before, 617)
