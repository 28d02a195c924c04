"""The manifest of endpoints."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from doorstep.events.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentReplaced,
    ClinicStopped,
)
from doorstep.events.exchange import RecordsArrived
from doorstep.events.residents import RecordsMoved, ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.record.endpoints import jobs, reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.reactions import (
    on_arrived,
    on_booked,
    on_cancelled,
    on_merged,
    on_missed,
    on_moved,
    on_replaced,
    on_stopped,
    on_unmerged,
)

ROOM = Room(
    name="endpoints",
    title=_("接口"),
    permissions=Permission,
    sentences={
        Permission.READ: _("查看接口、其运行情况和待处理报文的原因；看不到报文内容"),
        Permission.EDIT: _("登记、修改、启停和暂停接口"),
        Permission.MEND: _("打开收到和发出的报文，修正、重放或放弃待处理的报文"),
        "endpoint.port": _("端口要在 {low} 到 {high} 之间。"),
        "endpoint.address": _("不是能用的地址或网段：{address}。"),
        "endpoint.tls": _("证书和私钥的文件要一起填；要核对对方证书时也要填。"),
        "endpoint.port_tls": _("同一端口的接口要用同一组证书文件。"),
        "endpoint.taken": _("这个端口上已有同一发送方的接口。"),
        "endpoint.hours": _("发送时段的开始和结束要一起填。"),
        "endpoint.moved": _("接口的机构不能更改，请另外登记一个。"),
        "endpoint.parties": _("接收机构和代为收发的机构应是您的范围内登记过的机构，并且不能是发送方自己。"),
        "endpoint.taken_message": _("这家机构已有接收同一系统消息的接口。"),
        "message-no-endpoint": _("这家机构没有登记接收 FHIR 消息的接口。"),
        "message-address": _("这个地址不能向接口发送消息。"),
        "message-too-long": _("消息超过接口的上限。"),
        "endpoint.nothing_rests": _("这个接口没有待处理的报文。"),
        "watch.limit": _("要在 {low} 到 {high} 之间。"),
        "alert.closed": _("这条告警已经结束。"),
        "mapping.name": _("文件名不对：{name}。表放在 segments、values 等文件夹里，用例放在 cases 里。"),
        "mapping.too_long": _("一个文件最多 {limit} 个字，不能含空字符。"),
        "mapping.too_many": _("一个版本最多 {limit} 个文件。"),
        "mapping.was_used": _("这个版本用过，不能再改。请以它为底新建一个版本。"),
        "mapping.not_proved": _("用例没有全部通过，不能启用。"),
        "mapping.is_standard": _("这家机构用的已经是随系统提供的规则。"),
        "upload.size": _("文件超过 {megabytes} MB，请分成几个上传。"),
        "upload.none": _("文件里没有 HL7 v2 报文（以 MSH 开头的行）。"),
        "upload.many": _("一个文件最多 {most} 件报文，请分成几个上传。"),
        "inbound.same": _("改后的内容和以前收到的一件完全相同。"),
        "inbound.reason_needed": _("要写明放弃的原因。"),
    },
    menu=(
        MenuEntry(_("接口"), "endpoints:list", "plug-connected", Permission.READ, _("数据")),
        MenuEntry(_("接口待处理"), "endpoints:rests", "inbox", Permission.READ, _("数据")),
        MenuEntry(_("转换规则"), "endpoints:mappings", "arrows-exchange", Permission.READ, _("数据")),
        MenuEntry(_("接口告警"), "endpoints:alerts", "alert-triangle", Permission.READ, _("数据"), reads.waiting),
        MenuEntry(_("未被收下"), "endpoints:unsent", "send", Permission.READ, _("数据")),
    ),
    reactions={
        ResidentsMerged: (on_merged,),
        ResidentsUnmerged: (on_unmerged,),
        RecordsMoved: (on_moved,),
        RecordsArrived: (on_arrived,),
        AppointmentBooked: (on_booked,),
        AppointmentCancelled: (on_cancelled,),
        ClinicStopped: (on_stopped,),
        AppointmentMissed: (on_missed,),
        AppointmentReplaced: (on_replaced,),
    },
    jobs=(
        Job("endpoints.work", timedelta(0), jobs.run, shared=True),
        Job("endpoints.replay", timedelta(seconds=1), jobs.replay),
        Job("endpoints.watch", timedelta(minutes=1), jobs.watch),
        Job("endpoints.purge", timedelta(hours=1), jobs.purge),
    ),
)
