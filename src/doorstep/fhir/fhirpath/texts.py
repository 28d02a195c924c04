"""The functions of FHIRPath on strings."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.values import Items, plain, single


def _text(items: Items) -> str | None:
    value = single(items)
    if value is not None and type(value) is not str:
        raise NotEvaluated("a string is expected")
    return value


def _of_texts(work: Callable[..., Any]) -> Callable[..., Items]:
    """Make a function of strings: empty where one of them is, or its answer is None."""

    def run(items: Items, *arguments: Items) -> Items:
        values = [_text(each) for each in (items, *arguments)]
        answer = None if None in values else work(*values)
        return [] if answer is None else [answer]

    return run


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.DOTALL)
    except (re.error, OverflowError):
        raise NotEvaluated("no regular expression") from None


def _replace_matches(text: str, pattern: str, new: str) -> str:
    try:
        return _pattern(pattern).sub(new, text) if pattern else text
    except re.error:
        raise NotEvaluated("no replacement") from None


def _substring(items: Items, start: Items, length: Items | None = None) -> Items:
    text, first, size = _text(items), single(start), None if length is None else single(length)
    if text is None or type(first) is not int or not 0 <= first < len(text):
        return []
    return [text[first:] if size is None else text[first : first + max(size, 0)]]


def _split(items: Items, mark: Items) -> Items:
    text, between = _text(items), _text(mark)
    if text is None or between is None:
        return []
    return list(text.split(between)) if between else list(text)


def _join(items: Items, mark: Items | None = None) -> Items:
    values = [plain(item) for item in items]
    if any(type(value) is not str for value in values):
        raise NotEvaluated("strings are expected")
    return [((_text(mark) or "") if mark is not None else "").join(values)] if values else []


_ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "base64": base64.b64encode,
    "urlbase64": base64.urlsafe_b64encode,
    "hex": lambda data: data.hex().encode(),
}
_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "base64": lambda data: base64.b64decode(data, validate=True),
    "urlbase64": base64.urlsafe_b64decode,
    "hex": lambda data: bytes.fromhex(data.decode()),
}


def _coded(coders: dict[str, Callable[[bytes], bytes]]) -> Callable[[str, str], str | None]:
    def run(text: str, form: str) -> str | None:
        coder = coders.get(form)
        try:
            return None if coder is None else coder(text.encode()).decode()
        except ValueError:
            return None

    return run


def _escape(text: str, form: str) -> str | None:
    if form == "json":
        return json.dumps(text, ensure_ascii=False)[1:-1]
    return html.escape(text).replace("&#x27;", "&#39;") if form == "html" else None


def _unescape(text: str, form: str) -> str | None:
    if form == "html":
        return html.unescape(text)
    if form != "json":
        return None
    bare = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', text)
    try:
        return str(json.loads(f'"{bare}"'))
    except ValueError:
        return None


FUNCTIONS: Final[dict[str, Callable[..., Items]]] = {
    "startsWith": _of_texts(str.startswith),
    "endsWith": _of_texts(str.endswith),
    "contains": _of_texts(lambda text, part: part in text),
    "matches": _of_texts(lambda text, pattern: _pattern(pattern).search(text) is not None),
    "matchesFull": _of_texts(lambda text, pattern: _pattern(pattern).fullmatch(text) is not None),
    "replaceMatches": _of_texts(_replace_matches),
    "replace": _of_texts(str.replace),
    "substring": _substring,
    "indexOf": _of_texts(str.find),
    "upper": _of_texts(str.upper),
    "lower": _of_texts(str.lower),
    "length": _of_texts(len),
    "trim": _of_texts(str.strip),
    "toChars": lambda items: list(_text(items) or ""),
    "split": _split,
    "join": _join,
    "encode": _of_texts(_coded(_ENCODERS)),
    "decode": _of_texts(_coded(_DECODERS)),
    "escape": _of_texts(_escape),
    "unescape": _of_texts(_unescape),
}
