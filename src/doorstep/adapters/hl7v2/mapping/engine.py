"""The walk through a message: resources begin, rows fill them, what no row looks at is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.adapters.hl7v2.codec import Message, Segment, parse
from doorstep.adapters.hl7v2.mapping.bundles import Builder, Names, bundle_of, name_it
from doorstep.adapters.hl7v2.mapping.grammar import Source, Test, source_of
from doorstep.adapters.hl7v2.mapping.joining import joined
from doorstep.adapters.hl7v2.mapping.placing import Labels, put
from doorstep.adapters.hl7v2.mapping.rows import NOWHERE, Made, Plan, Row, Tables
from doorstep.adapters.hl7v2.mapping.shapes import Context, Converted, Previewed, Unmappable, Went
from doorstep.adapters.hl7v2.mapping.transforms import TRANSFORMS, Bad
from doorstep.adapters.hl7v2.mapping.values import Value
from doorstep.adapters.hl7v2.shapes import Problem, Separators, Unreadable

WHOLE: Final = frozenset({"text", "encoded"})
"""Conversions that take all repetitions at once."""
EMPTY: Final[tuple[object, ...]] = (None, "", {}, [])
CONSTANTS: Final = {"true": True, "false": False}
FATAL: Final = frozenset({"bad-base64", "bad-hex"})
"""What leaves nothing of a message: a document without its bytes is none."""
COMMON: Final = frozenset({"ORC", "TQ1"})
ORDERS: Final = frozenset({"OBR", "RXO", "RXA"})
ASIDE: Final = frozenset({"NTE", "PRT"})
LOOKED_AT: Final = 300
LONG: Final = 300  # characters of a value that is not remembered
Known = dict[tuple[str, str, int, str], Any]
Memory = dict[tuple[Separators, str], Known]
"""What values were worked out to be, by how they are written: for messages of one context and one set of tables."""


def convert(message: Message, tables: Tables, context: Context, memory: Memory | None = None) -> Converted:
    """A message as a transaction; ``memory`` is shared by messages of one context and tables.

    Raises ``Unmappable`` for one that cannot be used as a whole: its type or trigger is not in the tables (or they say
    why not), a segment or a number without which nothing can be said is missing.
    """
    known = memory.setdefault((message.separators, message.codec), {}) if memory is not None else {}
    return _run(message, tables, context, None, known)


def preview(raw: bytes, tables: Tables, context: Context, charset: str | None = None) -> Previewed:
    """A message converted, with the way that each value went; a message that cannot be used says why. For people who
    write tables; raises nothing."""
    went: list[Went] = []
    try:
        return Previewed(went, _run(joined(parse(raw, charset)), tables, context, went, {}))
    except Unreadable as refused:
        return Previewed(went, None, refused.problem)
    except Unmappable as refused:
        return Previewed(went, None, refused.problem)


def _run(message: Message, tables: Tables, context: Context, went: list[Went] | None, known: Known) -> Converted:
    work = _Work(message, tables, context, _plan(message, tables), went, known)
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
    """A conversion under way: which resource each name means at this place of the message, which segment is nearest.

    Of the segment that is looked at, ``fields`` and ``seen`` remember the values, by their places and by what asks for
    them, and ``truth`` the conditions and tests; what asks is known by its ``id``, for of one text there is one (the
    grammar). ``asked``: a conversion looked at more than its value, so that it is not remembered in ``known``.
    """

    message: Message
    tables: Tables
    context: Context
    plan: Plan
    went: list[Went] | None
    known: Known
    builders: list[Builder] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    problems: list[Problem] = field(default_factory=list)
    current: dict[str, Builder] = field(default_factory=dict)
    near: dict[str, Segment] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    after: str = ""
    asked: bool = False
    labels: Labels = field(default_factory=dict)
    fields: dict[tuple[str, int], list[Value]] = field(default_factory=dict)
    seen: dict[int, list[Value]] = field(default_factory=dict)
    truth: dict[int, bool] = field(default_factory=dict)

    def take(self, segment: Segment) -> None:
        """One segment: what it begins is filled and named first, so that others may refer to it."""
        name = segment.name
        self._reach(segment)
        begun = []
        for made in self.plan.made:
            if made.segment == name:
                self._end(made)
                if self._holds(made.when, segment):
                    begun.append(self._begin(made))
        rows = self.plan.rows.get(name, {})
        mine = {builder.made.name for builder in begun}
        for builder in begun:
            self._fill(segment, builder, rows.get(builder.made.name, ()))
            self._name(builder, segment)
        for other, table in rows.items():
            if other not in mine and other in self.current:
                self._fill(segment, self.current[other], table)
        self._left_out(segment)
        if name not in ASIDE:
            self.after = name

    def _reach(self, segment: Segment) -> None:
        """Note where the walk is. ORC and TQ1 speak of the one order that follows them, and of no later one."""
        name = segment.name
        if name in ORDERS:
            for each in COMMON - self.fresh:
                self.near.pop(each, None)
            self.fresh.clear()
        elif name == "ORC":
            self.fresh = {"ORC"}
        elif name == "TQ1" and self.fresh:
            self.fresh.add("TQ1")
        self.near[name] = segment
        self.count[name] = self.count.get(name, 0) + 1
        self.labels = {}
        self.fields, self.seen = {}, {}
        self.truth = {}

    def _end(self, made: Made) -> None:
        """Another segment of its kind is here: the former resource of this name is over, and what lived within it."""
        over = {made.name}
        for each in self.plan.made:
            if each.within in over:
                over.add(each.name)
        for name in over:
            self.current.pop(name, None)

    def _begin(self, made: Made) -> Builder:
        builder = Builder(made, self._place(made.segment))
        self.current[made.name] = builder
        return builder

    def _name(self, builder: Builder, segment: Segment) -> None:
        """Give a resource its id. One that is the same as an earlier one goes on as that one."""
        known = name_it(builder, self.names, self.context, lambda text: self._key_part(text, builder, segment))
        if known is not None and known.made is not builder.made:
            raise Unmappable(Problem("same-record", builder.place, f"{known.made.name} = {builder.made.name}"))
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

    def _fill(self, segment: Segment, builder: Builder, rows: tuple[Row, ...]) -> None:
        fields, seen = segment.fields, self.seen
        count = len(fields)
        for row in rows:  # some forty for each segment: nothing is called for those that find nothing
            if row.own and (row.own >= count or not fields[row.own]):
                continue
            source = row.source
            if source.kind != "value":
                if not row.when or self._holds(row.when, segment):
                    self._put(row, builder, self._given(source), None)
                continue
            values = seen.get(id(source))
            if values is None:
                values = self._values(source, segment)
            if values and (not row.when or self._holds(row.when, segment)):
                self._row(row, builder, values)

    def _row(self, row: Row, builder: Builder, values: list[Value]) -> None:
        if row.transform in WHOLE:
            values = values[:1]
        elif len(values) > 1 and not row.many:
            self.problems.append(Problem("repetition-left-out", values[1].place, f"{builder.made.type}.{row.shown}"))
            values = values[:1]
        deeper = row.source.numbers[1:]
        for value in values:
            inner = value.part(*deeper) if deeper else value
            if inner.empty:
                continue
            try:
                self._put(row, builder, self._made(row, inner), inner)
            except Bad as bad:
                self._bad(bad, inner, f"{builder.made.type}.{row.shown}")

    def _bad(self, bad: Bad, value: Value, path: str) -> None:
        problem = Problem(str(bad), bad.place or value.place, path)
        if problem.reason in FATAL:
            raise Unmappable(problem)
        self.problems.append(problem)

    def _put(self, row: Row, builder: Builder, found: Any, value: Value | None) -> None:
        if found in EMPTY:
            return
        if not put(builder.resource, row.path, found, self.labels):
            if value and row.rule in builder.filled:
                self.problems.append(Problem("second-value", value.place, f"{builder.made.type}.{row.shown}"))
            return
        builder.filled.add(row.rule)
        if self.went is not None:
            place, text = (value.place, value.text) if value else (row.source.text, "")
            self.went.append(Went(place, text, builder.made.type, row.shown, found, row.rule))

    def _given(self, source: Source) -> Any:
        """A constant, a reference, or what the context says; None for nothing."""
        if source.kind == "constant":
            return CONSTANTS.get(source.text, source.text)
        if source.kind == "resource":
            self.asked = True
            found = self.current.get(source.text)
            return {"reference": found.full_url} if found and found.full_url else None
        said = {"reference": self.context.organisation, "display": self.context.organisation_name}
        return {name: each for name, each in said.items() if each} or None

    def _made(self, row: Row, value: Value) -> Any:
        """What a value is by the row's conversion or datatype; the same text is worked out once."""
        if row.transform in WHOLE or len(value.raw) > LONG:
            return self._worked_out(row, value)
        key = (row.transform, row.values, value.depth, value.raw)
        if key in self.known:
            return _copied(self.known[key])
        before, self.asked = self.asked, False
        made = self._worked_out(row, value)
        if not self.asked:
            self.known[key] = _copied(made)
        self.asked = self.asked or before
        return made

    def _worked_out(self, row: Row, value: Value) -> Any:
        maps = self.tables.values.get(row.values) if row.values else None
        if (transform := TRANSFORMS.get(row.transform)) is not None:
            return transform(value, self.context, maps)
        made: dict[str, Any] = {}
        labels: Labels = {}
        real = False
        for part in self.tables.datatypes[row.transform]:
            found = self._part(part, value)
            if found not in EMPTY and put(made, part.path, found, labels):
                real = real or part.source.kind == "value"
        return made if real else None

    def _part(self, part: Row, value: Value) -> Any:
        for test in part.when:
            aside = test.source.kind == "resource"
            met = self._there(test) if aside else _meets(test, value.part(*test.source.numbers))
            if met == test.negated:
                return None
        if part.source.kind != "value":
            return self._given(part.source)
        inner = value.part(*part.source.numbers)
        return None if inner.empty else self._made(part, inner)

    def _values(self, source: Source, segment: Segment) -> list[Value]:
        """The repetitions of a field; none where nothing is there."""
        found = self.seen.get(id(source))
        if found is None:
            key = (source.segment or segment.name, source.numbers[0])
            found = self.fields.get(key)
            if found is None:
                near = segment if key[0] == segment.name else self.near.get(key[0])
                raws = near.repetitions(key[1]) if near else []
                found = self.fields[key] = self._repeated(key, raws, near.field(key[1])) if near and raws else []
            self.seen[id(source)] = found
        return found

    def _repeated(self, key: tuple[str, int], raws: list[str], whole: str) -> list[Value]:
        """The repetitions of a field as values, each with its place."""
        place = f"{self._place(key[0])}-{key[1]}"
        if len(raws) == 1:
            return [Value(self.message, raws[0], place, 0, None, whole)]
        return [Value(self.message, raw, f"{place}[{at}]", 0, None, whole) for at, raw in enumerate(raws, 1)]

    def _value(self, source: Source, segment: Segment) -> Value | None:
        values, at = self._values(source, segment), source.repetition - 1
        return values[at].part(*source.numbers[1:]) if at < len(values) else None

    def _holds(self, when: tuple[Test, ...], segment: Segment) -> bool:
        """Whether all tests are met; what a segment's values say is worked out once for all its rows."""
        known = self.truth.get(id(when))
        if known is not None:
            return known
        steady, holds = True, True
        for test in when:
            steady = steady and test.source.kind == "value"
            if self._met(test, segment) == test.negated:
                holds = False
                break
        if steady:
            self.truth[id(when)] = holds
        return holds

    def _met(self, test: Test, segment: Segment) -> bool:
        if test.source.kind == "resource":
            return self._there(test)
        met = self.truth.get(id(test))
        if met is None:
            met = self.truth[id(test)] = _meets(test, self._value(test.source, segment))
        return met

    def _there(self, test: Test) -> bool:
        """Whether a resource is there, or a segment stands just before."""
        self.asked = True
        name = test.source.text
        return self.after in (test.values or ()) if name == "after" else name in self.current

    def _place(self, name: str) -> str:
        count = self.count.get(name, 1)
        return name if count == 1 else f"{name}[{count}]"

    def _left_out(self, segment: Segment) -> None:
        """Tell what no row of the tables looks at."""
        if segment.name in self.plan.ignored:
            return
        covered = self.plan.covered.get(segment.name)
        place = self._place(segment.name)
        if covered is None:
            if not any(made.segment == segment.name for made in self.plan.made):
                self.problems.append(Problem("unmapped-segment", place))
            return
        for number, raw in enumerate(segment.fields):
            if raw and number and number not in covered and not Value(self.message, raw, place).empty:
                self.problems.append(Problem("unmapped-field", f"{place}-{number}"))


def _copied(made: Any) -> Any:
    """For what is put into a resource grows there."""
    if isinstance(made, dict):
        return {name: _copied(each) for name, each in made.items()}
    return [_copied(each) for each in made] if isinstance(made, list) else made


def _meets(test: Test, value: Value | None) -> bool:
    if value is None or value.empty:
        return test.values is not None and "" in test.values
    if test.values is not None:
        return value.first in test.values
    return test.pattern is None or test.pattern.match(value.text[:LOOKED_AT]) is not None
