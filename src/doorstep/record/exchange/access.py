"""Who may send, see, mend."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, allow, refuse


class Permission(StrEnum):
    """What can be done in exchange."""

    READ = "exchange.read"
    SEND = "exchange.send"
    INGEST = "exchange.ingest"
    MEND = "exchange.mend"


_ = str  # marks what catalogues translate; this file knows no frame

SENTENCES = {
    Permission.READ: _("查看各机构送来的报文及其处理结果"),
    Permission.SEND: _("以某机构信息系统的身份发送报文"),
    Permission.INGEST: _("从文件导入某机构的数据"),
    Permission.MEND: _("修正、重放或放弃搁置的报文"),
}


def may_send_for(call: Call, source: UUID) -> Decision:
    """A system sends for its own institution only; operators and the house itself for those within their scope."""
    if call.actor.startswith("source:"):
        return allow() if call.organisation == source else refuse("other_source", source=str(source))
    return allow() if call.scope.holds(source) else refuse("out_of_scope", source=str(source))
