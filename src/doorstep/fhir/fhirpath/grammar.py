"""Reads FHIRPath into a tree; what it does not know is Unknown."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from doorstep.fhir.fhirpath.trouble import Unknown


class Node(NamedTuple):
    """A piece of an expression: `kind` says what, `text` its name, operator or literal, `parts` what it works on.

    Kinds: path, call, dot, index, operator, sign, type, text, number, quantity, moment, truth, empty, variable, this.
    """

    kind: str
    text: str
    parts: tuple[Node, ...] = ()


_GAP: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TOKEN: Final = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.)*')|(?P<moment>@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?"
    r"|@\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*|`[^`]+`)"
    r"|(?P<variable>%(?:[A-Za-z]\w*|`[^`]+`|'[^']+'))|(?P<this>\$(?:this|index|total))"
    r"|(?P<sign><=|>=|!=|!~|[=<>|&+\-*/~.(),\[\]{}])",
    re.DOTALL | re.ASCII,
)
# how strongly operators bind (FHIRPath, precedence)
_BINDING: Final = {
    word: strength
    for strength, words in enumerate(
        ("implies", "or xor", "and", "in contains", "= != ~ !~", "< > <= >=", "|", "is as", "+ - &", "* / div mod"), 1
    )
    for word in words.split()
}
_UNITS: Final = frozenset(
    f"{word}{end}"
    for word in ["year", "month", "week", "day", "hour", "minute", "second", "millisecond"]
    for end in ("", "s")
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_ESCAPED: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_END: Final = ("end", "")
Token = tuple[str, str]


def parse(expression: str) -> Node:
    """Return the tree of an expression; raises Unknown."""
    reader = _Reader(_tokens(expression))
    tree = reader.expression(0)
    if reader.peek() != _END:
        raise Unknown(expression)
    return tree


def _tokens(expression: str) -> list[Token]:
    tokens: list[Token] = []
    place = _gap(expression, 0)
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None or match.lastgroup is None:
            raise Unknown(expression[place : place + 20])
        tokens.append((match.lastgroup, match[0]))
        place = _gap(expression, match.end())
    return tokens


def _gap(expression: str, place: int) -> int:
    found = _GAP.match(expression, place)
    return found.end() if found else place


class _Reader:
    """Reads tokens by the strength of operators."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def peek(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def take(self, text: str | None = None) -> Token:
        token = self.peek()
        if text is not None and token[1] != text:
            raise Unknown(f"{token[1]} instead of {text}")
        self._next += 1
        return token

    def expression(self, least: int) -> Node:
        left = self._signed()
        while (strength := _BINDING.get(self.peek()[1], 0)) > least:
            operator = self.take()[1]
            if operator in ("is", "as"):
                left = Node("type", operator, (left, Node("text", self._type())))
            else:
                left = Node("operator", operator, (left, self.expression(strength)))
        return left

    def _type(self) -> str:
        names = [self._name()]
        while self.peek()[1] == ".":
            self.take()
            names.append(self._name())
        return ".".join(names)

    def _name(self) -> str:
        kind, text = self.take()
        if kind != "name":
            raise Unknown(text)
        return text.strip("`")

    def _signed(self) -> Node:
        sign = self.peek()[1]
        if sign not in ("+", "-"):
            return self._chain()
        self.take()
        return Node("sign", sign, (self._signed(),))

    def _chain(self) -> Node:
        left = self._term()
        while (text := self.peek()[1]) in (".", "["):
            self.take()
            if text == ".":
                member = self._this() if self.peek()[0] == "this" else self._member()
                left = Node("dot", ".", (left, member))
            else:
                left = Node("index", "[", (left, self.expression(0)))
                self.take("]")
        return left

    def _this(self) -> Node:
        return Node("this", self.take()[1])

    def _term(self) -> Node:
        kind, text = self.peek()
        if text in ("(", "{"):
            return self._bracketed(text)
        if kind == "name":
            return self._member()
        if kind == "number":
            return self._number()
        if kind not in ("text", "moment", "variable", "this"):
            raise Unknown(text)
        self.take()
        return Node(kind, unescaped(text[1:-1]) if kind == "text" else text)

    def _bracketed(self, opening: str) -> Node:
        self.take()
        inner = self.expression(0) if opening == "(" else Node("empty", "{}")
        self.take(")" if opening == "(" else "}")
        return inner

    def _number(self) -> Node:
        number = self.take()[1]
        kind, text = self.peek()
        if kind == "text" or (kind == "name" and text in _UNITS):
            self.take()
            return Node("quantity", number, (Node(kind, unescaped(text[1:-1]) if kind == "text" else text),))
        return Node("number", number)

    def _member(self) -> Node:
        kind, text = self.take()
        if kind != "name":
            raise Unknown(text)
        if self.peek()[1] == "(":
            return Node("call", text, self._arguments())
        return Node("truth", text) if text in ("true", "false") else Node("path", text.strip("`"))

    def _arguments(self) -> tuple[Node, ...]:
        self.take("(")
        arguments: list[Node] = []
        while self.peek()[1] != ")":
            if arguments:
                self.take(",")
            arguments.append(self.expression(0))
        self.take(")")
        return tuple(arguments)


def unescaped(text: str) -> str:
    """Return the characters that a string literal stands for."""
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), text)
