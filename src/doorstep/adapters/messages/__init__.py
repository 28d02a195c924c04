"""Short messages to telephones: what is to be said, and the gateways that carry it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class NotSent(Exception):
    """A gateway did not take a message; the text says why in a word or a number, and holds nothing of the message."""


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One message: to whom, by which template with which values (carriers in China take registered templates alone),
    and as text. ``key`` is the same at every try, so that a gateway can leave out what it has sent."""

    key: str
    phone: str
    template: str
    values: Mapping[str, str]
    text: str

    def __repr__(self) -> str:
        """Neither number nor words: a message may come into a log by an error's traceback."""
        return f"Message({self.key})"


class Gateway(Protocol):
    """Carries messages. Raises ``NotSent``; the caller tries again."""

    def send(self, message: Message) -> None:
        """Hand a message over."""
