"""``$match`` until the person index takes it over: by the numbers that a patient carries, checked by birth and sex."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

import orjson

from doorstep.fhir.door.house import Candidate
from doorstep.fhir.hashes import token_hash
from doorstep.fhir.search.conditions import Sql, Tokens
from doorstep.fhir.search.plan import Bounds, Statement
from doorstep.fhir.search.walk import Steps

MOST: Final = 100


def candidates(patient: Mapping[str, Any], bounds: Bounds, zone: tzinfo) -> Steps[list[Candidate]]:
    """Patients that carry one of the numbers, best first: certain where nothing else speaks against it."""
    numbers = [n for n in patient.get("identifier", ()) if n.get("system") and n.get("value")]
    if not numbers:
        return []
    out = Sql()
    hashes = tuple(token_hash("identifier", n["system"], n["value"]) for n in numbers[:50])
    where = " AND ".join(["NOT r.deleted", *bounds.sql("Patient", out), Tokens(hashes).sql(out, loose=False)])
    rows = yield Statement(f"SELECT r.id, r.body FROM fhir_patient r WHERE {where} LIMIT {MOST}", tuple(out.params))  # noqa: S608  what is asked for goes in as parameters
    found = [_candidate(row[0], orjson.loads(row[1]), patient) for row in rows]
    return sorted(found, key=lambda each: (-each.score, each.id))


def _candidate(ident: str, held: Mapping[str, Any], sought: Mapping[str, Any]) -> Candidate:
    against = [
        name for name in ("birthDate", "gender") if held.get(name) and sought.get(name) and held[name] != sought[name]
    ]
    if not against:
        return Candidate(ident, 1.0, "certain")
    return Candidate(ident, 0.5, "possible") if len(against) == 1 else Candidate(ident, 0.1, "certainly-not")
