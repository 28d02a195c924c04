"""The door of the room: for the program, the follower of archives; for the demo, archives registered."""

from __future__ import annotations

from doorstep.record.imaging.actions.archives import add
from doorstep.record.imaging.actions.following import Follower, step
from doorstep.record.imaging.shapes import ArchiveFacts

__all__ = ["ArchiveFacts", "Follower", "add", "step"]
