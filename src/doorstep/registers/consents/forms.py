"""The forms of this room."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm

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
