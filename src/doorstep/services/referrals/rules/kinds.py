"""What a referral is: its direction, what is asked for, how urgent it is, and by which criteria. Pure.

Criteria: 浙江省分级诊疗服务规范（试行）, the same list in county hospitals' notices; local schemes
leave out some (Changsha D3).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


def _(text: str) -> str:
    return text


class Kind(StrEnum):
    """The direction: to a higher tier, to a lower one, or between equals."""

    UP = "up"
    DOWN = "down"
    ACROSS = "across"


class Service(StrEnum):
    """What is asked for."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    EXAMINATION = "examination"
    BED = "bed"


class Urgency(StrEnum):
    """How soon an answer is needed, the most urgent first."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"


class Side(StrEnum):
    """The two institutions of a referral."""

    ORIGIN = "origin"
    DESTINATION = "destination"


class Transport(StrEnum):
    """How the patient travels."""

    OWN = "own"
    INSTITUTION = "institution"
    AMBULANCE = "ambulance"


class Escort(StrEnum):
    """Who goes with the patient."""

    NONE = "none"
    FAMILY = "family"
    NURSE = "nurse"
    PHYSICIAN = "physician"


class Consenter(StrEnum):
    """Who agreed to the referral: it is voluntary in every scheme (患者自愿)."""

    PATIENT = "self"
    GUARDIAN = "guardian"
    FAMILY = "family"
    UNABLE = "unable"


class Channel(StrEnum):
    """How they agreed."""

    IN_PERSON = "in_person"
    PAPER = "paper"
    PHONE = "phone"
    ONLINE = "online"


KINDS: Final[Mapping[Kind, str]] = {Kind.UP: _("上转"), Kind.DOWN: _("下转"), Kind.ACROSS: _("平级转诊")}
SERVICES: Final[Mapping[Service, str]] = {
    Service.OUTPATIENT: _("门诊"),
    Service.INPATIENT: _("住院"),
    Service.EXAMINATION: _("检查检验"),
    Service.BED: _("康复或护理床位"),
}
URGENCIES: Final[Mapping[Urgency, str]] = {
    Urgency.EMERGENCY: _("急诊"),
    Urgency.URGENT: _("加急"),
    Urgency.ROUTINE: _("普通"),
}
TRANSPORTS: Final[Mapping[Transport, str]] = {
    Transport.OWN: _("自行前往"),
    Transport.INSTITUTION: _("机构派车"),
    Transport.AMBULANCE: _("120 救护车"),
}
ESCORTS: Final[Mapping[Escort, str]] = {
    Escort.NONE: _("不需要陪送"),
    Escort.FAMILY: _("家属陪送"),
    Escort.NURSE: _("护士陪送"),
    Escort.PHYSICIAN: _("医生陪送"),
}
CONSENTERS: Final[Mapping[Consenter, str]] = {
    Consenter.PATIENT: _("本人"),
    Consenter.GUARDIAN: _("监护人"),
    Consenter.FAMILY: _("近亲属"),
    Consenter.UNABLE: _("病人无法表达，紧急救治"),
}
CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.IN_PERSON: _("当面"),
    Channel.PAPER: _("书面签字"),
    Channel.PHONE: _("电话"),
    Channel.ONLINE: _("线上"),
}
CRITERIA: Final[Mapping[str, str]] = {
    "U1": _("临床各科急危重症，难以实施有效救治"),
    "U2": _("不能确诊的疑难复杂病例"),
    "U3": _("重大伤亡事件中处置能力受限"),
    "U4": _("疾病诊治超出核准诊疗登记科目"),
    "U5": _("需到上一级医疗机构进一步检查，明确诊断"),
    "U6": _("其他因技术、设备条件限制不能处置"),
    "D1": _("急性期治疗后病情稳定，需继续康复治疗"),
    "D2": _("诊断明确，不需特殊治疗"),
    "D3": _("恶性肿瘤晚期非手术治疗和临终关怀"),
    "D4": _("需长期治疗的慢性病"),
    "D5": _("老年护理"),
    "D6": _("一般常见病、多发病"),
}
_LETTER: Final = {Kind.UP: ("U",), Kind.DOWN: ("D",), Kind.ACROSS: ("U", "D")}
_TIERS: Final = {"lead": 3, "second": 2, "first": 1, "base": 0}


def criteria_of(kind: Kind) -> Mapping[str, str]:
    """The criteria that may be given for a direction; between equals any."""
    return {code: words for code, words in CRITERIA.items() if code[0] in _LETTER[kind]}


def direction(origin_tier: str, destination_tier: str) -> Kind:
    """The direction between two institutions, by the tiers of ``organisations.rules.Tier``; unknown ones are equals."""
    here, there = _TIERS.get(origin_tier), _TIERS.get(destination_tier)
    if here is None or there is None or here == there:
        return Kind.ACROSS
    return Kind.UP if there > here else Kind.DOWN
