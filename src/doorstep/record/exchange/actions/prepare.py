"""From bytes to items that can be written: read, ids given, references resolved; needs no transaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

from doorstep.adapters.cda import mapping
from doorstep.adapters.cda.shapes import Problem as Left
from doorstep.adapters.cda.shapes import Unreadable
from doorstep.fhir.bundle import BundlePlan, Item, read_bundle
from doorstep.fhir.indexing import Index
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import Limits, Parsed, check, is_id, minify, text_of
from doorstep.fhir.resolution import resolve
from doorstep.kernel.standing import Standing
from doorstep.record.exchange import rules
from doorstep.record.exchange.shapes import Piece, Problem

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SEARCH = re.compile(rb'"reference":"[A-Z][A-Za-z]+\?')
LINES = re.compile(r"(.*):([0-9]{1,18})-[0-9]+", re.DOTALL)
LIMITS = Limits()
WRITES = ("POST", "PUT", "PATCH")
Keys = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Prepared:
    """A piece that was read. ``problem`` concerns it whole; ``aside`` the items that cannot be used, by index.

    ``existing`` are the ids of what conditional creates found, ``found`` the items whose search found one. ``there`` is
    how targets stood when they were looked at, ``expected`` the versions on which a write rests. ``direct``: a single
    interaction, whose sender is told of a fault at once, so that nothing of it is set aside; ``checked``: its structure
    is known to be right. ``more`` are the problems of items beyond those that stand ``aside``; ``indexed`` are the
    bodies of items that were indexed before their turn, with their index.

    Of a document: ``kin`` tells its versions, ``places`` where in it each item comes from, ``notes`` what of it went
    nowhere; they stop nothing.
    """

    piece: Piece
    digest: bytes
    plan: BundlePlan
    problem: Problem | None = None
    aside: dict[int, Problem] = field(default_factory=dict)
    existing: dict[int, str] = field(default_factory=dict)
    found: set[int] = field(default_factory=set)
    there: dict[int, Standing] = field(default_factory=dict)
    expected: dict[int, int] = field(default_factory=dict)
    settled: bool = False
    direct: bool = False
    request: str = ""
    checked: bool = False
    more: dict[int, list[Problem]] = field(default_factory=dict)
    indexed: dict[int, tuple[bytes, Index]] = field(default_factory=dict)
    kin: mapping.Kin | None = None
    places: tuple[str, ...] = ()
    notes: list[Problem] = field(default_factory=list)

    @property
    def atomic(self) -> bool:
        """Whether it is used whole or not at all."""
        return self.plan.type == "transaction"

    @property
    def careful(self) -> bool:
        """Whether what it does depends on what is there, or on what the pieces before it do."""
        return any(
            i.if_none_exist
            or i.query
            or i.if_match
            or i.if_none_match
            or i.method not in ("POST", "PUT")
            or searches(i.body)
            for i in self.plan.items
        )

    @property
    def bundled(self) -> bool:
        """Whether its items stood in a bundle, and not on lines or alone."""
        return self.plan.type not in ("ndjson", "resource")

    def failed(self) -> bool:
        """Whether nothing of it may be used, or nothing is left to use: then it rests in the list as it came."""
        if self.problem is not None or (self.atomic and self.aside):
            return True
        return bool(self.aside) and all(i.index in self.aside for i in self.plan.items)

    def told(self) -> tuple[Problem, ...]:
        """Its problems, each with the place that its sender knows: a path in the bundle, or a line of the file."""
        if self.problem is not None:
            return (self.problem,)
        found = tuple(self.plainly(each) for index in sorted(self.aside) for each in self.problems_of(index))
        if self.plan.type != "ndjson":
            return tuple(self._placed(each) for each in found) if self.places else found
        first = lines_of(self.piece.origin)[1]
        return tuple(replace(p, line=first + (p.entry or 0), column=p.column or 1) for p in found)

    def _placed(self, problem: Problem) -> Problem:
        """The problem of an item of a document, with the place that its sender knows before the one in the bundle."""
        entry = problem.entry
        if entry is None or entry >= len(self.places):
            return problem
        return replace(problem, path=rules.storable(f"{self.places[entry]} → {problem.path}"))

    def problems_of(self, index: int) -> list[Problem]:
        """All that is wrong with an item that stands aside."""
        return [self.aside[index], *self.more.get(index, ())]

    def plainly(self, problem: Problem) -> Problem:
        """The problem of an item, without the path of a bundle where there was none."""
        if self.bundled:
            return problem
        return replace(problem, path=problem.path.removeprefix(f"Bundle.entry[{problem.entry}].resource").lstrip("."))

    def sound(self) -> list[Item]:
        """The items that are to be written, deletes apart."""
        if self.failed():
            return []
        known = self.aside.keys() | self.existing.keys()
        return [i for i in self.plan.items if i.index not in known and i.body and i.method in WRITES]

    def deletes(self) -> list[Item]:
        """The deletes of what is there; one of what is not there (any more) has nothing to do."""
        if self.failed():
            return []
        found = [i for i in self.plan.items if i.method == "DELETE" and i.index not in self.aside]
        return [i for i in found if i.index in self.there and not self.there[i.index].deleted]

    def put_aside(self, item: Item, problem: Problem) -> None:
        """Note that an item cannot be used; of several problems the first is told."""
        path = problem.path or item.expression
        self.aside.setdefault(item.index, replace(problem, path=path, entry=item.index))

    def put_all_aside(self, item: Item, problems: Sequence[Problem]) -> None:
        """Note that a sound item cannot be used, for all of these problems."""
        self.aside[item.index], *self.more[item.index] = problems


def searches(body: bytes) -> bool:
    """Whether a reference of the (minified) resource is a search."""
    return b"?" in body and SEARCH.search(body) is not None


def problem_of(found: FhirProblem, entry: int | None = None) -> Problem:
    """The room's record of a problem that the FHIR library found."""
    params = {name: rules.storable(value) if isinstance(value, str) else value for name, value in found.params.items()}
    return Problem(found.code, rules.storable(found.expression or ""), found.line, found.column, params, entry)


