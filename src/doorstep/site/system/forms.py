"""Forms of the house's own pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel import trail_search
from doorstep.kernel.web.forms import DayField, HouseForm

OUTCOMES = (("", _("全部")), ("done", _("已完成")), ("refused", _("被拒绝")))


class TrailForm(forms.Form):
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


class DismissForm(HouseForm):
    """Why a letter is laid aside."""

    reason = forms.CharField(
        label=_("放弃的理由"), help_text=_("会写进操作留痕，以后可查。"), max_length=200, min_length=2
    )


class SampleForm(HouseForm):
    """One field of each kind, for the style page."""

    name = forms.CharField(label=_("姓名"), help_text=_("与身份证一致"), max_length=30)
    phone = forms.RegexField(
        r"^\+?[0-9 -]{6,20}$", label=_("电话"), error_messages={"invalid": _("电话只写数字，例如 13800000000")}
    )
    born = DayField(label=_("出生日期"), required=False)
    sex = forms.ChoiceField(label=_("性别"), choices=(("1", _("男")), ("2", _("女"))), widget=forms.RadioSelect)
    area = forms.ChoiceField(label=_("乡镇"), choices=(("", _("请选择")), ("a", _("青石镇")), ("b", _("柳河乡"))))
    note = forms.CharField(label=_("备注"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agreed = forms.BooleanField(label=_("已向本人说明并取得同意"))
