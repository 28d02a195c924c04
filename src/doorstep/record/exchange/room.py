"""The manifest of exchange."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from doorstep.events.exchange import RecordsArrived
from doorstep.kernel.room import MenuEntry, Room
from doorstep.record.exchange import reactions
from doorstep.record.exchange.access import SENTENCES, Permission

ROOM = Room(
    name="exchange",
    title=gettext_noop("数据交换"),
    permissions=Permission,
    sentences={str(key): text for key, text in SENTENCES.items()},
    reactions={RecordsArrived: (reactions.on_records_arrived,)},
    menu=(MenuEntry(gettext_noop("报文与待修正"), "exchange:list", "inbox", Permission.READ, gettext_noop("数据")),),
)
