"""Where many residents live, and who is called so: for those who look for looks at neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from doorstep.kernel.call import Scope
from doorstep.registers.residents.models import HouseholdMember, Resident, ResidentAddress
from doorstep.registers.residents.shapes import Dwells


def homes(scope: Scope, residents: Collection[UUID]) -> tuple[Dwells, ...]:
    """The homes of residents within the scope; others are left out. Three queries."""
    names = dict(Resident.objects.within(scope).filter(pk__in=residents).values_list("pk", "name"))
    members = HouseholdMember.objects.within(scope).filter(resident__in=residents, end__isnull=True)
    households = dict(members.values_list("resident_id", "household_id"))
    texts: dict[UUID, set[str]] = defaultdict(set)
    codes: dict[UUID, set[str]] = defaultdict(set)
    rows = ResidentAddress.objects.within(scope).filter(resident__in=residents)
    for resident, text, division in rows.values_list("resident_id", "text", "division"):
        texts[resident].add(text)
        codes[resident].add(division)
    return tuple(
        Dwells(key, name, households.get(key), frozenset(texts[key] - {""}), frozenset(codes[key] - {""}))
        for key, name in names.items()
    )


def called(scope: Scope, people: Collection[tuple[str, date]]) -> Mapping[tuple[str, date], tuple[UUID, ...]]:
    """The residents within the scope who have one of these names with its day of birth. One query."""
    wanted = set(people)
    rows = Resident.objects.within(scope).filter(
        name__in={name for name, _ in wanted}, birth_date__in={born for _, born in wanted}, merged_into__isnull=True
    )
    found: dict[tuple[str, date], list[UUID]] = defaultdict(list)
    for key, name, born in rows.values_list("pk", "name", "birth_date"):
        if born is not None and (name, born) in wanted:
            found[name, born].append(key)
    return {person: tuple(keys) for person, keys in found.items()}
