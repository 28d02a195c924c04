"""The list of all rooms of this house, in the order of the menu."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from doorstep.kernel.room import Room

NAMES = (
    "doorstep.registers.residents",
    "doorstep.registers.portal",
    "doorstep.services.referrals",
    "doorstep.record.charts",
    "doorstep.record.exchange",
    "doorstep.record.endpoints",
    "doorstep.record.sheets",
    "doorstep.record.imaging",
    "doorstep.resources.booking",
    "doorstep.registers.consents",
    "doorstep.registers.organisations",
    "doorstep.registers.staff",
    "doorstep.registers.apps",
    "doorstep.insight.trail",
    "doorstep.site.system",
)
APPS = tuple(name for name in NAMES if find_spec(name))


def _rooms() -> tuple[Room, ...]:
    return tuple(import_module(f"{name}.room").ROOM for name in APPS)


def __getattr__(name: str) -> tuple[Room, ...]:
    if name == "ROOMS":
        return _rooms()
    raise AttributeError(name)
