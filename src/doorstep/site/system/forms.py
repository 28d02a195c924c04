"""Forms of the house's own pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import DayField, HouseForm


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
