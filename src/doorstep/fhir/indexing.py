"""What the ledger's index keeps of a resource: patient, time, hashed tokens, references."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final

import msgspec

from doorstep.fhir.dates import span
from doorstep.fhir.extraction import Extract, Token, extract
from doorstep.fhir.shapes import wrong_shape
from doorstep.fhir.tables import table

# Values that few resources share would only push the shared ones out of the cache.
_SINGULAR: Final = frozenset(("identifier", "phone", "email", "telecom", "group-identifier", "related-id"))
# No code of a code system; kept out so that nobody can fill the cache with megabytes.
_LONG: Final = 200
_PATIENT: Final = "Patient/"


class Index(msgspec.Struct, frozen=True, gc=False):
    """The index entries of one resource.

    `patient`: id of the patient it is about (its own id, for a Patient), where referred to as Patient/id.
    `at`, `at_end`: first instant of the main date and the first instant after it (UTC); a period that is still open,
    or a resource without a main date, has no end. `tokens`: `token_hash` of each token, with its system and for any.
    `codes`: those of the main code, for the narrow tables. `links`: (search parameter, target) as sent, no version.
    `references`: the same targets, once each.
    """

    patient: str | None
    at: datetime | None
    at_end: datetime | None
    tokens: list[int]
    codes: list[int]
    links: list[tuple[str, str]]
    references: list[str]


def token_hash(param: str, system: str | None, code: str) -> int:
    """Return the signed 64-bit key of a token of a search parameter; system None or "" is "of any system"."""
    digest = blake2b(f"{param}|{system or ''}|{code}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def index(type_name: str, resource: dict[str, Any], zone: tzinfo = UTC) -> Index:
    """Index one parsed resource of a known type; dates without an offset are read in `zone`.

    Raises FhirProblem ("wrong-shape", "bad-date") with the path of what cannot be indexed.
    """
    found = extract(type_name, resource)
    about = table(type_name)
    try:
        tokens, codes = _hashes(found.tokens, about.code)
    except TypeError:
        raise wrong_shape(type_name, resource) from None
    at, at_end = _main_date(found, resource, zone) if found.dates else (None, None)
    patient: str | None = resource.get("id") if type_name == "Patient" else _patient(found, about.patient)
    references = list(dict.fromkeys([target for _, target in found.links]))
    return Index(patient, at, at_end, tokens, codes, found.links, references)


def _hashes(tokens: Iterable[Token], main: str | None) -> tuple[list[int], list[int]]:
    keys: dict[int, None] = {}
    codes: dict[int, None] = {}
    for params, system, code in tokens:
        keep = params[0] not in _SINGULAR and len(code) < _LONG
        hashed = (_hash_cached if keep else _hash_all)(params, system, code)
        for key in hashed:
            keys[key] = None
        if main in params:
            position = 2 * params.index(main) if system else params.index(main)
            for key in hashed[position : position + (2 if system else 1)]:
                codes[key] = None
    return list(keys), list(codes)


def _hash_all(params: tuple[str, ...], system: str | None, code: str) -> tuple[int, ...]:
    if not isinstance(code, str) or not isinstance(system, str | None):
        raise TypeError
    if not system:
        return tuple([token_hash(param, None, code) for param in params])
    return tuple([token_hash(param, each, code) for param in params for each in (system, None)])


_hash_cached = lru_cache(maxsize=65_536)(_hash_all)


def _patient(found: Extract, param: str | None) -> str | None:
    if param is None:
        return None
    for name, target in found.links:
        if name == param and target.startswith(_PATIENT):
            return target[8:]
    return None


def _main_date(found: Extract, resource: dict[str, Any], zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    for rank in sorted({rank for rank, _, _ in found.dates}):
        spans = [span(kind, value, zone, resource) for at, kind, value in found.dates if at == rank]
        bounds = _whole([(start, end) for start, end in spans if start is not None])
        if bounds is not None:
            return bounds
    return None, None


def _whole(spans: list[tuple[datetime, datetime | None]]) -> tuple[datetime, datetime | None] | None:
    """Return the one span from the first start to the last end, which is open if one is."""
    if not spans:
        return None
    ends = [end for _, end in spans if end is not None]
    return min(spans, key=itemgetter(0))[0], max(ends) if len(ends) == len(spans) else None
