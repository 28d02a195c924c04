"""Who may send, see, mend."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Decision, allow, refuse


class Permission(StrEnum):
    """What can be done in exchange."""

    READ = "exchange.read"
    SEND = "exchange.send"
    INGEST = "exchange.ingest"
    MEND = "exchange.mend"
    EXPORT = "exchange.export"


_ = str  # marks what catalogues translate; this file knows no frame

SENTENCES = {
    Permission.READ: _("查看各机构送来的报文及其处理结果"),
    Permission.SEND: _("以某机构信息系统的身份发送报文"),
    Permission.INGEST: _("从文件导入某机构的数据"),
    Permission.MEND: _("修正、重放或放弃搁置的报文"),
    Permission.EXPORT: _("批量导出范围内的数据，下载导出的文件"),
}


def may_send_for(call: Call, source: UUID) -> Decision:
    """A system sends for its own institution only; operators and the house itself for those within their scope."""
    if call.actor.startswith("source:"):
        return allow() if call.organisation == source else refuse("other_source", source=str(source))
    return allow() if call.scope.holds(source) else refuse("out_of_scope", source=str(source))


def may_see_export(call: Call, actor: str, bounds: Scope) -> Decision:
    """Whose export this is sees it, and people whose scope holds all that it may hold; never another source."""
    held = call.scope.everywhere or (not bounds.everywhere and bounds.organisations <= call.scope.organisations)
    own = call.actor == actor or not call.actor.startswith("source:")
    return allow() if held and own else refuse("not_found", kind="Export")
