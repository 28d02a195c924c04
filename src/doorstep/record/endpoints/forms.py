"""What people fill in: an endpoint, which rests they look for, a mended text, a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from doorstep.kernel.web.forms import HouseForm
from doorstep.record.endpoints.flow import Sending, State
from doorstep.record.endpoints.rules import alert_words
from doorstep.record.endpoints.rules.facts import CHARSETS, MESSAGES, MOST_BYTES, OWN, STANDARD, Ordering
from doorstep.record.endpoints.rules.outward import PATIENCE, STANDARDS, Carry
from doorstep.record.endpoints.rules.tables import MOST_CHARACTERS, NAME
from doorstep.record.endpoints.rules.watching import RANGES, WINDOW, Kind, Watch
from doorstep.record.endpoints.shapes import Endpoint, Facts, Outward
from doorstep.registers.organisations import api as institutions

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
    Carry.RESULTS: _("检查检验报告（ORU R01），发给患者正在转诊的机构和开单机构"),
    Carry.APPOINTMENTS: _("预约、取消、停诊和爽约（SIU S12、S15、S26），发给门诊所在机构"),
}
CAUSES = {
    "ResidentsMerged": _("居民合并"),
    "RecordsMoved": _("撤销合并或移动档案"),
    "RecordsArrived": _("收到检查检验报告"),
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


LIMITS = {
    Kind.SILENT: _("超过多少分钟没有报文"),
    Kind.FAULTS: _("不能采用的超过百分之几"),
    Kind.BEHIND: _("最早的一件等待超过多少秒"),
    Kind.RESTS: _("待处理的超过几件"),
    Kind.CERTIFICATE: _("接口证书到期前几天"),
    Kind.OUTBOX: _("最早的一条内部消息等待超过多少秒"),
    Kind.DEAD: _("未送达的内部消息超过几条"),
    Kind.DISK: _("磁盘已用超过百分之几"),
    Kind.CLOCK: _("与数据库的时钟相差超过几秒"),
    Kind.HOUSE_CERTIFICATE: _("网站证书到期前几天"),
}


class WatchForm(HouseForm):
    """When an alert opens: for each kind whether, and from which value."""

    expect = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, watches: Sequence[Watch], version: int, language: str) -> None:
        self._kinds = [each.kind for each in watches]
        super().__init__(data, initial={"expect": version, **_initial(watches)})
        for kind in self._kinds:
            low, high = RANGES[kind]
            title = alert_words.title(kind, language)
            self.fields[f"{kind}_on"] = forms.BooleanField(label=title, required=False)
            self.fields[f"{kind}_limit"] = number(LIMITS[kind], low, high, low)
            if kind is Kind.FAULTS:
                text = _("至少处理过 5 件时才计算。")
                self.fields[f"{kind}_minutes"] = number(_("看最近几分钟"), 1, WINDOW, 15, text)
            if kind is Kind.SILENT:
                text = _("工作日 8:00 至 17:30；不选则昼夜都算。")
                self.fields[f"{kind}_working"] = forms.BooleanField(
                    label=_("只算工作时间"), required=False, help_text=text
                )

    def watches(self) -> list[Watch]:
        """What was typed."""
        said = self.cleaned_data
        return [
            Watch(
                kind, said[f"{kind}_limit"], said.get(f"{kind}_minutes", 15), said.get(f"{kind}_working", False),
                said[f"{kind}_on"],
            )
            for kind in self._kinds
        ]  # fmt: skip


def _initial(watches: Sequence[Watch]) -> dict[str, Any]:
    return {
        f"{each.kind}_{name}": value
        for each in watches
        for name, value in (
            ("on", each.on), ("limit", each.limit), ("minutes", each.minutes), ("working", each.working),
        )
    }  # fmt: skip


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


class NoteForm(HouseForm):
    """What somebody does about an alert."""

    expect = forms.IntegerField(widget=forms.HiddenInput, required=False)
    text = forms.CharField(label=_("怎么处理的"), max_length=500, min_length=2,
                           help_text=_("同事会看到，例如：已请检验科重启发送程序。"))  # fmt: skip


class AlertFilter(HouseForm):
    """Which alerts are listed."""

    state = forms.ChoiceField(
        label=_("范围"), required=False, choices=(("", _("未结束的")), ("all", _("全部，含已结束的")))
    )


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
