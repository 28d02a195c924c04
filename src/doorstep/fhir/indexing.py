"""What the ledger's index keeps of a resource: patient, time, hashed tokens, references, strings, dates, numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from doorstep.fhir.dates import Span, opening, span
from doorstep.fhir.extraction import Dated, Extract, Token, extract
from doorstep.fhir.hashes import FALLBACK, identifier_hash, param_key, reference_hash, token_hash
from doorstep.fhir.indexing_rows import Number, Readings, String, numbers_of, strings_of
from doorstep.fhir.shapes import wrong_shape
from doorstep.fhir.tables import table
from doorstep.fhir.texts import normalise

__all__ = [
    "FALLBACK", "Index", "identifier_hash", "index", "normalise", "param_key", "reference_hash", "token_hash",
]  # fmt: skip

Row = tuple[int, datetime | None, datetime | None]

# Values that few resources share would only push the shared ones out of the cache.
_SINGULAR: Final = frozenset(("identifier", "phone", "email", "telecom", "group-identifier", "related-id"))
# No code of a code system; kept out so that nobody can fill the cache with megabytes.
_LONG: Final = 200
_PATIENT: Final = "Patient/"


class Index(msgspec.Struct, frozen=True, gc=False):
    """The index entries of one resource.

    `patient`: id of the patient it is about (its own id, for a Patient), where referred to as Patient/id.
    `at`, `at_end`: first instant of the main date and the first instant after it (UTC); a period that is still open,
    or a resource without a main date, has no end. `tokens`: `token_hash` of each token, with its system and for any,
    `reference_hash` of each reference (a canonical's also without its version) but the one that `patient` is,
    `identifier_hash`, and FALLBACK. `codes`: those of the main code, for the narrow tables.
    `links`: (search parameter, target) as sent, no version. `references`: the same targets, once each.

    The rest begins with a `param_key`. `strings`: (…, normalised, as sent where it differs), cut to STRING letters;
    URIs as sent, cut to URI letters. `dates`: (…, first instant, first after; None without bound), but for what `at`
    and `at_end` hold. `numbers`: (…, low, high), both within.

    `sensitive`: a mark that the house gives; whoever reads must be let see what is so marked. `passing`: the targets
    (Type/id) whose marks are this one's too.
    """

    patient: str | None
    at: datetime | None
    at_end: datetime | None
    tokens: list[int]
    codes: list[int]
    links: list[tuple[str, str]]
    references: list[str]
    strings: list[String] = []
    dates: list[Row] = []
    numbers: list[Number] = []
    sensitive: int = 0
    passing: list[str] = []


class _Plan(NamedTuple):
    name: str
    code: str | None
    patient: str | None
    patient_params: frozenset[str]
    main: str | None


@cache
def _plan(type_name: str) -> _Plan:
    about = table(type_name)
    return _Plan(type_name, about.code, about.patient, frozenset(about.patient_params), about.main_date)


def index(type_name: str, resource: dict[str, Any], zone: tzinfo = UTC, readings: Readings | None = None) -> Index:
    """Index one parsed resource of a known type; dates without an offset are read in `zone`.

    `readings` says how the name of a person may be typed otherwise (pinyin, initials): kept under `name:pinyin`.
    Raises FhirProblem ("wrong-shape", "bad-date") with the path of what cannot be indexed.
    """
    found, plan = extract(type_name, resource), _plan(type_name)
    patient: str | None = resource.get("id") if type_name == "Patient" else _patient(found, plan.patient)
    at, at_end, dates, apart = _dates(found.dates, plan, resource, zone)
    try:
        keys, codes = _hashes(found.tokens, plan.code)
        _add_references(keys, found, plan, patient)
        strings = strings_of(found, plan.name, readings) if found.strings or found.uris else []
        numbers = numbers_of(found, plan.name) if found.quantities or found.positions else []
    except (TypeError, AttributeError):
        raise wrong_shape(type_name, resource) from None
    if apart:
        keys[FALLBACK] = None
    references = list(dict.fromkeys([target for _, target in found.links]))
    return Index(patient, at, at_end, list(keys), codes, found.links, references, strings, dates, numbers)


def _hashes(tokens: Iterable[Token], main: str | None) -> tuple[dict[int, None], list[int]]:
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
    return keys, list(codes)


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


def _add_references(keys: dict[int, None], found: Extract, plan: _Plan, patient: str | None) -> None:
    own = f"{_PATIENT}{patient}"
    for param, target in found.links:
        if target == own and param in plan.patient_params:
            continue
        if len(target) < _LONG:
            keys[_reference_cached(param, target)] = None
        else:
            keys[reference_hash(param, target)] = None
        if "|" in target:
            keys[reference_hash(param, target.partition("|")[0])] = None
    for param, target in found.inline:
        keys[reference_hash(param, target)] = None
    _add_identifiers(keys, found.identifiers)


def _add_identifiers(keys: dict[int, None], identifiers: Iterable[Token]) -> None:
    for params, system, value in identifiers:
        if not isinstance(value, str) or not isinstance(system, str | None):
            raise TypeError
        for param in params:
            keys[identifier_hash(param, system, value)] = None
            keys[identifier_hash(param, None, value)] = None


_reference_cached = lru_cache(maxsize=16_384)(reference_hash)


def _dates(
    dated: list[Dated], plan: _Plan, resource: dict[str, Any], zone: tzinfo
) -> tuple[datetime | None, datetime | None, list[Row], bool]:
    """Return at, at_end, the rows of the other dates, and whether the main date is not what at and at_end say."""
    ranked: list[tuple[int, datetime, datetime | None]] = []
    main: list[Span] = []
    rows: list[Row] = []
    for params, rank, kind, value in dated:
        start, end = span(kind, value, zone, resource)
        if start is None and end is None:
            continue
        if rank is not None:
            ranked.append((rank, start or opening(kind, value, zone, resource), end))
        for param in params:
            if param == plan.main:
                main.append((start, end))
            else:
                rows.append((param_key(plan.name, param), start, end))
    at, at_end = _whole(ranked)
    if plan.main is None or at is None or main == [(at, at_end)]:
        return at, at_end, rows, False
    rows.extend([(param_key(plan.name, plan.main), start, end) for start, end in main])
    return at, at_end, rows, True


def _whole(ranked: list[tuple[int, datetime, datetime | None]]) -> Span:
    """Return the one span, of those of the lowest rank, from the first start to the last end: open if one is."""
    if not ranked:
        return None, None
    lowest = min([rank for rank, _, _ in ranked])
    spans = [(start, end) for rank, start, end in ranked if rank == lowest]
    if len(spans) == 1:
        return spans[0]
    ends = [end for _, end in spans if end is not None]
    return min(spans, key=itemgetter(0))[0], max(ends) if len(ends) == len(spans) else None
