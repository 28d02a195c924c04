"""Roles of the field: the seed of what each may do, how far, and of what kind of duty it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


def _(text: str) -> str:
    return text


class Reach(StrEnum):
    """How far a role sees from its institution."""

    INSTITUTION = "institution"
    CONSORTIUM = "consortium"
    DISTRICT = "district"


class Duty(StrEnum):
    """What kind of work a role is; some kinds are never one person's at a time."""

    CARE = "care"
    BUSINESS = "business"
    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"


class Grave(StrEnum):
    """Acts that need two persons: changing what a role may do, giving a post of the whole district, and whatever would
    let somebody sign in as one who audits or guards."""

    ROLE = "role"
    POST = "post"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Role:
    """A role: its title, a sentence for people, what it may do, how far, of what kind, for what purpose (HL7 v3
    PurposeOfUse)."""

    title: str
    sentence: str
    permissions: frozenset[str]
    reach: Reach
    purpose: str = "TREAT"
    duty: Duty = Duty.CARE


REACHES: Mapping[str, str] = {
    Reach.INSTITUTION: _("本机构"),
    Reach.CONSORTIUM: _("所在医共体"),
    Reach.DISTRICT: _("全县"),
}
DUTIES: Mapping[str, str] = {
    Duty.CARE: _("诊疗服务"),
    Duty.BUSINESS: _("业务管理"),
    Duty.SYSTEM: _("系统管理"),
    Duty.SECURITY: _("安全管理"),
    Duty.AUDIT: _("审计管理"),
}
GRAVES: Mapping[str, str] = {
    Grave.ROLE: _("修改角色的权限"), Grave.POST: _("任命管全县的岗位"),
    Grave.ACCOUNT: _("重设审计或安全人员的账户"),
}  # fmt: skip

_DIRECTORY = frozenset({"organisations.read", "staff.read"})
_LOOK = _DIRECTORY | {"residents.read", "charts.read", "imaging.view", "apps.use"}
_CARE = _LOOK | {"residents.edit", "consents.read", "consents.record"}
_BEDSIDE = frozenset({"consents.break_glass"})
_DESK = frozenset({"portal.bind"})
_REFERS = frozenset({"referrals.read", "referrals.talk", "referrals.send"})
_ANSWERS = frozenset({"referrals.read", "referrals.triage", "referrals.receive"})
_TREATS = frozenset({"referrals.receive", "referrals.report", "referrals.close"})
_COUNTS = frozenset({"referrals.measure"})
_BOOK = frozenset({"booking.read", "booking.book"})
_CLINIC = _BOOK | {"booking.desk"}
_ROSTER = frozenset({"booking.read", "booking.roster", "booking.rule"})
_EXCHANGE = frozenset(
    {"exchange.read", "exchange.mend", "exchange.ingest", "exchange.send", "exchange.export"}
    | {"endpoints.read", "endpoints.edit", "endpoints.mend", "sheets.use", "sheets.records"}
    | {"imaging.read", "imaging.edit", "imaging.tie"}
)
_INDEX = frozenset({"residents.review", "residents.merge"})
_MANAGE = frozenset({"organisations.edit", "organisations.consortia", "staff.edit", "sheets.use"})
_RETURNS = frozenset({"sheets.use", "sheets.records"})
_OUTBOX = frozenset({"outbox.read", "outbox.replay"})
GIVES_RIGHTS: Final = "staff.roles"
"""Who holds this changes roles and confirms what others propose."""

