"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.registers.apps.access import Permission
from doorstep.registers.apps.actions.tokens import forget

ROOM = Room(
    name="apps",
    title=_("应用"),
    permissions=Permission,
    sentences={
        Permission.MANAGE: _("登记应用和后台系统，开关应用，收回其授权"),
        Permission.USE: _("让登记过的应用以自己的身份读取健康档案"),
        "app.unknown": _("没有登记这个应用，或者它已停用。"),
        "app.redirect": _("{app} 要求返回的地址没有登记过，所以没有继续。请告诉应用的负责人。"),
        "app.twice": _("应用的请求有重复的参数，无法判断是哪一个。"),
        "app.no_post": _("请先选择您今天的岗位，再让应用进入。"),
        "app.nothing": _("应用没有要求任何它可以得到的授权。"),
        "app.no_patient": _("这个应用要知道是为哪位居民，请先选择。"),
        "app.no_reason": _("您现在没有查阅这位居民健康档案的理由，应用也不能查阅。"),
        "app.launch": _("这次打开已经用过或已过时。请回到健康档案，再打开一次。"),
        "app.kind": _("身份验证方式登记后不能修改，请另外登记一个应用。"),
        "app.no_secret": _("这个应用不用密码证明身份。"),
        "uri.wrong": _("地址不能用：{uri}。请用 https，不带 # 和用户名。"),
        "uri.none": _("请填写至少一个返回地址。"),
        "uri.system": _("后台系统没有返回地址。"),
        "jwks.none": _("请填写公钥（JWKS）或公钥的地址。"),
        "jwks.wrong": _("这不是能用的公钥（JWKS），或者含有私钥。"),
        "scope.none": _("请填写它可以要求的授权范围。"),
        "scope.wrong": _("授权范围不对：{scope}。"),
        "scope.search": _("这个限定条件无法保证：{scope}。只能用代码类的条件，如 category。"),
    },
    menu=(MenuEntry(_("应用"), "apps:list", "plug-connected", Permission.MANAGE, _("系统")),),
    jobs=(Job("apps.forget", timedelta(hours=1), forget),),
)
