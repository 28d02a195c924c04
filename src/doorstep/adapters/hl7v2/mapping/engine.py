"""The walk through a message: resources begin, rows fill them, what no row looks at is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.adapters.hl7v2.codec import Message, Segment, parse
from doorstep.adapters.hl7v2.mapping.bundles import Builder, bundle_of, name_it
from doorstep.adapters.hl7v2.mapping.grammar import Source, Test, source_of
from doorstep.adapters.hl7v2.mapping.placing import Labels, put
from doorstep.adapters.hl7v2.mapping.shapes import Context, Converted, Previewed, Unmappable, Went
from doorstep.adapters.hl7v2.mapping.tables import NOWHERE, Made, Plan, Row, Tables
from doorstep.adapters.hl7v2.mapping.transforms import TRANSFORMS, Bad
from doorstep.adapters.hl7v2.mapping.values import Value
from doorstep.adapters.hl7v2.shapes import Problem, Unreadable

WHOLE: Final = frozenset({"text", "encoded"})
"""Conversions that take all repetitions at once."""
CONSTANTS: Final = {"true": True, "false": False}
ASIDE: Final = frozenset({"NTE", "PRT"})
LOOKED_AT: Final = 300


def convert(message: Message, tables: Tables, context: Context) -> Converted:
    """A message as a transaction. Raises ``Unmappable`` for one that cannot be used as a whole: its type or trigger is
    not in the tables (or they say why not), a segment or a number without which nothing can be said is missing."""
    return _run(message, tables, context, None)


def preview(raw: bytes, tables: Tables, context: Context, charset: str | None = None) -> Previewed:
    """A message converted, with the way that each value went; a message that cannot be used says why. For people who
    write tables; raises nothing."""
    went: list[Went] = []
    try:
        return Previewed(went, _run(parse(raw, charset), tables, context, went))
    except Unreadable as refused:
        return Previewed(went, None, refused.problem)
    except Unmappable as refused:
        return Previewed(went, None, refused.problem)


def _run(message: Message, tables: Tables, context: Context, went: list[Went] | None) -> Converted:
    plan = _plan(message, tables)
    work = _Work(message, tables, context, plan, went)
    for segment in message.segments:
        if segment.name:
            work.take(segment)
    return Converted(bundle_of(work.builders, context, work.problems), work.problems, tables.version)


def _plan(message: Message, tables: Tables) -> Plan:
    header = message.header
    kind = tables.kind(header.kind, header.trigger)
    if kind is None:
        known = any(name == header.kind for name, _ in tables.kinds)
        reason, place = ("unsupported-trigger", "MSH-9.2") if known else ("unsupported-kind", "MSH-9.1")
        raise Unmappable(Problem(reason, place, f"{header.kind}^{header.trigger}"))
    if kind.table == NOWHERE:
        raise Unmappable(Problem("unsupported-trigger", "MSH-9.2", kind.note))
    there = {segment.name for segment in message.segments}
    for name in kind.segments:
        if there.isdisjoint(name.split("|")):
            raise Unmappable(Problem("missing-segment", name))
    return tables.plans[kind.table]


@dataclass(slots=True)
class _Work:
    """A conversion under way: which resource each name means at this place of the message, which segment is nearest."""

    message: Message
    tables: Tables
    context: Context
    plan: Plan
    went: list[Went] | None
    builders: list[Builder] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    current: dict[str, Builder] = field(default_factory=dict)
    near: dict[str, Segment] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    after: str = ""
    labels: Labels = field(default_factory=dict)

    def take(self, segment: Segment) -> None:
        """One segment: what it begins is filled and named first, so that others may refer to it."""
        name = segment.name
        self.near[name] = segment
        self.count[name] = self.count.get(name, 0) + 1
        self.labels = {}
        begun = [
            self._begin(made) for made in self.plan.made if made.segment == name and self._holds(made.when, segment)
        ]
        rows = self.plan.rows.get(name, ())
        mine = {builder.made.name for builder in begun}
        for builder in begun:
            self._fill(segment, (row for row in rows if row.to == builder.made.name))
            self._name(builder, segment)
        self._fill(segment, (row for row in rows if row.to not in mine and row.to in self.current))
        self._left_out(segment)
        if name not in ASIDE:
            self.after = name

    def _begin(self, made: Made) -> Builder:
        """A new resource; what lived within the former one of its name is over."""
        over = {made.name}
        for each in self.plan.made:
            if each.within in over:
                over.add(each.name)
        for name in over:
            self.current.pop(name, None)
        builder = Builder(made, self._place(made.segment))
        self.current[made.name] = builder
        return builder

    def _name(self, builder: Builder, segment: Segment) -> None:
        """Give a resource its id. One that is the same as an earlier one goes on as that one."""
        known = name_it(builder, self.builders, self.context, lambda text: self._key_part(text, builder, segment))
        if known is not None:
            self.current[builder.made.name] = known
        elif builder.full_url or builder.made.refuses:
            self.builders.append(builder)
        else:
            self.problems.append(Problem("missing-field", builder.place, builder.made.type))
            del self.current[builder.made.name]

    def _key_part(self, text: str, builder: Builder, segment: Segment) -> str:
        if text == "*":
            return self.message.header.control_id
        if text == "#":
            return str(self.count[segment.name])
        if text.startswith("@"):
            found = self.current.get(text[1:])
            return found.full_url if found else ""
        value = self._value(source_of(text), segment)
        return value.text if value else ""

    def _fill(self, segment: Segment, rows: Iterable[Row]) -> None:
        for row in rows:
            if self._holds(row.when, segment):
                self._row(row, segment)

    def _row(self, row: Row, segment: Segment) -> None:
        builder = self.current[row.to]
        if row.source.kind != "value":
            self._put(row, builder, self._given(row.source), None)
            return
        values = self._values(row, segment)
        if len(values) > 1 and row.transform not in WHOLE and all(step.index != "" for step in row.path):
            values = values[:1]
        for value in values[:1] if row.transform in WHOLE else values:
            if value.empty:
                continue
            try:
                self._put(row, builder, self._made(row, value), value)
            except Bad as bad:
                self.problems.append(Problem(str(bad), value.place, f"{builder.made.type}.{row.shown}"))

    def _put(self, row: Row, builder: Builder, found: Any, value: Value | None) -> None:
        if found in (None, "", {}, []) or not put(builder.resource, row.path, found, self.labels):
            return
        if self.went is not None:
            place, text = (value.place, value.text) if value else (row.source.text, "")
            self.went.append(Went(place, text, builder.made.type, row.shown, found, row.rule))

    def _given(self, source: Source) -> Any:
        """A constant, a reference, or what the context says; None for nothing."""
        if source.kind == "constant":
            return CONSTANTS.get(source.text, source.text)
        if source.kind == "resource":
            found = self.current.get(source.text)
            return {"reference": found.full_url} if found and found.full_url else None
        said = {"reference": self.context.organisation, "display": self.context.organisation_name}
        return {name: each for name, each in said.items() if each} or None

    def _made(self, row: Row, value: Value) -> Any:
        """What a value is by the row's conversion or datatype."""
        maps = self.tables.values.get(row.values) if row.values else None
        if (transform := TRANSFORMS.get(row.transform)) is not None:
            return transform(value, self.context, maps)
        made: dict[str, Any] = {}
        labels: Labels = {}
        real = False
        for part in self.tables.datatypes[row.transform]:
            if not self._holds(part.when, value):
                continue
            found = self._given(part.source) if part.source.kind != "value" else self._part(part, value)
            if found not in (None, "", {}, []) and put(made, part.path, found, labels):
                real = real or part.source.kind == "value"
        return made if real else None

    def _part(self, part: Row, value: Value) -> Any:
        inner = value.part(*part.source.numbers)
        return None if inner.empty else self._made(part, inner)

    def _values(self, row: Row, segment: Segment) -> list[Value]:
        near = self._near(row.source, segment)
        if near is None:
            return []
        number, *rest = row.source.numbers
        whole, place = near.field(number), f"{self._place(near.name)}-{number}"
        raws = near.repetitions(number)
        found = []
        for at, raw in enumerate(raws, 1):
            value = Value(self.message, raw, f"{place}[{at}]" if len(raws) > 1 else place, 0, whole)
            found.append(value.part(*rest) if rest else value)
        return found

    def _near(self, source: Source, segment: Segment) -> Segment | None:
        if not source.segment or source.segment == segment.name:
            return segment
        found = self.near.get(source.segment)
        return found or next((each for each in self.message.segments if each.name == source.segment), None)

    def _value(self, source: Source, scope: Segment | Value) -> Value | None:
        if isinstance(scope, Value) and not source.segment:
            return scope.part(*source.numbers)
        near = self._near(source, scope) if isinstance(scope, Segment) else self.near.get(source.segment)
        if near is None:
            return None
        number, *rest = source.numbers
        raws = near.repetitions(number)
        return Value(self.message, raws[0] if raws else "", f"{near.name}-{number}").part(*rest)

    def _holds(self, when: Iterable[Test], scope: Segment | Value) -> bool:
        return all(self._test(test, scope) != test.negated for test in when)

    def _test(self, test: Test, scope: Segment | Value) -> bool:
        source = test.source
        if source.kind == "resource":
            return self.after in (test.values or ()) if source.text == "after" else source.text in self.current
        value = self._value(source, scope)
        if value is None or value.empty:
            return test.values is not None and "" in test.values
        if test.values is None and test.pattern is None:
            return True
        said = value.text if test.pattern else value.first
        return (
            said in test.values
            if test.values is not None
            else bool(test.pattern and test.pattern.match(said[:LOOKED_AT]))
        )

    def _place(self, name: str) -> str:
        count = self.count.get(name, 1)
        return name if count == 1 else f"{name}[{count}]"

    def _left_out(self, segment: Segment) -> None:
        """Tell what no row of the tables looks at."""
        if any(row.to == NOWHERE and row.source.text == "." for row in self.plan.rows.get(segment.name, ())):
            return
        covered = self.plan.covered.get(segment.name)
        place = self._place(segment.name)
        if covered is None:
            if segment.name != "MSH" and not any(made.segment == segment.name for made in self.plan.made):
                self.problems.append(Problem("unmapped-segment", place))
            return
        for number, raw in enumerate(segment.fields):
            if number and raw and number not in covered and not Value(self.message, raw, place).empty:
                self.problems.append(Problem("unmapped-field", f"{place}-{number}"))
