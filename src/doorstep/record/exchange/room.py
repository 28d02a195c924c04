"""The manifest of exchange."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop

from doorstep.events.exchange import RecordsArrived
from doorstep.kernel.room import Job, MenuEntry, Room
from doorstep.record.exchange import jobs, reactions
from doorstep.record.exchange.access import SENTENCES, Permission

ROOM = Room(
    name="exchange",
    title=gettext_noop("数据交换"),
    permissions=Permission,
    sentences={str(key): text for key, text in SENTENCES.items()}
    | {
        "not_kept": gettext_noop("报文正文没有保留，不能重放"),
        "reason_needed": gettext_noop("要写明放弃的原因"),
        "other_source": gettext_noop("只能发送本机构的数据"),
        "out_of_scope": gettext_noop("这家机构不在您的范围内"),
    },
    reactions={RecordsArrived: (reactions.on_records_arrived,)},
    menu=(
        MenuEntry(gettext_noop("报文与待修正"), "exchange:list", "inbox", Permission.READ, gettext_noop("数据")),
        MenuEntry(gettext_noop("来源校验"), "exchange:sources", "shield-check", Permission.READ, gettext_noop("数据")),
        MenuEntry(
            gettext_noop("批量导出"), "exchange:exports", "package-export", Permission.EXPORT, gettext_noop("数据")
        ),
    ),
    jobs=(
        Job("exchange.exports", timedelta(seconds=0.2), jobs.run_exports),
        Job("exchange.marks", timedelta(minutes=10), jobs.catch_up),
    ),
)
