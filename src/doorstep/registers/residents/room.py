"""The room as the house knows it."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import MenuEntry, Room
from doorstep.registers.residents.access import Permission

ROOM = Room(
    name="residents",
    title=_("居民"),
    permissions=Permission,
    sentences={
        Permission.SEARCH: _("在本机构范围内查找居民"),
        Permission.READ: _("查看居民的身份信息"),
        Permission.NUMBERS: _("查看居民的完整证件号码"),
        Permission.REGISTER: _("登记居民"),
        Permission.EDIT: _("修改联系方式、家庭和监护人"),
        Permission.INTAKE: _("接收其他系统送来的居民记录"),
    },
    menu=(MenuEntry(_("居民"), "residents:search", "users", Permission.SEARCH, _("服务")),),
)
