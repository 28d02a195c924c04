"""Bytes to text and back: the character sets of MSH-18 (HL7 table 0211), as Chinese and other systems write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from doorstep.adapters.hl7v2.shapes import Unreadable

# GB 2312 and GBK are read as GB 18030, which holds both; what a sender calls ASCII is often something else, so that
# it is guessed as where nothing is said
CODECS: Final[Mapping[str, str]] = {
    "": "",
    "ASCII": "",
    "ISOIR6": "",
    "UNICODE": "",
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "GB180302000": "gb18030",
    "GB18030": "gb18030",
    "GB180302005": "gb18030",
    "GB180302022": "gb18030",
    "GBK": "gb18030",
    "CP936": "gb18030",
    "GB2312": "gb18030",
    "GB231280": "gb18030",
    "ISOIR58": "gb18030",
    "ISOIR100": "latin-1",
    "BIG5": "big5",
    "KSX1001": "euc_kr",
    **{f"8859{n}": f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    **{f"ISO8859{n}": f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}
GUESSES: Final = ("utf-8", "gb18030")
SAFE: Final = frozenset({"utf-8", "latin-1"})
"""What every text that was read goes back to the same bytes by."""
_NOISE: Final = re.compile(r"[^A-Z0-9]")


@lru_cache(maxsize=64)
def codec_of(declared: str) -> str | None:
    """The codec of a value of MSH-18 (of several the first that is not ASCII); "" where it must be guessed, None where
    the set is not known."""
    found: str | None = ""
    for each in declared.split("~"):
        found = CODECS.get(_NOISE.sub("", each.upper()))
        if found != "":
            break
    return found


def decode(raw: bytes, codec: str) -> tuple[str, str]:
    """The text and the codec that read it; an empty codec is guessed: UTF-8, else GB 18030.

    Raises ``Unreadable`` with the first byte that is not of the set.
    """
    for each in (codec,) if codec else GUESSES:
        try:
            text = raw.decode(each)
        except UnicodeDecodeError as error:
            place = error.start
            continue
        if each in SAFE or text.encode(each) == raw:
            return text, each
        place = 0
    raise Unreadable("not-in-charset", f"byte {place}")
