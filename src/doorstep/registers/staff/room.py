"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.registers.staff import fhir
from doorstep.registers.staff.access import Permission
from doorstep.registers.staff.actions.publishing import publish_all, republish
from doorstep.registers.staff.actions.rights import expire
from doorstep.registers.staff.actions.signing import forget_old

ROOM = Room(
    name="staff",
    title=_("人员与岗位"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看人员名录、岗位和资质"),
        Permission.EDIT: _("添加人员，任免岗位，开设账户，管理来源系统密钥"),
        Permission.ROLES: _("修改角色的权限，提议和确认管全县的岗位"),
        "name.empty": _("请填姓名。"),
        "number.empty": _("{name} 没有工号。"),
        "person.elsewhere": _("这个工号的人员在别的机构，不在您的范围内。请先核对工号。"),
        "number.taken": _("这个工号已属于另一个人。"),
        "birth.future": _("出生日期不能在今天之后。"),
        "role.unknown": _("没有这个岗位角色：{role}。"),
        "role.district": _("这个角色管全县，只有卫健局或系统管理员能授予。"),
        "role.two_persons": _("管全县的角色要由两个人授予：先添加此人的普通岗位，再在其页面上提议，由另一人确认。"),
        "role.oneself": _("不能给自己授权，请找同事办理。"),
        "role.own": _("这是您自己担任的角色，不能由您修改，请找其他有权的同事。"),
        "role.apart": _("审计、安全管理和系统管理、业务管理不能由同一人同时担任（三员分立）。"),
        "role.undeclared": _("没有这项权限：{permission}。"),
        "role.outside": _("这项权限只属于居民本人和监护人，不能给岗位。"),
        "role.audit_writes": _("审计角色只能查看，不能有修改资料的权限。"),
        "role.unbounded": _("轨迹、待发事件和角色权限不分机构，只能给管全县的角色。"),
        "role.keepers": _("至少要有两个角色能修改角色权限，否则以后谁也改不了。"),
        "role.same": _("与现在的权限和说明完全一样，没有要改的。"),
        "why.empty": _("请写明理由。"),
        "account.two_persons": _("此人负责审计或安全管理，其账户要由两个人重设：一人提出，另一人确认。"),
        "proposal.own": _("这是您自己提出的，要由另一个人决定。"),
        "proposal.concerned": _("这件事关系到您自己的权限，要由另一个人确认。"),
        "proposal.not_own": _("只有提出的人能撤回。"),
        "proposal.over": _("已过期限，请重新提出。"),
        "proposal.in_time": _("还没有到期。"),
        "proposal.needless": _("这个岗位不需要两个人，可以直接任命。"),
        "grant.never": _("这项权限不能单独授予，只能随岗位得到。"),
        "grant.district": _("管全县的岗位不能另加授权，否则在每家机构都会生效。"),
        "grant.no_post": _("此人在这家机构没有岗位。"),
        "grant.over": _("最后一天已经过去。"),
        "grant.overlap": _("这段时间已经有同样的授权。"),
        "grant.revoked": _("这项授权已经收回。"),
        "department.unknown": _("这家机构没有这个科室。"),
        "post.overlap": _("此人在这段时间已经有同样的岗位。"),
        "post.ended": _("这个岗位已经结束，不能再改。"),
        "post.not_yours": _("这不是您今天的岗位，请重新选择。"),
        "licence.empty": _("请填证书编号。"),
        "person.unknown": _("没有这个工号。请核对，或先导入人员。"),
        "person.name": _("与这个工号登记的姓名不一致。请核对工号。"),
        "licence.taken": _("这个证书编号已经登记过。"),
        "username.shape": _("用户名用小写字母、数字、点和横线，2 至 60 位，以字母或数字开头。"),
        "username.taken": _("这个用户名已有人用，请换一个。"),
        "account.taken": _("此人已经有账户。"),
        "password.short": _("密码太短，至少要 {length} 位。"),
        "password.classes": _("大写字母、小写字母、数字、符号至少用 {classes} 种；或者用 {phrase} 位以上的长句。"),
        "password.like": _("密码里不要有姓名、拼音、用户名、工号或电话。"),
        "password.common": _("这个密码太常见，容易被猜到，请换一个。"),
        "password.breached": _("这个密码已在别处泄露过，请换一个。"),
        "password.reused": _("最近 {count} 次用过的密码不能再用。"),
        "password.wrong": _("现在的密码不对。"),
        "password.change": _("您的密码是别人设的，请先改成自己的密码，再开始工作。"),
        "password.old": _("您的密码用得太久了，请先换一个，再开始工作。"),
        "factor.first": _("您的岗位或所在网络要求两种方式登录，请先添加第二种方式，再开始工作。"),
        "factor.none": _("请先添加手机验证器或通行密钥。"),
        "code.wrong": _("验证码不对，或者已经用过。请等下一个再试。"),
        "passkey.wrong": _("通行密钥没有添加成功，请再试一次。"),
        "passkey.taken": _("这个通行密钥已经登记过。"),
        "identity.taken": _("这个身份标识已绑定到另一个人。"),
        "identity.none": _("没有设置统一身份认证。"),
        "key.revoked": _("这个密钥已经收回。"),
    },
    jobs=(
        Job("staff.forget_failures", timedelta(hours=24), forget_old),
        Job("staff.expire_proposals", timedelta(hours=1), expire),
        Job("staff.publish", timedelta(hours=6), publish_all),
    ),
    publishes=fhir.PUBLISHES,
    republish=republish,
    menu=(
        MenuEntry(_("人员"), "staff:list", "users", Permission.READ, _("名册")),
        MenuEntry(_("角色权限"), "staff:roles", "user-shield", Permission.ROLES, _("系统")),
        MenuEntry(_("两人确认"), "staff:proposals", "checks", Permission.ROLES, _("系统")),
    ),
)
