"""The room as the house knows it."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import MenuEntry, Room
from doorstep.registers.organisations.access import Permission

ROOM = Room(
    name="organisations",
    title=_("机构与医共体"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看机构名录、医共体成员和协议"),
        Permission.EDIT: _("添加和修改机构资料"),
        Permission.CONSORTIA: _("调整医共体的成员和协议"),
    },
    menu=(
        MenuEntry(_("机构"), "organisations:list", "building-hospital", Permission.READ, _("名册")),
        MenuEntry(_("医共体"), "organisations:consortia", "sitemap", Permission.READ, _("名册")),
    ),
)
