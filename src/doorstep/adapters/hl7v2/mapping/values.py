"""A value within a message: raw text that may have parts, at one of three depths."""

from __future__ import annotations

from doorstep.adapters.hl7v2.codec import Message
from doorstep.adapters.hl7v2.shapes import NULL


class Value:
    """A repetition of a field (depth 0), a component (1) or a subcomponent (2), and the whole field that it is of."""

    __slots__ = ("depth", "field", "message", "place", "raw")

    def __init__(self, message: Message, raw: str, place: str, depth: int = 0, field: str = "") -> None:
        self.message, self.raw, self.place, self.depth = message, raw, place, depth
        self.field = field or raw

    def part(self, *numbers: int) -> Value:
        """A part of it; a simple value is its own first part."""
        raw, depth, place = self.raw, self.depth, self.place
        for number in numbers:
            raw, depth = self._nth(raw, depth, number), depth + 1
            place = f"{place}.{number}"
        return Value(self.message, raw, place, depth)

    def _nth(self, raw: str, depth: int, number: int) -> str:
        marks = self.message.separators
        mark = (marks.component, marks.subcomponent, "")[min(depth, 2)]
        parts = raw.split(mark, number) if mark else [raw]
        return parts[number - 1] if number <= len(parts) else ""

    @property
    def empty(self) -> bool:
        """Whether nothing is there: an explicit null, or separators alone."""
        marks = self.message.separators
        return self.raw in ("", NULL) or not self.raw.strip(marks.component + marks.subcomponent + " ")

    @property
    def text(self) -> str:
        """Decoded, as a whole; empty where nothing is there."""
        return "" if self.empty else self.message.text(self.raw).strip()

    @property
    def first(self) -> str:
        """The first part of its first part: what stands there when a simple value was expected."""
        return self.part(1, 1).text if self.depth == 0 else self.part(1).text

    @property
    def repetitions(self) -> list[str]:
        """The texts of all repetitions of the field."""
        mark = self.message.separators.repetition
        raws = self.field.split(mark) if mark else [self.field]
        return [self.message.text(raw) for raw in raws if raw != NULL]
