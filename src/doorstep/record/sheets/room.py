"""The manifest of sheets."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.record.sheets import jobs
from doorstep.record.sheets.access import Permission
from doorstep.record.sheets.rules.words import SENTENCES

ROOM = Room(
    name="sheets",
    title=_("表格导入"),
    permissions=Permission,
    sentences={
        Permission.USE: _("用 Excel 或 CSV 表格导入本机构的资料（还要有所导入资料的修改权限）"),
        Permission.RECORDS: _("用表格导入本机构的随访和预防接种记录"),
    }
    | dict(SENTENCES),
    menu=(MenuEntry(_("表格导入"), "sheets:list", "table-import", Permission.USE, _("数据")),),
    jobs=(
        Job("sheets.work", timedelta(0), jobs.run, shared=True),
        Job("sheets.forget", timedelta(hours=24), jobs.forget),
    ),
)
