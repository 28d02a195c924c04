"""One request as the handlers see it: who asks, for what, in which form, and its body once it is wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

from doorstep.fhir import xml
from doorstep.fhir.parameters_resource import Inputs, from_query, read_body
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, Parsed, minify, parse, read_resource, text_of
from doorstep.fhir.requests import language
from doorstep.fhir.requests import read_body as read_bytes

if TYPE_CHECKING:
    from doorstep.fhir.door.house import House

JSON: Final = "application/fhir+json"
XML: Final = "application/fhir+xml"
FORM: Final = "application/x-www-form-urlencoded"
PATCHES: Final = ("application/json-patch+json", "application/json-patch")
_FORMATS: Final = {
    "json": JSON, JSON: JSON, "application/json": JSON, "text/json": JSON, "application/json+fhir": JSON,
    "xml": XML, XML: XML, "application/xml": XML, "text/xml": XML, "application/xml+fhir": XML,
    "": JSON, "*/*": JSON, "application/*": JSON, "text/*": JSON,
}  # fmt: skip
SHAPES: Final = ("_format", "_pretty", "_summary", "_elements", "_elements:exclude")
"""Parameters that say how an answer looks, and not which resource is meant."""
_HTML: Final = "text/html"
_PAIRS: Final = 500


@dataclass(slots=True)
class Asked:
    """A request: `path` are the parts below the door, `pairs` its query (and form), `format` what is answered."""

    request: Request
    call: Any
    path: Sequence[str]
    pairs: list[tuple[str, str]]
    format: str = JSON
    pretty: bool = False
    base: str = ""
    limit: int = LIMITS.bundle_bytes
    prefer: dict[str, str] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """Return "zh" or "en"."""
        return language(self.request.headers)

    @property
    def strict(self) -> bool:
        """Whether parameters that are not known are refused."""
        return self.prefer.get("handling") == "strict"

    @property
    def wanted(self) -> str:
        """What a write answers with: minimal, representation or OperationOutcome."""
        return self.prefer.get("return", "representation")

    def header(self, name: str) -> str | None:
        """Return a header, None where it was not sent."""
        found: str | None = self.request.headers.get(name)
        return found

    def value(self, name: str) -> str | None:
        """Return the last value of a parameter of the query."""
        return next((value for key, value in reversed(self.pairs) if key == name), None)

    @property
    def content_type(self) -> str:
        """Return the media type of the body, without its parameters."""
        return (self.header("content-type") or JSON).partition(";")[0].strip().lower()

    @property
    def is_fhir(self) -> bool:
        """Whether the body says that it is FHIR, in JSON or XML."""
        return self.content_type in _FORMATS and self.content_type not in ("", "*/*")

    def permit(self, house: House, kind: str, letters: str) -> None:
        """From here on ask as one who may do this with a type ("": with any); FhirProblem where one may not."""
        self.call = house.permit(self.call, kind, letters)

    async def raw(self) -> bytes:
        """Return the body, unpacked, at most as long as is taken."""
        return await read_bytes(self.request, self.limit)

    async def json(self) -> bytes:
        """Return the body as JSON; XML is turned into it. FhirProblem for any other kind."""
        kind = self.content_type
        taken = _FORMATS.get(kind)
        charset = (self.header("content-type") or "").lower().partition("charset=")[2].strip(' "')
        if taken is None or kind in ("*/*", "") or (taken == JSON and charset not in ("", "utf-8", "utf8")):
            raise FhirProblem("unsupported-media-type", type=self.header("content-type") or "")
        data = await self.raw()
        return self._local(xml.read(data) if taken == XML else data)

    def _local(self, data: bytes) -> bytes:
        """Let references by the door's own address be relative, as what they mean: else no search would find them."""
        base = self.base.encode()
        if base not in data:
            return data
        # within a string of JSON a quote is escaped, so that this can only be the key itself
        return re.sub(rb'("reference"\s*:\s*")' + re.escape(base) + rb"(?=[A-Z])", rb"\1", data)

    async def resource(self) -> Parsed:
        """Return the resource that was sent; FhirProblem with the place of its first fault."""
        return read_resource(await self.json())

    async def unchecked(self) -> dict[str, Any]:
        """Return the JSON object that was sent, whatever it says; FhirProblem where it cannot be read as JSON."""
        text = text_of(await self.json())
        if len(text) > LIMITS.resource_bytes:
            raise FhirProblem("too-large", limit=LIMITS.resource_bytes)
        return parse(minify(text), LIMITS.depth, text)

    async def inputs(self, *, checked: bool = True) -> Inputs:
        """Return the parameters of an operation, of the query and (POST) of the body; what is sent may be at fault."""
        given = [pair for pair in self.pairs if pair[0] not in ("_format", "_pretty")]
        if self.request.method != "POST":
            return from_query(given)
        data = await self.raw() if self.content_type == FORM else b""
        if data:
            return from_query([*given, *_form(data)])
        if not self.header("content-length") and self.header("transfer-encoding") is None:
            return from_query(given)
        if self.header("content-length") == "0":
            return from_query(given)
        body = read_body((await self.resource()).resource if checked else await self.unchecked())
        return Inputs([*from_query(given).given, *body.given], body.place)

    async def add_form(self) -> None:
        """Take the pairs of a form (`POST _search`) to those of the query."""
        if self.content_type != FORM:
            raise FhirProblem("unsupported-media-type", type=self.header("content-type") or "")
        self.pairs += _form(await self.raw())


