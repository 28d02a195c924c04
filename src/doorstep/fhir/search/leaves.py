"""From a parameter with its values to a condition on rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from math import cos, radians
from typing import Final, Protocol

from doorstep.fhir.hashes import identifier_hash, param_key, reference_hash, token_hash
from doorstep.fhir.parameters import Parameter, main_date, parameters, patient_params
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import text
from doorstep.fhir.search.conditions import (
    ANYTHING,
    NEVER,
    Both,
    Condition,
    Dated,
    Either,
    Ids,
    Listed,
    MainDate,
    Narrow,
    Patients,
    Prefix,
    Sql,
    Tokens,
    Updated,
    Written,
    any_row,
    ceiling_of,
    either,
    floor_of,
)
from doorstep.fhir.search.implied import implied_systems
from doorstep.fhir.search.query import Leaf
from doorstep.fhir.search.targets import references_to
from doorstep.fhir.tables import table
from doorstep.fhir.texts import normalise

NAMED: Final = frozenset({"Patient", "Practitioner", "Person", "RelatedPerson"})
_UPWARDS: Final = ("gt", "ge", "sa")
_END: Final = "coalesce(v.hi, 'infinity')"
_NAMES: Final = ("name", "family", "given", "phonetic")


class Terms(Protocol):
    """What searches need of terminology; each method raises FhirProblem where it is not loaded or too large."""

    def members(self, url: str) -> Sequence[tuple[str, str]]:
        """Return the (system, code) of a value set."""

    def below(self, system: str, code: str) -> Sequence[tuple[str, str]]:
        """Return a code and all that it subsumes."""

    def above(self, system: str, code: str) -> Sequence[tuple[str, str]]:
        """Return a code and all that subsume it."""


class Setting(Protocol):
    """What reading values depends on."""

    @property
    def zone(self) -> tzinfo:
        """The zone of dates without an offset."""

    @property
    def base(self) -> str:
        """The address of the door, with a slash at its end."""

    @property
    def terms(self) -> Terms:
        """Terminology."""


def condition(leaf: Leaf, setting: Setting) -> Condition:
    """Return the condition of a leaf; FhirProblem where a value cannot be read."""
    if leaf.missing is not None:
        return _missing(leaf, leaf.missing)
    if leaf.param.code in _SPECIAL:
        return _SPECIAL[leaf.param.code](leaf, setting)
    return _KINDS[leaf.param.type](leaf, setting)


def _key(leaf: Leaf, part: str = "") -> int:
    return param_key(leaf.type, leaf.param.code + part)


def _missing(leaf: Leaf, missing: bool) -> Condition:
    kind, code = leaf.param.type, leaf.param.code
    if code in ("_id", "_lastUpdated"):
        return NEVER if missing else Written(lambda _: "TRUE")
    tables = {"string": "fhir_string", "uri": "fhir_string", "number": "fhir_number", "quantity": "fhir_number"}
    if kind == "date" and code != main_date(leaf.type):
        tables["date"] = "fhir_date"
    if kind in tables:
        name, key = tables[kind], _key(leaf)
        by = "v.value" if name == "fhir_string" else "v.lo"
        return Narrow(name, key, any_row, negated=True) if missing else Listed(name, key, any_row, by)
    return ANYTHING


def _ids(leaf: Leaf, _: Setting) -> Condition:
    if leaf.modifier not in ("", "not"):
        raise FhirProblem("bad-modifier", leaf.place, modifier=leaf.modifier, name="_id")
    wanted = [text.token(value) for value in leaf.values]
    # an id has no system
    ids = tuple(each.code for each in wanted if each.code is not None and not each.system)
    return Ids(ids) if not leaf.modifier else Written(lambda out: f"r.id <> ALL({out.arg(list(ids), 'text[]')})")


def _updated(leaf: Leaf, setting: Setting) -> Condition:
    return Updated(tuple(_spans(leaf, setting)))


def _spans(leaf: Leaf, setting: Setting) -> list[Dated]:
    read = [text.date(value, setting.zone, leaf.place) for value in leaf.values]
    return [Dated(span.prefix, span.low, span.high) for span in read]


def _token(leaf: Leaf, setting: Setting) -> Condition:
    if leaf.modifier == "text":
        return ANYTHING
    if leaf.modifier == "of-type":
        return _of_type(leaf)
    if leaf.modifier in ("in", "not-in", "below", "above"):
        return _of_terms(leaf, setting)
    code = leaf.param.code
    wanted = tokens_of(leaf)
    if any(each.code is None for each in wanted):
        return ANYTHING  # all codes of a system: only the bodies can tell
    hashes = tuple(token_hash(code, each.system, each.code or "") for each in wanted)
    # "no system" is indexed as "any system"
    exact = all(each.system != "" for each in wanted)
    if leaf.modifier == "not":
        return Tokens(hashes, negated=True) if exact else ANYTHING
    return Tokens(hashes, hot=table(leaf.type).code == code, exact=exact)


def _of_terms(leaf: Leaf, setting: Setting) -> Condition:
    implied = implied_systems(leaf.type, leaf.param.code)
    coded = [(system, code) for system, code in _coded(leaf, setting) if implied is None or system in implied]
    hashes = [token_hash(leaf.param.code, None if implied is not None else s, code) for s, code in coded]
    negated = leaf.modifier == "not-in"
    if not hashes:
        return Written(lambda _: "TRUE") if negated else NEVER
    return Tokens(tuple(dict.fromkeys(hashes)), negated=negated)


def tokens_of(leaf: Leaf) -> list[text.TokenValue]:
    """Return the tokens that a leaf asks for; a plain code is asked for without the system that it implies."""
    wanted = [text.token(value) for value in leaf.values]
    implied = implied_systems(leaf.type, leaf.param.code)
    if implied is None:
        return wanted
    return [text.TokenValue(None, each.code) if each.system in implied else each for each in wanted]


def _of_type(leaf: Leaf) -> Condition:
    found = []
    for value in leaf.values:
        parts = text.split(value, "|")
        if len(parts) != 3 or not parts[2]:
            raise FhirProblem("bad-search-value", leaf.place, value=value, kind="system|code|value")
        found.append(token_hash(leaf.param.code, None, text.plain(parts[2])))
    return Tokens(tuple(found), exact=False)


def _coded(leaf: Leaf, setting: Setting) -> Iterable[tuple[str, str]]:
    for value in leaf.values:
        if leaf.modifier in ("in", "not-in"):
            yield from setting.terms.members(text.plain(value))
            continue
        wanted = text.token(value)
        if not wanted.system or not wanted.code:
            raise FhirProblem("bad-search-value", leaf.place, value=value, kind="system|code")
        yield from (setting.terms.below if leaf.modifier == "below" else setting.terms.above)(
            wanted.system, wanted.code
        )


def _string(leaf: Leaf, _: Setting) -> Condition:
    values = [text.plain(value) for value in leaf.values]
    if leaf.modifier == "exact":
        return Listed("fhir_string", _key(leaf), partial(_exactly, values), "v.value")
    wanted = [normalise(value) for value in values]
    if leaf.modifier == "contains":
        return Listed("fhir_string", _key(leaf), partial(_containing, wanted), "v.value", scattered=True)
    keys = [_key(leaf)]
    if leaf.type in NAMED and leaf.param.code in _NAMES:
        keys.append(param_key(leaf.type, "name:pinyin"))
    return Prefix(tuple(keys), tuple(wanted))


def _exactly(values: Sequence[str], out: Sql) -> str:
    tests = (
        f"(v.value = {out.arg(normalise(v)[:200], 'text')} AND coalesce(v.raw, v.value) = {out.arg(v, 'text')})"
        for v in values
    )
    return "(" + " OR ".join(tests) + ")"


def _containing(values: Sequence[str], out: Sql) -> str:
    return "(" + " OR ".join(f"strpos(v.value, {out.arg(v, 'text')}) > 0" for v in values) + ")"


def _uri(leaf: Leaf, _: Setting) -> Condition:
    values = [text.plain(value) for value in leaf.values]
    key = _key(leaf)
    if leaf.modifier == "below":
        return Prefix((key,), tuple(values))
    if leaf.modifier == "above":
        values = [value[:end] for value in values for end in range(1, len(value) + 1)]
    return Listed("fhir_string", key, lambda out: f"v.value = ANY({out.arg(values, 'text[]')})", "v.value")


def _date(leaf: Leaf, setting: Setting) -> Condition:
    spans = _spans(leaf, setting)
    if leaf.param.code == main_date(leaf.type):
        return MainDate(_key(leaf), tuple(spans))

    upwards = all(span.prefix in _UPWARDS for span in spans)

    def test(out: Sql) -> str:
        fits = "(" + " OR ".join(span.over(out, "v.lo", "v.hi") for span in spans) + ")"
        return f"{fits} AND {_END} > {out.arg(floor_of(spans), 'timestamptz')}" if upwards else fits

    if upwards:
        return Listed("fhir_date", _key(leaf), test, f"{_END} DESC")
    ceiling = ceiling_of(spans)
    if ceiling is None:
        return Listed("fhir_date", _key(leaf), test, "v.lo")
    parts = (lambda out: f"v.lo < {out.arg(ceiling, 'timestamptz')}", lambda _: "v.lo IS NULL")
    return Listed("fhir_date", _key(leaf), test, "v.lo", parts)


def _number(leaf: Leaf, _: Setting) -> Condition:
    with_unit = leaf.param.type == "quantity" and any(len(text.split(value, "|")) > 1 for value in leaf.values)
    ranges = [text.number(text.split(value, "|")[0], leaf.place) for value in leaf.values]

    def test(out: Sql) -> str:
        return "(" + " OR ".join(_within(each, out) for each in ranges) + ")"

    upwards = all(each.prefix in _UPWARDS for each in ranges)
    return Listed("fhir_number", _key(leaf), test, "v.hi DESC" if upwards else "v.lo", exact=not with_unit)


def _within(wanted: text.Range, out: Sql) -> str:
    def value() -> str:
        return out.arg(wanted.value, "float8")

    def inside() -> str:
        low, high = out.arg(wanted.low, "float8"), out.arg(wanted.high, "float8")
        # that it begins before the end follows, and lets an index of beginnings be read between two bounds
        return f"(v.lo >= {low} AND v.lo < {high} AND v.hi < {high})"

    def about() -> str:
        return f"(v.lo <= {out.arg(wanted.high, 'float8')} AND v.hi >= {out.arg(wanted.low, 'float8')})"

    tests: Mapping[str, Callable[[], str]] = {
        "eq": inside,
        "ne": lambda: f"NOT {inside()}",
        "gt": lambda: f"v.hi > {value()}",
        "lt": lambda: f"v.lo < {value()}",
        "ge": lambda: f"v.hi >= {value()}",
        "le": lambda: f"v.lo <= {value()}",
        "sa": lambda: f"v.lo > {value()} AND v.hi > {value()}",
        "eb": lambda: f"v.hi < {value()} AND v.lo < {value()}",
        "ap": about,
    }
    return tests[wanted.prefix]()


def _reference(leaf: Leaf, setting: Setting) -> Condition:
    if leaf.modifier == "identifier":
        wanted = [text.token(value) for value in leaf.values]
        if any(each.code is None for each in wanted):
            return ANYTHING
        hashes = [identifier_hash(leaf.param.code, each.system or None, each.code or "") for each in wanted]
        return Tokens(tuple(hashes), exact=all(each.system != "" for each in wanted))
    targets = [t for value in leaf.values for t in references_to(leaf, text.plain(value), setting.base)]
    return refers(leaf.type, leaf.param, targets)


def refers(type_name: str, param: Parameter, targets: Iterable[str]) -> Condition:
    """Return the condition that a row refers to one of the targets (as `Type/id` or URL) by the parameter."""
    patients, others = [], []
    in_column = param.code in patient_params(type_name)
    for target in targets:
        if in_column and target.startswith("Patient/"):
            patients.append(target[8:])
        # where the column holds patients alone, a bare id is nothing else
        elif not (in_column and param.targets == ["Patient"]) or ":" in target:
            others.append(reference_hash(param.code, target))
    found: list[Condition] = []
    if patients:
        found.append(Patients(tuple(dict.fromkeys(patients))))
    if others:
        found.append(Tokens(tuple(dict.fromkeys(others))))
    return either(found)


def _composite(leaf: Leaf, setting: Setting) -> Condition:
    """What each component asks for itself; that they stand together is checked on the bodies."""
    found: list[Condition] = []
    for value in leaf.values:
        parts = text.split(value, "$")
        if len(parts) != len(leaf.param.components):
            raise FhirProblem("bad-search-value", leaf.place, value=value, kind="a$b")
        own = parameters(leaf.type)
        each = [
            condition(Leaf(leaf.type, own[component.code], "", (part,), leaf.place), setting)
            for component, part in zip(leaf.param.components, parts, strict=True)
            if component.code in own
        ]
        found.append(Both(tuple(each), exact=False))
    return found[0] if len(found) == 1 else Either(tuple(found))


def _near(leaf: Leaf, _: Setting) -> Condition:
    """A box around each place asked for; the distance itself is checked on the bodies."""
    boxes = [box(value, leaf.place) for value in leaf.values]
    north, east = param_key(leaf.type, "near:latitude"), param_key(leaf.type, "near:longitude")

    def within(key: int, low: float, high: float) -> Condition:
        def test(out: Sql) -> str:
            return f"v.lo BETWEEN {out.arg(low, 'float8')} AND {out.arg(high, 'float8')}"

        return Narrow("fhir_number", key, test)

    return Either(tuple(Both((within(north, b[0], b[1]), within(east, b[2], b[3])), exact=False) for b in boxes))


UNITS: Final[Mapping[str, float]] = {"km": 1.0, "m": 0.001, "": 1.0, "[mi_us]": 1.609347, "[mi_i]": 1.609344}


def circle(value: str, place: str) -> tuple[float, float, float]:
    """Read `latitude|longitude|distance|units` (km unless said, 5 km unless said): degrees, degrees, kilometres."""
    parts = [*value.split("|"), "", "", ""][:4]
    try:
        north, east, far = float(parts[0]), float(parts[1]), float(parts[2] or 5) * UNITS[parts[3]]
    except (ValueError, KeyError):
        raise FhirProblem("bad-search-value", place, value=value, kind="latitude|longitude|distance|km") from None
    if not (-90 <= north <= 90 and -180 <= east <= 180 and 0 <= far <= 20_040):
        raise FhirProblem("bad-search-value", place, value=value, kind="latitude|longitude|distance|km")
    return north, east, far


def box(value: str, place: str) -> tuple[float, float, float, float]:
    """Return the degrees (south, north, west, east) around the circle; all longitudes near poles and the date line."""
    north, east, far = circle(value, place)
    degrees = far / 110.5  # a degree of latitude is nowhere shorter (km)
    reach = abs(north) + degrees
    wide = degrees / cos(radians(reach)) if reach < 89 else 360.0
    if abs(east) + wide > 180:
        wide = 360.0
    return north - degrees, north + degrees, east - wide, east + wide


def _body(leaf: Leaf, _: Setting) -> Condition:
    """Text anywhere in the resource (`_content`), or in what its narrative holds (`_text`, checked on the bodies)."""
    values = [text.plain(value) for value in leaf.values]
    exact = leaf.param.code == "_content"
    return Written(lambda out: f"r.body ILIKE ANY({out.arg([_like(v) for v in values], 'text[]')})", exact=exact)


def _like(value: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", value) + "%"


_SPECIAL: Final[Mapping[str, Callable[[Leaf, Setting], Condition]]] = {
    "_id": _ids,
    "_lastUpdated": _updated,
    "near": _near,
    "_content": _body,
    "_text": _body,
}
_KINDS: Final[Mapping[str, Callable[[Leaf, Setting], Condition]]] = {
    "token": _token,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "number": _number,
    "quantity": _number,
    "reference": _reference,
    "composite": _composite,
}
