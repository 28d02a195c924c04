"""From the bytes of a message to what it says: the header, the event, whom it concerns; or why that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from doorstep.adapters.fhirmessaging import mending
from doorstep.adapters.fhirmessaging.mending import Mend
from doorstep.adapters.fhirmessaging.words import WORDS
from doorstep.fhir import xml
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import ID, LIMITS, minify, parse, text_of
from doorstep.fhir.validation import check

Json = dict[str, Any]
DIALECTS: Final = ("sichuan", "standard")
"""How strictly a sender is read: with the mends of ``mending``, or as R4 alone."""
_BLANK: Final = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
MOST_FAULTS: Final = 50
_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_SORTED: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a stable code, FHIR's issue type, the place, line and column of the text (0: not
    known), and the words in Chinese and English."""

    code: str
    issue: str
    place: str
    zh: str
    en: str
    line: int = 0
    column: int = 0


class Unreadable(Exception):
    """The bytes are no message that can be used: all that is wrong, and the message where its header was read."""

    def __init__(self, faults: Sequence[Fault], message: Message | None = None) -> None:
        super().__init__(faults[0].code)
        self.faults, self.message = tuple(faults), message


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a header names as sender or receiver: numbers of the institution, and where its messages go."""

    identifiers: tuple[str, ...] = ()
    name: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message: ``control`` is MessageHeader.id, ``event`` the code of its event, ``conversation`` the request that it
    goes on with (Type/id), by which messages of one matter keep their order."""

    control: str
    event: str
    system: str
    sender: Party
    source: Party
    receivers: tuple[Party, ...]
    response: str
    focus: tuple[str, ...]
    bundle: Json
    mended: tuple[Mend, ...] = ()

    def resources(self, kind: str = "") -> Iterator[Json]:
        """The resources behind the header, all or those of a type."""
        for entry in self.bundle["entry"][1:]:
            found = entry.get("resource")
            if isinstance(found, dict) and kind in ("", found.get("resourceType")):
                yield found

    def first(self, kind: str) -> Json | None:
        """The resource of a type that the header is about, else the first of it."""
        found = list(self.resources(kind))
        meant = [each for each in found if f"{kind}/{each.get('id')}" in self.focus]
        return next(iter(meant or found), None)

    @property
    def conversation(self) -> str:
        """The request that it is about: its own, or the one that it answers."""
        return next((key for key in _conversations(self) if key), "")


def is_xml(data: bytes) -> bool:
    """Whether the text begins as XML does."""
    return data.lstrip(_BLANK)[:1] == b"<"


def read(data: bytes, dialect: str = DIALECTS[0]) -> Message:
    """Read a message, given as XML or JSON; ``Unreadable`` with every fault that was found."""
    mended: list[Mend] = []
    try:
        bundle = _bundle(data, dialect, mended)
    except FhirProblem as problem:
        raise Unreadable([_of_problem(problem)]) from None
    message = _message(bundle, tuple(mended))
    faults = [_of_finding(each) for each in check("Bundle", bundle)[:MOST_FAULTS]]
    if faults:
        raise Unreadable(faults, message)
    return message


def resource(data: bytes, dialect: str, mended: list[Mend]) -> Json:
    """Read any one resource as a message is read; FhirProblem with the place of its first fault."""
    if is_xml(data):
        text, done = mending.xml_of(data) if dialect == DIALECTS[0] else (data, [])
        mended += done
        body = xml.read(text)
    else:
        text = text_of(data.removeprefix(b"\xef\xbb\xbf"))
        if len(text) > LIMITS.bundle_bytes:
            raise FhirProblem("too-large", limit=LIMITS.bundle_bytes)
        body = minify(text)
    parse(body, LIMITS.depth)  # refuses doubled keys, deep nesting and the like
    found = _DECODER.decode(body)  # keeps the digits of decimals
    if dialect == DIALECTS[0]:
        mended += mending.values_of(found)
    return found


def _bundle(data: bytes, dialect: str, mended: list[Mend]) -> Json:
    if not data.strip(_BLANK):
        raise FhirProblem("empty")
    return resource(data, dialect, mended)


def _message(bundle: Json, mended: tuple[Mend, ...]) -> Message:
    header = _header(bundle)
    event = as_dict(header.get("eventCoding"))
    by_key = _by_key(bundle)
    control = as_text(header.get("id")) or _uuid(bundle["entry"][0])
    source = as_dict(header.get("source"))
    message = Message(
        control, as_text(event.get("code")) or as_text(header.get("eventUri")), as_text(event.get("system")),
        _party(header.get("sender"), by_key),
        Party((), as_text(source.get("name")), as_text(source.get("endpoint"))),
        tuple(_receiver(each, by_key) for each in as_list(header.get("destination"))),
        as_text(as_dict(header.get("response")).get("identifier")),
        tuple(as_text(as_dict(each).get("reference")) for each in as_list(header.get("focus"))), bundle, mended,
    )  # fmt: skip
    at = "Bundle.entry[0].resource"
    if not message.control or not ID.fullmatch(message.control):
        raise Unreadable([own("no-id", f"{at}.id")], message)
    if message.response:
        raise Unreadable([own("not-a-response", f"{at}.response")], message)
    if not message.event:
        raise Unreadable([own("no-event", f"{at}.event")], message)
    return message


