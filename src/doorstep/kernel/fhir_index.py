"""What the ledger's index keeps of a resource, read as this house reads it: China's time, names as they are typed, and
what of it is marked as sensitive."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from doorstep.fhir.indexing import Index, index
from doorstep.kernel import clock, sensitive
from doorstep.kernel.pinyin import spelled_person


def index_of(kind: str, resource: dict[str, Any]) -> Index:
    """Index a parsed resource of a known type; raises ``FhirProblem`` with the path of what cannot be indexed."""
    found, (marked, targets) = index(kind, resource, clock.CHINA, spelled_person), sensitive.weigh(kind, resource)
    return replace(found, sensitive=marked, passing=targets) if marked or targets else found
