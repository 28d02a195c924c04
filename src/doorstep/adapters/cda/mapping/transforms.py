"""The simple conversions that tables name in their column ``as``: what stands at a source to a FHIR primitive.

Each is a function of the text (of an attribute or element), the element, the context and the row's value map; ``Bad``
says that something is there and cannot be what the table takes it for.
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
from uuid import UUID

from doorstep.adapters.cda.mapping.shapes import Context
from doorstep.adapters.cda.tree import Node

LOCAL: Final = "urn:doorstep:cda"
NATIONAL: Final = re.compile(r"2\.16\.156\.10011\.1(?:\.[0-9]+)+")
"""The OIDs of WS/T 482 that say which sort a number is of: it is unique only within the institution that gave it."""
_TIME: Final = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(\.[0-9]{1,6})?[0-9]*)?)?)?)?)?([+-][0-9]{4})?"
)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})")
_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,30})){1,30}")
_HANZI: Final = re.compile(r"[\u3400-\u9fff]")
_SPACE: Final = re.compile(r"\s+")
_CODE: Final = re.compile(r"[^\s]+(?: [^\s]+)*")
_TEL: Final = re.compile(r"^(tel|mailto|fax|http|https|mllp|ftp):", re.IGNORECASE)

Map = Mapping[str, str] | None


class Bad(Exception):
    """A value that is not what its table takes it for; the text is a reason code."""


def string(text: str, node: Node, context: Context, values: Map) -> str | None:
    """The text, through the value map where one is named (``*``: any other, ``=``: as it is)."""
    if values is None or not text:
        return text or None
    found = values.get(text, values.get(text.upper(), values.get("*")))
    if found is None:
        raise Bad("cda-unmapped-value")
    return (text if found == "=" else found) or None


def code(text: str, node: Node, context: Context, values: Map) -> str | None:
    """A code: as ``string``, and of a code's form."""
    found = string(text, node, context, values)
    if found is not None and not _CODE.fullmatch(found):
        found = _SPACE.sub(" ", found).strip()
    return found or None


def _moment(text: str) -> re.Match[str] | None:
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise Bad("cda-bad-value")
    return match


