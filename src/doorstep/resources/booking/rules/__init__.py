"""What the field says of clinics and their places. Pure.

Sources: consortium.md §5 (预约诊疗); 《医师法》arts. 15 and 18 on practice at other institutions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

TERMS: Final = "booking.terms"
FEES: Final = "booking.fees"
SANCTIONS: Final = "booking.sanctions"


def _(text: str) -> str:
    return text


class Channel(StrEnum):
    """By which way a place is given away."""

    REFERRAL = "referral"
    FAMILY_DOCTOR = "family_doctor"
    WINDOW = "window"
    PHONE = "phone"
    APP = "app"
    ADD_ON = "add_on"


CHANNELS: Final[Mapping[str, str]] = {
    Channel.REFERRAL: _("转诊"),
    Channel.FAMILY_DOCTOR: _("家庭医生"),
    Channel.WINDOW: _("窗口"),
    Channel.PHONE: _("电话"),
    Channel.APP: _("手机"),
    Channel.ADD_ON: _("加号"),
}
PRIMARY: Final = frozenset({Channel.REFERRAL, Channel.FAMILY_DOCTOR})
"""What primary members give away: open to them earlier than to the public."""


class Kind(StrEnum):
    """What is booked."""

    PERSON = "person"
    ROOM = "room"
    DEVICE = "device"


KINDS: Final[Mapping[str, str]] = {Kind.PERSON: _("门诊"), Kind.ROOM: _("房间"), Kind.DEVICE: _("设备")}


class Basis(StrEnum):
    """On what a practitioner works at this institution (《医师法》art. 15 (main and further institutions), art. 18:
    consultation, training, counterpart support and 义诊 need no change of registration)."""

    ORDINARY = "ordinary"
    MULTI_SITE = "multi_site"
    SUPPORT = "support"
    CONSULTATION = "consultation"
    VOLUNTARY = "voluntary"


BASES: Final[Mapping[str, str]] = {
    Basis.ORDINARY: _("本机构执业"),
    Basis.MULTI_SITE: _("多机构备案"),
    Basis.SUPPORT: _("对口支援"),
    Basis.CONSULTATION: _("会诊"),
    Basis.VOLUNTARY: _("义诊"),
}


class FeeLevel(StrEnum):
    """What a visit costs, by the standing of the practitioner; the price itself is a dated rule."""

    ORDINARY = "ordinary"
    ASSOCIATE = "associate"
    SENIOR = "senior"
    EXPERT = "expert"
    FREE = "free"


FEE_LEVELS: Final[Mapping[str, str]] = {
    FeeLevel.ORDINARY: _("普通"),
    FeeLevel.ASSOCIATE: _("副主任医师"),
    FeeLevel.SENIOR: _("主任医师"),
    FeeLevel.EXPERT: _("知名专家"),
    FeeLevel.FREE: _("免费"),
}
PRICES: Final[Mapping[str, str]] = {
    FeeLevel.ORDINARY: "10", FeeLevel.ASSOCIATE: "15", FeeLevel.SENIOR: "25", FeeLevel.EXPERT: "50",
    FeeLevel.FREE: "0",
}  # fmt: skip
"""Assumed yuan where no rule of the place says: each province sets its own (医疗服务价格)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The dated parameters (rule set ``booking.terms``). A horizon of 14 days, half an hour of lateness, 20 to 40 %
    kept for primary members and given to them two weeks early, the rest falling back at T−2 are what is seen in the
    field (consortium.md §5); where a rule of the place says otherwise, it holds.
    """

    horizon_days: int = 14
    release_at: str = "07:00"
    early_days: int = 14
    fall_back_days: int = 2
    shares: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"referral": 0.2, "family_doctor": 0.1, "window": 0.1})
    )
    hold_minutes: int = 10
    answer_minutes: int = 60
    keep_hours: int = 24
    early_minutes: int = 60
    late_minutes: int = 30
    most_added: float = 0.1
    cancel_days: int = 0
    cancel_at: str = "00:00"
    cancel_minutes: int = 0


def terms(parameters: Mapping[str, Any]) -> Terms:
    """The terms that a rule set says; what it does not say is assumed."""
    known = {one.name for one in fields(Terms)}
    return Terms(**{name: value for name, value in parameters.items() if name in known})
