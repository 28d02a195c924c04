"""DICOM JSON (PS3.18, annex F): what an archive says of a study, read without ever failing on what it says.

A value that is not of the kind asked for is as if it were not there: archives answer with what devices wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

Dataset = Mapping[str, Any]

STUDY_DATE, STUDY_TIME, ACCESSION = "00080020", "00080030", "00080050"
MODALITY, MODALITIES, DESCRIPTION = "00080060", "00080061", "00081030"
SERIES_DESCRIPTION, RETRIEVE_URL, SOP_INSTANCE = "0008103E", "00081190", "00080018"
PATIENT_NAME, PATIENT_ID, PATIENT_BIRTH, PATIENT_SEX = "00100010", "00100020", "00100030", "00100040"
STUDY_UID, SERIES_UID, SERIES_NUMBER, INSTANCE_NUMBER = "0020000D", "0020000E", "00200011", "00200013"
STUDY_SERIES, STUDY_INSTANCES, SERIES_INSTANCES = "00201206", "00201208", "00201209"
FRAMES, REFERENCED, STORED_UID, FAILED = "00280008", "00081199", "00081155", "00081198"

LONGEST_UID: Final = 64
_UID: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*", re.ASCII)
_LOOSE: Final = re.compile(r"[0-9]+(?:\.[0-9]+)+", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})", re.ASCII)
_TIME: Final = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.\d+)?", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name in its three groups (PS3.5, 6.2.1): Latin letters, ideographs, sounds; components by ``^``."""

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""

    def __str__(self) -> str:
        """Return the name in one text, as a file holds it."""
        return "=".join((self.alphabetic, self.ideographic, self.phonetic)).rstrip("=")

    @property
    def texts(self) -> tuple[str, ...]:
        """What may be compared with a name: ideographs first, components with a space for each caret."""
        found = (" ".join(part.replace("^", " ").split()) for part in (self.ideographic, self.alphabetic))
        return tuple(dict.fromkeys(text for text in found if text))


def is_uid(text: str) -> bool:
    """Whether a text is a UID (PS3.5, 9.1): at most 64 digits and points. Leading zeros, which the standard forbids and
    devices write, are let through."""
    return len(text) <= LONGEST_UID and bool(_UID.fullmatch(text) or _LOOSE.fullmatch(text))


def values(dataset: Any, tag: str) -> tuple[Any, ...]:
    """All values of an attribute; none where it is not there or not as it should be."""
    element = dataset.get(tag) if isinstance(dataset, Mapping) else None
    found = element.get("Value") if isinstance(element, Mapping) else None
    return tuple(found) if isinstance(found, list) else ()


def texts(dataset: Any, tag: str, longest: int = 200) -> tuple[str, ...]:
    """Its values as texts without control characters, numbers as they are written."""
    found = (_text(value, longest) for value in values(dataset, tag))
    return tuple(text for text in found if text)


def text(dataset: Any, tag: str, longest: int = 200) -> str:
    """Its first value as a text; empty for none."""
    return next(iter(texts(dataset, tag, longest)), "")


def _text(value: Any, longest: int) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return _CONTROL.sub("", str(value)).strip()[:longest]


def number(dataset: Any, tag: str) -> int | None:
    """Its first value as a whole number that a count may be (0 to 2³¹−1); None for anything else."""
    said = text(dataset, tag, 20)
    return int(said) if said.isascii() and said.isdigit() and int(said) < 1 << 31 else None


def uid(dataset: Any, tag: str) -> str:
    """Its first value, if it is a UID; else empty."""
    said = text(dataset, tag, LONGEST_UID + 1)
    return said if is_uid(said) else ""


def name(dataset: Any, tag: str = PATIENT_NAME) -> PersonName:
    """A person's name; also where an archive gives it as one text."""
    for value in values(dataset, tag):
        if isinstance(value, Mapping):
            groups = [_text(value.get(group), 200) for group in ("Alphabetic", "Ideographic", "Phonetic")]
        elif isinstance(value, str):
            groups = [part.strip() for part in [*_text(value, 600).split("="), "", "", ""][:3]]
        else:
            continue
        return _placed(*groups)
    return PersonName()


def _placed(alphabetic: str, ideographic: str, phonetic: str) -> PersonName:
    """Many devices write ideographs into the first group: those go where they belong."""
    if alphabetic and not ideographic and not alphabetic.isascii():
        return PersonName("", alphabetic, phonetic)
    return PersonName(alphabetic, ideographic, phonetic)


def day(dataset: Any, tag: str) -> date | None:
    """A date (DA); None where it is none."""
    match = _DATE.fullmatch(text(dataset, tag, 20))
    if match is None:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None


def moment(dataset: Any, day_tag: str, time_tag: str, zone: ZoneInfo) -> datetime | None:
    """A date and a time of the clock on the wall (DA, TM); None without both."""
    on, match = day(dataset, day_tag), _TIME.fullmatch(text(dataset, time_tag, 20))
    if on is None or match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return datetime.combine(on, time(hour, minute, min(second, 59)), zone)
    except ValueError:
        return None


def datasets(found: Any) -> Iterator[Dataset]:
    """The datasets of an answer to a search; what is no list of objects has none."""
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, Mapping))
