"""What ``_typeFilter`` of a bulk export asks: the door's own search, of some ids, in the worker's transaction."""

from __future__ import annotations

from collections.abc import Sequence

from doorstep.kernel.call import Scope
from doorstep.kernel.fhir_search import OPEN_TYPES, drive, search_ids, setting

_drive, _setting = drive, setting


def type_filter(scope: Scope, kind: str, query: str, ids: Sequence[str]) -> list[str]:
    """Those of the ids that a search of the type finds; FhirProblem for what cannot be asked."""
    everything = scope.everywhere or kind in OPEN_TYPES
    return search_ids(kind, query, None if everything else sorted(scope.organisations), len(ids), among=ids)
