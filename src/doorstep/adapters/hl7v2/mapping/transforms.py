"""The simple conversions that tables name in their column ``as``: a value to a FHIR primitive, or nothing.

Each is a function of the value, the endpoint's context and the row's value map; ``Bad`` says that a value is there and
cannot be what the table takes it for.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from doorstep.adapters.hl7v2.mapping.shapes import Context
from doorstep.adapters.hl7v2.mapping.values import Value

LOCAL: Final = "urn:doorstep:hl7v2"
_TIME: Final = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(\.[0-9]{1,6})?)?)?)?)?)?([+-][0-9]{4})?"
)
_CLOCK: Final = re.compile(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(\.[0-9]{1,6})?)?)?(?:[+-][0-9]{4})?")
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})")
_COMPARED: Final = re.compile(r"(<=|>=|<|>)?\s*(\S+)")
_RANGE: Final = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(?:-|~|–|—|--)\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*")
_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,30})){1,30}")
_TABLE: Final = re.compile(r"HL7([0-9]{4})")
_HANZI: Final = re.compile(r"[\u3400-\u9fff]")
_SPACE: Final = re.compile(r"\s")


YES: Final = frozenset({"Y", "YES"})
NO: Final = frozenset({"N", "NO", ""})


class Bad(Exception):
    """A value that is not what its table takes it for; the text is a reason code, ``place`` where it stands (empty: the
    value that the row takes)."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(reason)
        self.place = place


Map = Mapping[str, str] | None


def _mapped(text: str, values: Map) -> str | None:
    if values is None:
        return text or None
    if not text:
        return None
    found = values.get(text, values.get(text.upper(), values.get("*")))
    if found is None:
        raise Bad("unmapped-value")
    return (text if found == "=" else found) or None


def string(value: Value, context: Context, values: Map) -> str | None:
    """The whole text."""
    return _mapped(value.text, values)


def code(value: Value, context: Context, values: Map) -> str | None:
    """The first component's text, through the value map where one is named."""
    found = _mapped(value.first, values)
    return _SPACE.sub("-", found) if found else None


def text(value: Value, context: Context, values: Map) -> str | None:
    """All repetitions as lines."""
    return "\n".join(value.repetitions).strip() or None


def _moment(value: Value) -> tuple[str, re.Match[str]] | None:
    said = value.first
    if not said:
        return None
    match = _TIME.fullmatch(said)
    if match is None:
        raise Bad("bad-value")
    return said, match


def date(value: Value, context: Context, values: Map) -> str | None:
    """A date, as exact as it was sent (YYYY, YYYY-MM, YYYY-MM-DD)."""
    found = _moment(value)
    if found is None:
        return None
    parts = [part for part in found[1].groups()[:3] if part and part != "00"]
    _real([*parts, "01", "01"][:3])
    return "-".join(parts)


def date_time(value: Value, context: Context, values: Map) -> str | None:
    """A dateTime; a time without a zone is in the endpoint's, one without minutes is that hour."""
    found = _moment(value)
    if found is None:
        return None
    match = found[1]
    if not match[4]:
        return date(value, context, values)
    year, month, day, hour, minute, second = (match[n] or "00" for n in range(1, 7))
    at = _real([year, month, day], int(hour), int(minute), int(second))
    if match[8]:
        zone = f"{match[8][:3]}:{match[8][3:]}"
        if int(match[8][1:3]) > 14 or int(match[8][3:]) > 59:
            raise Bad("bad-value")
    else:
        offset = at.replace(tzinfo=context.zone).strftime("%z")
        zone = f"{offset[:3]}:{offset[3:5]}"
    return f"{at:%Y-%m-%dT%H:%M:%S}{match[7] or ''}{zone}"


def instant(value: Value, context: Context, values: Map) -> str | None:
    """A moment to the second; a date alone is none."""
    found = date_time(value, context, values)
    return found if found and "T" in found else None


def clock(value: Value, context: Context, values: Map) -> str | None:
    """A time of the day."""
    said = value.first
    match = _CLOCK.fullmatch(said)
    if not said:
        return None
    if match is None or int(match[1]) > 23 or int(match[2] or 0) > 59 or int(match[3] or 0) > 59:
        raise Bad("bad-value")
    return f"{match[1]}:{match[2] or '00'}:{match[3] or '00'}{match[4] or ''}"


