"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.insight.trail import jobs
from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.actions import objections
from doorstep.kernel.room import Job, MenuEntry, Room

ROOM = Room(
    name="trail",
    title=_("操作留痕"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查阅操作留痕和异常查阅，核对其完整性"),
        Permission.WATCH: _("决定哪些居民的档案被查阅时要重点核查"),
        Permission.ANSWER: _("受理和答复居民对查阅的异议"),
        Permission.OWN: _("居民本人或监护人登录后，查看谁看过自己的档案，提出异议"),
        "objection.text": _("请写明您觉得哪里不对，至少 {fewest} 个字。"),
        "objection.nothing": _("请勾选有异议的查阅，或填写日期。"),
        "objection.lines": _("一次最多选 {most} 条。"),
        "objection.future": _("开始日期还没有到。"),
        "objection.many": _("您已有 {most} 件异议等待处理，请先等答复。"),
        "objection.concerned": _("异议涉及您本人的查阅，要由另一个人处理。"),
        "objection.words": _("请写明理由，至少 4 个字。"),
        "objection.reopened": _("已经重新提出过一次，不能再提。仍不满意，可以向卫生健康部门投诉或向法院起诉。"),
        "objection.waits": _("还要等居民回音。"),
        "watched.already": _("这位居民已经在名单里。"),
        "watched.ended": _("这位居民已经移出名单。"),
        "watched.nobody": _("居民名册里没有这个身份证号。"),
    },
    jobs=(
        Job("trail.months", timedelta(hours=12), jobs.make_months),
        Job("trail.late", timedelta(minutes=10), jobs.seal_late),
        Job("trail.lapse", timedelta(hours=24), objections.lapse),
        Job("trail.head", timedelta(minutes=30), jobs.sign_day),
    ),
    menu=(
        MenuEntry(_("谁看过"), "trail:looks", "eye", Permission.OWN),
        MenuEntry(_("我的异议"), "trail:own_objections", "message-report", Permission.OWN),
        MenuEntry(_("居民异议"), "trail:objections", "message-report", Permission.ANSWER, _("服务")),
        MenuEntry(_("操作留痕"), "trail:search", "history", Permission.READ, _("系统")),
        MenuEntry(_("异常查阅"), "trail:unusual", "alert-triangle", Permission.READ, _("系统")),
        MenuEntry(_("重点核查名单"), "trail:watched", "eye", Permission.WATCH, _("系统")),
    ),
)