def _real(parts: list[str], hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    try:
        return datetime(int(parts[0]), int(parts[1]), int(parts[2]), hour, minute, second)  # noqa: DTZ001  the zone comes after
    except ValueError:
        raise Bad("cda-bad-value") from None


def date(text: str, node: Node, context: Context, values: Map) -> str | None:
    """A date, as exact as it was sent (YYYY, YYYY-MM, YYYY-MM-DD)."""
    match = _moment(text)
    if match is None:
        return None
    parts = [part for part in match.groups()[:3] if part and part != "00"]
    _real([*parts, "01", "01"][:3])
    return "-".join(parts)


def date_time(text: str, node: Node, context: Context, values: Map) -> str | None:
    """A dateTime; a time without a zone is in the sender's, one without minutes is that hour."""
    match = _moment(text)
    if match is None or not match[4]:
        return date(text, node, context, values)
    year, month, day, hour, minute, second = (match[n] or "00" for n in range(1, 7))
    at = _real([year, month, day], int(hour), int(minute), int(second))
    if match[8]:
        zone = f"{match[8][:3]}:{match[8][3:]}"
        if int(match[8][1:3]) > 14 or int(match[8][3:]) > 59:
            raise Bad("cda-bad-value")
    else:
        offset = at.replace(tzinfo=context.zone).strftime("%z")
        zone = f"{offset[:3]}:{offset[3:5]}"
    return f"{at:%Y-%m-%dT%H:%M:%S}{match[7] or ''}{zone}"


def instant(text: str, node: Node, context: Context, values: Map) -> str | None:
    """A moment to the second; a date alone is its beginning."""
    found = date_time(text, node, context, values)
    if found is None or "T" in found:
        return found
    return date_time(f"{found}-01-01"[:10].replace("-", "") + "00", node, context, values)


def decimal(text: str, node: Node, context: Context, values: Map) -> Decimal | None:
    """A number with the digits that were sent."""
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise Bad("cda-bad-value")
    return Decimal(text)


def integer(text: str, node: Node, context: Context, values: Map) -> int | None:
    """A whole number."""
    if not text:
        return None
    if re.fullmatch(r"-?[0-9]{1,9}", text) is None:
        raise Bad("cda-bad-value")
    return int(text)


def positive(text: str, node: Node, context: Context, values: Map) -> int | None:
    """A whole number above nought."""
    found = integer(text, node, context, values)
    if found is not None and found < 1:
        raise Bad("cda-bad-value")
    return found


def boolean(text: str, node: Node, context: Context, values: Map) -> bool | None:
    """``true`` or ``false``."""
    if text not in ("true", "false", ""):
        raise Bad("cda-bad-value")
    return text == "true" if text else None


def code_system(text: str, node: Node, context: Context, values: Map) -> str | None:
    """The URI of a code system by its OID: the value map's, or the OID's own; of one that is known by its name alone,
    the sender's own."""
    if found := (values or {}).get(text):
        return found
    if _OID.fullmatch(text):
        return f"urn:oid:{text}"
    name = text or node.get("codeSystemName")
    return _local(context, "code", name) if name else None


def identifier_system(text: str, node: Node, context: Context, values: Map) -> str | None:
    """The system of a number (II.root): the value map's; for the sorts of numbers of WS/T 482 the sender's own; an
    OID; where no extension is told, the root is the number itself."""
    if found := (values or {}).get(text):
        return found
    if not node.get("extension"):
        return "urn:ietf:rfc:3986" if _uuid(text) or _OID.fullmatch(text) else None
    if NATIONAL.fullmatch(text) or not text:
        return _local(context, "id", text or "number")
    if _uuid(text):
        return f"urn:uuid:{text.lower()}"
    return f"urn:oid:{text}" if _OID.fullmatch(text) else _local(context, "id", text)


def identifier_value(text: str, node: Node, context: Context, values: Map) -> str | None:
    """The number (II): the extension, else the root as a URN."""
    if extension := node.get("extension"):
        return extension
    root = node.get("root")
    if _uuid(root):
        return f"urn:uuid:{root.lower()}"
    return f"urn:oid:{root}" if _OID.fullmatch(root) and not NATIONAL.fullmatch(root) else None


def name_text(text: str, node: Node, context: Context, values: Map) -> str | None:
    """A name in one: hanzi without spaces, family first."""
    family = "".join(each.text for each in node.all("family"))
    given = [each.text for each in node.all("given") if each.text]
    if not family and not given:
        return text or None
    if _HANZI.search(family + "".join(given)):
        return family + "".join(given)
    return " ".join(part for part in (*given, family) if part) or None


def address_text(text: str, node: Node, context: Context, values: Map) -> str | None:
    """An address in one: as Chinese ones are written, from large to small, others as they stand."""
    names = ("state", "city", "county", "township", "streetName", "houseNumber", "streetAddressLine")
    parts = [each.text for name in names for each in node.all(name) if each.text]
    if _HANZI.search("".join(parts)):
        return "".join(parts)
    return ", ".join(each.text for each in node.children if each.text) or text or None


def telecom_value(text: str, node: Node, context: Context, values: Map) -> str | None:
    """A number or address without what says which sort it is (``tel:``)."""
    return _TEL.sub("", text).strip() or None if not text.lower().startswith("http") else text


def telecom_system(text: str, node: Node, context: Context, values: Map) -> str | None:
    """What sort it is, by its scheme."""
    scheme = text.partition(":")[0].lower() if ":" in text else "tel"
    return {"tel": "phone", "mailto": "email", "fax": "fax", "http": "url", "https": "url"}.get(scheme, "other")


def data(text: str, node: Node, context: Context, values: Map) -> str | None:
    """Base64 without white space."""
    said = _SPACE.sub("", text)
    try:
        base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("cda-bad-value") from None
    return said or None


def local_system(text: str, node: Node, context: Context, values: Map) -> str | None:
    """The sender's own code system: of codes that say of none."""
    return _local(context, "code") if text else None


def _uuid(text: str) -> bool:
    try:
        return len(text) == 36 and bool(UUID(text))
    except ValueError:
        return False


def _local(context: Context, *names: str) -> str:
    return ":".join([LOCAL, *(quote(name, safe="") for name in (context.institution, *names) if name)])


Transform = Callable[[str, Node, Context, Map], Any]
TRANSFORMS: Final[Mapping[str, Transform]] = {
    "address-text": address_text, "boolean": boolean, "code": code, "code-system": code_system, "data": data,
    "date": date, "dateTime": date_time, "decimal": decimal, "identifier-system": identifier_system,
    "identifier-value": identifier_value, "instant": instant, "integer": integer,
    "local-system": local_system, "name-text": name_text,
    "positive": positive, "string": string, "telecom-system": telecom_system, "telecom-value": telecom_value,
}  # fmt: skip