def _form(data: bytes) -> list[tuple[str, str]]:
    return pairs_of(data.decode("utf-8", "replace"))


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Return the pairs of a query string; FhirProblem for more than are taken, or a NUL that no text may hold."""
    try:
        found = parse_qsl(query, keep_blank_values=True, max_num_fields=_PAIRS)
    except ValueError:
        raise FhirProblem("too-costly-search", limit=_PAIRS) from None
    if any("\0" in name or "\0" in value for name, value in found):
        raise FhirProblem("nul-character")
    return found


def opened(request: Request, path: Sequence[str], limit: int) -> Asked:
    """Read what every request says of itself; FhirProblem where it wants a form that is not served."""
    scope = request.scope
    query = scope["query_string"].decode("utf-8", "replace")
    pairs = pairs_of(query) if query else []
    server = scope.get("server")
    base = _base(scope["scheme"], request.headers.get("host"), server and tuple(server), scope.get("root_path", ""))
    asked = Asked(request, None, path, pairs, base=base, limit=limit)
    asked.prefer = _preferences(request.headers.getlist("prefer"))
    asked.pretty = asked.value("_pretty") == "true"
    asked.format = _format(asked.value("_format"), request.headers.get("accept", ""))
    return asked


@lru_cache(maxsize=256)
def _base(scheme: str, host: str | None, server: tuple[str, int] | None, root: str) -> str:
    """The door's own address, as Starlette makes it of a request: the same for nearly all of them."""
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    scope = {"type": "http", "scheme": scheme, "server": server, "headers": headers, "path": "/", "root_path": root}
    return str(Request(scope).base_url)


def opened_again(asked: Asked, url: str, headers: Mapping[str, str]) -> Asked:
    """Return the request that stands as an address in a batch, with its headers, asked by the same caller."""
    path, _, query = url.removeprefix(asked.base).lstrip("/").partition("?")
    pairs = [pair for pair in pairs_of(query) if pair[0] not in ("_format", "_pretty")]
    given = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    scope = {**asked.request.scope, "method": "GET", "headers": given}
    parts = [unquote(part) for part in path.split("/") if part]
    return Asked(Request(scope), asked.call, parts, pairs, base=asked.base, limit=asked.limit, prefer=asked.prefer)


def _preferences(headers: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in headers:
        for part in header.replace(";", ",").split(","):
            name, _, value = part.strip().partition("=")
            if name:
                found.setdefault(name.lower(), value.strip('" '))
    return found


def _format(asked: str | None, accept: str) -> str:
    if asked is not None:
        kind = _FORMATS.get(asked.partition(";")[0].strip().lower().replace(" ", "+"))
        if kind is None:
            raise FhirProblem("not-acceptable", type=asked)
        return kind
    if not accept or accept == JSON:
        return JSON
    best, chosen = 0.0, None
    for wish in accept.split(","):
        kind, _, rest = wish.partition(";")
        found = _FORMATS.get(kind.strip().lower())
        weight = _weight(rest)
        # a browser gets JSON too: it names text/html first, and then anything
        if found is not None and weight > best:
            best, chosen = weight, found
    if chosen is None:
        raise FhirProblem("not-acceptable", type=accept)
    return chosen


def _weight(rest: str) -> float:
    for part in rest.split(";"):
        name, _, value = part.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
