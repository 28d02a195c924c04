"""The door of the room: whose access token it is, and which apps a chart can open."""

from __future__ import annotations

from doorstep.registers.apps.access import Permission
from doorstep.registers.apps.actions.registering import register
from doorstep.registers.apps.reads.clients import launchable, origins
from doorstep.registers.apps.reads.standing import access_call
from doorstep.registers.apps.rules import MARK, Kind
from doorstep.registers.apps.rules.discovery import endpoints, smart
from doorstep.registers.apps.shapes import Client, Facts

__all__ = [
    "Client",
    "Facts",
    "Kind",
    "Permission",
    "access_call",
    "endpoints",
    "is_access_token",
    "launchable",
    "origins",
    "register",
    "smart",
]


def is_access_token(text: str) -> bool:
    """Whether a bearer token is an app's, and not a source system's key."""
    return text.startswith(MARK)
