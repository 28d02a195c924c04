"""The words of charts: codes of fixed value sets, element names, types and flags, in the caller's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from doorstep.kernel.coding import Coding
from doorstep.record.charts.rules import Doubt, Flag, Validity

K = TypeVar("K", bound=str)

KINDS: Final[Mapping[str, str]] = {
    "encounter": _("就诊"),
    "diagnosis": _("诊断"),
    "result": _("检验与测量"),
    "report": _("报告与影像"),
    "medicine": _("用药"),
    "immunisation": _("接种"),
    "procedure": _("手术与操作"),
    "allergy": _("过敏"),
    "plan": _("计划与申请"),
    "billing": _("费用与保险"),
    "other": _("其他"),
}
SYMBOLS: Final[Mapping[str, str]] = {
    "encounter": "stethoscope",
    "diagnosis": "clipboard-heart",
    "result": "test-pipe",
    "report": "report-medical",
    "medicine": "pill",
    "immunisation": "vaccine",
    "procedure": "scissors",
    "allergy": "alert-triangle",
    "plan": "clipboard-list",
    "billing": "receipt",
    "other": "file-text",
}
TYPES: Final[Mapping[str, str]] = {
    "AllergyIntolerance": _("过敏"),
    "CarePlan": _("照护计划"),
    "CareTeam": _("照护团队"),
    "Claim": _("费用申报"),
    "Composition": _("文书"),
    "Condition": _("诊断"),
    "Consent": _("知情同意"),
    "Coverage": _("保险"),
    "DiagnosticReport": _("检查检验报告"),
    "DocumentReference": _("文件"),
    "Encounter": _("就诊"),
    "EpisodeOfCare": _("病程"),
    "ExplanationOfBenefit": _("费用结算"),
    "FamilyMemberHistory": _("家族史"),
    "Flag": _("警示"),
    "Goal": _("目标"),
    "ImagingStudy": _("影像检查"),
    "Immunization": _("接种"),
    "MedicationAdministration": _("给药"),
    "MedicationDispense": _("发药"),
    "MedicationRequest": _("处方"),
    "MedicationStatement": _("用药记录"),
    "Observation": _("检验或测量"),
    "Patient": _("身份信息"),
    "Procedure": _("手术或操作"),
    "QuestionnaireResponse": _("问卷"),
    "ServiceRequest": _("申请单"),
    "Specimen": _("标本"),
}
# Statuses of all types; a code that is not here is shown as it was sent.
STATUSES: Final[Mapping[str, str]] = {
    "active": _("进行中"),
    "accepted": _("已接受"),
    "aborted": _("已中止"),
    "amended": _("已修订"),
    "appended": _("已补充"),
    "arrived": _("已到"),
    "available": _("可调阅"),
    "cancelled": _("已取消"),
    "completed": _("已完成"),
    "corrected": _("已更正"),
    "current": _("现行"),
    "draft": _("草稿"),
    "ended": _("已结束"),
    "entered-in-error": _("录入错误"),
    "final": _("已审核"),
    "finished": _("已结束"),
    "in-progress": _("进行中"),
    "intended": _("拟用"),
    "not-done": _("未执行"),
    "not-taken": _("未服用"),
    "on-hold": _("暂停"),
    "partial": _("部分结果"),
    "planned": _("已计划"),
    "preliminary": _("初步结果"),
    "preparation": _("准备中"),
    "proposed": _("拟定"),
    "registered": _("已登记"),
    "revoked": _("已撤销"),
    "stopped": _("已停止"),
    "superseded": _("已被取代"),
    "unknown": _("不详"),
}
CLINICAL: Final[Mapping[str, str]] = {
    "active": _("现患"),
    "recurrence": _("复发"),
    "relapse": _("复发"),
    "inactive": _("不活动"),
    "remission": _("缓解"),
    "resolved": _("已痊愈"),
}
VERIFICATION: Final[Mapping[str, str]] = {
    "unconfirmed": _("未证实"),
    "provisional": _("初步诊断"),
    "differential": _("鉴别诊断"),
    "confirmed": _("已确认"),
    "presumed": _("推定"),
    "refuted": _("已排除"),
    "entered-in-error": _("录入错误"),
}
CRITICALITY: Final[Mapping[str, str]] = {
    "high": _("高风险"),
    "low": _("低风险"),
    "unable-to-assess": _("风险未评估"),
}
CLASSES: Final[Mapping[str, str]] = {
    "AMB": _("门诊"),
    "EMER": _("急诊"),
    "IMP": _("住院"),
    "ACUTE": _("住院"),
    "NONAC": _("住院"),
    "OBSENC": _("留观"),
    "SS": _("日间"),
    "HH": _("家庭访视"),
    "VR": _("线上"),
    "FLD": _("现场"),
    "PRENC": _("入院前"),
}
VALIDITIES: Final[Mapping[Validity, str]] = {
    Validity.ERROR: _("录入错误"),
    Validity.REFUTED: _("已排除"),
    Validity.NOT_DONE: _("未执行"),
    Validity.DELETED: _("来源机构已删除"),
    Validity.UNREADABLE: _("内容无法解读"),
}
FLAGS: Final[Mapping[Flag, str]] = {
    Flag.CRITICAL_HIGH: _("危急偏高"),
    Flag.CRITICAL_LOW: _("危急偏低"),
    Flag.CRITICAL: _("危急"),
    Flag.HIGH: _("偏高"),
    Flag.LOW: _("偏低"),
    Flag.ABNORMAL: _("异常"),
    Flag.POSITIVE: _("阳性"),
    Flag.NEGATIVE: _("阴性"),
    Flag.NORMAL: _("正常"),
}
DOUBTS: Final[Mapping[Doubt, str]] = {
    Doubt.FILLER: _("疑为占位数，不是测得的值"),
    Doubt.IMPOSSIBLE: _("超出可能范围，疑为录入错误"),
}
ABSENT: Final[Mapping[str, str]] = {
    "unknown": _("不详"),
    "asked-unknown": _("问过，不知道"),
    "temp-unknown": _("暂缺"),
    "not-asked": _("未询问"),
    "asked-declined": _("问过，不愿回答"),
    "masked": _("已隐去"),
    "not-applicable": _("不适用"),
    "unsupported": _("来源系统不支持"),
    "as-text": _("见文字"),
    "error": _("出错"),
    "not-a-number": _("无法计算"),
    "not-performed": _("未做"),
    "not-permitted": _("不允许提供"),
}
SEXES: Final[Mapping[str, str]] = {"1": _("男"), "2": _("女"), "9": _("性别未说明"), "0": _("性别未知")}
GENDERS: Final[Mapping[str, str]] = {"male": _("男"), "female": _("女"), "other": _("其他"), "unknown": _("不详")}
# Code systems that people know by a name.
SYSTEMS: Final[Mapping[str, str]] = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED CT",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://www.whocc.no/atc": "ATC",
}


def word(words: Mapping[K, str], code: K) -> str:
    """The word for a code in the caller's language; the code itself where none is known."""
    return gettext(words[code]) if code in words else code


def codes(codings: Iterable[Coding], text: str) -> str:
    """The codes behind words, each with the name of its system, or the last part of its address."""
    known = (c for c in codings if c.code and c.code != text)
    named = ((c.code, SYSTEMS.get(c.system) or c.system.rstrip("/").rpartition("/")[2]) for c in known)
    return "; ".join(f"{code} {system}".strip() for code, system in named)


def type_word(kind: str) -> str:
    """What a resource type is called."""
    return word(TYPES, kind)
