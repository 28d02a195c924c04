"""Sets of tables to be changed by a test, and messages to try them on."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

from doorstep.adapters.hl7v2.codec import parse
from doorstep.adapters.hl7v2.mapping import Context, Converted, Tables, convert, standard, standard_files, tables_of

CONTEXT = Context("91430000000000000X", "urn:doorstep:endpoint:test", organisation_name="山口医院")
WEST = timezone(timedelta(hours=-5))
MSH = "MSH|^~\\&|HIS|山口医院|HUB|医共体|20260301080000||{}|1|P|2.5.1|||||CHN|UNICODE UTF-8\r"


def message(kind: str, *segments: str) -> bytes:
    """A message of these segments."""
    return (MSH.format(kind) + "".join(f"{segment}\r" for segment in segments)).encode()


def made(raw: bytes, tables: Tables | None = None, context: Context = CONTEXT) -> Converted:
    """What a message is by the tables."""
    return convert(parse(raw), tables or standard(), context)


def resources(raw: bytes, kind: str, **more: Any) -> list[dict[str, Any]]:
    """The resources of a type that a message makes."""
    found = made(raw, **more).bundle["entry"]
    return [entry["resource"] for entry in found if entry["resource"]["resourceType"] == kind]


def oru(*observations: str, order: str = "OBR|1||F1|1^项目^L|||20260301") -> bytes:
    """A result of these OBX."""
    return message("ORU^R01", "PID|1||7^^^H^MR||王^小明", order, *observations)


def changed(name: str, *replaced: tuple[str, str], add: str = "") -> Tables:
    """The standard tables with one file changed."""
    files = standard_files()
    text = files.get(name, "")
    for old, new in replaced:
        assert old in text, old
        text = text.replace(old, new)
    return tables_of({**files, name: text + add})
