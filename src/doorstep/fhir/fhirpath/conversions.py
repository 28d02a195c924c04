"""The conversions of FHIRPath: `toInteger` and its like, and whether they would succeed."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from doorstep.fhir.fhirpath.amounts import CALENDAR, Amount
from doorstep.fhir.fhirpath.elements import exact
from doorstep.fhir.fhirpath.moments import DAY, Moment, moment
from doorstep.fhir.fhirpath.values import Items, single

_INTEGER: Final = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_QUANTITY: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:\s*(?:'([^']+)'|([a-z]+)))?", re.ASCII)
_TRUTHS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}
Convert = Callable[[Any], Any]


def _integer(value: Any) -> int | None:
    if type(value) is str and _INTEGER.fullmatch(value):
        return int(value)
    return int(value) if type(value) in (int, bool) else None


def _decimal(value: Any) -> Decimal | None:
    if type(value) is str:
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    return Decimal(exact(value)) if type(value) in (int, bool, float, Decimal) else None


def _boolean(value: Any) -> bool | None:
    if type(value) is bool:
        return value
    return _TRUTHS.get(str(value).lower()) if type(value) in (str, int, float, Decimal) else None


def _string(value: Any) -> str | None:
    if type(value) in (dict, type(None)):
        return None
    if type(value) is Decimal:
        return f"{value:f}"
    return str(value).lower() if type(value) is bool else str(value)


def _quantity(value: Any) -> Amount | None:
    if type(value) is Amount:
        return value
    if type(value) is not str:
        number = _decimal(value)
        return None if number is None else Amount(number, "1")
    found = _QUANTITY.fullmatch(value)
    if found is None or (found[3] and found[3].removesuffix("s") not in CALENDAR):
        return None
    return Amount(Decimal(found[1]), found[2] or found[3] or "1", calendar=bool(found[3]))


def _date(value: Any) -> Moment | None:
    if type(value) is Moment and value.kind != "time":
        return Moment("date", value.parts[:DAY])
    return moment(value, "date") if type(value) is str and not value.startswith("T") else None


def _date_time(value: Any) -> Moment | None:
    if type(value) is Moment and value.kind != "time":
        return value._replace(kind="dateTime")
    return moment(value, "dateTime") if type(value) is str and not value.startswith("T") else None


def _time(value: Any) -> Moment | None:
    if type(value) is Moment and value.kind == "time":
        return value
    return moment(value, "time") if type(value) is str else None


def _to(convert: Convert) -> Callable[[Items], Items]:
    def run(items: Items) -> Items:
        value = convert(single(items)) if items else None
        return [] if value is None else [value]

    return run


def _converts(convert: Convert) -> Callable[[Items], Items]:
    return lambda items: [convert(single(items)) is not None] if items else []


_ALL: Final[dict[str, Convert]] = {
    "Integer": _integer,
    "Decimal": _decimal,
    "Boolean": _boolean,
    "String": _string,
    "Quantity": _quantity,
    "Date": _date,
    "DateTime": _date_time,
    "Time": _time,
}
FUNCTIONS: Final[dict[str, Callable[[Items], Items]]] = {
    **{f"to{name}": _to(convert) for name, convert in _ALL.items()},
    **{f"convertsTo{name}": _converts(convert) for name, convert in _ALL.items()},
}
