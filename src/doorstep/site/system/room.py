"""The house's own pages as the house knows them."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import MenuEntry, Room
from doorstep.site.system.access import Permission

ROOM = Room(
    name="system",
    title=_("系统"),
    permissions=Permission,
    sentences={
        Permission.OUTBOX_READ: _("查看没有送达的内部消息"),
        Permission.OUTBOX_REPLAY: _("重新投递或放弃没有送达的内部消息"),
        "not_dead": _("这条消息已经有人处理过了。请回到列表看看。"),
    },
    menu=(MenuEntry(_("未送达消息"), "system:outbox", "mail-x", Permission.OUTBOX_READ, _("系统")),),
)
