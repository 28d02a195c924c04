"""The room as the house knows it."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import MenuEntry, Room
from doorstep.registers.staff.access import Permission

ROOM = Room(
    name="staff",
    title=_("人员与岗位"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看人员名录、岗位和资质"),
        Permission.EDIT: _("添加人员，任免岗位，开设账户，管理来源系统密钥"),
    },
    menu=(MenuEntry(_("人员"), "staff:list", "users", Permission.READ, _("名册")),),
)
