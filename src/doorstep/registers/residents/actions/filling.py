"""Records from before they were compared get their form for comparison: from what was kept of them, or what the tables
of the room hold. A page at a time, so that all may go on meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import connection
from msgspec.structs import replace

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.linkage.facts import COLUMNS
from doorstep.linkage.keys import hashes
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions.rows import forget_form
from doorstep.registers.residents.reads.known import birth_text
from doorstep.registers.residents.reads.near import packed
from doorstep.registers.residents.rules.facts import Identifier, Kind
from doorstep.registers.residents.rules.runs import Progress
from doorstep.registers.residents.rules.sayings import Saying, decoded, parents, saying
from doorstep.registers.residents.shapes import Address, Guardian, Incoming, Name, Phone

PAGE: Final = 1_000
A_JOB: Final = 20
"""Pages that the job by the clock fills at once."""
_OPEN: Final = f"""
FROM residents_residentrecord r LEFT JOIN residents_residentfacts f ON f.record_id = r.id
WHERE (f.record_id IS NULL OR cardinality(f.facts) <> {len(COLUMNS) - 1})
"""
_COUNT: Final = f"SELECT count(*) {_OPEN}"
_LOCK: Final = f"SELECT r.id {_OPEN} ORDER BY r.patient_id, r.id LIMIT {PAGE} FOR UPDATE OF r"
_OF: Final = "FROM residents_{} x WHERE x.resident_id = r.resident_id AND x.record_id = r.id"
_LISTS: Final = {
    "residentidentifier": "x.kind, x.system, x.value",
    "residentname": "x.text, x.family, x.given, x.use",
    "residentphone": "x.value, x.use",
    "residentaddress": "x.text, x.division, x.use",
    "residentguardian": "x.name, x.phone, x.relation",
}
_TOLD: Final = ", ".join(
    f"(SELECT jsonb_agg(jsonb_build_array({columns}) ORDER BY x.id)::text {_OF.format(table)})"
    for table, columns in _LISTS.items()
)
_SAID: Final = f"""
SELECT r.id, coalesce(r.patient_id, r.id::text), r.organisation_id, f.said::text,
  p.sex, p.birth_date, p.birth_precision, p.deceased, p.deceased_on, p.ethnic,
  {_TOLD}
FROM residents_residentrecord r JOIN residents_resident p ON p.id = r.resident_id
LEFT JOIN residents_residentfacts f ON f.record_id = r.id WHERE r.id = ANY(%s)
"""  # noqa: S608  names of our own tables
_ADD: Final = "COPY residents_residentfacts (record_id, said, facts, keys) FROM STDIN"
_ADD_KEYS: Final = "COPY residents_residentkey (key, record_id) FROM STDIN"


def fill_facts(call: Call, pages: int | None = None) -> Iterator[Progress]:
    """Fill all records that lack it, or so many pages; tells how far it is. Each page is a transaction of its own
    where the caller has none."""
    demand(call.may(Permission.MODELS))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT)
        [total] = cursor.fetchone() or [0]
    done = 0
    while done < total and (pages is None or done < pages * PAGE):
        filled = fill_page(call)
        if not filled:
            break
        done += filled
        yield Progress("fill", done, total)
    yield Progress("done", done, total, {"filled": done, "left": total - done})


@action(Permission.MODELS, audits="residents.fill")
def fill_page(call: Call) -> int:
    """Fill the next records; answers how many."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        wanted = [row[0] for row in cursor.fetchall()]
        if wanted:
            _fill(cursor, wanted)
    about("Register", "all", filled=len(wanted))
    return len(wanted)


def _fill(cursor: Any, wanted: list[UUID]) -> None:
    cursor.execute(_SAID, [wanted])
    found = [(row[0], row[1], _saying(*row[1:])) for row in cursor.fetchall()]
    forget_form(cursor, wanted)
    compared = [(record, said, facts, hashes(facts)) for record, key, said in found for facts in (said.facts(key),)]
    with cursor.copy(_ADD) as rows:
        for record, said, facts, keys in compared:
            rows.write_row((record, said.encoded(), packed(facts), list(keys)))
    with cursor.copy(_ADD_KEYS) as rows:
        for record, _, _, keys in compared:
            for key in keys:
                rows.write_row((key, record))


def _saying(
    key: str, source: UUID, said: str | None, sex: str, born: date | None, precision: str, deceased: bool,
    died: date | None, ethnic: str, *lists: str | None,
) -> Saying:  # fmt: skip
    """What was kept of the record, with the parents whom it did not keep apart; else what the tables hold, with the sex
    and birth of its resident."""
    if said is not None:
        return _with_parents(decoded(said), json.loads(lists[-1] or "[]"))
    numbers, names, phones, addresses, guardians = (json.loads(each) if each else [] for each in lists)
    return saying(
        Incoming(
            key,
            source,
            tuple(Identifier(Kind(kind), system, value) for kind, system, value in numbers),
            tuple(Name(*each) for each in names if each[3] != "reading"),
            sex,
            birth_text(born, precision),
            tuple(Phone(*each) for each in phones),
            tuple(Address(*each) for each in addresses),
            died.isoformat() if died else "yes" if deceased else "",
            ethnic,
            tuple(Guardian(*each) for each in guardians),
        )
    )


def _with_parents(said: Saying, guardians: list[list[str]]) -> Saying:
    """What was kept of a record from before mother and father were told apart, with them."""
    if said.mother or said.father:
        return said
    return replace(said, **parents((name, relation) for name, _, relation in guardians))
