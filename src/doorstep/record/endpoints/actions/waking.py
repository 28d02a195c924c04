"""Wakes the worker once there is something to do."""

from __future__ import annotations

from django.db import connection

from doorstep.kernel import outbox


def wake() -> None:
    """Wake the worker when this transaction is committed."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {outbox.CHANNEL}")
