"""The door of the room: what other rooms may ask of it."""

from __future__ import annotations

from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.reads.lists import counts, open_for_resident

__all__ = ["Permission", "counts", "open_for_resident"]
