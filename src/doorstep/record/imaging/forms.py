"""Forms of imaging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.imaging.shapes import ArchiveFacts


class ArchiveForm(HouseForm):
    """What an archive is."""

    name = forms.CharField(label=_("名称"), max_length=60)
    organisation = forms.ChoiceField(label=_("机构"), help_text=_("归档里的影像记在这家机构名下，登记后不能更改。"))
    owner = forms.CharField(
        label=_("负责人"), max_length=100, required=False, help_text=_("归档的联系人：单位、姓名、电话。")
    )
    address = forms.CharField(
        label=_("DICOMweb 地址"),
        max_length=300,
        help_text=_("如 https://pacs.example/dicom-web；不在本机的要用 https。"),
    )
    is_orthanc = forms.BooleanField(
        label=_("这是 Orthanc"), required=False, initial=True,
        help_text=_("Orthanc 会告诉我们什么有变化；其他归档每两分钟查一次。"),
    )  # fmt: skip
    user = forms.CharField(label=_("用户名"), max_length=100, required=False)
    credential = forms.CharField(
        label=_("密码文件"), max_length=300, required=False,
        help_text=_("服务器上写有密码的文件的路径；密码本身不登记。"),
    )  # fmt: skip

    def __init__(self, data: Any, *, organisations: Sequence[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        choices = [(str(key), name) for key, name in organisations]
        self.fields["organisation"] = forms.ChoiceField(
            label=self.fields["organisation"].label, help_text=self.fields["organisation"].help_text, choices=choices
        )

    def facts(self) -> ArchiveFacts:
        """What was said of the archive."""
        said = self.cleaned_data
        return ArchiveFacts(
            organisation=UUID(said["organisation"]), name=said["name"], address=said["address"], user=said["user"],
            credential=said["credential"], is_orthanc=said["is_orthanc"], owner=said["owner"],
        )  # fmt: skip


def initial(facts: ArchiveFacts, version: int) -> dict[str, Any]:
    """What a form shows of an archive."""
    return {
        "name": facts.name, "organisation": str(facts.organisation), "owner": facts.owner, "address": facts.address,
        "is_orthanc": facts.is_orthanc, "user": facts.user, "credential": facts.credential, "expect": version,
    }  # fmt: skip


class RestingFilter(HouseForm):
    """Which archive's resting studies are shown."""

    focus_errors = False

    def __init__(self, data: Any, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        every = [("", _("全部归档")), *choices]
        self.fields["archive"] = forms.ChoiceField(label=_("影像归档"), required=False, choices=every)

    @property
    def chosen(self) -> UUID | None:
        """The archive, or none."""
        said = self.cleaned_data.get("archive") if self.is_valid() else None
        return UUID(said) if said else None
