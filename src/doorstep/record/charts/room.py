"""The manifest of charts: entered from a resident, so it has no line in the menu."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import Room
from doorstep.record.charts.access import Permission

ROOM = Room(
    name="charts",
    title=_("健康档案"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看居民在各机构的健康档案"),
        Permission.RAW: _("查看和下载档案记录的原始数据"),
        Permission.SENSITIVE: _("查看其他机构送来的受特别保护的记录"),
    },
)
