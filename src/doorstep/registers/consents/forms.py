"""The forms of this room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.sensitive import Kind
from doorstep.kernel.web.forms import DayField, HouseForm

REASONS: Final = {
    "emergency": _("抢救生命"),
    "unable": _("病人无法表达意愿，又须立即诊治"),
    "public_health": _("突发公共卫生事件处置"),
    "other": _("其他紧急情况"),
}
VERDICTS: Final = {"justified": _("正当"), "unjustified": _("不正当")}


class BreakGlassForm(HouseForm):
    """Why, and for how long."""

    reason = forms.ChoiceField(label=_("理由"), choices=list(REASONS.items()), widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("具体情况"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("写明病情和为什么要马上看。隐私负责人会看到。"),
    )  # fmt: skip
    hours = forms.IntegerField(label=_("小时数"), min_value=1)

    def __init__(self, data: Any, hours: int, most: int) -> None:
        super().__init__(data, initial={"hours": hours})
        self.fields["hours"] = forms.IntegerField(
            label=_("小时数"), min_value=1, max_value=most, initial=hours, help_text=_("到时自动关闭。")
        )


class ReviewForm(HouseForm):
    """Whether it was right."""

    verdict = forms.ChoiceField(label=_("审核结论"), choices=list(VERDICTS.items()), widget=forms.RadioSelect)
    words = forms.CharField(label=_("审核意见"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


NAMED: Final = {
    Kind.HIV: _("艾滋病相关"),
    Kind.STD: _("性传播疾病"),
    Kind.PSY: _("精神、心理疾病"),
    Kind.SUD: _("药物或酒精依赖"),
    Kind.SDV: _("性侵害"),
    Kind.ABORTION: _("流产、终止妊娠"),
    Kind.OTHER: _("其他标明限制查阅的"),
}
"""The sensitive kinds, as a resident reads them."""


class OwnForm(HouseForm):
    """What a resident says online, of one institution."""

    organisation = forms.ChoiceField(label=_("哪家机构"))
    decision = forms.ChoiceField(
        label=_("您的决定"), widget=forms.RadioSelect,
        choices=[("permit", _("同意这家机构查阅我在各机构的健康档案")), ("deny", _("不让这家机构看其他机构的记录"))],
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=_("也给它看受特别保护的记录"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(kind.name, said) for kind, said in NAMED.items()],
        help_text=_("没有勾选的，即使您同意了，它也看不到。只在同意时有用。"),
    )  # fmt: skip
    until = DayField(label=_("到哪一天为止"), required=False, help_text=_("不填，就一直有效，直到您撤回。"))

    def __init__(self, data: Any, places: Mapping[UUID, str]) -> None:
        super().__init__(data)
        listed = [(str(key), name) for key, name in sorted(places.items(), key=lambda one: one[1])]
        self.fields["organisation"] = forms.ChoiceField(label=_("哪家机构"), choices=[("", _("请选择")), *listed])


class ConsentForm(HouseForm):
    """What is on the paper."""

    decision = forms.ChoiceField(
        label=_("本人的决定"), choices=[("permit", _("同意查阅全部健康档案")), ("deny", _("拒绝查阅其他机构的记录"))],
        widget=forms.RadioSelect,
    )  # fmt: skip
    organisation = forms.ChoiceField(label=_("哪家机构"), required=False)
    other = forms.CharField(
        label=_("其他机构的统一社会信用代码"), required=False, max_length=36, help_text=_("列表中没有时填写。")
    )
    kinds = forms.MultipleChoiceField(
        label=_("也包括受特别保护的记录"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(kind.name, said) for kind, said in NAMED.items()],
        help_text=_("只勾选居民在纸上写明的。没有写明的，即使同意查阅全部健康档案，也不显示。"),
    )  # fmt: skip
    signer = forms.ChoiceField(
        label=_("签字人"), choices=[("self", _("本人")), ("guardian", _("监护人"))], widget=forms.RadioSelect,
        help_text=_("未满 14 周岁的，由监护人签字。"),
    )  # fmt: skip
    signer_name = forms.CharField(label=_("签字人姓名"), max_length=100)
    until = DayField(label=_("有效期至"), required=False, help_text=_("不填则直到撤回为止。"))

    def __init__(self, data: Any, places: Mapping[UUID, str]) -> None:
        super().__init__(data)
        listed = [(str(key), name) for key, name in sorted(places.items(), key=lambda one: one[1])]
        self.fields["organisation"] = forms.ChoiceField(
            label=_("哪家机构"), required=False, choices=[("", _("请选择")), *listed]
        )
