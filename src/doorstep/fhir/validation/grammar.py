"""Reads the FHIRPath of the specification's invariants into a tree; what it does not know is Unknown."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Unknown(Exception):
    """A piece of FHIRPath that is not among what the invariants of R4 use."""


class Node(NamedTuple):
    """A piece of an expression: `kind` says what, `text` its name, operator or literal, `parts` what it works on.

    Kinds: path, call, dot, operator, type, text, number, truth, variable, this.
    """

    kind: str
    text: str
    parts: tuple[Node, ...] = ()


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*|`[^`]+`)"
    r"|(?P<variable>%[A-Za-z]+)|(?P<this>\$this)|(?P<sign><=|>=|!=|[=<>|&+.(),]))"
)
# how strongly operators bind (FHIRPath, precedence)
_BINDING: Final = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "!=": 5,
    "<": 6,
    ">": 6,
    "<=": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "&": 9,
}
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
Token = tuple[str, str]


def parse(expression: str) -> Node:
    """Return the tree of an expression; raises Unknown."""
    reader = _Reader(_tokens(expression))
    tree = reader.expression(0)
    if reader.peek() != _END:
        raise Unknown(expression)
    return tree


_END: Final = ("end", "")


def _tokens(expression: str) -> list[Token]:
    tokens: list[Token] = []
    place, end = 0, len(expression.rstrip())
    while place < end:
        match = _TOKEN.match(expression, place)
        if match is None or match.lastgroup is None:
            raise Unknown(expression[place : place + 20])
        tokens.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return tokens


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
        left = self._chain()
        while (strength := _BINDING.get(self.peek()[1], 0)) > least:
            operator = self.take()[1]
            if operator in ("is", "as"):
                left = Node("type", operator, (left, Node("text", self.take()[1])))
            else:
                left = Node("operator", operator, (left, self.expression(strength)))
        return left

    def _chain(self) -> Node:
        left = self._term()
        while self.peek()[1] == ".":
            self.take()
            left = Node("dot", ".", (left, self._member()))
        return left

    def _term(self) -> Node:
        kind, text = self.peek()
        if text == "(":
            self.take()
            inner = self.expression(0)
            self.take(")")
            return inner
        if kind == "name":
            return self._member()
        if kind not in ("text", "number", "variable", "this"):
            raise Unknown(text)
        self.take()
        return Node(kind, _unescaped(text[1:-1]) if kind == "text" else text)

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


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)
