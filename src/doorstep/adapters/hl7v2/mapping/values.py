"""A value within a message: raw text that may have parts, at one of three depths."""

from __future__ import annotations

from doorstep.adapters.hl7v2.codec import Message
from doorstep.adapters.hl7v2.shapes import NULL


class Value:
    """A repetition of a field (depth 0), a component (1) or a subcomponent (2); it is split and decoded once.

    ``label`` is the place of a repetition, and the number of a part within its ``parent``; ``field`` is the whole field
    with all its repetitions.
    """

    __slots__ = ("_parts", "_text", "depth", "empty", "field", "label", "message", "parent", "raw")

    def __init__(
        self, message: Message, raw: str, label: str, depth: int = 0, parent: Value | None = None, field: str = ""
    ) -> None:
        self.message, self.raw, self.label, self.depth, self.parent = message, raw, label, depth, parent
        self.field = field or raw
        # what begins with a letter or digit (no separator is one) is neither a null nor blank
        self.empty = not raw or (not raw[0].isalnum() and (raw == NULL or _blank(message, raw)))
        self._parts: list[Value] | None = None
        self._text: str | None = None

    @property
    def place(self) -> str:
        """Where it stands in the message."""
        return f"{self.parent.place}.{self.label}" if self.parent else self.label

    def part(self, *numbers: int) -> Value:
        """A part of it; a simple value is its own first part."""
        found = self
        for number in numbers:
            parts = found._parts or found._split()
            found = parts[number - 1] if number <= len(parts) else Value(self.message, "", str(number), 2, found)
        return found

    def _split(self) -> list[Value]:
        message, raw, depth = self.message, self.raw, self.depth + 1
        marks = message.separators
        mark = marks.component if depth == 1 else marks.subcomponent if depth == 2 else ""
        if not mark or mark not in raw:
            self._parts = [Value(message, raw, "1", depth, self)]
        else:
            self._parts = [Value(message, each, str(n), depth, self) for n, each in enumerate(raw.split(mark), 1)]
        return self._parts

    @property
    def text(self) -> str:
        """Decoded, as a whole; empty where nothing is there."""
        if self._text is None:
            self._text = "" if self.empty else self.message.text(self.raw).strip()
        return self._text

    @property
    def first(self) -> str:
        """The first part of its first part: what stands there when a simple value was expected."""
        marks, raw = self.message.separators, self.raw
        if marks.component not in raw and marks.subcomponent not in raw:
            return self.text
        return self.part(1, 1).text if self.depth == 0 else self.part(1).text

    @property
    def repetitions(self) -> list[str]:
        """The texts of all repetitions of the field."""
        mark = self.message.separators.repetition
        raws = self.field.split(mark) if mark else [self.field]
        return [self.message.text(raw) for raw in raws if raw != NULL]


def _blank(message: Message, raw: str) -> bool:
    """Whether separators and spaces are all there is."""
    marks = message.separators
    if raw[0] not in (marks.component, marks.subcomponent, " "):
        return False
    return not raw.strip(marks.component + marks.subcomponent + " ")
