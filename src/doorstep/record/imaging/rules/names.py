"""A patient's name on a study as it is searched: without marks, ideographs and Latin letters apart."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 200
_MARKS: Final = re.compile(r"[\s^=·・.\-_,]+")


def searched(name: str) -> tuple[str, str]:
    """The ideographs and the Latin letters of a name (``Wang^XiaoDong=王^小东``); empty where it has none."""
    groups = (_bare(group) for group in name.split("=")[:2])
    han, latin = "", ""
    for group in groups:
        if group.isascii():
            latin = latin or group
        else:
            han = han or group
    return han[:LONGEST], latin[:LONGEST]


def _bare(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", text)).casefold()
