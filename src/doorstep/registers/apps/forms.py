"""Forms of the room."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.registers.apps.rules import Kind
from doorstep.registers.apps.shapes import Client, Facts

KINDS = (
    (Kind.PUBLIC.value, _("公开应用：在浏览器或手机里运行，没有密码")),
    (Kind.SECRET.value, _("有服务器的应用：用密码证明身份")),
    (Kind.KEY.value, _("有服务器的应用：用密钥签名证明身份")),
    (Kind.SYSTEM.value, _("后台系统：没有人在场，用密钥签名证明身份，只看本机构送来的数据")),
)


class AppForm(HouseForm):
    """What an app is and may ask."""

    name = forms.CharField(label=_("名称"), max_length=60)
    owner = forms.CharField(label=_("负责人"), max_length=100, help_text=_("单位、姓名和电话；会显示给用它的人。"))
    organisation = forms.ChoiceField(label=_("所属机构"), help_text=_("后台系统只看这家机构送来的数据。"))
    kind = forms.ChoiceField(label=_("怎样证明身份"), choices=KINDS, widget=forms.RadioSelect)
    redirect_uris = forms.CharField(
        label=_("返回地址"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("每行一个，要与应用使用的完全一样。后台系统不填。"),
    )  # fmt: skip
    launch_uri = forms.CharField(
        label=_("打开地址"), required=False, max_length=500, help_text=_("填了才能从健康档案里打开。")
    )
    scopes = forms.CharField(
        label=_("可以要求的授权范围"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("用空格分开，如 openid fhirUser launch patient/Observation.rs。"),
    )  # fmt: skip
    jwks = forms.CharField(
        label=_("公钥（JWKS）"), required=False, max_length=50_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    jwks_uri = forms.CharField(
        label=_("公钥的地址"), required=False, max_length=500, help_text=_("https，互联网上的公开地址。")
    )

    def __init__(self, data: Any, *, organisations: tuple[tuple[UUID, str], ...], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *((str(key), name) for key, name in organisations)]

    def clean_jwks(self) -> dict[str, Any] | None:
        """The key set as JSON; what is none is told here."""
        text = self.cleaned_data["jwks"].strip()
        try:
            found = json.loads(text) if text else None
        except (ValueError, RecursionError):
            found = text
        if found is not None and not isinstance(found, dict):
            raise forms.ValidationError(_("这不是 JSON 格式的 JWKS。"))
        return found

    def facts(self) -> Facts:
        """What was said of the app."""
        said = self.cleaned_data
        return Facts(
            said["name"], said["owner"], UUID(said["organisation"]), Kind(said["kind"]),
            tuple(dict.fromkeys(said["redirect_uris"].split())), said["launch_uri"].strip(), said["scopes"],
            said["jwks"], said["jwks_uri"].strip(),
        )  # fmt: skip


def initial(app: Client) -> dict[str, Any]:
    """What a form shows of an app that is there."""
    return {
        "name": app.name, "owner": app.owner, "organisation": str(app.organisation), "kind": app.kind.value,
        "redirect_uris": "\n".join(app.redirect_uris), "launch_uri": app.launch_uri, "scopes": app.scopes,
        "jwks": json.dumps(app.jwks) if app.jwks else "", "jwks_uri": app.jwks_uri, "expect": app.version,
    }  # fmt: skip
