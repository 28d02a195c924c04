"""The bytes of an XML document as UTF-8, whatever encoding its byte order mark or its declaration names."""

from __future__ import annotations

import codecs
import re
from typing import Final

from doorstep.fhir import faults
from doorstep.fhir.problems import FhirProblem

_DECLARED: Final = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
# GBK and GB 2312 are parts of GB 18030, and systems that name them write all of it.
# Who says UTF-16 in single bytes wrote the declaration for a string in memory, and then UTF-8.
_CODECS: Final = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii", "utf-16", "unicode"), "utf-8"),
    **dict.fromkeys(("gb18030", "gbk", "gb2312", "gb_2312-80", "cp936", "ms936", "windows-936", "936"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cp950"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-1", "latin1", "windows-1252", "cp1252"), "cp1252"),
}


def utf8(data: bytes) -> bytes:
    """Return the document in UTF-8 without a byte order mark; its declaration, not to be heeded any more, stays."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            body = data if mark[:1] in b"<\x00" else data[len(mark) :]
            return _recoded(body, codec)
    declared = _DECLARED.match(data[:1024])
    if declared is None:
        return _recoded(data, "utf-8")
    name = declared[1].decode()
    found = _CODECS.get(name.lower())
    if found is None:
        raise FhirProblem("xml-encoding", None, 1, 1, encoding=name)
    return _recoded(data, found)


def codec_of(data: bytes) -> str:
    """The name of Python's codec for a document: of its byte order mark, else as it declares, else UTF-8."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}.get(
                mark, codec
            )
    declared = _DECLARED.match(data[:1024])
    return _CODECS.get(declared[1].decode().lower(), "utf-8") if declared else "utf-8"


def _recoded(data: bytes, codec: str) -> bytes:
    try:
        text = data.decode(codec)
        return data if codec == "utf-8" else text.encode()
    except UnicodeDecodeError as error:
        if codec == "utf-8":
            raise faults.encoding(data, error) from None
        before = data[: error.start].decode(codec, "replace").split("\n")
        raise FhirProblem("xml-encoding", None, len(before), len(before[-1]) + 1, encoding=codec) from None
    except UnicodeEncodeError:
        raise FhirProblem("surrogate") from None
