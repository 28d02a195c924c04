"""Statements that are asked thousands of times: prepared once a connection; several go together, in one round trip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection

Row = tuple[Any, ...]
Given = Sequence[Any] | Mapping[str, Any]


def ask(*questions: tuple[str, Given]) -> list[list[Row]]:
    """Run statements in their order and give the rows of each; a statement sees what those before it waited for.

    Django binds parameters itself, so that PostgreSQL would plan each anew: more than what it costs to answer.
    """
    if not questions:
        return []
    link = _link()
    with connection.wrap_database_errors:
        if len(questions) == 1:
            asked = [_execute(link, *questions[0])]
        else:
            with link.pipeline():
                asked = [_execute(link, *each) for each in questions]
    return [each.fetchall() if each.description else [] for each in asked]


def numbers(values: Iterable[int]) -> str:
    """An array of whole numbers as PostgreSQL reads it: psycopg would dump a list in Python, 15 µs each."""
    return f"{{{','.join(map(str, values))}}}"


def texts(values: Iterable[str]) -> str:
    """An array of texts as PostgreSQL reads it, likewise."""
    return f"{{{','.join(_quoted(value) for value in values)}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _link() -> psycopg.Connection[Any]:
    connection.ensure_connection()
    link: psycopg.Connection[Any] = connection.connection
    # Django sets None, which forbids; its own cursors bind in the client and prepare nothing
    link.prepare_threshold = 0
    return link


def _execute(link: psycopg.Connection[Any], statement: str, given: Given) -> psycopg.Cursor[Any]:
    if connection.queries_logged:
        connection.queries_log.append({"sql": statement, "time": "0"})
    return psycopg.Cursor(link).execute(statement, given, prepare=True)
