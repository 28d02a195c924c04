"""The paths of FHIRPath Patch, read: the part of FHIRPath that names elements, and no more.

Children, `[n]`, `first()`, `last()`, `where(…)`, `ofType(T)`, `extension('url')`; in `where` comparisons of a path with
a literal by `=` and `!=`, `exists()`, `empty()`, `not()`, `and`, `or`, brackets. All else is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from doorstep.fhir.patch.nodes import number
from doorstep.fhir.patch.steps import At, Both, Child, Compare, Exists, Literal, Not, OfType, Path, Step, Test, Where
from doorstep.fhir.problems import FhirProblem

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*|`[^`\\]+`|\$this)|(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<sign>!=|[=.()\[\]]))""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"r": "\r", "n": "\n", "t": "\t", "f": "\f"}
_LONGEST: Final = 4_096
_NESTED: Final = 32
_END: Final = ("end", "")


@lru_cache(maxsize=1_024)
def read_path(text: str) -> Path:
    """Return the steps of a path; FhirProblem (422) naming what is not understood."""
    if len(text) > _LONGEST:
        raise _unsupported(text[:40] + "…")
    reader = _Reader(text)
    path = reader.path()
    if reader.next() != _END:
        raise _unsupported(reader.rest())
    return path


def _unsupported(what: str) -> FhirProblem:
    return FhirProblem("patch-path-unsupported", what=what)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _unsupported(text[place:])
        found.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        place = match.end()
    return found


class _Reader:
    """A path from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._place, self._depth = text, _tokens(text), 0, 0

    def next(self) -> tuple[str, str]:
        return self._tokens[self._place][:2] if self._place < len(self._tokens) else _END

    def rest(self) -> str:
        """Return what is not read yet, for a fault."""
        return self._text[self._tokens[self._place][2] :] if self._place < len(self._tokens) else self._text

    def takes(self, sign: str) -> bool:
        found = self.next() == ("sign", sign)
        self._place += found
        return found

    def _must(self, sign: str) -> None:
        if not self.takes(sign):
            raise _unsupported(self.rest())

    def _take(self, sort: str) -> str:
        kind, text = self.next()
        if kind != sort:
            raise _unsupported(self.rest())
        self._place += 1
        return text

    def path(self) -> Path:
        """Read a path; it ends before a step that is none of ours, which the caller sees."""
        steps: list[Step] = []
        if not self._is_call():
            name = self._take("name")
            steps += [] if name == "$this" else [Child(name.strip("`"))]
        else:
            steps += self._call()
        while True:
            if self.takes("["):
                steps.append(At(_index(self._take("number"))))
                self._must("]")
            elif not self._at_test() and self.takes("."):
                steps += self._call() if self._is_call() else (Child(self._take("name").strip("`")),)
            else:
                return tuple(steps)

    def _is_call(self, ahead: int = 0) -> bool:
        place = self._place + ahead
        return [token[:2] for token in self._tokens[place + 1 : place + 2]] == [("sign", "(")]

    def _at_test(self) -> bool:
        """Say whether `.exists()`, `.empty()` or `.not()` comes next: the business of a test, not of a path."""
        following = [token[1] for token in self._tokens[self._place : self._place + 3]]
        return len(following) == 3 and following[0] == "." and following[1] in _TESTS and following[2] == "("

    def _call(self) -> Path:
        start = self.rest()
        make = _CALLS.get(self._take("name"))
        if make is None:
            raise _unsupported(start)
        self._must("(")
        steps = make(self)
        self._must(")")
        return steps

    def text(self) -> str:
        """Read a string literal."""
        return _ESCAPE.sub(_unescaped, self._take("text")[1:-1])

    def word(self) -> str:
        """Read a name, or a type as `FHIR.Quantity`."""
        name = self._take("name").strip("`")
        return self._take("name") if name in ("FHIR", "System") and self.takes(".") else name

    def test(self) -> Test:
        """Read tests joined by `or`, then `and`."""
        return self._joined("or", lambda: self._joined("and", self._one))

    def _joined(self, word: str, below: Callable[[], Test]) -> Test:
        found = below()
        while self.next() == ("name", word):
            self._place += 1
            found = Both(word, found, below())
        return found

    def _one(self) -> Test:
        self._depth += 1
        if self._depth > _NESTED:
            raise _unsupported(self.rest())
        found = self._bracket() if self.takes("(") else self._about(self.path())
        while self._at_test() and self._tokens[self._place + 1][1] == "not":
            self._ending()
            found = Not(found)
        self._depth -= 1
        return found

    def _bracket(self) -> Test:
        found = self.test()
        self._must(")")
        return found

    def _about(self, path: Path) -> Test:
        if self._at_test() and self._tokens[self._place + 1][1] != "not":
            return Exists(path, self._ending() == "exists")
        for sign, equal in (("!=", False), ("=", True)):
            if self.takes(sign):
                return Compare(path, equal, self._literal())
        return Compare(path, True, True)

    def _ending(self) -> str:
        self._must(".")
        word = self._take("name")
        self._must("(")
        self._must(")")
        return word

    def _literal(self) -> Literal:
        kind, text = self.next()
        if kind == "text":
            return self.text()
        if kind == "number":
            return ("number", number(self._take("number")))
        if text in ("true", "false"):
            return self._take("name") == "true"
        raise _unsupported(self.rest())


def _index(text: str) -> int:
    if len(text) > 10 or "." in text:
        raise _unsupported(f"[{text}]")
    return int(text)


def _unescaped(match: re.Match[str]) -> str:
    found = match[1]
    return chr(int(found[1:], 16)) if found[0] == "u" and len(found) == 5 else _ESCAPED.get(found, found)


def _extension(reader: _Reader) -> Path:
    return Child("extension"), Where(Compare((Child("url"),), True, reader.text()))


_TESTS: Final = ("exists", "empty", "not")
_CALLS: Final[Mapping[str, Callable[[_Reader], Path]]] = {
    "first": lambda _: (At(0),),
    "last": lambda _: (At(-1),),
    "where": lambda reader: (Where(reader.test()),),
    "ofType": lambda reader: (OfType(reader.word()),),
    "extension": _extension,
}
