"""The form for a file of messages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm


class UploadForm(HouseForm):
    """A file of messages."""

    file = forms.FileField(
        label=_("文件"), allow_empty_file=True,
        help_text=_("HL7 v2 批文件（FHS、BHS 开头）或逐件相连的报文，不超过 20 MB。以前收到过的不会重复收下。"),
        widget=forms.ClearableFileInput(attrs={"accept": ".hl7,.txt,.dat"}),
        error_messages={"required": _("请选择一个文件。")},
    )  # fmt: skip
