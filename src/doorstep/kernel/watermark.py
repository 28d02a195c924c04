"""Who took data out, and when: one line that stands on paper, in sheets and in manifests alike."""

from __future__ import annotations

from doorstep.kernel import clock
from doorstep.kernel.call import Call


def watermark(call: Call, *, place: str = "", post: str = "") -> str:
    """Name, workplace, post, time in China, and the number by which the trail finds the request."""
    at = call.at.astimezone(clock.CHINA)
    said = (call.name, place, post or call.role, f"{at:%Y-%m-%d %H:%M:%S}", call.request)
    return " · ".join(part for part in said if part)
