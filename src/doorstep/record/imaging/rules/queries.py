"""What may be asked for among studies (QIDO-RS, PS3.18 10.6): read wholly, or refused with the parameter that is wrong.

What is not known is refused and not passed over: an answer to another question than was asked misleads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from doorstep.adapters.dicomweb.attributes import is_uid

MOST: Final = 100
"""Studies of one answer."""
FARTHEST: Final = 10_000
"""How many studies may be passed over."""
LONGEST: Final = 64
_NAMES: Final = {
    "00100010": "PatientName", "00100020": "PatientID", "00080050": "AccessionNumber", "00080020": "StudyDate",
    "00080061": "ModalitiesInStudy", "0020000D": "StudyInstanceUID", "00080060": "ModalitiesInStudy",
    "Modality": "ModalitiesInStudy",
}  # fmt: skip
_DAY: Final = re.compile(r"\d{8}", re.ASCII)
_WORD: Final = re.compile(r"[A-Z0-9_ ]{1,16}", re.ASCII)
_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f\\]{1,64}")
_COUNT: Final = re.compile(r"\d{1,6}", re.ASCII)


class BadQuery(ValueError):
    """A parameter that cannot be asked, or a value that is none."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name[:60]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; empty where nothing is. A ``name`` may end with ``*``; dates are days, both included."""

    number: str = ""
    name: str = ""
    accession: str = ""
    uids: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    limit: int = MOST
    offset: int = 0

    @property
    def is_about_somebody(self) -> bool:
        """Whether it names a patient, an order or a study: only then are other institutions' studies looked at."""
        return bool(self.number or self.accession or self.uids)


def read(pairs: Iterable[tuple[str, str]]) -> Query:
    """The query of an address. Raises ``BadQuery``. ``includefield`` and ``fuzzymatching`` change nothing: an answer
    always has all that is known here, and names are compared as they are."""
    query = Query()
    for name, value in pairs:
        known = _NAMES.get(name, name)
        if known in ("includefield", "fuzzymatching"):
            continue
        reader = _READERS.get(known)
        if reader is None:
            raise BadQuery(name)
        query = reader(query, value.strip())
    return query


def _text(value: str, name: str) -> str:
    if not _PLAIN.fullmatch(value) or "*" in value or "?" in value:
        raise BadQuery(name)
    return value


def _number(query: Query, value: str) -> Query:
    return replace(query, number=_text(value, "PatientID"))


def _accession(query: Query, value: str) -> Query:
    return replace(query, accession=_text(value, "AccessionNumber"))


def _name(query: Query, value: str) -> Query:
    """A name, or how one begins: 张*; a wildcard elsewhere would have all names read."""
    plain = value.removesuffix("*")
    return replace(query, name=_text(plain, "PatientName") + ("*" if plain != value else ""))


def _uids(query: Query, value: str) -> Query:
    found = tuple(re.split(r"[,\\]", value))
    if len(found) > MOST or not all(is_uid(uid) for uid in found):
        raise BadQuery("StudyInstanceUID")
    return replace(query, uids=found)


def _modalities(query: Query, value: str) -> Query:
    found = tuple(re.split(r"[,\\]", value))
    if len(found) > MOST or not all(_WORD.fullmatch(word) for word in found):
        raise BadQuery("ModalitiesInStudy")
    return replace(query, modalities=found)


def _days(query: Query, value: str) -> Query:
    since, dash, until = value.partition("-")
    first, last = _day(since), _day(until) if dash else _day(since)
    if value in ("", "-"):
        raise BadQuery("StudyDate")
    return replace(query, since=first, until=last)


def _day(text: str) -> date | None:
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise BadQuery("StudyDate")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise BadQuery("StudyDate") from None


def _limit(query: Query, value: str) -> Query:
    return replace(query, limit=max(1, min(_count(value, "limit"), MOST)))


def _offset(query: Query, value: str) -> Query:
    found = _count(value, "offset")
    if found > FARTHEST:
        raise BadQuery("offset")
    return replace(query, offset=found)


def _count(value: str, name: str) -> int:
    if not _COUNT.fullmatch(value):
        raise BadQuery(name)
    return int(value)


_READERS: Final = {
    "PatientID": _number, "PatientName": _name, "AccessionNumber": _accession, "StudyInstanceUID": _uids,
    "ModalitiesInStudy": _modalities, "StudyDate": _days, "limit": _limit, "offset": _offset,
}  # fmt: skip
