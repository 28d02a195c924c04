"""The forms of this room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import DayField, HouseForm

WEEKDAYS: Final = (
    ("1", _("周一")), ("2", _("周二")), ("3", _("周三")), ("4", _("周四")), ("5", _("周五")), ("6", _("周六")),
    ("7", _("周日")),
)  # fmt: skip
CHANNELS: Final = {
    "referral": _("转诊"), "family_doctor": _("家庭医生"), "window": _("窗口"), "phone": _("电话"), "app": _("手机"),
    "add_on": _("加号"),
}  # fmt: skip
KINDS: Final = {"person": _("门诊"), "room": _("房间"), "device": _("设备")}
BASES: Final = {
    "ordinary": _("本机构执业"), "multi_site": _("多机构备案"), "support": _("对口支援"), "consultation": _("会诊"),
    "voluntary": _("义诊"),
}  # fmt: skip
FEES: Final = {
    "ordinary": _("普通"), "associate": _("副主任医师"), "senior": _("主任医师"), "expert": _("知名专家"),
    "free": _("免费"),
}  # fmt: skip
Choices = Iterable[tuple[Any, Any]]


class ClinicForm(HouseForm):
    """A new clinic of one institution."""

    department = forms.ChoiceField(label=_("科室"))
    name = forms.CharField(label=_("门诊名称"), max_length=60, help_text=_("例如：心血管专家门诊。"))
    kind = forms.ChoiceField(
        label=_("预约什么"), choices=list(KINDS.items()), widget=forms.RadioSelect, initial="person"
    )
    post = forms.ChoiceField(label=_("出诊的人（本机构）"), required=False)
    practitioner = forms.CharField(label=_("外来专家姓名"), required=False, max_length=60)
    visits_from = forms.CharField(label=_("外来专家所在机构"), required=False, max_length=120)
    title = forms.CharField(label=_("职称"), required=False, max_length=40)
    fee_level = forms.ChoiceField(label=_("收费级别"), choices=list(FEES.items()))
    place = forms.CharField(label=_("诊室"), required=False, max_length=60)

    def __init__(self, data: Any, departments: Choices, posts: Choices) -> None:
        super().__init__(data)
        self.fields["department"] = forms.ChoiceField(label=_("科室"), choices=[("", _("请选择")), *departments])
        self.fields["post"] = forms.ChoiceField(
            label=_("出诊的人（本机构）"), required=False, choices=[("", _("外来专家、房间或设备")), *posts]
        )


class RosterForm(HouseForm):
    """Weekdays and hours."""

    weekdays = forms.MultipleChoiceField(
        label=_("星期"), choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选择一天。")},
    )  # fmt: skip
    starts = forms.TimeField(
        label=_("开始"), initial=time(8), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    ends = forms.TimeField(
        label=_("结束"), initial=time(12), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    minutes = forms.IntegerField(label=_("每号分钟数"), min_value=1, max_value=60, initial=10)
    together = forms.IntegerField(
        label=_("同一时间几人"), min_value=1, max_value=100, initial=1, help_text=_("小组活动填写大于 1 的数。")
    )
    basis = forms.ChoiceField(label=_("执业依据"), choices=list(BASES.items()))
    since = DayField(label=_("从哪一天起"))
    until = DayField(label=_("到哪一天止"), required=False, help_text=_("不填则一直有效。"))

    def __init__(self, data: Any, initial: dict[str, Any], *, visitor: bool) -> None:
        super().__init__(data, initial=initial)
        if visitor:  # who comes from elsewhere never works on the ground of this institution's own practice
            choices = [("", _("请选择")), *((code, said) for code, said in BASES.items() if code != "ordinary")]
            self.fields["basis"] = forms.ChoiceField(
                label=_("执业依据"), choices=choices, help_text=_("专家来自别的机构，凭什么在这里出诊。"),
                error_messages={"required": _("外来专家出诊要有依据：多机构备案、对口支援、会诊或义诊。")},
            )  # fmt: skip


class SpanForm(HouseForm):
    """From a day to a day."""

    since = DayField(label=_("从哪一天起"))
    until = DayField(label=_("到哪一天止"))


class SharesForm(HouseForm):
    """The percentages kept for channels from a day on."""

    since = DayField(label=_("从哪一天起"))

    def __init__(self, data: Any, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        for channel, said in CHANNELS.items():
            if channel != "app":
                self.fields[channel] = forms.IntegerField(label=said, min_value=0, max_value=100, required=False)


class StopForm(HouseForm):
    """Why a clinic is stopped."""

    why = forms.CharField(
        label=_("原因"), max_length=200, help_text=_("例如：医生外出抢救。这句话会告诉已预约的人。")
    )  # fmt: skip


class BookForm(HouseForm):
    """Who, when, how."""

    resident = forms.UUIDField(error_messages={"required": _("请先查找并选择一位居民。")})
    slot = forms.UUIDField(required=False)
    channel = forms.ChoiceField(choices=[("window", _("窗口")), ("phone", _("电话"))])
    every = forms.IntegerField(label=_("间隔天数"), required=False, min_value=1, max_value=31)
    count = forms.IntegerField(label=_("次数"), required=False, min_value=2, max_value=12)
    how = forms.ChoiceField(choices=[("book", ""), ("walk_in", ""), ("add_on", "")])


class WishForm(HouseForm):
    """Who waits, and between which days."""

    resident = forms.UUIDField(widget=forms.HiddenInput)
    since = DayField(label=_("从哪一天起"))
    until = DayField(label=_("到哪一天止"))


class CodeForm(HouseForm):
    """What the scanner read."""

    code = forms.CharField(
        label=_("扫码，或输入预约码"), max_length=100,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


class WordsForm(HouseForm):
    """What is said in an appeal, or of one."""

    words = forms.CharField(label=_("理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class OwnWordsForm(HouseForm):
    """What somebody says against a sanction of their own."""

    words = forms.CharField(
        label=_("为什么没能来"), max_length=500, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("例如：当天住院了。写清楚就行，不用客气话。"),
    )  # fmt: skip


class OwnWishForm(HouseForm):
    """Until when somebody waits."""

    until = DayField(label=_("等到哪一天"))


class ConfirmForm(HouseForm):
    """Yes."""
