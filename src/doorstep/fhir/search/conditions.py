"""What a search asks of a row, as SQL over the alias `r`: each condition writes itself, its values as parameters.

A condition that is not `exact` lets more through than it should: what it lets through is checked on the bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from doorstep.fhir.hashes import FALLBACK


@dataclass(slots=True)
class Sql:
    """The parameters of a statement in the making, written `$1`, `$2`, … with their types."""

    params: list[Any] = field(default_factory=list)

    def arg(self, value: Any, kind: str) -> str:
        """Add a parameter and return how it is written."""
        self.params.append(value)
        return f"${len(self.params)}::{kind}"


class Condition(Protocol):
    """Something that a row must fulfil; `loose` asks for a form that no index of tokens can serve."""

    @property
    def exact(self) -> bool:
        """Whether the SQL alone decides."""

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""


@dataclass(frozen=True, slots=True)
class Ids:
    """The row has one of these ids."""

    ids: tuple[str, ...]
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        return f"r.id = ANY({out.arg(list(self.ids), 'text[]')})"


@dataclass(frozen=True, slots=True)
class Patients:
    """The row is about one of these patients."""

    ids: tuple[str, ...]
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        if len(self.ids) == 1:
            return f"r.patient = {out.arg(self.ids[0], 'text')}"
        return f"r.patient = ANY({out.arg(list(self.ids), 'text[]')})"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The row carries one of these hashes, or (`negated`) none; `hot`: of the code that a narrow table holds."""

    hashes: tuple[int, ...]
    negated: bool = False
    hot: bool = False
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        sign = "@>" if len(self.hashes) == 1 else "&&"
        test = f"r.tok {sign} {out.arg(list(self.hashes), 'int8[]')}"
        if self.negated:
            return f"NOT ({test})"
        # of a CASE the planner expects a half, and goes along an order rather than gathering and sorting
        return f"CASE WHEN {test} THEN TRUE ELSE FALSE END" if loose else test


@dataclass(frozen=True, slots=True)
class Dated:
    """A span of the row stands so to a span asked for: `columns` are the first instant and the first after the last."""

    prefix: str
    low: datetime
    high: datetime

    def over(self, out: Sql, start: str, end: str) -> str:
        """Write it over two columns; NULL is without bound (R4, search: prefixes)."""
        low, high = out.arg(self.low, "timestamptz"), out.arg(self.high, "timestamptz")
        inside = f"({start} >= {low} AND {end} <= {high})"
        above, below = f"({end} > {high} OR {end} IS NULL)", f"({start} < {low} OR {start} IS NULL)"
        tests = {
            # that it begins before the end follows, and lets an index of starts be read between two bounds
            "eq": f"({inside} AND {start} < {high})",
            "ne": f"({inside}) IS NOT TRUE",
            "gt": above,
            "lt": below,
            "ge": f"({above} OR {inside})",
            "le": f"({below} OR {inside})",
            "sa": f"{start} >= {high}",
            "eb": f"{end} <= {low}",
            "ap": f"(({start} < {high} OR {start} IS NULL) AND ({end} > {low} OR {end} IS NULL))",
        }
        test = tests[self.prefix]
        # a parameter that is numbered must be used, or its type stays unknown
        return test if low in test and high in test else f"({test} AND {low} <= {high})"


def _unbounded(_: Dated) -> datetime | None:
    return None


def _low(span: Dated) -> datetime | None:
    return span.low


def _high(span: Dated) -> datetime | None:
    return span.high


_FLOORS: Final = {"eq": _low, "ge": _low, "gt": _high, "sa": _high, "ap": _low}
_CEILINGS: Final = {"eq": _high, "le": _high, "lt": _low, "eb": _low, "ap": _high}


def floor_of(spans: Sequence[Dated]) -> datetime | None:
    """What fits one of the spans ends after this instant; None where no bound is known."""
    floors = [_FLOORS.get(span.prefix, _unbounded)(span) for span in spans]
    known = [each for each in floors if each is not None]
    return min(known) if len(known) == len(floors) else None


def ceiling_of(spans: Sequence[Dated]) -> datetime | None:
    """What fits one of the spans begins before this instant; None where no bound is known."""
    ceilings = [_CEILINGS.get(span.prefix, _unbounded)(span) for span in spans]
    known = [each for each in ceilings if each is not None]
    return max(known) if len(known) == len(ceilings) else None


@dataclass(frozen=True, slots=True)
class Updated:
    """One of the spans fits the instant of the last change, which is known to the microsecond."""

    spans: tuple[Dated, ...]
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it, with bounds between which the index of changes is read."""
        end = "r.updated + interval '1 microsecond'"
        tests = ["(" + " OR ".join(span.over(out, "r.updated", end) for span in self.spans) + ")"]
        if (floor := floor_of(self.spans)) is not None:
            tests.append(f"r.updated >= {out.arg(floor, 'timestamptz')} - interval '1 microsecond'")
        if (ceiling := ceiling_of(self.spans)) is not None:
            tests.append(f"r.updated <= {out.arg(ceiling, 'timestamptz')}")
        return " AND ".join(tests)


@dataclass(frozen=True, slots=True)
class MainDate:
    """One of the spans fits the main date: the columns, or the narrow table where the columns hold another date."""

    key: int
    spans: tuple[Dated, ...]
    exact: bool = True

    def columns(self, out: Sql) -> str:
        """Write it for rows whose columns hold this date."""
        fits = " OR ".join(span.over(out, "r.at", "r.at_end") for span in self.spans)
        return f"(r.at IS NOT NULL AND ({fits}) AND NOT (r.tok @> {out.arg([FALLBACK], 'int8[]')}))"

    def aside(self, out: Sql) -> str:
        """Write it for the other rows."""
        held = Narrow("fhir_date", self.key, self._in_table).sql(out, loose=True)
        return f"((r.tok @> {out.arg([FALLBACK], 'int8[]')}) IS TRUE AND {held})"

    def aside_first(self, out: Sql) -> str:
        """Write it for the other rows, so that the planner begins with their mark: they are few."""
        ids = f"SELECT v.id FROM fhir_date v WHERE v.param = {out.arg(self.key, 'int8')} AND {self._in_table(out)}"
        return f"r.tok @> {out.arg([FALLBACK], 'int8[]')} AND r.id IN ({ids})"

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it for any row."""
        return f"({self.columns(out)} OR {self.aside(out)})"

    def _in_table(self, out: Sql) -> str:
        return "(" + " OR ".join(span.over(out, "v.lo", "v.hi") for span in self.spans) + ")"

    @property
    def floor(self) -> datetime | None:
        """Rows that fit end after this instant; None where no bound is known."""
        return floor_of(self.spans)

    @property
    def ceiling(self) -> datetime | None:
        """Rows that fit begin before this instant; None where no bound is known."""
        return ceiling_of(self.spans)


