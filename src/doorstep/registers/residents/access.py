"""What may be done with residents, and by whom."""

from __future__ import annotations

from enum import StrEnum

from doorstep.linkage import numbers


class Permission(StrEnum):
    """The permissions of this room."""

    READ = "residents.read"
    EDIT = "residents.edit"
    INTAKE = "residents.intake"
    REVIEW = "residents.review"
    MERGE = "residents.merge"
    MODELS = "residents.models"


def shown(value: str, permissions: frozenset[str]) -> str:
    """A number as the holder of these permissions may see it: whole for those who keep residents' data, else masked."""
    return value if Permission.EDIT in permissions else numbers.mask(value)
