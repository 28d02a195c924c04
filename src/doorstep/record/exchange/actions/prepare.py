"""From bytes to items that can be written: read, ids given, references resolved; needs no transaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid5

import msgspec

from doorstep.fhir.bundle import BundlePlan, Item, read_bundle
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import Limits, check, minify, text_of
from doorstep.fhir.references import rewrite
from doorstep.fhir.resolution import resolve
from doorstep.record.exchange.shapes import Piece, Problem

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LIMITS = Limits()
Keys = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Prepared:
    """A piece that was read. ``problem`` concerns it whole; ``aside`` the items that cannot be used, by index."""

    piece: Piece
    digest: bytes
    plan: BundlePlan
    problem: Problem | None = None
    aside: dict[int, Problem] = field(default_factory=dict)
    existing: dict[int, str] = field(default_factory=dict)
    settled: bool = False

    @property
    def atomic(self) -> bool:
        """Whether it is used whole or not at all."""
        return self.plan.type == "transaction"

    @property
    def careful(self) -> bool:
        """Whether what it does depends on what is there: such a piece gets a transaction of its own."""
        return any(
            i.if_none_exist or i.query or i.if_match or i.method not in ("POST", "PUT") for i in self.plan.items
        ) or bool(self.plan.conditional)

    def failed(self) -> bool:
        """Whether nothing of it may be used."""
        return self.problem is not None or (self.atomic and bool(self.aside))

    def sound(self) -> list[Item]:
        """The items that are to be written."""
        if self.failed():
            return []
        return [i for i in self.plan.items if i.index not in self.aside and i.body and i.method in ("POST", "PUT")]


def problem_of(found: FhirProblem, entry: int | None = None) -> Problem:
    """The room's record of a problem that the FHIR library found."""
    return Problem(found.code, found.expression or "", found.line, found.column, dict(found.params), entry)


def read(piece: Piece) -> Prepared:
    """Read a piece; what is wrong with it is its ``problem`` or stands ``aside``, nothing is raised."""
    prepared = Prepared(piece, hashlib.sha256(piece.raw).digest(), BundlePlan("collection", []))
    try:
        prepared.plan = READERS[piece.kind](piece)
    except FhirProblem as found:
        prepared.problem = problem_of(found)
    _gather(prepared)
    return prepared


def _read_resource(piece: Piece) -> BundlePlan:
    text = text_of(piece.raw)
    parsed = check(minify(text), LIMITS, text)
    if parsed.type == "Bundle":
        return read_bundle(piece.raw, LIMITS)
    item = Item(0, type=parsed.type, id=parsed.id, body=parsed.body, url=parsed.type, _resource=parsed.resource)
    return BundlePlan("collection", [item])


def _read_lines(piece: Piece) -> BundlePlan:
    items = []
    for number, line in enumerate(piece.raw.split(b"\n")):
        if not line.strip():
            continue
        item = Item(number)
        try:
            text = text_of(line)
            parsed = check(minify(text), LIMITS, text)
            item.type, item.id, item.body, item._resource = parsed.type, parsed.id, parsed.body, parsed.resource
        except FhirProblem as found:
            item.problem = found
        items.append(item)
    return BundlePlan("ndjson", items)


READERS: dict[str, Callable[[Piece], BundlePlan]] = {
    "bundle": lambda piece: read_bundle(piece.raw, LIMITS),
    "resource": _read_resource,
    "ndjson": _read_lines,
}


def settle(prepared: Prepared, source: UUID, claimed: Keys, known: Callable[[Item], str | None]) -> None:
    """Give the items their ids and resolve their references; ``known`` tells the id of what is there already.

    An id is the one that the source gave (a UUID of its fullUrl, or its own id), unless another source holds it:
    then, and only then, a name-based UUID of the source and that id.
    """

    def assign(item: Item) -> str:
        if (there := known(item)) is not None:
            prepared.existing[item.index] = there
            return there
        wanted = _wanted(item, prepared.digest)
        return alias(source, item.type, wanted) if (item.type, wanted) in claimed else wanted

    if prepared.problem is None:
        resolve(prepared.plan, assign)
        _gather(prepared)
    prepared.settled = True


def _gather(prepared: Prepared) -> None:
    for item in prepared.plan.items:
        if item.problem is not None:
            prepared.aside.setdefault(item.index, problem_of(item.problem, item.index))


def _wanted(item: Item, digest: bytes) -> str:
    url = (item.full_url or "").lower()
    if item.method == "POST" and url.startswith("urn:uuid:") and UUID_TEXT.fullmatch(url[9:]):
        return url[9:]
    if item.method == "PUT" and item.id:
        return item.id
    return str(uuid5(UUID(bytes=digest[:16]), f"{item.type}#{item.index}"))


def alias(source: UUID, kind: str, key: str) -> str:
    """The id under which a source's resource is kept when its own id belongs to another."""
    return str(uuid5(source, f"{kind}/{key}"))


def remnants(prepared: Prepared) -> Iterator[tuple[Item, bytes, Problem]]:
    """Each item that could not be used, as a message of its own that can be mended by hand, with its problem."""
    if not prepared.aside:
        return
    by_index = {item.index: item for item in prepared.plan.items}
    pieces = _entries(prepared)
    targets = {i.full_url: f"{i.type}/{i.id}" for i in prepared.plan.items if i.full_url and i.id}
    for index, problem in sorted(prepared.aside.items()):
        raw = pieces[index]
        if prepared.plan.type != "ndjson":
            kind = b"batch" if prepared.plan.type == "batch" else b"collection"
            entry = rewrite(minify(raw), targets.get)
            raw = b'{"resourceType":"Bundle","type":"' + kind + b'","entry":[' + entry + b"]}"
        yield by_index[index], raw, problem


def _entries(prepared: Prepared) -> list[bytes]:
    if prepared.plan.type == "ndjson":
        return prepared.piece.raw.split(b"\n")
    if prepared.piece.kind == "resource" and not any(i.full_url for i in prepared.plan.items):
        return [b'{"resource":' + prepared.piece.raw + b"}"]
    fields = msgspec.json.decode(text_of(prepared.piece.raw), type=dict[str, msgspec.Raw])
    return [bytes(raw) for raw in msgspec.json.decode(fields["entry"], type=list[msgspec.Raw])]
