"""The door of the room: what a reading rests on, and relations that other rooms open and end."""

from __future__ import annotations

from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.actions.relations import close_relation, open_relation
from doorstep.registers.consents.reads.basis import basis, related
from doorstep.registers.consents.rules import NO_REASON, Basis, Why
from doorstep.registers.consents.shapes import Opening

__all__ = ["NO_REASON", "Basis", "Opening", "Permission", "Why", "basis", "close_relation", "open_relation", "related"]
