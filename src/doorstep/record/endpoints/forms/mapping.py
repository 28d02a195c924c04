"""The forms of mapping tables: a new version, the text of a table, a message to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.endpoints.rules.tables import MOST_CHARACTERS, NAME


class BeginMapping(HouseForm):
    """A new version of an institution's tables."""

    organisation = forms.ChoiceField(label=_("机构"))
    note = forms.CharField(label=_("为什么新建"), max_length=200, min_length=2)

    def __init__(self, data: Any, *, organisations: Sequence[tuple[UUID, str]]) -> None:
        super().__init__(data)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *((str(key), name) for key, name in organisations)]


class TableText(HouseForm):
    """One file of a version, as text."""

    expect = forms.IntegerField(widget=forms.HiddenInput, required=False)
    text = forms.CharField(
        label=_("内容"), strip=False, required=False, max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 24, "class": "form-control code", "spellcheck": "false", "wrap": "off"}),
        help_text=_("逗号分隔，第一行是列名。清空并保存就是去掉这个文件。"),
    )  # fmt: skip


class NewTable(HouseForm):
    """The name of a file that is added."""

    name = forms.RegexField(
        NAME, label=_("新文件"), help_text=_("例如 segments/ZPI.csv、values/gender.csv、cases/my-case.hl7。"),
        error_messages={"invalid": _("文件夹只能是 messages、segments、datatypes、values、outbound 或 cases。")},
    )  # fmt: skip


class TryForm(HouseForm):
    """A sample message: pasted, or one that came in."""

    text = forms.CharField(
        label=_("样例报文"), strip=False, required=False, max_length=1 << 19,
        widget=forms.Textarea(attrs={"rows": 8, "class": "form-control code", "spellcheck": "false", "wrap": "off"}),
        help_text=_("每段一行。只用来试，不保存；请用虚构的患者。"),
    )  # fmt: skip
    inbound = forms.IntegerField(
        label=_("或收到的报文的编号"), required=False, min_value=1, max_value=(1 << 63) - 1,
        help_text=_("打开收到的报文会留痕。"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Either of the two."""
        said = super().clean() or {}
        if not self.errors and not said.get("text", "").strip() and not said.get("inbound"):
            self.add_error("text", _("粘贴一件报文，或填写编号。"))
        return said
