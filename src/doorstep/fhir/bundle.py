"""Bundles as plans: each entry an item with its own bytes and, where it is at fault, its own problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import msgspec
import orjson

from doorstep.fhir import faults
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import ID, LIMITS, Limits, check, minify, parse, text_of
from doorstep.fhir.references import replace_reference
from doorstep.fhir.tables import known_types

Fields = dict[str, msgspec.Raw]

_OBJECT: Final = msgspec.json.Decoder(Fields)
_ENTRIES: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TAKEN: Final = ("transaction", "batch", "collection", "searchset")
_REQUEST: Final = ("method", "url", "ifNoneExist", "ifMatch", "ifNoneMatch", "ifModifiedSince")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_CHANGES: Final = ("PUT", "PATCH", "DELETE")
# the order of the rules of a transaction in R4 (http.html#trules)
_ORDER: Final = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}


@dataclass(slots=True)
class Item:
    """One entry: what to do (`method`, `url`) and the resource with which (`type`, `id`, `body` minified).

    Methods are those of HTTP; entries of collections and search sets are PUT. `id` is the one that the sender gave,
    or after `resolution.resolve` the one assigned; `query` holds the search of a conditional request.
    The body of a PATCH is the patch until it was applied; `content_type` says of which sort (empty: by its resource).
    """

    index: int
    full_url: str | None = None
    method: str = "PUT"
    url: str = ""
    type: str = ""
    id: str | None = None
    query: str | None = None
    if_none_exist: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    content_type: str = ""
    body: bytes = b""
    problem: FhirProblem | None = None
    _resource: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def expression(self) -> str:
        """Return the path of the resource in its bundle."""
        return f"Bundle.entry[{self.index}].resource"

    @property
    def resource(self) -> dict[str, Any]:
        """Return the resource parsed (empty where the entry has none)."""
        if self._resource is None:
            self._resource = orjson.loads(self.body) if self.body else {}
        return self._resource

    @property
    def asked(self) -> dict[str, str]:
        """Return what a read asks: its method and, where it has them, if-none-match and if-modified-since."""
        headers = {"if-none-match": self.if_none_match, "if-modified-since": self.if_modified_since}
        return {"method": self.method, **{name: value for name, value in headers.items() if value}}

    def replace_body(self, body: bytes) -> None:
        """Take other bytes for the resource; they must be minified and well-formed."""
        self.body = body
        self._resource = None

    def replace_reference(self, old: str, new: str) -> int:
        """Let every reference `old` in the resource be `new`; returns how many there were."""
        body, count = replace_reference(self.body, old, new)
        if count:
            self.replace_body(body)
        return count


@dataclass(frozen=True, slots=True)
class ConditionalReference:
    """A reference by search (`Patient?identifier=system|value`) that the caller must resolve."""

    item: Item
    path: str
    type: str
    query: str

    @property
    def reference(self) -> str:
        """Return the reference as it was sent."""
        return f"{self.type}?{self.query}"


@dataclass(slots=True)
class BundlePlan:
    """A bundle that was read: its type, its items in the order sent, and what `resolution.resolve` found."""

    type: str
    items: list[Item]
    conditional: list[ConditionalReference] = field(default_factory=list)

    @property
    def problems(self) -> list[FhirProblem]:
        """Return the problems of all items; a transaction with one is refused whole."""
        return [item.problem for item in self.items if item.problem is not None]

    def ordered(self) -> list[Item]:
        """Return the items in the order in which a transaction is done: deletes, creates, updates, reads."""
        return sorted(self.items, key=lambda item: _ORDER[item.method])


def read_bundle(data: bytes, limits: Limits = LIMITS) -> BundlePlan:
    """Read the JSON text of a bundle; raises FhirProblem where it cannot be read as a whole.

    What is wrong with one entry is that item's `problem`, and stops no other.
    """
    if len(data) > limits.bundle_bytes:
        raise FhirProblem("too-large", limit=limits.bundle_bytes)
    text = text_of(data)
    body = minify(text)
    kind, raw_entries = _shell(body)
    if len(raw_entries) > limits.entries:
        raise FhirProblem("too-many-entries", "Bundle.entry", limit=limits.entries)
    requested = kind in ("transaction", "batch")
    read = [_item(index, raw, requested, limits) for index, raw in enumerate(raw_entries)]
    items = [item for item in read if item is not None]
    _refuse_repeated(items, targets=kind == "transaction")
    return BundlePlan(kind, items)


def _shell(body: bytes) -> tuple[str, list[msgspec.Raw]]:
    if body[:1] != b"{":
        raise FhirProblem("not-object")
    shell = _fields(body)
    named = _text(shell, "resourceType")
    if named is None:
        raise FhirProblem("no-resource-type")
    if named != "Bundle":
        raise FhirProblem("not-bundle", "resourceType", type=named)
    kind = _text(shell, "type")
    if kind not in _TAKEN:
        raise FhirProblem("bundle-type", "Bundle.type", type=kind or "")
    try:
        return kind, _ENTRIES.decode(shell.get("entry", b"[]"))
    except msgspec.MsgspecError:
        raise FhirProblem("wrong-shape", "Bundle.entry", expected="array") from None


def _fields(raw: bytes | msgspec.Raw) -> Fields:
    """Split the text of an object into the texts of its fields; FhirProblem where it is none or repeats a key."""
    try:
        fields = _OBJECT.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise FhirProblem("wrong-shape", expected="object") from None
    # the fields make up the whole text, unless a key came twice and only the last was kept
    length = 1 + sum([len(key.encode()) + len(value) + 4 for key, value in fields.items()])
    if length != len(memoryview(raw)):
        faults.refuse_duplicate_keys(bytes(raw))
    return fields


def _text(fields: Fields, key: str) -> str | None:
    raw = fields.get(key)
    if raw is None:
        return None
    value = orjson.loads(bytes(raw))
    if not isinstance(value, str):
        raise FhirProblem("wrong-shape", key, expected="string")
    if "\0" in value:
        raise FhirProblem("nul-character", key)
    return value


def _item(index: int, raw: msgspec.Raw, requested: bool, limits: Limits) -> Item | None:
    item = Item(index)
    try:
        fields = _fields(raw)
        if not requested and b'"outcome"' in bytes(fields.get("search", b"")):
            return None
        item.full_url = _text(fields, "fullUrl")
        if requested:
            _read_request(item, fields.get("request"), limits)
        _read_resource(item, fields.get("resource"), limits)
        if not requested:
            item.url = f"{item.type}/{item.id}" if item.id else item.type
    except FhirProblem as problem:
        _fault(item, problem)
    return item


def _read_request(item: Item, raw: msgspec.Raw | None, limits: Limits) -> None:
    request = _request_fields(b"" if raw is None else bytes(raw), limits.depth)
    item.method, item.url = request.get("method", "").upper(), request.get("url", "").lstrip("/")
    if not item.method or not item.url:
        raise FhirProblem("no-request", "request")
    if item.method not in _METHODS:
        raise FhirProblem("bad-method", "request.method", method=item.method)
    item.if_none_exist = request.get("ifNoneExist")
    item.if_match = request.get("ifMatch")
    item.if_none_match = request.get("ifNoneMatch")
    item.if_modified_since = request.get("ifModifiedSince")
    _read_url(item)


def _request_fields(raw: bytes, depth: int) -> dict[str, str]:
    # many entries of a bundle have the same request to the letter; a long one is not worth keeping
    return _same_request(raw, depth) if len(raw) < 200 else _parse_request(raw, depth)


def _parse_request(raw: bytes, depth: int) -> dict[str, str]:
    if not raw:
        return {}
    try:
        request = parse(raw, depth)
    except FhirProblem as problem:
        raise problem.at("request") from None
    for key in _REQUEST:
        if key in request and not isinstance(request[key], str):
            raise FhirProblem("wrong-shape", f"request.{key}", expected="string")
    return request


_same_request = lru_cache(maxsize=1024)(_parse_request)


def _read_url(item: Item) -> None:
    path, _, query = item.url.partition("?")
    item.type, slash, ident = path.partition("/")
    item.query = query or None
    if item.method in ("GET", "HEAD"):
        return
    if item.type not in known_types() or not _fits(item.method, slash + ident, query):
        raise FhirProblem("bad-url", "request.url", url=item.url)
    item.id = ident or None


def _fits(method: str, below: str, query: str) -> bool:
    """Say whether what follows the type in the url fits the method: nothing for POST, else an id or a search."""
    if method == "POST" or not below:
        return not below and bool(query) == (method != "POST")
    return not query and ID.fullmatch(below, 1) is not None


def _read_resource(item: Item, raw: msgspec.Raw | None, limits: Limits) -> None:
    if raw is None:
        if item.method in ("POST", "PUT", "PATCH"):
            raise FhirProblem("no-resource", "resource")
        return
    try:
        parsed = check(bytes(raw), limits)
    except FhirProblem as problem:
        raise problem.at("resource") from None
    item.body, item._resource = parsed.body, parsed.resource
    if item.method != "PATCH":
        _agree(item, parsed.type, parsed.id)


def _agree(item: Item, kind: str, ident: str | None) -> None:
    if item.type and item.type != kind:
        raise FhirProblem("type-mismatch", "resource.resourceType", url=item.url, type=kind)
    if item.id and item.id != ident:
        raise FhirProblem("id-mismatch", "resource.id", url=item.id)
    item.type = kind
    item.id = ident if item.query is None else None


def _refuse_repeated(items: list[Item], targets: bool) -> None:
    urls: set[str] = set()
    changed: set[str] = set()
    for item in items:
        # versions of one resource may stand in a bundle together, each with its versionId (R4, bdl-7)
        if item.full_url is not None and not _add(urls, f"{item.full_url} {_version(item)}"):
            _fault(item, FhirProblem("duplicate-full-url", "fullUrl", url=item.full_url))
        if targets and item.method in _CHANGES and not _add(changed, item.url):
            _fault(item, FhirProblem("duplicate-target", "request.url", target=item.url))


def _fault(item: Item, problem: FhirProblem) -> None:
    if item.problem is None:
        item.problem = problem.at(f"Bundle.entry[{item.index}]")


def _version(item: Item) -> str:
    meta = item.resource.get("meta")
    return str(meta.get("versionId", "")) if isinstance(meta, dict) else ""


def _add(seen: set[str], value: str) -> bool:
    known = value in seen
    seen.add(value)
    return not known