def _header(bundle: Json) -> Json:
    kind = as_text(bundle.get("resourceType"))
    if kind != "Bundle":
        raise Unreadable([own("not-bundle", "resourceType", type=kind or "—")])
    if bundle.get("type") != "message":
        raise Unreadable([own("not-message", "Bundle.type", type=as_text(bundle.get("type")) or "—")])
    entries = as_list(bundle.get("entry"))
    first = as_dict(as_dict(entries[0]).get("resource")) if entries else {}
    if first.get("resourceType") != "MessageHeader":
        kind = as_text(first.get("resourceType")) or "—"
        raise Unreadable([own("no-header", "Bundle.entry[0].resource", type=kind)])
    return first


def own(code: str, place: str, **params: str) -> Fault:
    """A fault of this adapter's own words."""
    zh, en = WORDS[code]
    return Fault(code, "processing", place, zh.format(**params), en.format(**params))


def _of_problem(found: FhirProblem) -> Fault:
    return Fault(
        found.code, found.kind.issue, found.expression or "", found.message("zh"), found.message("en"), found.line or 0,
        found.column or 0,
    )  # fmt: skip


def _of_finding(found: Any) -> Fault:
    return Fault(found.code, found.issue_code, found.expression, found.zh, found.en)


def _by_key(bundle: Json) -> dict[str, Json]:
    """The resources of the message by Type/id and by fullUrl."""
    found: dict[str, Json] = {}
    for entry in as_list(bundle.get("entry")):
        inner = as_dict(as_dict(entry).get("resource"))
        for key in (f"{inner.get('resourceType')}/{inner.get('id')}", as_text(as_dict(entry).get("fullUrl"))):
            found.setdefault(key, inner)
    return found


def _party(reference: Any, by_key: dict[str, Json]) -> Party:
    said = as_dict(reference)
    target = by_key.get(as_text(said.get("reference")), {}) if said else {}
    numbers = [
        as_text(as_dict(each).get("value")) for each in (said.get("identifier"), *as_list(target.get("identifier")))
    ]
    named = as_text(said.get("reference")).rpartition("Organization/")
    keys = (*numbers, named[2] if named[1] else "")
    return Party(tuple(key for key in keys if key), as_text(target.get("name")) or as_text(said.get("display")))


def _receiver(destination: Any, by_key: dict[str, Json]) -> Party:
    said = as_dict(destination)
    found = _party(said.get("receiver"), by_key)
    return Party(found.identifiers, found.name or as_text(said.get("name")), as_text(said.get("endpoint")))


def _conversations(message: Message) -> Iterator[str]:
    for answer in message.resources("AppointmentResponse"):
        yield as_text(as_dict(answer.get("appointment")).get("reference"))
    for report in message.resources("DiagnosticReport"):
        yield next((as_text(as_dict(each).get("reference")) for each in as_list(report.get("basedOn"))), "")
    for task in message.resources("Task"):
        yield from (as_text(as_dict(each).get("reference")) for each in as_list(task.get("basedOn")))
    for kind in ("Appointment", "ServiceRequest", "Patient"):
        yield from (f"{kind}/{each.get('id')}" for each in message.resources(kind) if each.get("id"))


def _uuid(entry: Json) -> str:
    return as_text(entry.get("fullUrl")).removeprefix("urn:uuid:")


def as_text(value: Any) -> str:
    """A string; empty for anything else."""
    return value if isinstance(value, str) else ""


def as_dict(value: Any) -> Json:
    """An object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def same(one: bytes, other: bytes, dialect: str) -> bool:
    """Whether two messages say the same but for what a repeated sending changes (R4, messaging.html: the Bundle's own
    id, identifier and time)."""
    try:
        return _essence(one, dialect) == _essence(other, dialect)
    except FhirProblem:
        return False


def _essence(data: bytes, dialect: str) -> bytes:
    bundle = _bundle(data, dialect, [])
    for name in ("id", "identifier", "timestamp", "meta"):
        bundle.pop(name, None)
    return _SORTED.encode(bundle)


def json_of(resource: Json) -> bytes:
    """The JSON of what was read; decimals keep the digits that were sent."""
    return _ENCODER.encode(resource)
