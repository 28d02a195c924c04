"""Kinds, tiers, roles and statuses of institutions and consortia, each with its words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


def _(text: str) -> str:
    return text


class Tier(StrEnum):
    """Where an institution stands in the network of care."""

    LEAD = "lead"
    SECOND = "second"
    FIRST = "first"
    BASE = "base"


class Status(StrEnum):
    """Operating status; the digits are those in regional use (consortium.md §9.4)."""

    OPEN = "0"
    PREPARING = "1"
    SUSPENDED = "2"
    CLOSED = "3"


class Kind(StrEnum):
    """The four kinds of medical alliance (国卫医发〔2020〕13号)."""

    COUNTY_COMMUNITY = "county_community"
    CITY_GROUP = "city_group"
    SPECIALTY_ALLIANCE = "specialty_alliance"
    TELEMEDICINE_NETWORK = "telemedicine_network"


class Role(StrEnum):
    """What an institution is in a consortium."""

    LEAD = "lead"
    DEPUTY_LEAD = "deputy_lead"
    MEMBER = "member"
    BASE_MEMBER = "base_member"
    SUPPORTING = "supporting"


class Count(StrEnum):
    """What is counted at an institution on a day."""

    BEDS = "beds"
    STAFF = "staff"
    PHYSICIANS = "physicians"
    NURSES = "nurses"


class Level(StrEnum):
    """Levels of GB/T 2260 divisions and what lies below them."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class Matter(StrEnum):
    """What an agreement is about."""

    REFERRAL = "referral"
    RECOGNITION = "recognition"
    TELEMEDICINE = "telemedicine"
    STERILISATION = "sterilisation"
    JOINT_WARD = "joint_ward"
    EXPERTS = "experts"
    ELDERCARE = "eldercare"
    ALLIANCE = "alliance"
    OTHER = "other"


TIERS: Mapping[str, str] = {
    Tier.LEAD: _("牵头医院"),
    Tier.SECOND: _("二级层"),
    Tier.FIRST: _("一级层"),
    Tier.BASE: _("基层网底"),
}
STATUSES: Mapping[str, str] = {
    Status.OPEN: _("开业"),
    Status.PREPARING: _("筹建"),
    Status.SUSPENDED: _("停业"),
    Status.CLOSED: _("撤销"),
}
KINDS: Mapping[str, str] = {
    Kind.COUNTY_COMMUNITY: _("县域医共体"),
    Kind.CITY_GROUP: _("城市医疗集团"),
    Kind.SPECIALTY_ALLIANCE: _("专科联盟"),
    Kind.TELEMEDICINE_NETWORK: _("远程医疗协作网"),
}
ROLES: Mapping[str, str] = {
    Role.LEAD: _("牵头单位"),
    Role.DEPUTY_LEAD: _("副牵头单位"),
    Role.MEMBER: _("成员单位"),
    Role.BASE_MEMBER: _("基层成员"),
    Role.SUPPORTING: _("协作单位"),
}
COUNTS: Mapping[str, str] = {
    Count.BEDS: _("床位"),
    Count.STAFF: _("职工"),
    Count.PHYSICIANS: _("医师"),
    Count.NURSES: _("护士"),
}
MATTERS: Mapping[str, str] = {
    Matter.REFERRAL: _("双向转诊"),
    Matter.RECOGNITION: _("检查检验结果互认"),
    Matter.TELEMEDICINE: _("远程医疗"),
    Matter.STERILISATION: _("消毒供应"),
    Matter.JOINT_WARD: _("联合病房"),
    Matter.EXPERTS: _("专家坐诊"),
    Matter.ELDERCARE: _("医养结合"),
    Matter.ALLIANCE: _("专科联盟合作"),
    Matter.OTHER: _("其他事项"),
}

MANAGING_KINDS = frozenset({Kind.COUNTY_COMMUNITY, Kind.CITY_GROUP})
"""Close-knit kinds, whose lead manages the members' people and facts; the looser kinds only work together."""
