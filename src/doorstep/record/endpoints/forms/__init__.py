"""What people fill in: an endpoint, which rests they look for, a mended text, a reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.endpoints.flow import Sending, State
from doorstep.record.endpoints.rules.facts import CHARSETS, MOST_BYTES, OWN, STANDARD, Ordering
from doorstep.record.endpoints.rules.outward import PATIENCE, STANDARDS, Carry
from doorstep.record.endpoints.shapes import Endpoint, Facts, Outward

STATES = {
    State.KEPT: _("等待处理"),
    State.HANDED: _("等待办理"),
    State.APPLIED: _("已采用"),
    State.RESTING: _("待处理"),
    State.MENDED: _("已修正"),
    State.DISMISSED: _("已放弃"),
}
TONES = {State.APPLIED: "good", State.RESTING: "warn"}
SENDING = {
    Sending.WAITING: _("等待发送"),
    Sending.TAKEN: _("对方已收下"),
    Sending.RESTING: _("待处理"),
    Sending.DISMISSED: _("已放弃"),
}
SENDING_TONES = {Sending.TAKEN: "good", Sending.RESTING: "warn"}
CARRIES = {
    Carry.MERGES: _("居民合并和撤销合并（ADT A40、A43），发给持有其档案的机构"),
    Carry.CHANGES: _("居民信息的更改（ADT A31），发给持有其档案、正在为其服务的机构"),
    Carry.UPDATES: _("同上，但按就诊信息更改（ADT A08）发送，用于不识别 A31 的系统"),
    Carry.RESULTS: _("检查检验报告（ORU R01），发给患者正在转诊的机构和开单机构"),
    Carry.APPOINTMENTS: _("预约、取消、停诊和爽约（SIU S12、S13、S15、S26），发给门诊所在机构"),
    Carry.ANSWERS: _("应用应答（ACK），告诉要求应答的发送方（MSH-16）报文已采用还是未能采用"),
}
CAUSES = {
    "inbound": _("转给另一个平台"),
    "referral": _("转诊的办理"),
    "ResidentsMerged": _("居民合并"),
    "RecordsMoved": _("撤销合并或移动档案"),
    "RecordsArrived": _("收到检查检验报告"),
    "RecordsChanged": _("居民信息更改"),
    "AppointmentS12": _("预约"),
    "AppointmentS15": _("取消预约或停诊"),
    "AppointmentS26": _("爽约"),
}
"""What a cause of ours says, by what stands before its first colon."""
ORDERINGS = {
    Ordering.PATIENT: _("同一患者的报文按到达顺序，其余同时处理"),
    Ordering.ENDPOINT: _("全部按到达顺序"),
    Ordering.NONE: _("不分先后"),
}
MAPPINGS = {STANDARD: _("随系统提供的"), OWN: _("本机构的（正在使用的版本）")}
MB = 1 << 20


def number(label: Any, least: int, most: int, initial: int, text: Any = "") -> forms.IntegerField:
    """A whole number within bounds."""
    return forms.IntegerField(label=label, min_value=least, max_value=most, initial=initial, help_text=text)


class EndpointForm(HouseForm):
    """What an endpoint is."""

    name = forms.CharField(label=_("名称"), max_length=60)
    organisation = forms.ChoiceField(label=_("机构"), help_text=_("收到的数据记在这家机构名下，登记后不能更改。"))
    owner = forms.CharField(
        label=_("负责人"), max_length=100, required=False, help_text=_("对方系统的联系人：单位、姓名、电话。")
    )
    port = number(_("端口"), 1, 65535, 2575, _("HL7 v2 常用 2575。几个发送方可以共用一个端口。"))
    application = forms.CharField(
        label=_("发送系统（MSH-3）"), max_length=200, required=False,
        help_text=_("与其他接口共用端口时填写；不填则不核对。"),
    )  # fmt: skip
    facility = forms.CharField(label=_("发送机构（MSH-4）"), max_length=200, required=False)
    addresses = forms.CharField(
        label=_("允许的来源地址"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("每行一个地址或网段，如 10.20.0.0/16；不填则不限。"),
    )  # fmt: skip
    certificate = forms.CharField(
        label=_("TLS 证书文件"), max_length=300, required=False,
        help_text=_("服务器上的文件路径；不填则不加密，只应在内网使用。"),
    )  # fmt: skip
    key = forms.CharField(label=_("TLS 私钥文件"), max_length=300, required=False)
    clients = forms.CharField(
        label=_("对方证书的签发证书文件"),
        max_length=300,
        required=False,
        help_text=_("填了就只接受出示这种证书的连接。"),
    )
    charset = forms.ChoiceField(
        label=_("字符集"),
        required=False,
        choices=[(each, each or _("按报文自己写明的（MSH-18）")) for each in CHARSETS],
    )
    mapping = forms.ChoiceField(label=_("转换规则"), required=False)
    authorities = forms.CharField(
        label=_("号码的签发机构"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("每行一个：报文里的签发机构=标识体系的 URI。"),
    )  # fmt: skip
    ordering = forms.ChoiceField(
        label=_("处理顺序"), widget=forms.RadioSelect, initial=Ordering.PATIENT.value,
        choices=[(each.value, words) for each, words in ORDERINGS.items()],
    )  # fmt: skip
    megabytes = number(_("一件报文的上限（MB）"), 1, MOST_BYTES // MB, 16)
    most_connections = number(_("同时连接的上限"), 1, 1000, 64)
    depth = number(_("等待处理的上限（件）"), 10, 10_000_000, 20_000, _("超过后放慢接收，不会丢弃。"))
    keep_days = number(_("处理完的报文保留几天"), 0, 100_000, 0, _("0 表示一直保留。待处理的不会被删除。"))

    def __init__(self, data: Any, *, organisations: tuple[tuple[UUID, str], ...], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._choose("organisation", [("", "—"), *((str(key), name) for key, name in organisations)])
        self._choose("mapping", [(name, str(words)) for name, words in MAPPINGS.items()])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_authorities(self) -> dict[str, str]:
        """Each line as authority and URI."""
        found = {}
        for line in filter(None, map(str.strip, self.cleaned_data["authorities"].splitlines())):
            name, equals, uri = line.partition("=")
            if not equals or not name.strip() or ":" not in uri:
                raise forms.ValidationError(_("要写成“签发机构=URI”：%(line)s"), params={"line": line[:60]})
            found[name.strip()] = uri.strip()
        return found

    def facts(self) -> Facts:
        """What was said of the endpoint."""
        said = self.cleaned_data
        return Facts(
            name=said["name"], organisation=UUID(said["organisation"]), port=said["port"],
            application=said["application"], facility=said["facility"], addresses=tuple(said["addresses"].split()),
            certificate=said["certificate"], key=said["key"], clients=said["clients"], charset=said["charset"],
            mapping=said["mapping"], authorities=said["authorities"], ordering=Ordering(said["ordering"]),
            most_bytes=said["megabytes"] * MB, most_connections=said["most_connections"], depth=said["depth"],
            keep_days=said["keep_days"], owner=said["owner"],
        )  # fmt: skip


def initial(endpoint: Endpoint) -> dict[str, Any]:
    """What a form shows of an endpoint that is there."""
    facts = endpoint.facts
    same = (
        "name", "owner", "port", "application", "facility", "certificate", "key", "clients", "charset", "mapping",
        "most_connections", "depth", "keep_days",
    )  # fmt: skip
    return {name: getattr(facts, name) for name in same} | {
        "organisation": str(facts.organisation), "addresses": "\n".join(facts.addresses),
        "authorities": "\n".join(f"{name}={uri}" for name, uri in facts.authorities.items()),
        "ordering": facts.ordering.value, "megabytes": facts.most_bytes // MB, "expect": endpoint.version,
    }  # fmt: skip


class TargetForm(EndpointForm):
    """What an endpoint is that we send to."""

    addresses = clients = megabytes = depth = None  # type: ignore[assignment]  # of what comes in
    port = number(_("端口"), 1, 65535, 2575, _("对方接收报文的端口。"))
    host = forms.CharField(label=_("对方地址"), max_length=255, help_text=_("主机名或 IP 地址。"))
    secured = forms.BooleanField(
        label=_("用 TLS 加密"), required=False, help_text=_("不加密的连接只应在内网使用。")
    )  # fmt: skip
    authority = forms.CharField(
        label=_("对方证书的签发证书文件"), max_length=300, required=False,
        help_text=_("服务器上的文件路径；不填则按系统信任的签发机构核对。"),
    )  # fmt: skip
    certificate = forms.CharField(
        label=_("本方证书文件"), max_length=300, required=False,
        help_text=_("服务器上的文件路径；对方要求出示证书时填写。"),
    )  # fmt: skip
    key = forms.CharField(label=_("本方私钥文件"), max_length=300, required=False)
    application = forms.CharField(
        label=_("发送系统（MSH-3）"), max_length=200, initial="DOORSTEP", help_text=_("本系统在报文里的名称。")
    )  # fmt: skip
    facility = forms.CharField(label=_("发送机构（MSH-4）"), max_length=200, required=False)
    to_application = forms.CharField(label=_("接收系统（MSH-5）"), max_length=200, required=False)
    to_facility = forms.CharField(label=_("接收机构（MSH-6）"), max_length=200, required=False)
    standard = forms.ChoiceField(
        label=_("HL7 版本"), initial="2.5.1", choices=[(each, each) for each in STANDARDS]
    )  # fmt: skip
    charset = forms.ChoiceField(
        label=_("字符集"), required=False,
        choices=[(each, each or _("UTF-8（写明在 MSH-18）")) for each in CHARSETS if each != "UNICODE UTF-8"],
    )  # fmt: skip
    carries = forms.MultipleChoiceField(
        label=_("自动发送的内容"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(each.value, words) for each, words in CARRIES.items()],
        help_text=_("只发送接收机构有权看到的内容；涉及敏感病种的报告不发送，除非居民单独同意。"),
    )  # fmt: skip
    holds = forms.BooleanField(
        label=_("一件未被收下时，同一患者后面的报文也等待"), required=False,
        help_text=_("对方必须按先后顺序处理时选用；否则后面的照常发送。"),
    )  # fmt: skip
    most_connections = number(_("同时连接的上限"), 1, 32, 4)
    rate = number(_("每秒最多发送（件）"), 0, 10_000, 0, _("0 表示不限。"))
    opens = forms.TimeField(
        label=_("每天从几点开始发送"), required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text=_("两项都不填则全天发送。"),
    )  # fmt: skip
    closes = forms.TimeField(
        label=_("每天到几点为止"), required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )  # fmt: skip
    patience = number(_("等待应答的时间（秒）"), *PATIENCE, 30)
    most_tries = number(
        _("对方出错时最多发送几次"), 1, 100, 8, _("仍未收下的转入待处理。连不上对方时不计，会一直重试。")
    )
    keep_days = number(_("已收下或已放弃的报文保留几天"), 0, 100_000, 0, _("0 表示一直保留。待处理的不会被删除。"))
    field_order = (
        "name", "organisation", "owner", "host", "port", "secured", "authority", "certificate", "key", "application",
        "facility", "to_application", "to_facility", "standard", "charset", "mapping", "authorities", "carries",
        "ordering", "holds", "most_connections", "rate", "opens", "closes", "patience", "most_tries", "keep_days",
    )  # fmt: skip

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["organisation"].help_text = _("报文发给这家机构，只发送它有权看到的内容；登记后不能更改。")

    def facts(self) -> Facts:
        """What was said of the endpoint."""
        said = self.cleaned_data
        same = (
            "host", "secured", "authority", "to_application", "to_facility", "standard", "rate", "opens", "closes",
            "patience", "most_tries", "holds",
        )  # fmt: skip
        out = Outward(carries=frozenset(map(Carry, said["carries"])), **{name: said[name] for name in same})
        return Facts(
            name=said["name"], organisation=UUID(said["organisation"]), port=said["port"],
            application=said["application"], facility=said["facility"], certificate=said["certificate"],
            key=said["key"], charset=said["charset"], mapping=said["mapping"], authorities=said["authorities"],
            ordering=Ordering(said["ordering"]), most_connections=said["most_connections"],
            keep_days=said["keep_days"], owner=said["owner"], out=out,
        )  # fmt: skip


def initial_target(endpoint: Endpoint) -> dict[str, Any]:
    """What a form shows of an endpoint that we send to."""
    out = endpoint.out
    return initial(endpoint) | {
        "host": out.host, "secured": out.secured, "authority": out.authority, "to_application": out.to_application,
        "to_facility": out.to_facility, "standard": out.standard, "carries": sorted(out.carries), "rate": out.rate,
        "opens": out.opens, "closes": out.closes, "patience": out.patience, "most_tries": out.most_tries,
        "holds": out.holds,
    }  # fmt: skip


class RestsFilter(HouseForm):
    """Which rests are listed."""

    endpoint = forms.ChoiceField(label=_("接口"), required=False)
    reason = forms.ChoiceField(label=_("原因"), required=False)

    def __init__(self, data: Any, *, endpoints: list[tuple[str, str]], reasons: list[tuple[str, str]]) -> None:
        super().__init__(data)
        for name, choices in (("endpoint", endpoints), ("reason", reasons)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("全部")), *choices]


class Mend(HouseForm):
    """The text of a message, mended by hand."""

    text = forms.CharField(
        label=_("报文内容"), strip=False, max_length=1 << 19,
        widget=forms.Textarea(attrs={"rows": 18, "class": "form-control code", "spellcheck": "false", "wrap": "off"}),
        help_text=_("每段一行。改好后重新处理，原报文和改后的报文都会保留。"),
    )  # fmt: skip


class DismissSent(HouseForm):
    """Why a message is not to be sent."""

    reason = forms.CharField(label=_("放弃的原因"), max_length=500, help_text=_("报文会保留，可以随时查看。"))


class Dismiss(HouseForm):
    """Why a message is laid aside for good."""

    reason = forms.CharField(label=_("放弃的原因"), max_length=500, help_text=_("原报文会保留，可以随时查看。"))
