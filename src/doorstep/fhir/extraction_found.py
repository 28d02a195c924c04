"""The values that a search can ask of a resource."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any, NamedTuple

import msgspec

from doorstep.fhir.dates import Span
from doorstep.fhir.quantities import Number


class TokenValue(NamedTuple):
    """A token: `kind` is the FHIR type it stands in; `texts` are what `:text` searches, `types` an Identifier's.

    A concept or identifier that has only a text or a system has no `code`.
    """

    system: str | None
    code: str | None
    kind: str
    texts: tuple[str, ...] = ()
    types: tuple[tuple[str | None, str], ...] = ()


class QuantityValue(NamedTuple):
    """A number or quantity from `low` to `high`, both within, as parsed; money has the code of its currency."""

    low: Number
    high: Number
    system: str | None = None
    code: str | None = None
    unit: str | None = None


class ReferenceValue(NamedTuple):
    """A reference or canonical: `target` as sent, `type` where it is known, (system, value) of a logical one.

    All three are None where a reference is there, but says no more than a display text.
    """

    target: str | None
    type: str | None = None
    identifier: tuple[str | None, str] | None = None


class Position(NamedTuple):
    """Degrees (WGS 84)."""

    latitude: Number
    longitude: Number


Value = TokenValue | QuantityValue | ReferenceValue | Position | Span | str


class Values(msgspec.Struct):
    """Parameter → its values in the resource; what has none is not there.

    `dates`: first instant and first after, None without bound. `composites`: for each of a composite's elements, in
    which no component is empty, a tuple of the lists of its components' values, in order.
    """

    tokens: dict[str, list[TokenValue]] = {}
    strings: dict[str, list[str]] = {}
    dates: dict[str, list[Span]] = {}
    quantities: dict[str, list[QuantityValue]] = {}
    references: dict[str, list[ReferenceValue]] = {}
    uris: dict[str, list[str]] = {}
    positions: dict[str, list[Position]] = {}
    composites: dict[str, list[tuple[list[Value], ...]]] = {}


class Found(Values):
    """The values found so far, in which resource, and the zone in which its dates are read."""

    zone: tzinfo = UTC
    resource: dict[str, Any] = {}