ROLES: Mapping[str, Role] = {
    "bureau_manager": Role(
        _("卫健局管理员"),
        _("管理全县机构、医共体和人员，查看居民名册和数据交换情况，核对和合并居民记录，修改他人的角色权限。"),
        _DIRECTORY
        | _MANAGE
        | _INDEX
        | {
            "residents.read",
            "exchange.read",
            "endpoints.read",
            "imaging.read",
            "outbox.read",
            "trail.watch",
            "consents.review",
            "apps.manage",
            GIVES_RIGHTS,
        }
        | _COUNTS,
        Reach.DISTRICT,
        "HOPERAT",
        Duty.BUSINESS,
    ),
    "consortium_manager": Role(
        _("医共体管理员"),
        _("在牵头医院管理医共体成员单位的资料、人员、协议和门诊安排，核对可能重复的居民记录。"),
        _DIRECTORY
        | _MANAGE
        | _ROSTER
        | _COUNTS
        | {"booking.members", "residents.read", "residents.review", "exchange.read", "endpoints.read", "imaging.read"},
        Reach.CONSORTIUM,
        "HOPERAT",
        Duty.BUSINESS,
    ),
    "hospital_manager": Role(
        _("机构管理员"),
        _("管理本机构及所牵头成员单位的资料、人员和协议，安排本机构的门诊。"),
        _DIRECTORY
        | _MANAGE
        | _ROSTER
        | _COUNTS
        | {"residents.read", "exchange.read", "endpoints.read", "imaging.read"},
        Reach.CONSORTIUM,
        "HOPERAT",
        Duty.BUSINESS,
    ),
    "referral_desk": Role(
        _("转诊服务人员"),
        _("在转诊中心办理转诊，查找居民，查看健康档案，为居民预约、签到、叫号。"),
        _LOOK | _ANSWERS | _CLINIC | _REFERS | _COUNTS,
        Reach.CONSORTIUM,
    ),
    "physician": Role(
        _("医师"),
        _("查找居民，查看其在医共体内的健康档案和原始记录，办理转诊。"),
        _CARE | _BEDSIDE | _CLINIC | _REFERS | _ANSWERS | _TREATS | {"charts.raw"},
        Reach.CONSORTIUM,
    ),
    "specialist": Role(
        _("专科医师"),
        _("会诊和接收转诊，查看居民的健康档案和原始记录。"),
        _CARE | _BEDSIDE | _CLINIC | _REFERS | _ANSWERS | _TREATS | {"charts.raw"},
        Reach.CONSORTIUM,
    ),
    "nurse": Role(
        _("护士"),
        _("查找居民，登记其资料，查看健康档案，登记转诊病人到诊，预约、签到、叫号。"),
        _CARE | _RETURNS | _BEDSIDE | _DESK | _CLINIC | {"referrals.read", "referrals.talk", "referrals.receive"},
        Reach.CONSORTIUM,
    ),
    "township_physician": Role(
        _("基层医师"),
        _("在乡镇或社区接诊，管理居民资料，查看健康档案，办理转诊和随访。"),
        _CARE | _RETURNS | _BEDSIDE | _DESK | _CLINIC | _REFERS | _ANSWERS | _TREATS | {"charts.raw"},
        Reach.CONSORTIUM,
    ),
    "family_doctor": Role(
        _("家庭医生"),
        _("为签约居民服务，管理居民资料，查看健康档案，办理转诊和随访。"),
        _CARE | _RETURNS | _BEDSIDE | _DESK | _CLINIC | _REFERS | _ANSWERS | _TREATS | {"charts.raw"},
        Reach.CONSORTIUM,
    ),
    "village_doctor": Role(
        _("乡村医生"),
        _("在村里接诊和随访，管理居民资料，查看健康档案，发起转诊，为居民预约。"),
        _CARE | _RETURNS | _BEDSIDE | _DESK | _BOOK | _REFERS | {"referrals.close"},
        Reach.CONSORTIUM,
    ),
    "public_health_worker": Role(
        _("公共卫生人员"),
        _("管理居民档案，核对可能重复的居民记录，查看健康档案。"),
        _CARE | _RETURNS | _DESK | {"residents.review"},
        Reach.CONSORTIUM,
        "PUBHLTH",
    ),
    "pharmacist": Role(_("药师"), _("查找居民，查看其用药和过敏。"), _LOOK, Reach.INSTITUTION),
    "technician": Role(
        _("技师"),
        _("查找居民，查看与检查检验有关的记录，送影像，确定本机构影像的归属。"),
        _LOOK | {"imaging.read", "imaging.store", "imaging.tie"},
        Reach.INSTITUTION,
    ),
    "elder_care_home": Role(
        _("养老机构人员"), _("查找本机构登记的居民，查看其健康档案；不能修改。"), _LOOK, Reach.INSTITUTION
    ),
    "quality_controller": Role(
        _("质控人员"),
        _("为质量控制抽查健康档案、原始记录和转诊，查看转诊统计；不能修改。"),
        _LOOK | _COUNTS | {"charts.raw", "referrals.read", "referrals.oversee"},
        Reach.CONSORTIUM,
        "HQUALIMP",
        Duty.BUSINESS,
    ),
    "office_worker": Role(
        _("行政人员"), _("查看机构和人员名录。"), _DIRECTORY, Reach.INSTITUTION, "HOPERAT", Duty.BUSINESS
    ),
    "exchange_operator": Role(
        _("数据交换管理员"),
        _("接收各机构的数据，查看、修正并重放出错的消息，核对和合并居民记录，训练匹配规则。"),
        _LOOK | _EXCHANGE | _OUTBOX | _INDEX | {"residents.models", "charts.raw"},
        Reach.DISTRICT,
        "HOPERAT",
        Duty.SYSTEM,
    ),
    "privacy_officer": Role(
        _("个人信息保护负责人"),
        _("查看谁在何时看过居民的什么资料，列出要特别留意的居民，答复居民的异议；自己不看健康档案。"),
        _DIRECTORY | {"trail.read", "trail.watch", "trail.answer", "consents.review"},
        Reach.DISTRICT,
        "HOPERAT",
        Duty.SECURITY,
    ),
    "auditor": Role(
        _("审计员"),
        _("查看谁在何时看过、改过什么；自己不能改动任何资料。"),
        _DIRECTORY | {"trail.read", "exchange.read", "endpoints.read", "imaging.read", "outbox.read"},
        Reach.DISTRICT,
        "HOPERAT",
        Duty.AUDIT,
    ),
    "administrator": Role(
        _("系统管理员"),
        _("管理账户、机构和系统运行，修改他人的角色权限；不看健康档案，也不看审计轨迹。"),
        _DIRECTORY
        | _MANAGE
        | _OUTBOX
        | {
            "exchange.read",
            "endpoints.read",
            "endpoints.edit",
            "imaging.read",
            "imaging.edit",
            "apps.manage",
            GIVES_RIGHTS,
        },
        Reach.DISTRICT,
        "HSYSADMIN",
        Duty.SYSTEM,
    ),
}

OWN: Final = frozenset({"portal.use", "charts.own", "consents.own", "trail.own", "booking.own"})
"""What only a resident or their guardian may do, with what is the resident's; no post can hold it."""

OUTSIDE: Mapping[str, Role] = {
    "resident": Role(
        _("居民"), _("居民本人；由本人登录得来，不能任命。"), OWN | {"apps.use"}, Reach.INSTITUTION,
        "PATRQT",
    ),
    "guardian": Role(
        _("监护人"), _("孩子或老人的监护人；由登记的监护关系得来，不能任命。"), OWN | {"apps.use"},
        Reach.INSTITUTION, "FAMRQT",
    ),
}  # fmt: skip
"""Roles that no post can have: they come from being the person, or their guardian."""

SOURCE_PERMISSIONS = frozenset(
    {"exchange.send", "exchange.export", "charts.read", "booking.read", "booking.book", "imaging.view", "imaging.store"}
)
"""What a source system's key may do, within its own institution: send records and images, read back and export what it
sent; find what can be booked, and book it for those whom the institution knows."""
