"""The forms of sheets, and the words of states and outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.sheets.flow import State
from doorstep.record.sheets.shapes import Outcome, Undo

STATES: Final[Mapping[str, Any]] = {
    State.CHECKING: _("正在检查"),
    State.CHECKED: _("已检查，待应用"),
    State.APPLYING: _("正在写入"),
    State.APPLIED: _("已写入"),
    State.UNDOING: _("正在撤销"),
    State.UNDONE: _("已撤销"),
    State.DROPPED: _("已放弃"),
}
FORETOLD: Final[Mapping[str, Any]] = {
    Outcome.NEW: _("将新增"),
    Outcome.CHANGED: _("将修改"),
    Outcome.SAME: _("没有变化"),
    Outcome.REFUSED: _("有错，不写入"),
}
OUTCOMES: Final[Mapping[str, Any]] = {
    Outcome.NEW: _("已新增"),
    Outcome.CHANGED: _("已修改"),
    Outcome.SAME: _("没有变化"),
    Outcome.REFUSED: _("有错，没有写入"),
}
UNDONE: Final[Mapping[str, Any]] = {Undo.UNDONE: _("已撤销"), Undo.STAYS: _("保留")}


class UploadForm(HouseForm):
    """A file of a kind."""

    kind = forms.ChoiceField(label=_("表格种类"))
    file = forms.FileField(
        label=_("文件"), allow_empty_file=True, help_text=_(".xlsx 或 .csv，不超过 10 MB。先检查，不会改动任何数据。"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        error_messages={"required": _("请选择一个文件。")},
    )  # fmt: skip

    def __init__(self, *args: Any, kinds: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(kinds)


class ListFilter(HouseForm):
    """Which imports are listed."""

    kind = forms.ChoiceField(label=_("种类"), required=False)
    state = forms.ChoiceField(label=_("状态"), required=False)

    def __init__(self, *args: Any, kinds: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("kind", kinds), ("state", list(STATES.items()))):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("全部")), *choices]
