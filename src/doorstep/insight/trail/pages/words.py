"""The words of objections: their states and steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

STATES: Final[Mapping[str, tuple[Any, str]]] = {
    "raised": (gettext_lazy("待受理"), "info"),
    "taken": (gettext_lazy("处理中"), "info"),
    "answered": (gettext_lazy("已答复"), "good"),
    "closed": (gettext_lazy("已结束"), ""),
}
_STEPS: Final[Mapping[str, Any]] = {
    "take": gettext_lazy("已受理"),
    "answer": gettext_lazy("已答复"),
    "withdraw": gettext_lazy("居民撤回了异议"),
    "accept": gettext_lazy("居民接受了答复"),
    "reopen": gettext_lazy("居民不满意，要求再处理一次"),
    "lapse": gettext_lazy("答复后一段时间没有回音，自动结束"),
}


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step of an objection, in words."""

    did: str
    at: datetime
    who: str
    words: str
    measures: str
    verdict: str


def steps(found: Iterable[Mapping[str, object]]) -> list[StepWords]:
    """The steps in words; who answered is told by their role."""
    return [
        StepWords(
            str(_STEPS[str(step["move"])]),
            datetime.fromisoformat(str(step["at"])),
            _("居民") if step["who"] == "resident" else _(str(step["who"])) if step["who"] else "",
            str(step["words"]),
            str(step["measures"]),
            _verdict(step["upheld"]),
        )
        for step in found
    ]


def _verdict(upheld: object) -> str:
    if upheld is None:
        return ""
    return _("异议成立：这次查阅不应该") if upheld else _("异议不成立：这次查阅有正当理由")
