"""Scopes as sentences for the person who decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doorstep.registers.apps.rules.scopes import Wish, lines

TYPES: Final[Mapping[str, object]] = {
    "*": gettext_lazy("所有内容"),
    "AllergyIntolerance": gettext_lazy("过敏"),
    "CarePlan": gettext_lazy("诊疗计划"),
    "Condition": gettext_lazy("诊断"),
    "DiagnosticReport": gettext_lazy("检查检验报告"),
    "DocumentReference": gettext_lazy("文书"),
    "Encounter": gettext_lazy("就诊"),
    "ImagingStudy": gettext_lazy("影像"),
    "Immunization": gettext_lazy("接种"),
    "Location": gettext_lazy("地点"),
    "Medication": gettext_lazy("药品"),
    "MedicationRequest": gettext_lazy("处方"),
    "Observation": gettext_lazy("检验或测量"),
    "Organization": gettext_lazy("机构"),
    "Patient": gettext_lazy("姓名、证件等基本资料"),
    "Practitioner": gettext_lazy("医务人员"),
    "PractitionerRole": gettext_lazy("岗位"),
    "Procedure": gettext_lazy("手术或操作"),
    "ServiceRequest": gettext_lazy("申请单"),
}
VERBS: Final[Mapping[str, object]] = {
    "read": gettext_lazy("查看"), "write": gettext_lazy("新增或修改"), "delete": gettext_lazy("删除"),
}  # fmt: skip


ENDS: Final[Mapping[str, object]] = {
    "withdrawn": gettext_lazy("本人已收回"), "by_administrator": gettext_lazy("管理员已结束"),
    "app_off": gettext_lazy("应用已停用"), "revoked": gettext_lazy("应用已退出"),
    "replayed": gettext_lazy("有人重复使用了凭证，已结束"),
}  # fmt: skip


def ends() -> Mapping[str, str]:
    """Why something ended, in words."""
    return {code: str(words) for code, words in ENDS.items()}


def sentences(wish: Wish, *, own: bool = False) -> list[str]:
    """What an app may do, a sentence a scope; ``own``: as a resident reads it, of their record or their ward's."""
    found = [_sentence(*line, own=own) for line in lines(wish.clinical)]
    if "openid" in wish.words or "fhirUser" in wish.words:
        found.append(_("知道您是谁") if own else _("知道您是谁：姓名、账户和岗位"))
    return found


def _sentence(level: str, kind: str, verbs: str, query: str, *, own: bool) -> str:
    words = {
        "what": str(TYPES.get(kind, kind)),
        "does": _("、").join(str(VERBS[verb]) for verb in verbs.split("+") if verb),
        "only": _("（仅限 {query}）").format(query=query) if query else "",
    }
    if own:
        return _("{does}{what}{only}").format(**words)
    if level == "patient":
        return _("{does}这位居民的{what}{only}").format(**words)
    if level == "system":
        return _("{does}本机构送来的{what}{only}").format(**words)
    return _("以您的身份{does}您能看到的{what}{only}").format(**words)
