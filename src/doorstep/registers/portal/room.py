"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.events.portal import CodeAsked, PhoneBound
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.registers.portal.access import Permission
from doorstep.registers.portal.jobs import forget_old
from doorstep.registers.portal.reactions import on_code_asked, on_phone_bound

ROOM = Room(
    name="portal",
    title=_("居民端"),
    permissions=Permission,
    sentences={
        Permission.USE: _("居民本人或监护人登录后，查看和管理自己的资料"),
        Permission.BIND: _("核对身份证后，为居民绑定登录手机、制发纸质健康卡，扫码找到居民"),
        "portal.phone": _("请填 11 位手机号。"),
        "portal.own_phone": _("不能把自己的手机绑定到别人的档案，请找同事办理。"),
        "portal.deceased": _("这位居民已经去世，不能登录。"),
        "portal.pin": _("请用 6 位数字，不要全部相同，也不要是连续的数字。"),
        "portal.scan": _("这个码不对、已经用过，或者过了时间。请让居民重新打开健康卡再扫。"),
    },
    reactions={CodeAsked: (on_code_asked,), PhoneBound: (on_phone_bound,)},
    jobs=(Job("portal.forget_old", timedelta(hours=1), forget_old),),
    menu=(
        MenuEntry(_("首页"), "portal:home", "home", Permission.USE),
        MenuEntry(_("健康卡"), "portal:card", "id", Permission.USE),
        MenuEntry(_("扫健康卡"), "portal:scan", "qrcode", Permission.BIND),
    ),
)
