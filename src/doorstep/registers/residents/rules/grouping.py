"""Which resident each group of records is, when records were grouped anew. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID


def assign(groups: Sequence[Sequence[int]], homes: Sequence[UUID], records: Sequence[UUID]) -> list[UUID | None]:
    """The resident of each group (None: a new one). ``homes`` and ``records`` are each record's resident and id.

    A resident goes with the earliest of its records (ids are in the order of time); where that group is an older
    resident's already, with its next record.
    """
    of = {place: number for number, group in enumerate(groups) for place in group}
    owners: list[UUID | None] = [None] * len(groups)
    by_home: dict[UUID, list[int]] = {}
    for place in sorted(range(len(records)), key=lambda at: records[at]):
        by_home.setdefault(homes[place], []).append(place)
    for home in sorted(by_home):
        free = next((of[place] for place in by_home[home] if owners[of[place]] is None), None)
        if free is not None:
            owners[free] = home
    return owners