def lines_of(origin: str) -> tuple[str, int]:
    """The file and the first line that an origin ``file:first-last`` names; line 1 where it names none."""
    match = LINES.fullmatch(origin)
    return (match[1], int(match[2])) if match else (origin, 1)


def read(piece: Piece, source: UUID) -> Prepared:
    """Read a piece of a source; what is wrong with it is its ``problem`` or stands ``aside``, nothing is raised."""
    prepared = Prepared(piece, hashlib.sha256(piece.raw).digest(), BundlePlan("collection", []))
    try:
        if piece.kind == "cda":
            _read_document(prepared, source)
        else:
            prepared.plan = READERS[piece.kind](piece)
    except FhirProblem as found:
        prepared.problem = problem_of(found)
    except Unreadable as found:
        prepared.problem = _noted(found.problem)
    _gather(prepared)
    return prepared


def _read_document(prepared: Prepared, source: UUID) -> None:
    """Map a CDA document by the standard tables. Raises ``Unreadable``."""
    found = mapping.convert(prepared.piece.raw, mapping.standard(), mapping.Context(str(source)))
    prepared.plan = read_bundle(found.body, LIMITS)
    prepared.kin, prepared.places = found.kin, found.places
    prepared.notes = [_noted(each) for each in found.problems]


def _noted(left: Left) -> Problem:
    column = left.column or (1 if left.line else None)
    params = {name: rules.storable(value) if isinstance(value, str) else value for name, value in left.params.items()}
    return Problem(left.code, rules.storable(left.place), left.line, column, params)


def _read_resource(piece: Piece) -> BundlePlan:
    text = text_of(piece.raw)
    parsed = check(minify(text), LIMITS, text)
    if parsed.type == "Bundle":
        return read_bundle(piece.raw, LIMITS)
    return BundlePlan("resource", [_lone(Item(0), parsed)])


def _lone(item: Item, parsed: Parsed) -> Item:
    """An item that stood in no bundle; without an id of its own it is known by what it says, so that a file which
    comes again with more lines does not make it twice."""
    item.type, item.id, item.body, item._resource = parsed.type, parsed.id, parsed.body, parsed.resource
    if parsed.id is None:
        made = uuid5(UUID(bytes=hashlib.sha256(parsed.body).digest()[:16]), parsed.type)
        item.full_url = f"urn:uuid:{made}"
    return item


def _read_lines(piece: Piece) -> BundlePlan:
    items = []
    for number, line in enumerate(piece.raw.split(b"\n")):
        if not line.strip():
            continue
        item = Item(number)
        try:
            text = text_of(line)
            _lone(item, check(minify(text), LIMITS, text))
        except FhirProblem as found:
            item.problem = found
        items.append(item)
    return BundlePlan("ndjson", items)


READERS: dict[str, Callable[[Piece], BundlePlan]] = {
    "bundle": lambda piece: read_bundle(piece.raw, LIMITS),
    "resource": _read_resource,
    "ndjson": _read_lines,
}


def settle(prepared: Prepared, source: UUID, claimed: Keys) -> None:
    """Give the items their ids (of what is ``existing``, its own) and resolve their references.

    An id is the one that the source gave (a UUID of its fullUrl, or its own id), unless another source holds it:
    then, and only then, a name-based UUID of the source and that id.
    """

    def assign(item: Item) -> str:
        if (there := prepared.existing.get(item.index)) is not None:
            return there
        wanted = wanted_id(item, prepared.digest)
        return alias(source, item.type, wanted) if (item.type, wanted) in claimed else wanted

    if prepared.problem is None:
        resolve(prepared.plan, assign)
        _gather(prepared)
    prepared.settled = True


def _gather(prepared: Prepared) -> None:
    for item in prepared.plan.items:
        if item.problem is not None:
            prepared.aside.setdefault(item.index, problem_of(item.problem, item.index))


def wanted_id(item: Item, digest: bytes) -> str:
    """The id that a source means: its own, the UUID of the fullUrl, else one made of the piece and the place in it."""
    if item.method != "POST" and item.id:
        return item.id
    if item.method == "PUT" and item.query and is_id(own := item.resource.get("id")):
        return str(own)
    return uuid_of(item.full_url) or str(uuid5(UUID(bytes=digest[:16]), f"{item.type}#{item.index}"))


def uuid_of(url: str | None) -> str:
    """The UUID of a ``urn:uuid:``, in its one spelling; empty for any other address."""
    text = (url or "").lower()
    return text[9:] if text.startswith("urn:uuid:") and UUID_TEXT.fullmatch(text[9:]) else ""


def alias(source: UUID, kind: str, key: str) -> str:
    """The id under which a source's resource is kept when its own id belongs to another."""
    return str(uuid5(source, f"{kind}/{key}"))
