"""The search parameters of the R4 types, and their compartments, read once from the build and handed out by type."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec

from doorstep.fhir.build_paths import SEARCH
from doorstep.fhir.tables import table


class Component(msgspec.Struct, frozen=True):
    """A part of a composite: the code and type of the parameter it is, and the path from the composite's element."""

    code: str
    type: str
    expression: str


class Parameter(msgspec.Struct, frozen=True):
    """A search parameter: `type` is R4's word, but "special" for `_text` and `_content`, which have no expression.

    `targets`: the types that a reference may lead to. `expression`: the official FHIRPath, as far as it is this type's.
    """

    code: str
    type: str
    targets: list[str]
    components: list[Component]
    expression: str


class _File(msgspec.Struct, frozen=True):
    types: dict[str, msgspec.Raw]
    compartments: dict[str, dict[str, list[str]]]
    uncompiled: dict[str, str]


_FILE: Final = msgspec.json.Decoder(_File)
_PARAMETERS: Final = msgspec.json.Decoder(dict[str, Parameter])


@cache
def _file() -> _File:
    try:
        data = SEARCH.read_bytes()
    except FileNotFoundError:
        raise RuntimeError("the FHIR tables are not built: run `make setup` (python -m doorstep.fhir.build)") from None
    return _FILE.decode(data)


@cache
def parameters(type_name: str) -> Mapping[str, Parameter]:
    """Return code → parameter of a resource type, the common ones (`_id`, …) with it; KeyError for an unknown type."""
    return _PARAMETERS.decode(_file().types[type_name])


def compartments() -> Mapping[str, Mapping[str, list[str]]]:
    """Return compartment (Patient, …) → resource type → the reference parameters by which it is in the compartment.

    A resource is always in its own compartment; its type has no parameters then, where no other resource of it is.
    """
    return _file().compartments


@cache
def uncompiled() -> Mapping[str, str]:
    """Return the parameters of R4 that lead to no element, with the reason."""
    return _file().uncompiled


def main_date(type_name: str) -> str | None:
    """Return the code of the date parameter that the index's `at` and `at_end` stand for; None where it has none."""
    return table(type_name).main_date


@cache
def patient_params(type_name: str) -> frozenset[str]:
    """Return the reference parameters that a resource's `patient` answers exactly: they lead nowhere else."""
    return frozenset(table(type_name).patient_params)
