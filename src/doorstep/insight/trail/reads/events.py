"""Lines of the trail by the search parameters of FHIR's AuditEvent, newest first, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from django.db import OperationalError, connection, transaction

from doorstep.fhir.dates import interval
from doorstep.fhir.problems import FhirProblem
from doorstep.insight.trail import fhir
from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.shapes import ENTRY, Entry
from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.kernel.ids import uuid_of
from doorstep.registers.residents import api as residents

SECONDS: Final = 8  # a search may take
MOST: Final = 50  # values of a parameter
Condition = tuple[str, list[Any]]
Mark = tuple[datetime, int]
_COLUMNS: Final = ", ".join(ENTRY)
_KIND: Final = " ".join(
    [f"WHEN action ~ '{pattern}' THEN '{code}'" for pattern, _, code, _ in fhir.TYPES]
    + [f"WHEN resident IS NOT NULL THEN '{fhir.PATIENT[1]}'"]
)
_VERB: Final = " ".join(f"WHEN action ~ '{pattern}' THEN '{code}'" for code, pattern in fhir.ACTIONS)


def event(call: Call, ident: str) -> Entry | None:
    """The line that an AuditEvent's id names; raises ``Refused``."""
    demand(call.may(Permission.READ))
    place = fhir.place(ident)
    found = _select([("at = %s", [place[0]]), ("id = %s", [place[1]])], 1) if place else []
    return found[0] if found else None


def events(
    call: Call, pairs: Iterable[tuple[str, str]], count: int, mark: Mark | None
) -> tuple[list[Entry], list[str]]:
    """The lines behind a mark that fit, one more than ``count``, and the parameters that are not known; raises
    ``Refused``, FhirProblem for values that cannot be searched for, and for a search that takes too long."""
    demand(call.may(Permission.READ))
    conditions: list[Condition] = []
    ignored = []
    for name, value in pairs:
        if name in PARAMETERS:
            conditions.append(PARAMETERS[name](value))
        else:
            ignored.append(name)
    if mark:
        conditions.append(("at <= %s AND (at, id) < (%s, %s)", [mark[0], *mark]))
    return _select(conditions, count + 1), ignored


def _select(conditions: Sequence[Condition], limit: int) -> list[Entry]:
    where = " AND ".join(f"({text})" for text, _ in conditions) or "true"
    values = [value for _, held in conditions for value in held]
    sql = f"SELECT {_COLUMNS} FROM kernel_trailline WHERE {where} ORDER BY at DESC, id DESC LIMIT %s"  # noqa: S608  # our own
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(SECONDS * 1000)}")
            cursor.execute(sql, [*values, limit])
            return [_entry(row) for row in cursor.fetchall()]
    except OperationalError as error:
        if "statement timeout" in str(error):
            raise FhirProblem("slow-search") from error
        raise


def _entry(row: tuple[Any, ...]) -> Entry:
    told = dict(zip(ENTRY, row, strict=True))
    return Entry(**told | {"detail": json.loads(told["detail"])})


def _date(value: str, zone: tzinfo = clock.CHINA) -> Condition:
    prefix = value[:2] if value[:2].isalpha() else "eq"
    found = interval(value.removeprefix(prefix).replace(" ", "+"), zone)
    bounds = {
        "eq": ("at >= %s AND at < %s", (0, 1)), "ne": ("at < %s OR at >= %s", (0, 1)), "ge": ("at >= %s", (0,)),
        "gt": ("at >= %s", (1,)), "lt": ("at < %s", (0,)), "le": ("at < %s", (1,)), "sa": ("at >= %s", (1,)),
        "eb": ("at < %s", (0,)),
    }  # fmt: skip
    if found is None or prefix not in bounds:
        raise _bad("date", value)
    text, sides = bounds[prefix]
    return text, [found[side] for side in sides]


def _values(name: str, value: str) -> list[str]:
    found = [each for each in value.split(",") if each]
    if not found or len(found) > MOST or "\0" in value:
        raise _bad(name, value)
    return found


def _agent(value: str) -> Condition:
    actors = []
    for each in _values("agent", value):
        kind, _, ident = each.rpartition("/")
        sorts = {"Practitioner": ["staff"], "Organization": ["source"], "": ["staff", "source"]}.get(kind, [])
        actors += [each] if ":" in each else [f"{sort}:{ident}" for sort in sorts]
    return "actor = ANY(%s)", [actors]


def _agent_name(value: str) -> Condition:
    names = _values("agent-name", value)
    return " OR ".join(["name LIKE %s"] * len(names)), [_beginning(name) for name in names]


def _beginning(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _patient(value: str) -> Condition:
    asked = [each.removeprefix("Patient/") for each in _values("patient", value)]
    known = residents.residents_of(asked)
    wanted = [known.get(each) or uuid_of(each) for each in asked]
    return "resident = ANY(%s)", [[each for each in wanted if each]]


def _entity(value: str) -> Condition:
    parts = [each.partition("/") for each in _values("entity", value)]
    if any(not kind or not ident for kind, _, ident in parts):
        raise _bad("entity", value)
    texts = ["subject_type = %s AND subject_id = %s"] * len(parts)
    return " OR ".join(texts), [each for kind, _, ident in parts for each in (kind, ident)]


def _code(text: str, systems: Sequence[str]) -> str:
    system, bar, code = text.rpartition("|")
    return code if not bar or system in systems else ""


def _action(value: str) -> Condition:
    codes = [_code(each, ["", "http://hl7.org/fhir/audit-event-action"]) for each in _values("action", value)]
    return f"(CASE {_VERB} ELSE 'E' END) = ANY(%s)", [codes]


def _outcome(value: str) -> Condition:
    codes = {
        _code(each, ["", "http://terminology.hl7.org/CodeSystem/audit-event-outcome"]) for each in value.split(",")
    }
    return "(outcome = 'done' AND %s) OR (outcome <> 'done' AND %s)", ["0" in codes, "4" in codes]


def _type(value: str) -> Condition:
    codes = [_code(each, ["", fhir.DCM, fhir.REST]) for each in _values("type", value)]
    return f"(CASE {_KIND} ELSE '{fhir.OTHER[1]}' END) = ANY(%s)", [codes]


def _bad(name: str, value: str) -> FhirProblem:
    return FhirProblem("bad-search-value", name, value=value[:60], kind=name)


PARAMETERS: Final[dict[str, Callable[[str], Condition]]] = {
    "date": _date, "agent": _agent, "agent-name": _agent_name, "patient": _patient, "entity": _entity,
    "action": _action, "outcome": _outcome, "type": _type,
}  # fmt: skip
