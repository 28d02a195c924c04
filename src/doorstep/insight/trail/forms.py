"""Forms of the trail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.insight.trail.rules import Kind
from doorstep.kernel import trail_search
from doorstep.kernel.web.forms import DayField, HouseForm

OUTCOMES = (("", _("全部")), ("done", _("已完成")), ("refused", _("被拒绝")))


class SearchForm(forms.Form):
    """What to look for in the trail."""

    use_required_attribute = False
    who = forms.CharField(label=_("操作人"), required=False, max_length=100)
    action = forms.CharField(label=_("操作"), required=False, max_length=80)
    outcome = forms.ChoiceField(label=_("结果"), required=False, choices=OUTCOMES)
    since = DayField(label=_("从"), required=False)
    until = DayField(label=_("到"), required=False)
    resident = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The days in their order."""
        said = super().clean() or {}
        since, until = said.get("since"), said.get("until")
        if since and until and since > until:
            self.add_error("until", _("结束日期早于开始日期"))
        return said

    def wanted(self) -> trail_search.Wanted:
        """The search; nothing of what was not understood."""
        said = self.cleaned_data if self.is_valid() else {}
        resident: UUID | None = said.get("resident")
        return trail_search.Wanted(
            who=said.get("who", "").strip(),
            action=said.get("action", "").strip(),
            outcome=said.get("outcome", ""),
            resident=resident,
            since=said.get("since"),
            until=said.get("until"),
        )


class PeriodForm(forms.Form):
    """The days that are looked at."""

    use_required_attribute = False
    since = DayField(label=_("从"), required=False)
    until = DayField(label=_("到"), required=False)
    kind = forms.ChoiceField(required=False, choices=[(k.value, k.value) for k in Kind], widget=forms.HiddenInput)


class WatchForm(HouseForm):
    """Who is to be watched, and why."""

    number = forms.RegexField(
        r"^[0-9]{17}[0-9Xx]$",
        label=_("居民身份证号"),
        error_messages={"invalid": _("身份证号是 18 位，末位可以是 X")},
        max_length=18,
    )
    reason = forms.CharField(label=_("理由"), help_text=_("会写进操作留痕，以后可查。"), max_length=200, min_length=2)


class ObjectionForm(HouseForm):
    """What a resident objects to."""

    text = forms.CharField(
        label=_("您觉得哪里不对"), min_length=4, max_length=1000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("例如：我没有在这家医院看过病。"),
    )  # fmt: skip
    since = DayField(label=_("从哪一天"), required=False)
    until = DayField(label=_("到哪一天"), required=False)


class WordsForm(HouseForm):
    """Words that go with a move."""

    words = forms.CharField(
        label=_("还有什么要说明"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class AnswerForm(HouseForm):
    """The answer to an objection."""

    upheld = forms.ChoiceField(
        label=_("结论"), widget=forms.RadioSelect,
        choices=[("yes", _("异议成立：这次查阅不应该")), ("no", _("异议不成立：这次查阅有正当理由"))],
    )  # fmt: skip
    words = forms.CharField(
        label=_("给居民的答复"), min_length=4, max_length=1000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("居民会原样看到。写明查了什么、结果怎样、为什么。"),
    )  # fmt: skip
    measures = forms.CharField(
        label=_("采取的措施"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("例如：已约谈当事人，停用其权限。居民也会看到。"),
    )  # fmt: skip