@dataclass(frozen=True, slots=True)
class Narrow:
    """A row of a narrow table (alias `v`) fits, or (`negated`) none does."""

    table: str
    key: int
    test: Callable[[Sql], str]
    negated: bool = False
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        found = f"EXISTS (SELECT FROM {self.table} v WHERE v.id = r.id AND v.param = {out.arg(self.key, 'int8')}"
        return f"{'NOT ' if self.negated else ''}{found} AND {self.test(out)})"


def any_row(_: Sql) -> str:
    """Write what each row fulfils."""
    return "TRUE"


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a narrow table (alias `v`) fits, and the planner may begin there.

    Its rows stand together in the index that is ordered `by` (in so many `parts`), so that a glance there tells whether
    they are few; `scattered` ones are found by reading all.
    """

    table: str
    key: int
    test: Callable[[Sql], str]
    by: str
    parts: tuple[Callable[[Sql], str], ...] = (any_row,)
    scattered: bool = False
    exact: bool = True

    def glance(self, out: Sql, limit: int) -> str:
        """Write the ids of some of what fits; the order keeps the planner from reading the table from its begin."""
        parts = (f"({self.rows(out)} AND {part(out)} ORDER BY {self.by} LIMIT {limit})" for part in self.parts)
        return " UNION ALL ".join(parts)

    def rows(self, out: Sql) -> str:
        """Write the ids of all that fits, once for each of its rows."""
        return f"SELECT v.id FROM {self.table} v WHERE v.param = {out.arg(self.key, 'int8')} AND {self.test(out)}"

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        return f"r.id IN ({self.rows(out)})"


@dataclass(frozen=True, slots=True)
class Many:
    """A condition on values that very many rows fit: of each row that is met on the way it is asked whether it does."""

    of: Listed | Prefix

    @property
    def exact(self) -> bool:
        """Whether the SQL alone decides."""
        return self.of.exact

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it; OFFSET keeps the planner from gathering all that fits first."""
        return f"EXISTS ({self.of.rows(out)} AND v.id = r.id OFFSET 0)"


@dataclass(frozen=True, slots=True)
class Prefix:
    """A string of the row begins with one of the texts (normalised; for uris as they are); keys: all count."""

    keys: tuple[int, ...]
    texts: tuple[str, ...]
    scattered: bool = False
    exact: bool = True

    def glance(self, out: Sql, limit: int) -> str:
        """Write the ids of some of what fits."""
        return f"{self.rows(out)} LIMIT {limit}"

    def test(self, out: Sql) -> str:
        """Write what a row of the narrow table must fulfil."""
        tests = (f"(v.value >= {out.arg(t, 'text')} AND v.value < {out.arg(after(t), 'text')})" for t in self.texts)
        return "(" + " OR ".join(tests) + ")"

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it, so that the planner may begin with the narrow table."""
        return f"r.id IN ({self.rows(out)})"

    def rows(self, out: Sql) -> str:
        """Write the ids of all that fits, once for each of its rows."""
        keys = out.arg(list(self.keys), "int8[]")
        return f"SELECT v.id FROM fhir_string v WHERE v.param = ANY({keys}) AND {self.test(out)}"


@dataclass(frozen=True, slots=True)
class Written:
    """Any other condition, by the function that writes it."""

    write: Callable[[Sql], str]
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        return self.write(out)


@dataclass(frozen=True, slots=True)
class Either:
    """One of the conditions holds."""

    conditions: tuple[Condition, ...]

    @property
    def exact(self) -> bool:
        """Whether all are."""
        return all(each.exact for each in self.conditions)

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        return "(" + " OR ".join(each.sql(out, loose=loose) for each in self.conditions) + ")"


@dataclass(frozen=True, slots=True)
class Both:
    """All of the conditions hold."""

    conditions: tuple[Condition, ...]
    exact: bool = True

    def sql(self, out: Sql, *, loose: bool) -> str:
        """Write it."""
        return "(" + " AND ".join(each.sql(out, loose=loose) for each in self.conditions) + ")"


NEVER = Written(lambda _: "FALSE")
ANYTHING = Written(lambda _: "TRUE", exact=False)


def either(conditions: Sequence[Condition]) -> Condition:
    """Return one condition for several of which one must hold; none never holds."""
    if len(conditions) == 1:
        return conditions[0]
    return Either(tuple(conditions)) if conditions else NEVER


def after(text: str) -> str:
    """Return the least text that is greater than all that begin with `text`, by code points."""
    return text + "\U0010ffff"
