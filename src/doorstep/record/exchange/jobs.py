"""What the clock sets off: the worker goes on with exports, and ends those that were kept for their time."""

from __future__ import annotations

from typing import cast

from django.db import connection, transaction
from psycopg import Cursor

from doorstep.kernel import ledger_marks, outbox
from doorstep.kernel.call import Call
from doorstep.record.exchange.actions import export_work

BACK = 3600
"""Seconds: how far back ``catch_up`` looks, six times as long as it waits between two turns."""


def run_exports(call: Call) -> None:
    """Expire what is old, do a slice of what waits, and come back at once where there is more."""
    export_work.expire(call)
    if export_work.advance(call):
        outbox.wake()


def catch_up(call: Call) -> int:
    """Pass on the marks of sensitive kinds between records that were written at the same moment."""
    with transaction.atomic(), connection.cursor() as cursor:
        return ledger_marks.catch_up(cast("Cursor[tuple[object, ...]]", cursor.cursor), BACK)
