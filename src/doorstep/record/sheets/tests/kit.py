"""Sheets as clerks send them, and what stands in the tables before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from doorstep.adapters.sheets.writing import comma_separated
from doorstep.kernel.call import Call
from doorstep.linkage import numbers
from doorstep.record.sheets.actions import deciding, uploading, working
from doorstep.record.sheets.models import Entry, Import
from doorstep.record.sheets.reads.forms import FORMS

LEFT_OUT = ("sheets_", "kernel_", "django_", "exchange_message")
"""Tables that tell what was done: imports, trail and outbox, messages. ``fhir_past`` keeps every version."""


def resident_id(serial: int, born: date = date(1985, 3, 15), region: str = "439921") -> str:
    """A right resident ID of a region that does not exist; odd: a man."""
    body = f"{region}{born:%Y%m%d}{serial:03d}"
    return body + numbers.check_digit(body)


def titled(kind: str, *rows: dict[str, Any]) -> list[list[str]]:
    """Rows by the keys of columns, below their titles."""
    columns = FORMS[kind].columns
    return [[c.zh for c in columns], *([str(row.get(c.key, "")) for c in columns] for row in rows)]


def sheet(kind: str, *rows: dict[str, Any]) -> bytes:
    """The same as a CSV file."""
    return comma_separated(titled(kind, *rows))


def resident(serial: int, **more: Any) -> dict[str, Any]:
    """A row of the table of residents."""
    name = f"王{'甲乙丙丁戊己庚辛壬癸'[serial % 10]}{'子丑寅卯辰巳午未申酉戌亥'[serial % 12]}"
    return {"number": f"P{serial}", "id_number": resident_id(serial), "name": name} | more


def followup(serial: int, **more: Any) -> dict[str, Any]:
    """A row of the table of follow-ups, of the resident of that serial."""
    who = {key: resident(serial)[key] for key in ("number", "name")}
    return who | {"date": "2026-03-12", "systolic": 138, "diastolic": 86, "glucose": 6.8, "timing": "空腹血糖"} | more


def vaccination(serial: int, **more: Any) -> dict[str, Any]:
    """A row of the table of vaccinations, of the resident of that serial."""
    who = {key: resident(serial)[key] for key in ("id_number", "name")}
    return who | {"vaccine": "流感病毒裂解疫苗", "dose": 1, "date": "2026-03-12", "lot": "L1"} | more


def upload(call: Call, kind: str, *rows: dict[str, Any]) -> UUID:
    """Upload rows; the import, not yet checked."""
    return uploading.upload(call, kind=kind, file=f"{kind}.csv", raw=sheet(kind, *rows)).id


def work_off() -> None:
    """Have the worker go through all that waits."""
    while working.step():
        pass


def checked(call: Call, kind: str, *rows: dict[str, Any]) -> UUID:
    """Upload rows and have them checked."""
    made = upload(call, kind, *rows)
    work_off()
    return made


def applied(call: Call, kind: str, *rows: dict[str, Any]) -> UUID:
    """Upload rows, have them checked and applied."""
    made = checked(call, kind, *rows)
    deciding.apply(call, batch=made, expect=version(made))
    work_off()
    return made


def undone(call: Call, batch: UUID) -> None:
    """Have an import taken back."""
    deciding.undo(call, batch=batch, expect=version(batch))
    work_off()


def row(batch: UUID) -> Import:
    """The import as it stands."""
    found: Import = Import.objects.unscoped("test").get(pk=batch)
    return found


def version(batch: UUID) -> int:
    """Its version."""
    return row(batch).version


def entries(batch: UUID) -> list[Entry]:
    """Its rows."""
    return list(Entry.objects.unscoped("test").filter(batch=batch).order_by("number"))


def outcomes(batch: UUID) -> str:
    """The outcomes of its rows, a letter each: new, changed, same, refused."""
    return "".join(entry.outcome[:1] or "-" for entry in entries(batch))


def wrongs(batch: UUID) -> list[tuple[str, str]]:
    """What is wrong: cell and code."""
    at = row(batch).at
    from doorstep.adapters.sheets.shapes import place

    return [
        (place(e.number, at[column]) if column in at else str(e.number), code)
        for e in entries(batch)
        for column, code, _ in e.wrong
    ]


def state(*left_out: str) -> dict[str, list[str]]:
    """Every row of every table of registers and records."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        names: Sequence[str] = [name for (name,) in cursor.fetchall() if not name.startswith((*LEFT_OUT, *left_out))]
        found = {}
        for name in names:
            cursor.execute(f"SELECT t::text FROM {name} t ORDER BY 1")
            if rows := [text for (text,) in cursor.fetchall()]:
                found[name] = rows
        return found


def living() -> list[tuple[str, str, str]]:
    """What the ledger says now: type, id and body of all that is not deleted."""
    from doorstep.fhir.tables import known_types

    parts = [f"SELECT '{k}', id, body FROM fhir_{k.lower()} WHERE NOT deleted" for k in known_types()]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return sorted((kind, key, body) for kind, key, body in cursor.fetchall())
