"""The room as the house knows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.events.residents import MatchRunAsked, ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import running
from doorstep.registers.residents.actions.publishing import publish_all, republish
from doorstep.registers.residents.fhir import PUBLISHES
from doorstep.registers.residents.reactions import on_merged, on_run_asked, on_unmerged

ROOM = Room(
    name="residents",
    title=_("居民"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查找居民，查看其身份资料（号码部分遮盖）"),
        Permission.EDIT: _("登记居民，查看完整号码，修改联系方式、家庭和监护人"),
        Permission.INTAKE: _("接收其他系统送来的居民记录"),
        Permission.REVIEW: _("核对两条记录是不是同一个人"),
        Permission.MERGE: _("合并、拆分居民的记录，撤销合并"),
        Permission.MODELS: _("训练、试用和启用匹配规则"),
        "merge.same": _("这是同一位居民，不用合并。"),
        "merge.gone": _("其中一位居民已经合并到别处。请刷新后再试。"),
        "merge.two_ids": _("两位居民各有一个有效的身份证号，不能合并。请先核对证件，确认哪个号码登记错了。"),
        "merge.undone": _("这次合并已经撤销。"),
        "separate.all": _("至少要留下一条记录。要把全部记录归到另一位居民，请用合并。"),
        "review.answer": _("请选择：同一人、不是同一人，或无法判断。"),
        "review.settled": _("这一对已经有结果了，不用再回答。"),
        "review.answered": _("您已经回答过这一对。要改回答，请先撤回。"),
        "review.not_yours": _("只能撤回自己的回答。"),
        "review.withdrawn": _("这个回答已经撤回了。"),
        "model.too_few": _("只有 {records} 条可比较的记录，至少要 20 条才能训练。"),
        "model.no_shadow": _("这个规则还没有试用比较过，不能启用。请先试用。"),
        "model.outdated": _("训练以后，比较的项目有了改变，这个规则不能再用。请训练新的规则。"),
        "model.in_use": _("现在就在用这个规则。"),
        "run.under_way": _("后台正在做另一项任务，完成后再试。"),
        "id_malformed": _("身份证号应为 18 位（前 17 位是数字，末位是数字或 X）。请核对后重填。"),
        "id_check_digit": _("身份证号 {value} 的校验码不对，至少有一位数字错了。请对照证件核对。"),
        "id_birth_date": _("身份证号 {value} 中的出生日期不存在或还没到。请对照证件核对。"),
        "birth_date_invalid": _("出生日期 {birth_date} 不是有效的日期。"),
        "birth_date_future": _("出生日期 {birth_date} 还没有到。"),
        "birth_date_impossible": _("出生日期 {birth_date} 太早，不可能是在世或建档的居民。"),
        "id_birth_mismatch": _("身份证号中的出生日期是 {id}，与填写的 {birth_date} 不一致。请对照证件核对。"),
        "id_sex_mismatch": _("身份证号第 17 位表示的性别与选择的不一致。请对照证件核对。"),
        "identity_conflict": _(
            "号码 {value} 已经属于另一个人，两人的姓名、性别或出生日期对不上。请核对证件，不要借用他人的号码。"
        ),
        "record_reused": _("这条记录以前说的是另一个人。请源系统核对患者编号，不要把旧编号给新的人用。"),
        "identity_split": _("这些号码分别属于两个不同的居民，不能自动归到一个人。请逐个核对号码。"),
        "one_home": _("这位居民已经是一户的成员。请先从原来的家庭移出。"),
        "head_stays": _("户主还在户里，不能移出。请先移出其他成员。"),
        "one_head": _("一户只有一位户主。请选择与户主的关系。"),
        "already_known": _("身份证号已登记为 {name}。"),
        "no_institution": _("您现在的岗位不属于任何机构，不能登记居民。"),
        "nobody_named": _("请填写监护人的姓名或电话。"),
        "guardian_unknown": _("您的范围内没有这个身份证号的居民。请先登记监护人，或只填写姓名和电话。"),
        "own_guardian": _("监护人不能是本人。"),
    },
    reactions={ResidentsMerged: (on_merged,), ResidentsUnmerged: (on_unmerged,), MatchRunAsked: (on_run_asked,)},
    jobs=(
        Job("residents.publish", timedelta(hours=24), publish_all),
        Job("residents.fill", timedelta(hours=1), running.fill),
        Job("residents.relink", timedelta(hours=24), running.relink),
    ),
    publishes=PUBLISHES,
    republish=republish,
    menu=(
        MenuEntry(_("居民"), "residents:search", "user-search", Permission.READ, _("服务")),
        MenuEntry(_("记录核对"), "residents:review", "arrows-left-right", Permission.REVIEW, _("服务")),
        MenuEntry(_("匹配规则"), "residents:models", "scale", Permission.MODELS, _("数据")),
    ),
)
