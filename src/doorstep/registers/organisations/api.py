"""The door of the room: what other rooms may ask of it and do in it."""

from __future__ import annotations

from doorstep.registers.organisations.reads import by_uscc, consortia_of, leaders, members, names, reach, source

__all__ = ["by_uscc", "consortia_of", "leaders", "members", "names", "reach", "source"]
