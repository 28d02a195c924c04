"""Decision support: which findings speak for a referral, and by which criterion. Pure; a person decides.

Sources: NORM is the national basic public-health norm, third edition 2017 (hypertension and diabetes); LOCAL a county's
emergency plan of 2026 (consortium.md §3.2): quantified, but not law. Age limits: the norm is for adults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from doorstep.services.referrals.rules.kinds import Urgency


def _(text: str) -> str:
    return text


NORM: Final = _("《国家基本公共卫生服务规范（第三版）》2017")
LOCAL: Final = _("县级急诊转诊方案 2026（参考，非强制）")


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured, by a plain name (``SIGNS``), and what was seen (``SEEN``); what is not known is left out."""

    measured: Mapping[str, Decimal] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Trigger:
    """A finding that speaks for a referral: at or beyond a limit (``above``, ``below``), or seen; ``within`` limits a
    second sign that must be there too."""

    code: str
    words: str
    source: str
    criterion: str
    urgency: Urgency
    sign: str = ""
    above: Decimal | None = None
    below: Decimal | None = None
    strict: bool = False
    also: tuple[str, Decimal] | None = None
    follow_up: bool = False

    def fires(self, found: Findings) -> bool:
        """Whether the findings show it."""
        if not self.sign:
            return self.code in found.seen
        value = found.measured.get(self.sign)
        if value is None or not self._beyond(value):
            return False
        if self.also is None:
            return True
        other, least = self.also
        return other in found.measured and found.measured[other] >= least

    def _beyond(self, value: Decimal) -> bool:
        if self.above is not None:
            return value > self.above if self.strict else value >= self.above
        if self.below is not None:
            return value < self.below if self.strict else value <= self.below
        return False


SIGNS: Final[Mapping[str, str]] = {
    "systolic": _("收缩压"),
    "diastolic": _("舒张压"),
    "spo2": _("血氧饱和度"),
    "breaths": _("呼吸频率"),
    "temperature": _("体温"),
    "glucose": _("空腹血糖"),
    "gcs": _("格拉斯哥昏迷评分"),
    "iss": _("损伤严重度评分"),
    "fever_hours": _("发热小时数"),
    "haemoptysis": _("24 小时咯血量"),
}
CODES: Final[Mapping[str, str]] = {
    "8480-6": "systolic",
    "8462-4": "diastolic",
    "2708-6": "spo2",
    "59408-5": "spo2",
    "9279-1": "breaths",
    "8310-5": "temperature",
    "1558-6": "glucose",
    "14771-0": "glucose",
    "9269-2": "gcs",
    "74471-4": "iss",
}
"""LOINC codes by which the chart names the signs."""
UNITS: Final[Mapping[str, str]] = {
    "systolic": "mm[hg]", "diastolic": "mm[hg]", "spo2": "%", "breaths": "/min", "temperature": "cel",
    "glucose": "mmol/l",
}  # fmt: skip
"""The units in which the limits are; a value in another is not weighed."""

_E = Urgency.EMERGENCY
D = Decimal
TRIGGERS: Final = (
    Trigger("bp_systolic", _("收缩压 ≥ 180 mmHg"), NORM, "U1", _E, "systolic", above=D(180), follow_up=True),
    Trigger("bp_diastolic", _("舒张压 ≥ 110 mmHg"), NORM, "U1", _E, "diastolic", above=D(110), follow_up=True),
    Trigger("glucose_high", _("空腹血糖 ≥ 16.7 mmol/L"), NORM, "U1", _E, "glucose", above=D("16.7"), follow_up=True),
    Trigger("glucose_low", _("空腹血糖 ≤ 3.9 mmol/L"), NORM, "U1", _E, "glucose", below=D("3.9"), follow_up=True),
    Trigger("consciousness", _("意识改变"), NORM, "U1", _E, follow_up=True),
    Trigger("headache", _("剧烈头痛或呕吐"), NORM, "U1", _E, follow_up=True),
    Trigger("chest_pain", _("高血压伴胸痛、胸闷"), NORM, "U1", _E, follow_up=True),
    Trigger("pregnancy", _("妊娠或哺乳期血压高"), NORM, "U1", _E, follow_up=True),
    Trigger("ketosis", _("呼气有烂苹果样丙酮味"), NORM, "U1", _E, follow_up=True),
    Trigger("sweating", _("心悸、出汗等低血糖表现"), NORM, "U1", _E, follow_up=True),
    Trigger("uncontrolled", _("连续两次随访控制不满意"), NORM, "U5", Urgency.ROUTINE, follow_up=True),
    Trigger("gcs", _("格拉斯哥昏迷评分 ≤ 12"), LOCAL, "U1", _E, "gcs", below=D(12)),
    Trigger("angina", _("胸痛 15 分钟以上，硝酸甘油不缓解"), LOCAL, "U1", _E),
    Trigger("breaths", _("呼吸频率 > 30 次/分"), LOCAL, "U1", _E, "breaths", above=D(30), strict=True),
    Trigger("spo2", _("血氧饱和度 < 90%"), LOCAL, "U1", _E, "spo2", below=D(90), strict=True),
    Trigger("stroke", _("卒中发病 4.5 小时内"), LOCAL, "U1", _E),
    Trigger(
        "haemoptysis", _("24 小时咯血 > 500 ml"), LOCAL, "U1", _E, "haemoptysis", above=D(500), strict=True
    ),
    Trigger("bleeding", _("消化道出血伴收缩压 < 90 mmHg"), LOCAL, "U1", _E),
    Trigger("iss", _("损伤严重度评分 ≥ 16"), LOCAL, "U1", _E, "iss", above=D(16)),
    Trigger(
        "fever", _("体温 > 39.5 ℃ 持续 2 小时以上伴惊厥"), LOCAL, "U1", _E, "temperature", above=D("39.5"),
        strict=True, also=("fever_hours", D(2)),
    ),
)  # fmt: skip
SEEN: Final = tuple(each for each in TRIGGERS if not each.sign)
"""Those that a person sees and no number tells."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the findings suggest: the triggers that fired, their criteria, and the urgency of the gravest."""

    fired: tuple[Trigger, ...] = ()

    @property
    def criteria(self) -> tuple[str, ...]:
        """The criteria that are suggested, each once."""
        return tuple(sorted({each.criterion for each in self.fired}))

    @property
    def urgency(self) -> Urgency | None:
        """How urgent it looks; None where nothing speaks for a referral."""
        return min((each.urgency for each in self.fired), key=list(Urgency).index, default=None)

    @property
    def follow_up(self) -> bool:
        """Whether the norm asks for a follow-up within two weeks (hypertension and diabetes)."""
        return any(each.follow_up for each in self.fired)


def suggest(found: Findings) -> Advice:
    """The triggers that the findings show, in the order of the list."""
    return Advice(tuple(each for each in TRIGGERS if each.fires(found)))


def findings(values: Iterable[tuple[str, Decimal | None, str]], seen: Iterable[str]) -> Findings:
    """What a chart's newest values say (LOINC code, number, unit), and what a person saw. The first of a sign counts;
    a number in another unit than the limit's is not weighed."""
    measured: dict[str, Decimal] = {}
    for code, number, unit in values:
        sign = CODES.get(code)
        if sign is not None and number is not None and unit == UNITS.get(sign, unit):
            measured.setdefault(sign, number)
    return Findings(measured, frozenset(seen))
