"""What people fill in when they mend a message."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.exchange.flow import ExportState, State
from doorstep.record.exchange.shapes import Level

STATES = {
    State.SET_ASIDE: _("待修正"),
    State.APPLIED: _("已采用"),
    State.MENDED: _("已修正"),
    State.DISMISSED: _("已放弃"),
}
EXPORT_STATES = {
    ExportState.ACCEPTED: _("等待开始"),
    ExportState.RUNNING: _("导出中"),
    ExportState.DONE: _("已完成"),
    ExportState.FAILED: _("导出失败"),
    ExportState.CANCELLED: _("已取消"),
    ExportState.EXPIRED: _("已过期"),
}
EXPORT_LEVELS = {"system": _("全部数据"), "patient": _("全部患者"), "group": _("一组患者")}


LEVELS = {Level.STRUCTURE: _("只校验结构"), Level.INVARIANTS: _("结构和规则")}


class Filter(HouseForm):
    """Which messages are listed."""

    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[("", _("全部")), *((str(k), v) for k, v in STATES.items())]
    )
    q = forms.CharField(label=_("文件名或问题"), required=False, max_length=100)


class Mend(HouseForm):
    """The text of a message, mended by hand."""

    text = forms.CharField(
        label=_("报文内容"),
        strip=False,
        max_length=4 << 20,
        widget=forms.Textarea(attrs={"rows": 24, "class": "form-control code", "spellcheck": "false", "wrap": "off"}),
        help_text=_("改好后按“修正并采用”。原报文和改后的报文都会保留。"),
    )


class ChecksForm(HouseForm):
    """How thoroughly what a source sends is checked."""

    expect = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=0)
    level = forms.ChoiceField(
        label=_("校验级别"),
        widget=forms.RadioSelect,
        choices=[(str(key), words) for key, words in LEVELS.items()],
        help_text=_("结构包括：属性、出现次数、格式、引用对象和必须使用的值集。规则指标准对资源写明的约束。"),
    )
    strict_bundles = forms.BooleanField(
        label=_("包和文件中不合格的条目搁置，待人修正"),
        required=False,
        help_text=_("不勾选时，包和文件中的条目不经校验即采用；单条写入仍然校验。"),
    )


class Dismiss(HouseForm):
    """Why a message is laid aside for good."""

    reason = forms.CharField(label=_("放弃的原因"), max_length=500, help_text=_("原报文会保留，可以随时查看。"))
