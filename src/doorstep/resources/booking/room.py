"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.events.booking import (
    AppointmentCancelled,
    AppointmentMissed,
    ClinicStopped,
    ClinicSuspended,
    PlaceOffered,
)
from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.actions.republishing import publish_all, republish
from doorstep.resources.booking.fhir import PUBLISHES
from doorstep.resources.booking.jobs import give_out, tidy
from doorstep.resources.booking.reactions import (
    on_cancelled,
    on_merged,
    on_missed,
    on_offered,
    on_stopped,
    on_suspended,
    on_unmerged,
)
from doorstep.resources.booking.reads import lists

ROOM = Room(
    name="booking",
    title=_("预约门诊"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看门诊安排、空余号源和居民的预约"),
        Permission.ROSTER: _("安排门诊和出诊时间，发布、停诊"),
        Permission.MEMBERS: _("安排医共体成员单位的门诊"),
        Permission.BOOK: _("为居民预约、取消、登记候补"),
        Permission.DESK: _("签到、叫号、现场加号"),
        Permission.RULE: _("处理爽约限制的申诉"),
        Permission.OWN: _("居民本人或监护人自己预约、取消、候补、排队等号、申诉"),
        "slot_taken": _("这个号刚刚被别人约走了。请另选一个时间。"),
        "slot_past": _("这个时间已经过去。请另选一个时间。"),
        "slot_closed": _("这次门诊现在不放号。请另选一次门诊。"),
        "not_released": _("这个号还没有对这一渠道开放。"),
        "waited_for": _("这个号要先给候补的人。可以登记候补。"),
        "queued_for": _("这次放号有人在排队，要按排队的先后。可以去排队。"),
        "queue.nothing": _("这次门诊没有要放的号。"),
        "queue.over": _("已经放完号了，可以直接约，或者登记候补。"),
        "cancel.late": _("已经过了自己取消的时间。请打电话给医院，或者在窗口说一声。"),
        "one_a_day": _("同一个人同一天在同一科室只能约一个号，已经有一个了。"),
        "sanctioned": _("因多次爽约，暂时不能预约。可以申诉。"),
        "hold.past": _("保留的截止时间已经过去。"),
        "hold.over": _("保留的时间已过，号已放出。请重新预约。"),
        "hold.in_time": _("保留的时间还没有到。"),
        "clinic.department": _("请选择本机构现有的科室。"),
        "clinic.nobody": _("请选择或填写出诊的人。"),
        "clinic.twice": _("这个科室已经有同名的门诊。"),
        "clinic.busy": _("还有没结束的门诊。请先停诊，或等它们结束。"),
        "roster.nothing": _("请至少选择一个星期几；已结束的门诊不能再排班。"),
        "roster.clash": _("同一天这个时间已经有排班了。"),
        "quota.sum": _("各渠道比例不能小于 0，合计不能超过 100%。"),
        "plan.span": _("请选择今后 {days} 天以内的日期。"),
        "shift.reversed": _("结束时间应晚于开始时间。"),
        "shift.minutes": _("每号应为 1 至 {most} 分钟。"),
        "shift.together": _("同一时间的人数应为 1 至 {most} 人。"),
        "shift.short": _("这段时间放不下一个号。"),
        "shift.many": _("一次门诊最多 {most} 个号。"),
        "basis.missing": _("外来专家出诊要有依据：多机构备案、对口支援、会诊或义诊。"),
        "added.full": _("这次门诊已加满 {most} 个号，不能再加。"),
        "check_in.early": _("还没到签到时间：最早提前 {minutes} 分钟。"),
        "check_in.over": _("这次门诊已经结束。"),
        "session.not_open": _("请先开诊，再叫号。"),
        "code.unknown": _("没有这个预约码，或者不是本机构的预约。"),
        "stop.why": _("请写明原因，会告诉已预约的人。"),
        "waiting.span": _("请选择今天起 {days} 天以内的日期。"),
        "waiting.twice": _("这个人已经在这个门诊的候补名单上了。"),
        "appeal.words": _("请写明理由。"),
        "series.span": _("疗程应为 2 至 {most} 次，间隔 1 至 {longest} 天。"),
        "series.day": _("{day} 没有空号，整个疗程都没有约。请换个时间或减少次数。"),
        "session.not_today": _("还没到出诊的日子。"),
        "session.not_over": _("这次门诊还没有结束。"),
        "session.waiting": _("还有已签到的人没有看完。"),
    },
    menu=(
        MenuEntry(_("门诊安排"), "booking:week", "calendar-time", Permission.READ, _("服务")),
        MenuEntry(_("预约"), "booking:own", "calendar-heart", Permission.OWN),
        MenuEntry(_("签到"), "booking:check_in", "scan", Permission.DESK, _("服务")),
        MenuEntry(_("爽约限制"), "booking:sanctions", "calendar-x", Permission.RULE, _("服务"), lists.appealed),
    ),
    reactions={
        AppointmentMissed: (on_missed,),
        AppointmentCancelled: (on_cancelled,),
        ClinicStopped: (on_stopped,),
        ClinicSuspended: (on_suspended,),
        PlaceOffered: (on_offered,),
        ResidentsMerged: (on_merged,),
        ResidentsUnmerged: (on_unmerged,),
    },
    jobs=(
        Job("booking.tidy", timedelta(minutes=1), tidy),
        Job("booking.give_out", timedelta(seconds=5), give_out),
        Job("booking.publish", timedelta(hours=24), publish_all),
    ),
    publishes=PUBLISHES,
    republish=republish,
)
