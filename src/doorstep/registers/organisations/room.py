"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.kernel.publishing import CLAIMED
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.registers.organisations import fhir
from doorstep.registers.organisations.access import Permission
from doorstep.registers.organisations.actions.publishing import publish_all, republish

ROOM = Room(
    name="organisations",
    title=_("机构与医共体"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看机构名录、医共体成员和协议"),
        Permission.EDIT: _("添加和修改机构资料"),
        Permission.CONSORTIA: _("调整医共体的成员和协议"),
        "uscc.length": _("统一社会信用代码应有 18 位，现在是 {found} 位。"),
        "uscc.shape": _("统一社会信用代码只能用数字和大写字母（不用 I、O、S、V、Z），第 3 至 8 位是数字。"),
        "uscc.check": _("统一社会信用代码的校验位不对，请核对有没有抄错。"),
        "uscc.inner_check": _("统一社会信用代码第 9 至 17 位（组织机构代码）的校验位不对，请核对有没有抄错。"),
        "uscc.taken": _("这个统一社会信用代码已属于另一家机构。"),
        "parent.unknown": _("没有信用代码为 {uscc} 的上级机构。"),
        "uscc.unknown": _("没有信用代码为 {uscc} 的机构。"),
        "short_code.taken": _("这个短代码已属于另一家机构。"),
        "type.shape": _("机构类别代码应是一个大写字母加三位数字。"),
        "area.shape": _("区划代码应有 12 位数字，首位不为 0。"),
        "position.half": _("经度和纬度要么都填，要么都不填。"),
        "position.range": _("经度应在 -180 至 180 之间，纬度应在 -90 至 90 之间。"),
        "grade.unknown": _("没有这个等级。"),
        "code.unknown": _("没有这个代码。"),
        "parent.circle": _("上级机构不能是本机构自己或它的下级。"),
        "period.reversed": _("最后一天不能早于第一天。"),
        "count.negative": _("数量不能小于 0。"),
        "count.future": _("统计日期不能在今天之后。"),
        "department.unlike": _("这个代码的科室叫“{name}”。请核对代码或名称。"),
        "department.overlap": _("这个代码的科室在这段时间已经有了。"),
        "not_yours": _("这家机构不归您的岗位管理。"),
        "not_lead": _("只有牵头单位或卫健局能调整成员和协议。"),
        "not_asked": _("这家机构不归您的岗位管理，只有卫健局能让它加入。"),
        "membership.overlap": _("这家机构在这段时间已经是成员。"),
        "membership.second_lead": _("这段时间已经有牵头单位，不能有两家。"),
        "membership.outside": _("加入日期不在医共体存续期内（{since} 成立）。"),
        "membership.ended": _("这段成员关系已经结束，不能再改。"),
        "organisation.closed": _("这家机构已撤销，不能加入。"),
        "agreement.parties": _("签约机构至少两家，并且都在机构名录里。"),
        "agreement.taken": _("同名同日生效的协议已经登记过。"),
        "consortium.taken": _("这个短代码已被另一个医共体使用。"),
        CLAIMED: _("编号 {kind}/{id} 已被别的来源系统占用，无法发布。什么都没有改动，请联系数据交换管理员。"),
    },
    jobs=(Job("organisations.publish", timedelta(hours=6), publish_all),),
    publishes=fhir.PUBLISHES,
    republish=republish,
    menu=(
        MenuEntry(_("机构"), "organisations:list", "building-hospital", Permission.READ, _("名册")),
        MenuEntry(_("医共体"), "organisations:consortia", "sitemap", Permission.READ, _("名册")),
    ),
)
