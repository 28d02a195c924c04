"""What of a document went nowhere, told by place: nothing coded is dropped without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from doorstep.adapters.cda.document import STATEMENTS
from doorstep.adapters.cda.mapping.finding import WHOLE, Finder, says
from doorstep.adapters.cda.mapping.rows import Tables
from doorstep.adapters.cda.shapes import Problem
from doorstep.adapters.cda.tree import Node

MOST: Final = 90
"""Problems of one document that are told one by one; the rest are counted."""


def place(node: Node) -> str:
    """Where an element stands: its section by title and code, and the path from there (``entry[2]/act/value``)."""
    steps: list[str] = []
    at: Node | None = node
    while at is not None and at.name not in ("section", "ClinicalDocument"):
        steps.append(_step(at))
        at = at.parent
    path = "/".join(reversed(steps))
    return " ".join(part for part in (_section(at), path) if part) if at is not None and at.name == "section" else path


def left(root: Node, tables: Tables, finder: Finder, made: Mapping[int, str]) -> list[Problem]:
    """The sections, entries and elements that no line of the tables looked at, and that say something."""
    return list(_Left(tables, finder, made).of(root))


def shortened(problems: Sequence[Problem]) -> list[Problem]:
    """The first of many problems, and how many more there are."""
    unique = list({(p.code, p.place, p.line): p for p in problems}.values())
    more = len(unique) - MOST
    return unique if more <= 0 else [*unique[:MOST], Problem("cda-more", params={"count": more})]


def _step(node: Node) -> str:
    alike = node.parent.all(node.name) if node.parent is not None else [node]
    return node.name if len(alike) == 1 else f"{node.name}[{node.number}]"


def _section(node: Node) -> str:
    title, code = node.first("title"), node.first("code")
    said = title.text if title is not None else ""
    said = said or (code.get("displayName") if code is not None else "")
    number = code.get("code") if code is not None else ""
    return f"{said[:60]} ({number})" if said and number else said[:60] or number or "section"


class _Left:
    def __init__(self, tables: Tables, finder: Finder, made: Mapping[int, str]) -> None:
        self._tables, self._finder, self._made = tables, finder, made

    def of(self, node: Node) -> Iterator[Problem]:
        """What was left of an element that was touched."""
        for child in node.children:
            if child.taken == WHOLE or not _says(child) or self._is_ignored(child):
                continue
            if child.name == "section":
                yield from self._section(child)
            elif child.name in STATEMENTS and id(child) not in self._made:
                yield from self._statement(child)
            elif child.taken or id(child) in self._made or _holds_statements(child):
                yield from self.of(child)
            else:
                yield Problem("cda-left-element", place(child), child.line)

    def _section(self, section: Node) -> Iterator[Problem]:
        code = section.first("code")
        known = code is not None and code.get("code") in self._tables.sections
        touched = any(entry.taken for entry in section.all("entry"))
        if section.all("entry") and not known and not touched:
            yield Problem("cda-left-section", place(section) + " " + _section(section), section.line)
            for component in section.all("component"):
                yield from self.of(component)
        else:
            yield from self.of(section)

    def _statement(self, node: Node) -> Iterator[Problem]:
        if node.taken or any(id(n) in self._made for n in _inner(node)):
            yield from self.of(node)
        elif node.get("negationInd") == "true":
            yield Problem("cda-negated", place(node), node.line)
        else:
            yield Problem("cda-left-entry", place(node), node.line)

    def _is_ignored(self, node: Node) -> bool:
        return any(
            self._finder.holds(each.when, node, None)
            for name in (node.name, "*")
            for each in self._tables.ignored.get(name, ())
        )


def _says(node: Node) -> bool:
    """Whether something stands in an element or anywhere within; one that was touched says something."""
    if node.taken or not says(node):
        return bool(node.taken)
    return any(says(each) for each in node.walk() if not each.children)


def _holds_statements(node: Node) -> bool:
    return node.name in ("component", "structuredBody", "entry", "entryRelationship")


def _inner(node: Node) -> Iterator[Node]:
    """The statements directly within one: deeper ones mark those around them as touched."""
    for link in node.children:
        yield from (each for each in link.children if each.name in STATEMENTS)
