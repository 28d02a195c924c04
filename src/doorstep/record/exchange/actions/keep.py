"""Keeps messages: the raw bytes compressed, the state, and each entry that was set aside as a message of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
import zstandard
from django.db import connection
from psycopg import Cursor, sql

from doorstep.kernel import clock
from doorstep.record.exchange import rules
from doorstep.record.exchange.actions.prepare import Prepared, lines_of
from doorstep.record.exchange.actions.remnants import remnants
from doorstep.record.exchange.flow import State
from doorstep.record.exchange.models import Message
from doorstep.record.exchange.shapes import Problem, Receipt

COUNTS = ("created", "updated", "unchanged", "set_aside")
JSON = ("received", "counts", "problems", "answers")
OUTCOME = ("state", "received", "counts", "problems", "waits", "answers")


def keep(
    source: UUID, channel: str, batch: Sequence[Prepared], receipts: Sequence[Receipt], *, again: bool = False
) -> None:
    """Write the rows of the messages and of what was set aside from them, in the caller's transaction.

    ``again``: the messages are there already and only what became of them is written.
    """
    at, press = clock.now(), zstandard.ZstdCompressor(level=3)
    rows = [_row(source, channel, p, r, at, press) for p, r in zip(batch, receipts, strict=True)]
    if again:
        Message.objects.unscoped("its own rows").bulk_update([Message(**row) for row in rows], OUTCOME)
    else:
        _copy(rows)
    children = [
        child
        for prepared, receipt in zip(batch, receipts, strict=True)
        if receipt.state == "applied"
        for child in _children(source, channel, prepared, receipt.message, press)
    ]
    if children:
        # an entry set aside before from the same bytes rests in the list already
        Message.objects.bulk_create(children, batch_size=500, ignore_conflicts=True)


def _row(
    source: UUID, channel: str, prepared: Prepared, receipt: Receipt, at: datetime, press: zstandard.ZstdCompressor
) -> dict[str, Any]:
    return {
        "id": receipt.message,
        "source_id": source,
        "digest": prepared.digest,
        "channel": channel,
        "kind": prepared.piece.kind,
        "origin": rules.storable(prepared.piece.origin, 4000),
        "received_at": at,
        "size": len(prepared.piece.raw),
        "raw": press.compress(prepared.piece.raw),
        "state": receipt.state,
        "received": receipt.received,
        "counts": {name: getattr(receipt, name) for name in COUNTS},
        "problems": [p.as_dict() for p in receipt.problems[: rules.KEPT_PROBLEMS]],
        "waits": receipt.state == State.SET_ASIDE and waits(receipt.problems),
        "answers": _answers(receipt) if channel == "fhir" else None,
        "place": "",
    }


def _copy(rows: Sequence[dict[str, Any]]) -> None:
    """Add messages by COPY from their values: with a model for each, a small write would cost a tenth more."""
    if not rows:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(Message._meta.db_table), columns)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cast("Cursor[Any]", cursor.cursor).copy(copy) as out,
    ):
        for row in rows:
            out.write_row([*(row | {name: _json(row[name]) for name in JSON}).values()])


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _answers(receipt: Receipt) -> dict[str, object]:
    return {"type": receipt.bundle_type, "entries": [a.as_list() for a in receipt.answers]}


def waits(problems: Sequence[Problem]) -> bool:
    """Whether every fault may cure itself when something else arrives."""
    return bool(problems) and all(p.code in rules.WAITING or p.code == "depends-on-failed" for p in problems)


def _children(
    source: UUID, channel: str, prepared: Prepared, parent: int, press: zstandard.ZstdCompressor
) -> list[Message]:
    at = clock.now()
    children = []
    for item, raw, problems in remnants(prepared):
        lines = prepared.plan.type == "ndjson"
        file, first = lines_of(prepared.piece.origin)
        origin = f"{file}:{first + item.index}" if lines else f"{prepared.piece.origin}#{item.expression}"
        children.append(
            Message(
                source_id=source,
                digest=hashlib.sha256(raw).digest(),
                channel=channel,
                kind="resource" if lines else "bundle",
                origin=rules.storable(origin, 4000),
                received_at=at,
                size=len(raw),
                raw=press.compress(raw),
                state="set_aside",
                received={item.type: 1} if item.type else {},
                problems=[p.as_dict() for p in problems[: rules.KEPT_PROBLEMS]],
                parent_id=parent,
                place=problems[0].path,
                waits=waits(problems),
            )
        )
    return children
