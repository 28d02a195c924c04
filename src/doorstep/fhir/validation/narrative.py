"""The rules of narratives (R4, txt-1 and txt-2): well-formed XHTML of formatting elements alone, with some content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from xml.parsers import expat

_XHTML: Final = "http://www.w3.org/1999/xhtml"
# HTML 4.0, chapters 7 to 11 (without section 4 of chapter 9) and 15, and <a> and <img>
_ELEMENTS: Final = frozenset(
    """
    p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote
    hr address bdo kbd sub sup ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th
    td code samp img map area u s strike center font
    """.split()  # noqa: SIM905 - a list of a hundred words reads worse
)
_ATTRIBUTES: Final = frozenset(
    """
    title style class id lang xml:lang xml:space xml:id dir accesskey tabindex span width align valign
    char charoff abbr axis headers scope rowspan colspan border cellspacing cellpadding frame rules
    summary start type value compact cite datetime href name charset hreflang rel rev shape coords src
    alt height longdesc usemap ismap hspace vspace nowrap bgcolor color size face clear noshade xmlns
    nohref target
    """.split()  # noqa: SIM905 - a list of a hundred words reads worse
)
# browsers pass over controls and white space in a scheme; data of images is harmless, that of links may be a page
_BLANK: Final = re.compile(r"[\x00-\x20]+")
_SCRIPT: Final = re.compile(r"(?:javascript|vbscript|data(?!:image/)):", re.IGNORECASE)
_ADDRESSES: Final = ("href", "src", "cite", "longdesc", "usemap")


class _Seen(NamedTuple):
    plain: bool
    filled: bool


class _Forbidden(Exception):
    """A document type: entities could be made in it."""


def is_plain(text: Any) -> bool:
    """Say whether a narrative is well-formed and holds only formatting elements and attributes (txt-1)."""
    return type(text) is not str or _seen(text).plain


def is_filled(text: Any) -> bool:
    """Say whether a narrative has text other than white space, or an image (txt-2)."""
    return type(text) is not str or _seen(text).filled


@lru_cache(maxsize=2)
def _seen(text: str) -> _Seen:
    reader = _Reader()
    try:
        reader.read(text)
    except (expat.ExpatError, _Forbidden, UnicodeError):
        # what cannot be read breaks the first rule; the second is not said to be broken as well
        return _Seen(False, True)
    return _Seen(reader.plain, reader.filled)


class _Reader:
    def __init__(self) -> None:
        self.plain = True
        self.filled = False

    def read(self, text: str) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(text.encode(), True)

    def _doctype(self, *_: object) -> None:
        raise _Forbidden

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name not in _ELEMENTS or not _ATTRIBUTES.issuperset(key.lower() for key in attributes):
            self.plain = False
        if attributes.get("xmlns", _XHTML) != _XHTML:
            self.plain = False
        if any(_SCRIPT.match(_BLANK.sub("", attributes[key])) for key in _ADDRESSES if key in attributes):
            self.plain = False
        if name == "img":
            self.filled = True

    def _text(self, text: str) -> None:
        self.filled = self.filled or not text.isspace()
