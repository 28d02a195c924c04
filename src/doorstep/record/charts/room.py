"""The manifest of charts: staff enter them from a resident, residents from their menu."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import MenuEntry, Room
from doorstep.record.charts.access import Permission

ROOM = Room(
    name="charts",
    title=_("健康档案"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看居民在各机构的健康档案"),
        Permission.RAW: _("查看和下载档案记录的原始数据"),
        Permission.SENSITIVE: _("查看其他机构送来的受特别保护的记录"),
        Permission.OWN: _("居民本人或监护人登录后，查看自己的健康档案"),
    },
    menu=(MenuEntry(_("健康档案"), "charts:own", "clipboard-heart", Permission.OWN),),
)
