"""The slow, exact side of reading: finds where a fault is once the fast checks know that there is one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from doorstep.fhir.problems import FhirProblem

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_NON_FINITE: Final = re.compile(r"-?(?:NaN|Inf)")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_]\w*")


class _Pairs(list[tuple[str, Any]]):
    """An object as the list of its pairs, doubled keys and all."""


def encoding(data: bytes, error: UnicodeDecodeError) -> FhirProblem:
    """Name the encoding fault of text that is not UTF-8, with a guess at what it is."""
    line, column = _place(data, error.start)
    if error.end == len(data) and error.reason == "unexpected end of data":
        return FhirProblem("truncated", None, line, column)
    return FhirProblem("encoding", None, line, column, guess=_guess(data))


def _guess(data: bytes) -> str:
    sample = data[: 1 << 16]
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in sample[:4]:
        return "UTF-16"
    for length in (len(sample), len(sample) - 1, len(sample) - 2, len(sample) - 3):
        try:
            sample[:length].decode("gb18030")
        except UnicodeDecodeError:
            continue
        return "GBK / GB18030"
    return "?"


def syntax(text: bytes, depth: int = 64) -> FhirProblem:
    """Name the syntax fault of UTF-8 text that a JSON parser refused, with line and column."""
    if b"\x00" in text[:4]:
        return FhirProblem("encoding", None, 1, 1, guess="UTF-16")
    try:
        orjson.loads(text)
    except json.JSONDecodeError as error:
        if "depth limit" not in error.msg:
            return _explain(error)
    return too_deep(text, depth)


_SAID: Final = (
    ("zero-length", "empty"),
    ("infinity", "non-finite"),
    ("surrogate", "surrogate"),
    ("end of data", "truncated"),
)


def _explain(error: json.JSONDecodeError) -> FhirProblem:
    place = (None, error.lineno, error.colno)
    code = next((code for words, code in _SAID if words in error.msg), "syntax")
    if code != "syntax":
        return FhirProblem(code, *place)
    if _NON_FINITE.match(error.doc, error.pos):
        return FhirProblem("non-finite", *place)
    if error.doc[error.pos : error.pos + 1] == "\0":
        return FhirProblem("nul-character", *place)
    if not error.doc[error.pos :].strip():
        return FhirProblem("truncated" if error.doc.strip() else "empty", *place)
    return FhirProblem(code, *place, detail=error.msg)


def deeper_than(parsed: object, depth: int) -> bool:
    """Say whether a parsed value nests deeper than so many levels of objects and arrays."""
    try:
        # pretty text indents two spaces a level and no string of JSON holds a bare line feed
        return b"\n" + b"  " * (depth + 1) in orjson.dumps(parsed, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        return True


def too_deep(text: bytes, limit: int) -> FhirProblem:
    """Place the first bracket that opens one level too many."""
    level = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in (b"{", b"["):
            level += 1
            if level > limit:
                return FhirProblem("too-deep", None, *_place(text, match.start()), limit=limit)
        elif token in (b"}", b"]"):
            level -= 1
    return FhirProblem("too-deep", limit=limit)


def nul_character(parsed: object) -> FhirProblem:
    """Place the NUL character in a value, or in a key, of the parsed resource."""
    places = paths(parsed, lambda value: isinstance(value, str) and "\0" in value)
    return FhirProblem("nul-character", next(places, None))


def refuse_duplicate_keys(body: bytes) -> None:
    """Raise FhirProblem with the path of the first key that its object holds twice, if there is one."""
    try:
        pairs = json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
        for path, value in _walk(pairs, ""):
            if isinstance(value, _Pairs):
                _refuse_repeated(path, value)
    except RecursionError:
        raise too_deep(body, 64) from None


def _refuse_repeated(path: str, pairs: _Pairs) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise FhirProblem("duplicate-key", _join(path, key), key=key)
        seen.add(key)


def paths(parsed: object, wanted: Callable[[object], bool]) -> Iterator[str]:
    """Yield the FHIRPath-like paths, from the top of a parsed resource, of all values that are wanted."""
    return (path for path, value in _walk(parsed, "") if wanted(value))


def _walk(value: object, path: str) -> Iterator[tuple[str, object]]:
    yield path, value
    if isinstance(value, dict | _Pairs):
        for key, below in value.items() if isinstance(value, dict) else value:
            yield from _walk(below, _join(path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _walk(below, f"{path}[{number}]")


def _join(path: str, key: str) -> str:
    step = key if _PLAIN_KEY.fullmatch(key) else f"`{key}`"
    return f"{path}.{step}" if path else step


def _place(text: bytes, position: int) -> tuple[int, int]:
    start = text.rfind(b"\n", 0, position) + 1
    column = len(text[start:position].decode("utf-8", "replace")) + 1
    return text.count(b"\n", 0, position) + 1, column
