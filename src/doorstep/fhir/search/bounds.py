"""How far a caller sees: institutions that sent, and for a call that an app's token narrows, types, patients, searches.

Every statement of reads, searches, chains, includes, records and histories asks here: what is kept out here is out.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from doorstep.fhir.search.conditions import Condition, Sql


@dataclass(frozen=True, slots=True)
class Reach:
    """One way in: of these types (None: all), sent by these (None: all), about these patients (None: any), and fitting.

    What is about no person (the `open` types of the bounds) is bounded by neither sender nor patient.
    """

    types: frozenset[str] | None
    sources: tuple[UUID, ...] | None = None
    patients: tuple[str, ...] | None = None
    where: tuple[Condition, ...] = ()

    def tests(self, type_name: str, out: Sql, alias: str, *, is_open: bool) -> list[str]:
        """Return the conditions of this way."""
        found = [] if is_open else _sent(self.sources, out, alias)
        if self.patients is not None and not is_open:
            found.append(f"{alias}.patient = ANY({out.arg(list(self.patients), 'text[]')})")
        if self.where:
            fit = " AND ".join(each.sql(out, loose=True) for each in self.where)
            table = f"fhir_{type_name.lower()}"
            # conditions speak of `r`; a narrow table is asked by its ids
            found.append(f"({fit})" if alias == "r" else f"{alias}.id IN (SELECT r.id FROM {table} r WHERE {fit})")
        return found


@dataclass(frozen=True, slots=True)
class Bounds:
    """Whose resources a search may see: those of the `sources` (None: all), and all of the `open` types.

    With `ways` only what one of them lets in; each of them lies within the sources, or was opened by name. Of what is
    marked as sensitive only what its `own` source has sent, unless it sees `all` of it.
    """

    sources: tuple[UUID, ...] | None
    open: frozenset[str]
    ways: tuple[Reach, ...] | None = None
    own: UUID | None = None
    all: bool = False

    def sql(self, type_name: str, out: Sql, alias: str = "r") -> list[str]:
        """Return the conditions that hold a query of the type within the bounds."""
        if type_name in self.open:
            return [] if self.ways is None else self._by_ways(type_name, out, alias)
        found = _sent(self.sources, out, alias) if self.ways is None else self._by_ways(type_name, out, alias)
        return [*found, *self.guard(out, alias)]

    def guard(self, out: Sql, alias: str) -> list[str]:
        """Return the conditions that keep back what is sensitive; none where all that is seen is its own."""
        is_own = self.ways is None and self.own is not None and self.sources == (self.own,)
        if self.all or is_own:
            return []
        if self.own is None:
            return [f"{alias}.sensitive = 0"]
        return [f"({alias}.sensitive = 0 OR {alias}.source = {out.arg(self.own, 'uuid')})"]

    def _by_ways(self, type_name: str, out: Sql, alias: str) -> list[str]:
        is_open = type_name in self.open
        each = [way.tests(type_name, out, alias, is_open=is_open) for way in self.ways_to(type_name)]
        if not each:
            return ["FALSE"]
        if any(not tests for tests in each):
            return []
        return each[0] if len(each) == 1 else [f"({' OR '.join(' AND '.join(tests) for tests in each)})"]

    def ways_to(self, type_name: str) -> list[Reach]:
        """Return the ways that lead to a type."""
        return [way for way in self.ways or () if way.types is None or type_name in way.types]

    def knows_past(self, type_name: str) -> bool:
        """Say whether versions that hold no more may be seen too: they carry neither patient nor tokens, so only where
        no way is bounded by them."""
        if self.ways is None:
            return True
        found = self.ways_to(type_name)
        return any(not way.where and (way.patients is None or type_name in self.open) for way in found)


def _sent(sources: tuple[UUID, ...] | None, out: Sql, alias: str) -> list[str]:
    if sources is None:
        return []
    if len(sources) == 1:
        return [f"{alias}.source = {out.arg(sources[0], 'uuid')}"]
    return [f"{alias}.source = ANY({out.arg(list(sources), 'uuid[]')})"]
