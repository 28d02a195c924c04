"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.insight.trail import jobs
from doorstep.insight.trail.access import Permission
from doorstep.kernel.room import Job, MenuEntry, Room

ROOM = Room(
    name="trail",
    title=_("操作留痕"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查阅操作留痕和异常查阅，核对其完整性"),
        Permission.WATCH: _("决定哪些居民的档案被查阅时要重点核查"),
        "watched.already": _("这位居民已经在名单里。"),
        "watched.ended": _("这位居民已经移出名单。"),
        "watched.nobody": _("居民名册里没有这个身份证号。"),
    },
    jobs=(
        Job("trail.months", timedelta(hours=12), jobs.make_months),
        Job("trail.late", timedelta(minutes=10), jobs.seal_late),
        Job("trail.head", timedelta(minutes=30), jobs.sign_day),
    ),
    menu=(
        MenuEntry(_("操作留痕"), "trail:search", "history", Permission.READ, _("系统")),
        MenuEntry(_("异常查阅"), "trail:unusual", "alert-triangle", Permission.READ, _("系统")),
        MenuEntry(_("重点核查名单"), "trail:watched", "eye", Permission.WATCH, _("系统")),
    ),
)
