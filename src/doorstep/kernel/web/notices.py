"""Messages after an act, and the undo that may stand beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

TONES = {messages.SUCCESS: "success", messages.WARNING: "warning", messages.ERROR: "danger"}
ICONS = {"success": "circle-check", "warning": "alert-triangle", "danger": "alert-octagon", "info": "info-circle"}
UNDO = "undo "


@dataclass(frozen=True, slots=True)
class Notice:
    """One message as the page shows it; ``undo`` is the address to which an undo is posted, or empty."""

    text: str
    tone: str
    icon: str
    undo: str = ""


def undoable(request: HttpRequest, text: str, undo: str) -> None:
    """Say that something was done, with a button that posts to the local address ``undo``."""
    messages.success(request, text, extra_tags=UNDO + undo)


def notice(message: Message) -> Notice:
    """How a message of Django's looks here."""
    tone = TONES.get(message.level, "info")
    tags = message.extra_tags or ""
    address = tags.removeprefix(UNDO) if tags.startswith(UNDO) else ""
    undo = address if url_has_allowed_host_and_scheme(address, None) else ""
    return Notice(str(message.message), tone, ICONS[tone], undo)


def waiting(request: HttpRequest) -> Iterator[Notice]:
    """The messages that wait for this person; reading them takes them away."""
    return (notice(message) for message in messages.get_messages(request))
