"""What may be fetched of a study (WADO-RS, PS3.18 table 10.4.1-1): a list, and nothing besides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from doorstep.adapters.dicomweb.attributes import is_uid

FRAMES: Final = 1_000
_FRAMES: Final = re.compile(r"[1-9][0-9]{0,5}(?:,[1-9][0-9]{0,5})*", re.ASCII)
_BULK: Final = re.compile(r"[0-9A-Za-z]{1,40}(?:/[0-9A-Za-z]{1,40}){0,15}", re.ASCII)
_VIEWPORT: Final = re.compile(r"[1-9][0-9]{0,3},[1-9][0-9]{0,3}", re.ASCII)
_WINDOW: Final = re.compile(
    r"-?[0-9]{1,6}(?:\.[0-9]{1,4})?,[0-9]{1,6}(?:\.[0-9]{1,4})?,(?:linear|linear-exact|sigmoid)"
)
_QUALITY: Final = re.compile(r"[1-9][0-9]?|100", re.ASCII)
_ALLOWED: Final[Mapping[str, re.Pattern[str]]] = {"viewport": _VIEWPORT, "window": _WINDOW, "quality": _QUALITY}


class Kind(StrEnum):
    """What is fetched."""

    OBJECTS = "objects"
    METADATA = "metadata"
    RENDERED = "rendered"
    THUMBNAIL = "thumbnail"
    FRAMES = "frames"
    BULK = "bulk"
    SERIES = "series"
    INSTANCES = "instances"


SEARCHES: Final = frozenset({Kind.SERIES, Kind.INSTANCES})
PICTURES: Final = frozenset({Kind.RENDERED, Kind.THUMBNAIL})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A thing of a study: of a series and an instance (or empty), ``rest`` its frames or the way to its bulk data."""

    kind: Kind
    study: str
    series: str = ""
    instance: str = ""
    rest: str = ""

    @property
    def path(self) -> str:
        """The path below the root of an archive."""
        parts = ["", "studies", self.study]
        parts += ["series", self.series] if self.series else []
        parts += ["instances", self.instance] if self.instance else []
        return "/".join(parts) + self._ending

    @property
    def _ending(self) -> str:
        if self.kind is Kind.OBJECTS:
            return ""
        if self.kind is Kind.THUMBNAIL or (self.kind is Kind.RENDERED and self.rest):
            return f"/frames/{self.rest}/rendered" if self.rest else "/rendered"
        if self.kind in (Kind.FRAMES, Kind.BULK):
            return f"/{self.kind}/{self.rest}"
        return f"/{self.kind}"


def wanted(path: str) -> Wanted | None:
    """What a path below ``studies/`` asks for (``<uid>``, ``<uid>/series/<uid>/metadata`` …); None for anything that is
    not on the list, and where a UID is none."""
    study, *parts = path.split("/")
    rest: Sequence[str] = parts
    series, rest = _named("series", rest)
    instance, rest = _named("instances", rest) if series else ("", rest)
    if not all(is_uid(uid) for uid in (study, *filter(None, (series, instance)))):
        return None
    found = _thing(rest, bool(series), bool(instance))
    return Wanted(found[0], study, series, instance, found[1]) if found else None


def _named(word: str, parts: Sequence[str]) -> tuple[str, Sequence[str]]:
    return (parts[1], parts[2:]) if len(parts) > 1 and parts[0] == word else ("", parts)


def _thing(rest: Sequence[str], in_series: bool, in_instance: bool) -> tuple[Kind, str] | None:
    match rest:
        case []:
            return Kind.OBJECTS, ""
        case ["metadata" | "rendered" | "thumbnail" as word]:
            return Kind(word), ""
        case ["series"] if not in_series:
            return Kind.SERIES, ""
        case ["instances"] if not in_instance:
            return Kind.INSTANCES, ""
        case ["frames" | "bulk", *_] if in_instance:
            return _inner(rest)
    return None


def _inner(rest: Sequence[str]) -> tuple[Kind, str] | None:
    if rest[0] == "bulk":
        way = "/".join(rest[1:])
        return (Kind.BULK, way) if _BULK.fullmatch(way) else None
    if len(rest) < 2 or not _FRAMES.fullmatch(rest[1]) or rest[1].count(",") >= FRAMES:
        return None
    match rest[2:]:
        case []:
            return Kind.FRAMES, rest[1]
        case ["rendered" | "thumbnail" as word] if "," not in rest[1]:
            return Kind(word), rest[1]
    return None


def picture(query: Mapping[str, str]) -> Mapping[str, str] | None:
    """What a picture may be asked with: viewport, window, quality (PS3.18 8.3.5); None where one is not well-formed or
    another is there."""
    fits = all(name in _ALLOWED and _ALLOWED[name].fullmatch(value) for name, value in query.items())
    return query if fits else None
