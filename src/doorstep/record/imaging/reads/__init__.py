"""What can be asked of imaging."""

from __future__ import annotations

from doorstep.record.imaging.reads.archives import archive, archives, choices, has_archive, place, unreadable
from doorstep.record.imaging.reads.studies import of_resident, resting, resting_one

__all__ = [
    "archive",
    "archives",
    "choices",
    "has_archive",
    "of_resident",
    "place",
    "resting",
    "resting_one",
    "unreadable",
]
