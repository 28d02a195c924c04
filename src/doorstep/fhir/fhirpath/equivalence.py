"""FHIRPath's `~`: equal but for order, case, spaces and digits that one side does not have."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from doorstep.fhir.fhirpath import amounts, moments
from doorstep.fhir.fhirpath.amounts import Amount
from doorstep.fhir.fhirpath.elements import exact
from doorstep.fhir.fhirpath.moments import Moment
from doorstep.fhir.fhirpath.values import Items, plain, same


def equivalent(left: Items, right: Items) -> bool:
    """Say whether two collections hold equivalent items, in any order."""
    if len(left) != len(right):
        return False
    rest = [plain(item) for item in right]
    for item in left:
        found = next((index for index, other in enumerate(rest) if _alike(plain(item), other)), None)
        if found is None:
            return False
        del rest[found]
    return True


def _alike(left: Any, right: Any) -> bool:
    kinds = {_kind(left), _kind(right)}
    test = _TESTS.get(kinds.pop()) if len(kinds) == 1 else None
    return same(left, right) if test is None else test(left, right)


def _kind(value: Any) -> type:
    return Decimal if type(value) in (int, float) else type(value)


def _texts(left: str, right: str) -> bool:
    return " ".join(left.lower().split()) == " ".join(right.lower().split())


def _numbers(left: Any, right: Any) -> bool:
    return amounts.rounded_alike(Decimal(exact(left)), Decimal(exact(right)))


def _moments(left: Moment, right: Moment) -> bool:
    return (left.kind == "time") is (right.kind == "time") and moments.compare(left, right) == 0


def _objects(left: dict[str, Any], right: dict[str, Any]) -> bool:
    keys = left.keys() - _ID
    return keys == right.keys() - _ID and all(equivalent(_listed(left[key]), _listed(right[key])) for key in keys)


def _listed(value: Any) -> Items:
    return value if type(value) is list else [value]


_ID: Final = frozenset(("id",))
_TESTS: Final[dict[type, Callable[[Any, Any], bool]]] = {
    str: _texts,
    Decimal: _numbers,
    Amount: amounts.alike,
    Moment: _moments,
    dict: _objects,
}
