"""What the ledger's index keeps of a resource, read as this house reads it: China's time, names as they are typed."""

from __future__ import annotations

from typing import Any

from doorstep.fhir.indexing import Index, index
from doorstep.kernel import clock
from doorstep.kernel.pinyin import spelled_person


def index_of(kind: str, resource: dict[str, Any]) -> Index:
    """Index a parsed resource of a known type; raises ``FhirProblem`` with the path of what cannot be indexed."""
    return index(kind, resource, clock.CHINA, spelled_person)
