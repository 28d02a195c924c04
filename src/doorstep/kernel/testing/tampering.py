"""What only one with the rights of the tables' owner can do to the trail; for tests that must see it found."""

from __future__ import annotations

from typing import Any

from django.db import connection

_TABLES = ("kernel_trailline", "kernel_trailseal", "kernel_trailhead", "kernel_trailretired")


def alter(statement: str, *values: Any) -> None:
    """Put the guards to sleep, do what they would refuse, and wake them."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in _TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, list(values))
        for table in _TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
