"""Which form of a thing is asked of an archive, by what its reader accepts (PS3.18 8.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Final

from doorstep.record.imaging.rules.paths import PICTURES, SEARCHES, Kind

JSON: Final = "application/dicom+json"
RELATED: Final = "multipart/related"
_SYNTAX: Final = re.compile(r"\*|[0-9.]{1,64}", re.ASCII)
_ANY: Final = frozenset({"*/*", ""})
_PARTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.OBJECTS: ("application/dicom",),
    Kind.FRAMES: ("application/octet-stream", "image/jpeg", "image/jp2", "image/jpx", "image/jls", "image/x-dicom-rle"),
    Kind.BULK: ("application/octet-stream",),
}
_PICTURES: Final = ("image/jpeg", "image/png")
LONGEST: Final = 2_000


def asked(kind: Kind, accept: str) -> str:
    """What an archive is asked for, so that it is something the reader takes; empty where there is nothing. What a
    browser lists besides (image/avif) is left out: Orthanc answers 400 to it."""
    ranges = list(_ranges(accept[:LONGEST])) or [("*/*", {})]
    if kind in PICTURES:
        return _picture([name for name, _ in ranges])
    if kind is Kind.METADATA or kind in SEARCHES:
        plain = any(name in _ANY | {JSON, "application/json", "application/*"} for name, _ in ranges)
        return JSON if plain else ""
    return next(filter(None, (_related(kind, name, params) for name, params in ranges)), "")


def _picture(names: list[str]) -> str:
    if any(name in _ANY | {"image/*"} for name in names):
        return _PICTURES[0]
    return next((name for name in _PICTURES if name in names), "")


def _related(kind: Kind, name: str, params: Mapping[str, str]) -> str:
    parts = _PARTS[kind]
    if name in _ANY or (name == "application/octet-stream" and kind is Kind.BULK):
        return f'{RELATED}; type="{parts[0]}"'
    wanted = params.get("type", parts[0]).lower()
    if name != RELATED or wanted not in (*parts, "*/*"):
        return ""
    syntax = params.get("transfer-syntax", "")
    ending = f"; transfer-syntax={syntax}" if _SYNTAX.fullmatch(syntax) else ""
    return f'{RELATED}; type="{parts[0] if wanted == "*/*" else wanted}"{ending}'


def _ranges(accept: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', accept.replace("\r", " ").replace("\n", " ")):
        if part.strip():
            message = Message()
            message["Content-Type"] = part.strip()
            name = part.split(";")[0].strip().lower()
            params = message.get_params(failobj=[])[1:]
            yield name, {key.lower(): value for key, value in params if isinstance(value, str)}


def is_expected(asked_for: str, content_type: str) -> bool:
    """Whether what an archive answers is what it was asked for: a page of HTML is never passed on."""
    wanted, found = (text.split(";")[0].strip().lower() for text in (asked_for, content_type))
    return wanted == found or (wanted == JSON and found == "application/json")
