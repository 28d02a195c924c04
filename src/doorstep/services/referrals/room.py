"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.events.booking import (
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentMissed,
    AppointmentReplaced,
    ClinicStopped,
)
from doorstep.events.endpoints import MessageTaken
from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.services.referrals import jobs, reactions
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.actions import publishing
from doorstep.services.referrals.fhir import PUBLISHES
from doorstep.services.referrals.reads import lists

ROOM = Room(
    name="referrals",
    title=_("双向转诊"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看本机构发出和收到的转诊"),
        Permission.TALK: _("给对方医生留言，把转诊交给同事，上报医务管理部门"),
        Permission.SEND: _("填写、发出和撤回转诊"),
        Permission.TRIAGE: _("答复转诊：接收、退回补充、转交、谢绝"),
        Permission.RECEIVE: _("登记转诊病人到诊、收治和出院"),
        Permission.REPORT: _("填写回转单"),
        Permission.CLOSE: _("接收回转单，登记随访，办结转诊"),
        Permission.OVERSEE: _("作为医务管理，查看辖区内的转诊，处理上报"),
        Permission.MEASURE: _("查看转诊的统计指标"),
        Permission.EXPIRE: _("由系统使转诊到期失效"),
        Permission.EXCHANGE: _("由系统按其他平台的消息办理转诊"),
        "referral.message_unknown": _("没有这个消息所说的转诊：{matter}"),
        "referral.message_patient": _("消息里没有这位患者的资料（Patient）。"),
        "referral.message_state": _("转诊现在的状态不能这样办：{state}"),
        "referral.no_desk": _("您现在的岗位不属于任何机构，不能办理转诊。"),
        "referral.deceased": _("这位居民已登记为已故，不能转诊。"),
        "referral.sent": _("转诊已经发出，内容不能再改。对方退回后可以补充。"),
        "referral.draft": _("这份转诊现在不能这样办。"),
        "referral.other_side": _("这一步由对方机构办理。"),
        "referral.letter": _("转诊单还没有填完整：请填写标有星号的项目。"),
        "referral.consent": _("请登记谁同意了转诊、以什么方式同意。只有急诊病人无法表达时才可以没有同意。"),
        "referral.destination": _("请选择另一家机构。"),
        "referral.criteria": _("请至少选择一条转诊指征。"),
        "referral.place": _("请选择一个号源，或填写与病人约好的时间。"),
        "referral.elsewhere": _("这个号源不是本机构的。"),
        "referral.past": _("约好的时间已经过去。"),
        "referral.reason": _("请选择理由。"),
        "referral.note": _("请用文字说明。"),
        "referral.words": _("请写下要说的话。"),
        "referral.follow_up": _("这次急诊转诊要求两周内随访：请先登记随访，再办结。"),
        "referral.valid": _("转诊还在有效期内。"),
        "referral.colleague": _("请选择本机构在岗的同事。"),
        "referral.discharge": _("出院时间应在到诊之后、现在之前。"),
    },
    menu=(
        MenuEntry(_("双向转诊"), "referrals:desk", "arrows-left-right", Permission.READ, _("服务"), lists.waiting),
        MenuEntry(_("转诊统计"), "referrals:measures", "chart-bar", Permission.MEASURE, _("服务")),
    ),
    reactions={
        AppointmentCheckedIn: (reactions.on_checked_in,),
        AppointmentMissed: (reactions.on_missed,),
        AppointmentCancelled: (reactions.on_cancelled,),
        AppointmentReplaced: (reactions.on_replaced,),
        ClinicStopped: (reactions.on_stopped,),
        ResidentsMerged: (reactions.on_merged,),
        ResidentsUnmerged: (reactions.on_unmerged,),
        MessageTaken: (reactions.on_message,),
    },
    jobs=(
        Job("referrals.lapse", timedelta(minutes=10), jobs.lapse_overdue),
        Job("referrals.publish", timedelta(hours=24), publishing.publish_all),
    ),
    publishes=PUBLISHES,
    republish=publishing.republish,
)
