"""What people fill in of an institution that speaks by FHIR messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.endpoints.forms import MB, ORDERINGS, number
from doorstep.record.endpoints.rules.facts import MESSAGES, Ordering
from doorstep.record.endpoints.shapes import Endpoint, Facts, Outward
from doorstep.registers.organisations import api as institutions

DIALECTS = {"sichuan": _("四川省指南（XML，按已知的写法改正）"), "standard": _("FHIR R4（JSON，严格检查）")}


class CorrespondentForm(HouseForm):
    """What is said of an institution that speaks by FHIR messages, whichever way they go."""

    name = forms.CharField(label=_("名称"), max_length=60)
    organisation = forms.ChoiceField(label=_("对方机构"), help_text=_("登记后不能更改。"))
    speaks_for = forms.CharField(
        label=_("代为收发的其他机构"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("对方是平台时填写：每行一家机构的统一社会信用代码。"),
    )  # fmt: skip
    owner = forms.CharField(
        label=_("负责人"), max_length=100, required=False, help_text=_("对方系统的联系人：单位、姓名、电话。")
    )
    mapping = forms.ChoiceField(
        label=_("写法"), widget=forms.RadioSelect, initial="sichuan", choices=[*DIALECTS.items()]
    )
    ordering = forms.ChoiceField(
        label=_("处理顺序"), widget=forms.RadioSelect, initial=Ordering.PATIENT.value,
        choices=[(each.value, words) for each, words in ORDERINGS.items()],
    )  # fmt: skip
    keep_days = number(_("处理完的报文保留几天"), 0, 100_000, 0, _("0 表示一直保留。待处理的不会被删除。"))

    def __init__(self, data: Any, *, organisations: tuple[tuple[UUID, str], ...], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for name in ("organisation", "receiver"):
            field = self.fields.get(name)
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", "—"), *((str(key), called) for key, called in organisations)]

    def clean_speaks_for(self) -> tuple[UUID, ...]:
        """The institutions that the lines name."""
        found = []
        for line in filter(None, map(str.strip, self.cleaned_data["speaks_for"].splitlines())):
            key = institutions.source(line)
            if key is None:
                raise forms.ValidationError(_("没有这家机构：%(line)s"), params={"line": line[:60]})
            found.append(key)
        return tuple(dict.fromkeys(found))

    def common(self) -> dict[str, Any]:
        """What is said whichever way."""
        said = self.cleaned_data
        return {
            "name": said["name"], "organisation": UUID(said["organisation"]), "speaks_for": said["speaks_for"],
            "owner": said["owner"], "mapping": said["mapping"], "ordering": Ordering(said["ordering"]),
            "keep_days": said["keep_days"], "protocol": MESSAGES,
        }  # fmt: skip


class MessagesInForm(CorrespondentForm):
    """Whose FHIR messages come to ``/fhir/$process-message``."""

    receiver = forms.ChoiceField(
        label=_("没有写明接收方时归哪家机构"), required=False, help_text=_("不填则没有写明接收方的申请会被退回。")
    )
    application = forms.CharField(
        label=_("对方系统的名称或地址"), max_length=200, required=False,
        help_text=_("MessageHeader.source 的 endpoint 或 name；同一机构有几个系统时填写，不填则不核对。"),
    )  # fmt: skip
    addresses = forms.CharField(
        label=_("允许的来源地址"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("每行一个地址或网段，如 10.20.0.0/16；不填则不限。"),
    )  # fmt: skip
    megabytes = number(_("一件消息的上限（MB）"), 1, 32, 16)
    depth = number(_("等待处理的上限（件）"), 10, 10_000_000, 20_000, _("超过后放慢接收，不会丢弃。"))

    def facts(self) -> Facts:
        """What was said of the endpoint."""
        said = self.cleaned_data
        return Facts(
            **self.common(), port=0, receiver=UUID(said["receiver"]) if said["receiver"] else None,
            application=said["application"], addresses=tuple(said["addresses"].split()),
            most_bytes=said["megabytes"] * MB, depth=said["depth"],
        )  # fmt: skip


class MessagesOutForm(CorrespondentForm):
    """Where our FHIR messages go to: the other platform's ``$process-message``."""

    host = forms.CharField(label=_("主机"), max_length=255, help_text=_("主机名或地址，不带 https:// 和路径。"))
    port = number(_("端口"), 1, 65535, 443)
    path = forms.CharField(label=_("FHIR 地址的路径"), max_length=200, required=False, initial="fhir")
    secured = forms.BooleanField(
        label=_("加密（TLS）"), required=False, initial=True, help_text=_("不加密时只能发到本机。")
    )
    authority = forms.CharField(
        label=_("对方证书的签发证书文件"), max_length=300, required=False, help_text=_("不填则用系统信任的。")
    )
    certificate = forms.CharField(label=_("我方证书文件"), max_length=300, required=False)
    key = forms.CharField(label=_("我方私钥文件"), max_length=300, required=False)
    credential = forms.CharField(
        label=_("令牌文件"),
        max_length=300,
        required=False,
        help_text=_("服务器上存放对方所发令牌的文件；令牌本身不登记在这里。"),
    )
    application = forms.CharField(
        label=_("我方系统的地址"), max_length=200, required=False, help_text=_("写进 MessageHeader.source 的 URI。")
    )
    patience = number(_("等待应答（秒）"), 1, 600, 30)
    most_tries = number(_("对方没有接收时试几次"), 1, 100, 8)
    most_connections = number(_("同时连接的上限"), 1, 100, 4)

    def facts(self) -> Facts:
        """What was said of the endpoint."""
        said = self.cleaned_data
        out = Outward(
            said["host"], said["secured"], said["authority"], to_facility=said["path"], patience=said["patience"],
            most_tries=said["most_tries"], credential=said["credential"], holds=True,
        )  # fmt: skip
        return Facts(
            **self.common(), port=said["port"], application=said["application"], certificate=said["certificate"],
            key=said["key"], most_connections=said["most_connections"], out=out,
        )  # fmt: skip


def messages_initial(endpoint: Endpoint, codes: Mapping[UUID, str]) -> dict[str, Any]:
    """What a form shows of an endpoint for FHIR messages; ``codes`` are the credit codes of whom it speaks for."""
    facts = endpoint.facts
    shown = {name: getattr(facts, name) for name in ("name", "owner", "mapping", "keep_days", "application")} | {
        "organisation": str(facts.organisation), "ordering": facts.ordering.value, "expect": endpoint.version,
        "speaks_for": "\n".join(codes.get(key, str(key)) for key in facts.speaks_for),
    }  # fmt: skip
    if facts.out is None:
        return shown | {
            "receiver": str(facts.receiver or ""), "addresses": "\n".join(facts.addresses), "depth": facts.depth,
            "megabytes": facts.most_bytes // MB,
        }  # fmt: skip
    out = facts.out
    return shown | {
        "host": out.host, "path": out.to_facility, "secured": out.secured, "authority": out.authority,
        "credential": out.credential, "patience": out.patience, "most_tries": out.most_tries, "port": facts.port,
        "certificate": facts.certificate, "key": facts.key, "most_connections": facts.most_connections,
    }  # fmt: skip
