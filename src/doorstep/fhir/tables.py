"""The compiled extraction tables of the R4 types, read once from the build and handed out type by type."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from doorstep.fhir.build_paths import TABLES


class Table(msgspec.Struct, frozen=True):
    """What is taken from one resource type: the tree of keys and the names of the parameters in it.

    `patient`: the parameter that says whose it is; `patient_params`: those that lead to that same single element, and
    nowhere else. `main_date`: the date parameter that the index's `at` stands for. `code`: that of the narrow tables.
    """

    tree: dict[str, Any]
    tokens: list[str]
    references: list[str]
    patient: str | None
    patient_params: list[str]
    main_date: str | None
    code: str | None
    uncompiled: list[str]


class _File(msgspec.Struct, frozen=True):
    release: str
    types: dict[str, msgspec.Raw]


_FILE: Final = msgspec.json.Decoder(_File)
_TABLE: Final = msgspec.json.Decoder(Table)


@cache
def _file() -> _File:
    try:
        data = TABLES.read_bytes()
    except FileNotFoundError:
        raise RuntimeError("the FHIR tables are not built: run `make setup` (python -m doorstep.fhir.build)") from None
    return _FILE.decode(data)


@cache
def known_types() -> frozenset[str]:
    """Return the names of the 146 concrete resource types of R4."""
    return frozenset(_file().types)


@cache
def table(type_name: str) -> Table:
    """Return the table of one resource type; KeyError for an unknown type."""
    return _TABLE.decode(_file().types[type_name])
