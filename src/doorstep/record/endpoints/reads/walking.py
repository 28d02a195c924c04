"""Messages of one endpoint, reason or institution in the order of their numbers, by the index that begins with it.

Asked plainly (``endpoint = x ORDER BY id``), PostgreSQL may walk all messages by their number and throw the others
away, for it believes them well mixed; where an endpoint has been quiet for a million of them, that is slow. Compared as
a row, only the right index gives the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

LAST: Final = (1 << 63) - 1


def along(rows: Any, fixed: Mapping[str, object], *, above: int = 0, below: int = LAST) -> Any:
    """Messages whose columns are as ``fixed`` (our own names, in the order of an index) and whose numbers lie between
    the bounds; unsorted."""
    columns = ", ".join(f"{rows.model._meta.db_table}.{name}" for name in (*fixed, "id"))
    values = ", ".join(["%s"] * (len(fixed) + 1))

    def holds(sign: str, number: int) -> RawSQL:
        text = f"({columns}) {sign} ({values})"
        return RawSQL(text, [*fixed.values(), number], output_field=BooleanField())  # noqa: S611  our own names

    return rows.filter(holds(">", above), holds("<", below))
