"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.registers.consents.access import Permission
from doorstep.registers.consents.actions import consenting
from doorstep.registers.consents.fhir import PUBLISHES
from doorstep.registers.consents.reactions import on_merged, on_unmerged
from doorstep.registers.consents.reads import glass

ROOM = Room(
    name="consents",
    title=_("查阅授权"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看居民对查阅其健康档案的同意和拒绝"),
        Permission.RECORD: _("登记和撤回居民的同意或拒绝"),
        Permission.BREAK_GLASS: _("紧急时说明理由，限时打开居民的健康档案"),
        Permission.REVIEW: _("审核紧急查阅是否正当"),
        Permission.OWN: _("居民本人或监护人登录后，同意、拒绝、撤回"),
        "consent.own_from": _("满 {age} 周岁的孩子，要由他们自己登录来同意；您可以替他们拒绝或撤回。"),
        "chart.no_reason": _(
            "系统查不到您所在机构现在与这位居民有诊疗关系，也没有居民的同意，所以健康档案没有打开。"
            "登记居民资料本身不构成查阅的理由。"
        ),
        "glass.hours": _("紧急查阅的时间应为 1 至 {most} 小时。"),
        "glass.words": _("请写明理由，至少 {fewest} 个字。"),
        "glass.nobody": _("紧急查阅只能由在岗的个人进行。"),
        "glass.reviewed": _("这次紧急查阅已经审核过了。"),
        "glass.own": _("不能审核自己的紧急查阅。"),
        "glass.verdict": _("请选择：正当，或不正当。"),
        "glass.review_words": _("请写明审核意见。"),
        "consent.guardian": _("未满 {age} 周岁的，要由监护人签字。"),
        "consent.far": _("截止日期超过 {years} 年。没有期限的，请不要填写。"),
        "consent.past": _("截止日期已经过去。"),
        "consent.withdrawn": _("这份同意或拒绝已经不再有效。"),
        "consent.no_desk": _("您现在的岗位不属于任何机构，不能登记。"),
        "consent.where": _("没有这家机构。请选择，或填写正确的统一社会信用代码。"),
    },
    menu=(
        MenuEntry(_("我的授权"), "consents:own", "shield-check", Permission.OWN),
        MenuEntry(_("紧急查阅审核"), "consents:glasses", "shield-check", Permission.REVIEW, _("服务"), glass.waiting),
    ),
    reactions={ResidentsMerged: (on_merged,), ResidentsUnmerged: (on_unmerged,)},
    jobs=(Job("consents.publish", timedelta(hours=24), consenting.publish_all),),
    publishes=PUBLISHES,
    republish=consenting.republish,
)