def _real(day: list[str], hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    try:
        return datetime(int(day[0]), int(day[1]), int(day[2]), hour, minute, second)  # noqa: DTZ001  the zone comes after
    except ValueError:
        raise Bad("bad-value") from None


def decimal(value: Value, context: Context, values: Map) -> Decimal | None:
    """A number with the digits that were sent."""
    said = value.first
    if not said:
        return None
    if _NUMBER.fullmatch(said) is None:
        raise Bad("bad-value")
    return Decimal(said)


def integer(value: Value, context: Context, values: Map) -> int | None:
    """A whole number above nought."""
    said = value.first
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise Bad("bad-value")
    return int(said) or None


def boolean(value: Value, context: Context, values: Map) -> bool | None:
    """Y or N (or YES or NO)."""
    said = value.first.upper()
    if said not in YES | NO:
        raise Bad("bad-value")
    return said in YES if said else None


def quantity(value: Value, context: Context, values: Map) -> dict[str, Any] | None:
    """A number that may be compared: ``<0.5``."""
    match = _COMPARED.fullmatch(value.text)
    if match is None or _NUMBER.fullmatch(match[2]) is None:
        raise Bad("bad-value")
    number = {"value": Decimal(match[2])}
    return {"comparator": match[1], **number} if match[1] else number


def low(value: Value, context: Context, values: Map) -> Decimal | None:
    """The lower end of ``3.5-5.5``; nothing where the text is no range."""
    match = _RANGE.fullmatch(value.text)
    return Decimal(match[1]) if match else None


def high(value: Value, context: Context, values: Map) -> Decimal | None:
    """The upper end of a range."""
    match = _RANGE.fullmatch(value.text)
    return Decimal(match[2]) if match else None


def code_system(value: Value, context: Context, values: Map) -> str | None:
    """The URI of a coding system by its name (HL7 table 0396): the endpoint's own, the value map's, an HL7 table, an
    OID; any other is the sender's own."""
    name = value.text
    if not name:
        return None
    if found := context.code_systems.get(name) or (values or {}).get(name.upper()):
        return found
    if match := _TABLE.fullmatch(name):
        return f"http://terminology.hl7.org/CodeSystem/v2-{match[1]}"
    return _oid(name) or _local(context, "code", name)


def identifier_system(value: Value, context: Context, values: Map) -> str | None:
    """The system of a number (CX): by the endpoint's authorities, by its type (value map), by its authority's OID or
    address, else the sender's own of that authority and type."""
    kind, authority = value.part(5).text, value.part(4)
    return _system(authority, kind, context, values)


def visit_system(value: Value, context: Context, values: Map) -> str | None:
    """The system of a visit's number (PV1-19)."""
    return _system(value.part(4), value.part(5).text or "VN", context, values)


def staff_system(value: Value, context: Context, values: Map) -> str | None:
    """The system of a member of staff's number (XCN-1): by its authority (XCN-9), else the sender's own."""
    return _system(value.part(9), value.part(13).text or "staff", context, values)


def entity_system(value: Value, context: Context, values: Map) -> str | None:
    """The system of an order's or a document's number (EI); the sender's own where no authority is told."""
    parts = [value.part(n).text for n in (2, 3, 4)]
    return _known(parts, "", context) or _universal(parts) or _local(context, "id", parts[0] or "order")


def _system(authority: Value, kind: str, context: Context, values: Map) -> str:
    parts = [authority.part(n).text for n in (1, 2, 3)]
    found = _known(parts, kind, context) or (values or {}).get(kind) or _universal(parts)
    return found or _local(context, "id", parts[0] or "", kind)


def _known(parts: list[str], kind: str, context: Context) -> str | None:
    names = [name for name in parts[:2] if name]
    keys = [f"{name}^{kind}" for name in (*names, "")] if kind else []
    return next((found for key in (*keys, *names) if (found := context.systems.get(key))), None)


def _universal(parts: list[str]) -> str | None:
    _, universal, kind = parts
    if found := _oid(universal):
        return found
    if kind in ("URI", "DNS") and universal:
        return universal if ":" in universal else f"http://{quote(universal)}"
    return (
        f"urn:uuid:{universal.lower()}"
        if kind in ("UUID", "GUID") and re.fullmatch(r"[0-9A-Fa-f-]{36}", universal)
        else None
    )


def _oid(name: str) -> str | None:
    return f"urn:oid:{name}" if _OID.fullmatch(name) else None


def _local(context: Context, *names: str) -> str:
    return ":".join([LOCAL, *(quote(name, safe="") for name in (context.institution, *names) if name)])


def _name(family: str, given: str, middle: str = "") -> str:
    if _HANZI.search(family + given):
        return family + given + middle
    return " ".join(part for part in (given, middle, family) if part)


def name_text(value: Value, context: Context, values: Map) -> str | None:
    """A person's name in one (XPN, XCN without its first component is not one): hanzi without spaces, family first."""
    return _name(value.part(1, 1).text, value.part(2).text, value.part(3).text) or None


def person_text(value: Value, context: Context, values: Map) -> str | None:
    """The name in an XCN."""
    found = _name(value.part(2, 1).text, value.part(3).text, value.part(4).text)
    return found or value.part(1).text or None


def nested_person(value: Value, context: Context, values: Map) -> str | None:
    """The name in a CNN, whose parts are subcomponents."""
    return _name(value.part(2).text, value.part(3).text) or value.part(1).text or None


def address_text(value: Value, context: Context, values: Map) -> str | None:
    """An address in one: as Chinese ones are written, from large to small, others from small to large."""
    street, other, city, state, post = (value.part(n, 1).text for n in (1, 2, 3, 4, 5))
    if _HANZI.search(street + other + city + state):
        return "".join((state, city, street, other)) or None
    return ", ".join(part for part in (street, other, city, state, post) if part) or None


def phone(value: Value, context: Context, values: Map) -> str | None:
    """A number or address of telecommunication (XTN): as written, or put together from its parts."""
    parts = {n: value.part(n).text for n in (1, 4, 5, 6, 7, 8, 12)}
    if found := parts[1] or parts[12] or parts[4]:
        return found
    number = " ".join(part for part in (parts[5] and f"+{parts[5].lstrip('+')}", parts[6], parts[7]) if part)
    return f"{number} ext {parts[8]}" if number and parts[8] else number or None


def location_text(value: Value, context: Context, values: Map) -> str | None:
    """A place in a house (PL) in words: facility, building, floor, point of care, room, bed."""
    words = [value.part(n, 1).text for n in (4, 7, 8, 1, 2, 3)]
    return " ".join(dict.fromkeys(word for word in words if word)) or None


def data(value: Value, context: Context, values: Map) -> str | None:
    """Base64 (of ED-5 with ED-4 Base64) without white space."""
    said = _SPACE.sub("", value.text)
    try:
        base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("bad-base64", value.place) from None
    return said or None


def hexadecimal(value: Value, context: Context, values: Map) -> str | None:
    """Hexadecimal digits (of ED-5 with ED-4 Hex) as base64."""
    try:
        return base64.b64encode(bytes.fromhex(value.text)).decode() or None
    except ValueError:
        raise Bad("bad-hex", value.place) from None


def encoded(value: Value, context: Context, values: Map) -> str | None:
    """A text as the bytes of an attachment: all repetitions as lines, UTF-8 in base64."""
    said = text(value, context, values)
    return base64.b64encode(said.encode()).decode() if said else None


Transform = Callable[[Value, Context, Map], Any]
TRANSFORMS: Final[Mapping[str, Transform]] = {
    "address-text": address_text, "boolean": boolean, "code": code, "code-system": code_system, "data": data,
    "date": date, "dateTime": date_time, "decimal": decimal, "encoded": encoded, "entity-system": entity_system,
    "hex": hexadecimal, "high": high, "identifier-system": identifier_system, "instant": instant, "integer": integer,
    "location-text": location_text, "low": low, "name-text": name_text, "nested-person": nested_person,
    "person-text": person_text, "phone": phone, "quantity": quantity, "staff-system": staff_system, "string": string,
    "text": text, "time": clock, "visit-system": visit_system,
}  # fmt: skip
