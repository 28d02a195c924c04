"""The walk through a document: resources begin, rows fill them, what no row looks at is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from doorstep.adapters.cda.document import STATEMENTS, is_restricted, open_document, sections_of
from doorstep.adapters.cda.mapping import leftovers
from doorstep.adapters.cda.mapping.bundles import Builder, Names, bundle_of, checked, demand_usable
from doorstep.adapters.cda.mapping.finding import WHOLE, Finder, Value, take
from doorstep.adapters.cda.mapping.grammar import Source, Test
from doorstep.adapters.cda.mapping.rows import Made, Row, Tables
from doorstep.adapters.cda.mapping.shapes import Context, Converted, Json
from doorstep.adapters.cda.mapping.transforms import TRANSFORMS, Bad
from doorstep.adapters.cda.shapes import Problem, Unreadable
from doorstep.adapters.cda.tree import LIMITS, Limits, Node
from doorstep.adapters.hl7v2.mapping.placing import Labels, put

EMPTY: Final[tuple[object, ...]] = (None, "", {}, [])
CONSTANTS: Final = {"true": True, "false": False}


def convert(data: bytes, tables: Tables, context: Context, limits: Limits = LIMITS) -> Converted:
    """A document as a transaction: the whole of it in a Binary, its DocumentReference, and what its coded entries say.

    Raises ``Unreadable`` for one that cannot be used as a whole: no CDA, no number of its own, no patient or several.
    """
    root = open_document(data, limits)
    if len(root.all("recordTarget")) > 1:
        second = root.all("recordTarget")[1]
        raise Unreadable(Problem("cda-several-patients", "recordTarget[2]", second.line))
    work = Work(root, tables, context, len(data))
    work.run()
    work.problems += checked(work.builders)
    bundle, kin, places = bundle_of(work.builders, data, context, restricted=_labels(root))
    problems = leftovers.shortened(work.problems + leftovers.left(root, tables, work.finder, work.made_of))
    return Converted(bundle, problems, tables.version, kin, places)


def _labels(root: Node) -> bool:
    return is_restricted(root) or any(node.name == "section" and is_restricted(node) for node in root.walk())


@dataclass(slots=True)
class Work:
    """A conversion under way: which resource each name means here, which section is around."""

    root: Node
    tables: Tables
    context: Context
    size: int
    finder: Finder = field(init=False)
    builders: list[Builder] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    problems: list[Problem] = field(default_factory=list)
    current: dict[str, Builder] = field(default_factory=dict)
    section: Node | None = None
    section_name: str = ""
    labels: Labels = field(default_factory=dict)
    made_of: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.finder = Finder(self.root, self.size)

    def run(self) -> None:
        """Header first, then the sections in order, those within others too."""
        for made in self.tables.made.get("ClinicalDocument", ()):
            if self._holds(made.when, self.root):
                self._begin(made, self.root)
        demand_usable(self.current)
        self._sections(self.root, is_restricted(self.root))

    def _sections(self, node: Node, restricted: bool) -> None:
        for section in sections_of(node):
            hidden = restricted or is_restricted(section)
            self.section = section
            self.section_name = self._name_of(section)
            for entry in section.all("entry"):
                self._within(entry, hidden)
            self._sections(section, hidden)

    def _name_of(self, section: Node) -> str:
        code = section.first("code")
        return self.tables.sections.get(code.get("code"), "") if code is not None else ""

    def _within(self, around: Node, hidden: bool) -> None:
        for node in around.children:
            if node.name in STATEMENTS and node.taken != WHOLE:
                self._statement(node, hidden)

    def _statement(self, node: Node, hidden: bool) -> None:
        if _of_another(node):
            self.problems.append(Problem("cda-other-subject", leftovers.place(node), node.line))
            take(Value(node))
            return
        before = self.current
        self.current = dict(before)
        for made in self.tables.made.get(node.name, ()):
            if self._holds(made.when, node):
                self._begin(made, node, hidden)
                break
        for link in node.children:
            if link.name in ("entryRelationship", "component"):
                self._within(link, hidden)
        self.current = before

    def _begin(self, made: Made, node: Node, hidden: bool = False) -> None:
        """Fill a resource and name it; one that lacks what it needs is told and left out."""
        builder = Builder(made, node, leftovers.place(node), hidden)
        self.made_of[id(node)] = made.name
        self.labels = {}
        for row in self.tables.rows[made.name]:
            if self._holds(row.when, node):
                self._row(row, builder)
        missing = builder.missing()
        if missing:
            self.problems.append(Problem("cda-missing", builder.place, node.line, None, {"element": missing[0]}))
            return
        earlier = self.names.name(builder, self.context, self.section, self.current)
        if earlier is None:
            self.builders.append(builder)
        self.current[made.name] = earlier or builder
        self._link(made.name, earlier or builder)

    def _link(self, name: str, builder: Builder) -> None:
        for link in self.tables.links:
            outer = self.current.get(link.outer)
            if link.inner == name and outer is not None and outer is not builder:
                put(outer.resource, link.path, {"reference": builder.full_url}, {})

    def _row(self, row: Row, builder: Builder) -> None:
        if row.source.kind != "path":
            self._put(row, builder, self._given(row.source), None)
            return
        values = self.finder.values(row.source, builder.node, self.section)
        if len(values) > 1 and not row.many:
            self._tell("cda-repetition", values[1].node)
            values = values[:1]
        for value in values:
            take(value)
            try:
                self._put(row, builder, self._made(row, value), value)
            except Bad as bad:
                self._tell(str(bad), value.node)

    def _put(self, row: Row, builder: Builder, found: Any, value: Value | None) -> None:
        if found in EMPTY:
            return
        if put(builder.resource, row.path, found, self.labels):
            builder.filled.add(row.rule)
        elif value is not None and row.rule in builder.filled:
            self._tell("cda-second-value", value.node)

    def _tell(self, code: str, node: Node) -> None:
        self.problems.append(Problem(code, leftovers.place(node), node.line))

    def _given(self, source: Source) -> Any:
        """A constant, a reference, or what the context says; None for nothing."""
        if source.kind == "constant":
            return CONSTANTS.get(source.text, source.text)
        if source.kind == "resource":
            found = self.current.get(source.text)
            return {"reference": found.full_url} if found else None
        if source.text == "section":
            return self.section_name or None
        if source.text == "document":
            return {"reference": self.current["document"].full_url}
        said = {"reference": self.context.organisation, "display": self.context.organisation_name}
        return {name: each for name, each in said.items() if each} or None

    def _made(self, row: Row, value: Value) -> Any:
        """What a value is by the row's conversion or datatype."""
        if (transform := TRANSFORMS.get(row.transform)) is not None:
            maps = self.tables.values.get(row.values) if row.values else None
            return transform(self.finder.text(value), value.node, self.context, maps)
        made: Json = {}
        labels: Labels = {}
        real = False
        for part in self.tables.datatypes[row.transform]:
            found = self._parts(part, value.node)
            for each in found:
                real |= put(made, part.path, each, labels) and part.source.kind == "path"
            if part.needed and not found:
                return None
        return made if real else None

    def _parts(self, part: Row, node: Node) -> list[Any]:
        if not self._holds(part.when, node):
            return []
        if part.source.kind != "path":
            found = self._given(part.source)
            return [] if found in EMPTY else [found]
        values = self.finder.values(part.source, node, self.section)
        made = [self._made(part, value) for value in (values if part.many else values[:1])]
        return [each for each in made if each not in EMPTY]

    def _holds(self, when: tuple[Test, ...], node: Node) -> bool:
        return all(self._test(test, node) for test in when)

    def _test(self, test: Test, node: Node) -> bool:
        kind, text = test.source.kind, test.source.text
        if kind == "path":
            met = self.finder.holds_one(test, node, self.section)
            if met and not test.negated:
                for value in self.finder.values(test.source, node, self.section):
                    if value.attribute:
                        take(value)
            return met
        if kind == "resource":
            return (text in self.current) != test.negated
        return (self.section_name in (test.values or ())) != test.negated


def _of_another(node: Node) -> bool:
    """Whether a statement, or the section it stands in, is about somebody else than the patient (CDA R2, subject)."""
    section: Node | None = node
    while section is not None and section.name != "section":
        section = section.parent
    return bool(node.all("subject")) or (section is not None and bool(section.all("subject")))
