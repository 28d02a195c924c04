"""Objections of residents: by when they are answered, and what may be objected to. Pure.

The law asks for a convenient way to be heard and for reasons where a request is refused (个人信息保护法 art. 50), and
names no number of days; ours are **assumed** and dated (rule set ``trail.objections``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from doorstep.kernel import clock
from doorstep.kernel.decision import Decision, allow, refuse

FEWEST: Final = 4
"""Characters of what is objected."""
MOST_LINES: Final = 50
MOST_OPEN: Final = 20
"""Objections of one resident that wait at a time."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The dated parameters; the defaults are assumed: working days until an answer, days until an answer to which the
    resident is silent closes."""

    working_days: int = 15
    quiet_days: int = 30


def terms(said: Mapping[str, Any]) -> Terms:
    """The terms that a rule set says; what it does not say is assumed."""
    known = Terms()
    return Terms(int(said.get("working_days", known.working_days)), int(said.get("quiet_days", known.quiet_days)))


def due(raised: date, within: Terms) -> date:
    """By which day an answer is due."""
    return clock.add_working_days(raised, within.working_days)


def is_quiet(answered: datetime, at: datetime, within: Terms) -> bool:
    """Whether the resident has been silent so long that the case may close."""
    return at - answered >= timedelta(days=within.quiet_days)


def objection(
    *, text: str, lines: Collection[int], since: date | None, until: date | None, today: date, waiting: int
) -> Decision:
    """Whether an objection may be raised: in words, about lines or a period that has begun."""
    if len(text.strip()) < FEWEST:
        return refuse("objection.text", fewest=FEWEST)
    if not lines and since is None and until is None:
        return refuse("objection.nothing")
    if len(lines) > MOST_LINES:
        return refuse("objection.lines", most=MOST_LINES)
    if since and until and since > until:
        return refuse("period.reversed")
    if since and since > today:
        return refuse("objection.future")
    return allow() if waiting < MOST_OPEN else refuse("objection.many", most=MOST_OPEN)


def _(text: str) -> str:
    return text


PURPOSES: Mapping[str, str] = {
    "TREAT": _("诊疗"), "HOPERAT": _("管理和运行"), "PUBHLTH": _("公共卫生"), "HQUALIMP": _("质量控制"),
    "HSYSADMIN": _("系统管理"), "PATRQT": _("本人查看"), "FAMRQT": _("监护人查看"),
}  # fmt: skip
"""HL7 v3 PurposeOfUse in plain words."""
BASES: Mapping[str, str] = {
    "encounter": _("您在这家机构就诊"), "referral": _("您的转诊"), "appointment": _("您的预约"),
    "contract": _("家庭医生签约"),
    "consultation": _("会诊"), "reading": _("诊断服务"), "consent": _("您的同意"), "break_glass": _("紧急查阅"),
    "own": _("只看了这家机构自己的记录"), "operations": _("系统运行"), "self": _("本人"), "guardian": _("监护人"),
}  # fmt: skip
"""What a reading rested on (``consents.rules.Why``), to the resident."""
ACTIONS: tuple[tuple[str, str], ...] = (
    ("charts.", _("看了健康档案")),
    ("residents.identity", _("看了基本资料")),
    ("residents.check_number", _("核对了身份证号")),
    ("residents.", _("处理了基本资料")),
    ("consents.break_glass", _("紧急打开了健康档案")),
    ("consents.", _("看或改了查阅授权")),
    ("portal.scan", _("扫了健康卡")),
    ("portal.bind", _("绑定了登录手机")),
    ("portal.issue_card", _("办了纸质健康卡")),
    ("portal.", _("处理了登录和健康卡")),
    ("exchange.", _("送来或更正了记录")),
    ("fhir.", _("由信息系统读取或写入了记录")),
    ("trail.", _("查了谁看过，或处理了异议")),
)
"""What was done, by the beginning of an action's name; the first that fits."""


def did(action: str) -> str:
    """An action in plain words."""
    return next((words for start, words in ACTIONS if action.startswith(start)), _("处理了您的资料"))
