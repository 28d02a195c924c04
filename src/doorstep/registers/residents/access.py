"""What may be done with residents, and by whom."""

from __future__ import annotations

from enum import StrEnum

from doorstep.registers.residents.rules import numbers


class Permission(StrEnum):
    """The permissions of this room."""

    SEARCH = "residents.search"
    READ = "residents.read"
    NUMBERS = "residents.numbers"
    REGISTER = "residents.register"
    EDIT = "residents.edit"
    INTAKE = "residents.intake"


def shown(value: str, permissions: frozenset[str]) -> str:
    """A number as the holder of these permissions may see it."""
    return value if Permission.NUMBERS in permissions else numbers.mask(value)
