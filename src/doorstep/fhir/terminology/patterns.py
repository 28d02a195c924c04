"""Regular expressions that strangers send: matched in time linear to the text, whatever they say.

A subset without back-references and look-around: literals, `.`, classes, groups, `|`, `* + ? {m,n}`, anchors at the
ends, `\\d \\w \\s` and their opposites. A pattern is matched against the whole text, as R4's filters mean it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.machines import Machine, Node, Piece, Test

_MOST_NODES: Final = 2000
_MOST_LETTERS: Final = 500
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CLASSES: Final[dict[str, Test]] = {
    "d": str.isdigit,
    "w": lambda c: c.isalnum() or c == "_",
    "s": str.isspace,
    "D": lambda c: not c.isdigit(),
    "W": lambda c: not (c.isalnum() or c == "_"),
    "S": lambda c: not c.isspace(),
}


class _Parser:
    """A recursive descent over the pattern, which makes the machine as it goes."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.nodes = 0
        self.depth = 0

    def fail(self) -> FhirProblem:
        return FhirProblem("bad-pattern", pattern=self.pattern)

    def peek(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def take(self) -> str:
        letter = self.peek()
        if not letter:
            raise self.fail()
        self.place += 1
        return letter

    def node(self, reads: Test | None = None) -> Node:
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise self.fail()
        return Node(reads)

    def whole(self) -> Piece:
        piece = self.either()
        if self.place < len(self.pattern):
            raise self.fail()
        return piece

    def either(self) -> Piece:
        self.depth += 1
        if self.depth > 50:
            raise self.fail()
        first, last = self.node(), self.node()
        while True:
            begin, end = self.sequence()
            first.after.append(begin)
            end.after.append(last)
            if self.peek() != "|":
                self.depth -= 1
                return first, last
            self.place += 1

    def sequence(self) -> Piece:
        first = last = self.node()
        while self.peek() and self.peek() not in "|)":
            begin, end = self.repeated()
            last.after.append(begin)
            last = end
        return first, last

    def repeated(self) -> Piece:
        start = self.place
        piece = self.atom()
        stop = self.place
        least, most = self.bounds()
        if (least, most) == (1, 1):
            return piece
        return self.copies(piece, start, stop, (least, most))

    def bounds(self) -> tuple[int, int | None]:
        sign = self.peek()
        if not sign or sign not in "*+?{":
            return 1, 1
        self.place += 1
        bounds = self.counted() if sign == "{" else {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if self.peek() and self.peek() in "?+*{":
            raise self.fail()
        return bounds

    def counted(self) -> tuple[int, int | None]:
        text, closed, _ = self.pattern[self.place :].partition("}")
        low, comma, high = text.partition(",")
        fitting = closed and low.isdecimal() and (high.isdecimal() or not high) and len(text) < 10
        if not fitting:
            raise self.fail()
        self.place += len(text) + 1
        least = int(low)
        most = least if not comma else int(high) if high else None
        if most is not None and most < least:
            raise self.fail()
        return least, most

    def copies(self, piece: Piece, start: int, stop: int, bounds: tuple[int, int | None]) -> Piece:
        least, most = bounds
        first = last = self.node()
        resume = self.place
        for turn in range(max(least, 1) if most is None else most):
            begin, end = piece if turn == 0 else self.again(start, stop)
            gate = self.node()
            last.after.append(begin)
            end.after.append(gate)
            if turn >= least:
                last.after.append(gate)
            if most is None and turn == max(least, 1) - 1:
                end.after.append(begin)
            last = gate
        self.place = resume
        return first, last

    def again(self, start: int, stop: int) -> Piece:
        self.place = start
        piece = self.atom()
        if self.place != stop:
            raise self.fail()
        return piece

    def atom(self) -> Piece:
        letter = self.take()
        if letter == "(":
            return self.group()
        if letter in "*+?{)":
            raise self.fail()
        if letter in "^$":
            return self.anchor(letter)
        return self.reading(self.one_letter(letter))

    def anchor(self, letter: str) -> Piece:
        at_end = self.place == 1 if letter == "^" else self.place == len(self.pattern)
        if not at_end:
            raise self.fail()
        node = self.node()
        return node, node

    def group(self) -> Piece:
        if self.peek() == "?":
            if self.pattern[self.place : self.place + 2] != "?:":
                raise self.fail()
            self.place += 2
        piece = self.either()
        if self.take() != ")":
            raise self.fail()
        return piece

    def reading(self, test: Test) -> Piece:
        first, last = self.node(test), self.node()
        first.after.append(last)
        return first, last

    def one_letter(self, letter: str) -> Test:
        if letter == ".":
            return lambda c: c != "\n"
        if letter == "[":
            return self.letters()
        if letter == "\\":
            return self.escape()
        return letter.__eq__

    def escape(self) -> Test:
        letter = self.take()
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter.isalnum() and letter not in _ESCAPES:
            raise self.fail()
        return _ESCAPES.get(letter, letter).__eq__

    def letters(self) -> Test:
        opposite = self.peek() == "^"
        self.place += opposite
        tests: list[Test] = []
        while self.peek() != "]" or not tests:
            tests.append(self.span())
        self.place += 1
        return lambda c: any(test(c) for test in tests) is not opposite

    def span(self) -> Test:
        letter = self.take()
        if letter == "\\":
            if self.peek() in _CLASSES:
                return self.escape()
            letter = _ESCAPES.get(self.peek(), self.peek())
            self.take()
        if self.peek() != "-" or self.pattern[self.place + 1 : self.place + 2] in ("]", ""):
            return letter.__eq__
        self.place += 1
        last = self.take()
        if last == "\\":
            last = self.take()
        if last < letter:
            raise self.fail()
        return lambda c: letter <= c <= last


@lru_cache(maxsize=128)
def pattern(text: str) -> Machine:
    """Return a compiled pattern; FhirProblem bad-pattern where it is wrong, too large, or not of the subset."""
    if len(text) > _MOST_LETTERS:
        raise FhirProblem("bad-pattern", pattern=text)
    return Machine(_Parser(text).whole(), text)
