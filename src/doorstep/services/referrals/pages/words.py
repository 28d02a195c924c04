"""The words of referrals: states, moves, reasons, ranks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from doorstep.services.referrals.flow import Status
from doorstep.services.referrals.reads.lists import Box
from doorstep.services.referrals.rules import ranking
from doorstep.services.referrals.rules.ranking import Reason

STATUSES: Final[Mapping[Status, tuple[str, str]]] = {
    Status.DRAFT: (_("草稿"), ""),
    Status.SENT: (_("待答复"), "info"),
    Status.RETURNED: (_("退回补充"), "warn"),
    Status.ACCEPTED: (_("已接收，待到诊"), "good"),
    Status.DECLINED: (_("未接收"), "warn"),
    Status.NO_SHOW: (_("未到诊"), "warn"),
    Status.ARRIVED: (_("已到诊"), "good"),
    Status.IN_CARE: (_("诊治中"), "good"),
    Status.REPORTED: (_("已回转，待接收"), "info"),
    Status.RECEIVED: (_("已接收回转"), "good"),
    Status.FOLLOWED_UP: (_("已随访"), "good"),
    Status.CLOSED: (_("已办结"), ""),
    Status.WITHDRAWN: (_("已撤回"), ""),
    Status.LAPSED: (_("已过期"), ""),
}
"""The words of each state, and their tone."""
MOVES: Final[Mapping[str, tuple[str, str, str]]] = {
    "send": (_("发出转诊"), "mail-forward", _("发出了转诊")),
    "take_in": (_("由消息收到转诊"), "mail", _("由其他平台的消息发来转诊")),
    "accept": (_("接收病人"), "check", _("接收了病人")),
    "give_back": (_("退回补充"), "arrow-back-up", _("退回补充")),
    "redirect": (_("转给另一家机构"), "arrow-forward-up", _("转给了另一家机构")),
    "decline": (_("不能接收"), "x", _("没有接收")),
    "resend": (_("重新发出"), "mail-forward", _("重新发出了转诊")),
    "arrive": (_("病人已到"), "door-enter", _("登记病人到诊")),
    "miss": (_("病人没有来"), "calendar-x", _("登记病人没有来")),
    "reopen": (_("原号源不能用，重新安排"), "calendar-off", _("号源取消，重新安排")),
    "begin_care": (_("开始诊治"), "stethoscope", _("开始诊治")),
    "report": (_("写回转单"), "file-check", _("发出了回转单")),
    "receive": (_("接收回转单"), "inbox", _("接收了回转单")),
    "follow_up": (_("登记随访"), "heart-handshake", _("登记了随访")),
    "close": (_("办结"), "circle-check", _("办结了转诊")),
    "withdraw": (_("撤回转诊"), "circle-x", _("撤回了转诊")),
    "lapse": (_("过期失效"), "hourglass", _("转诊过期失效")),
}
"""For each move: its button, its icon, and what the history says of it."""
BOXES: Final[Mapping[Box, str]] = {
    Box.MINE: _("待我方办理"),
    Box.NEW: _("新到"),
    Box.OVERDUE: _("已超时"),
    Box.SOON: _("快到期"),
    Box.WAITING: _("等对方"),
    Box.DRAFTS: _("草稿"),
    Box.ALL: _("全部"),
    Box.ESCALATED: _("上报医务"),
}
EMPTY: Final[Mapping[Box, str]] = {
    Box.MINE: _("没有要办的转诊"),
    Box.NEW: _("没有新到的转诊"),
    Box.OVERDUE: _("没有超时的转诊"),
    Box.SOON: _("没有快到期的转诊"),
    Box.WAITING: _("没有在等对方的转诊"),
    Box.DRAFTS: _("没有草稿"),
    Box.ALL: _("还没有转诊"),
    Box.ESCALATED: _("没有上报的转诊"),
}
REASONS: Final[Mapping[str, str]] = {
    "no_capacity": _("没有床位或号源"),
    "no_capability": _("没有相应的诊疗能力"),
    "not_indicated": _("不需要转诊"),
    "patient_refused": _("病人不同意"),
    "better": _("病情好转"),
    "elsewhere": _("已到别处就诊"),
    "mistake": _("填写有误"),
    "died": _("病人死亡"),
    "other": _("其他"),
    "message": _("由其他平台的消息办理"),
    "checked_in": _("窗口已签到"),
    "missed": _("预约未到"),
    "clinic_stopped": _("停诊"),
    "cancelled": _("退号"),
    "replaced": _("停诊后病人改约了保留的号"),
}
"""The reasons of moves, those that people choose and those that follow from booking."""
SEXES: Final = {"1": _("男"), "2": _("女")}


def status(of: str) -> tuple[str, str]:
    """The words of a state and their tone."""
    words, tone = STATUSES[Status(of)]
    return gettext(words), tone


def reason(code: str) -> str:
    """A reason in words; empty for none."""
    return gettext(REASONS[code]) if code in REASONS else code


def said(table: Mapping[Any, str], codes: Iterable[str]) -> list[str]:
    """Codes in words, those that the table knows."""
    return [gettext(table[code]) for code in codes if code in table]


def why(reason_: Reason, detail: str) -> str:
    """Why a destination stands where it stands."""
    if reason_ in (Reason.NEAR, Reason.FAR):
        return gettext("约 {km} 公里，车程约 {minutes} 分钟").format(km=detail, minutes=ranking.minutes(float(detail)))
    words = {
        Reason.DEPARTMENT: gettext("有这个科室"),
        Reason.NO_DEPARTMENT: gettext("没有查到这个科室"),
        Reason.FREE: gettext("两周内可约 {free} 个号").format(free=detail),
        Reason.NO_PLACE: gettext("两周内没有可约的号"),
        Reason.SAVES: gettext("比不经转诊约少付 {yuan} 元").format(yuan=detail),
        Reason.PARTNER: gettext("同一医共体"),
        Reason.OUTSIDE: gettext("医共体以外"),
        Reason.DIRECTION: gettext("方向与所选不同"),
    }
    return words[reason_]
