"""Many times the resources that are there, copied within the database: sizes that would take hours to send in.

Bodies, tokens and narrow rows are the same but for the ids of the resource and of its patient: a patient's record stays
as large as it was, while codes and dates become more common. Patients are people of their own, with other numbers and
names, so that who is looked for is found once however many there are.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import psycopg

COPIED = ("encounter", "observation", "condition", "medicationrequest", "diagnosticreport", "procedure")
HOT = ("observation", "condition", "medicationrequest")
MINE = "length(r.id) = 36"  # what the demo made; what the benchmark itself made, and copies, have other ids
ROWS = """
INSERT INTO fhir_{kind} (id, version, updated, source, message, patient, at, at_end, deleted, digest, tok, body)
SELECT %(mark)s || r.id, version, updated, source, message, %(mark)s || patient, at, at_end, deleted, digest, tok,
  replace(replace(body, r.id, %(mark)s || r.id), 'Patient/' || patient, 'Patient/' || %(mark)s || patient)
FROM fhir_{kind} r WHERE {mine}
"""
CODES = """
INSERT INTO fhir_{kind}_code (code, patient, at, id, source)
SELECT code, %(mark)s || patient, at, %(mark)s || r.id, source FROM fhir_{kind}_code r WHERE {mine}
"""
VALUES = """
INSERT INTO {table} (param, id, {one}, {two})
SELECT v.param, %(mark)s || v.id, v.{one}, v.{two} FROM {table} v JOIN fhir_{kind} r ON r.id = v.id WHERE {mine}
"""
NARROW = (("fhir_string", "value", "raw"), ("fhir_date", "lo", "hi"), ("fhir_number", "lo", "hi"))


def multiply(dsn: str, times: int) -> int:
    """Copy what the demo made until there is so many times as much; returns how many resources there are then."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for number in range(1, times):
            _people(connection, number)
            for kind in COPIED:
                _copy(connection, kind, f"{number}-")
            print(f"  copy {number} of {times - 1}", flush=True)
        counts = [
            connection.execute(f"SELECT count(*) FROM fhir_{kind}").fetchall()[0][0] for kind in ("patient", *COPIED)
        ]
    return int(sum(counts))


def _people(connection: psycopg.Connection[Any], number: int) -> None:
    from django.db import transaction

    from doorstep.kernel import clock, ledger
    from doorstep.kernel.fhir_index import index_of

    rows = iter(connection.execute(f"SELECT r.source, r.message, r.body FROM fhir_patient r WHERE {MINE}").fetchall())
    while batch := list(islice(rows, 1000)):
        with transaction.atomic():
            made = [(row, _another(json.loads(row[2]), number)) for row in batch]
            fresh = [
                ledger.Fresh(
                    "Patient", who["id"], json.dumps(who, ensure_ascii=False, separators=(",", ":")).encode(),
                    row[0], row[1], index_of("Patient", who),
                )
                for row, who in made
            ]  # fmt: skip
            ledger.write(fresh, clock.now())


def _another(patient: dict[str, Any], number: int) -> dict[str, Any]:
    """The same record of somebody else: other id, numbers, and last character of each name."""
    for identifier in patient["identifier"]:
        identifier["value"] = f"{number}-{identifier['value']}"
    for name in patient["name"]:
        for key in name.keys() & {"text", "given"}:
            said = name[key]
            name[key] = _renamed(said, number) if isinstance(said, str) else [_renamed(each, number) for each in said]
    return {**patient, "id": f"{number}-{patient['id']}"}


def _renamed(name: str, number: int) -> str:
    return name[:-1] + chr(ord(name[-1]) + number)


def _copy(connection: psycopg.Connection[Any], kind: str, mark: str) -> None:
    values = {"mark": mark}
    for table, one, two in NARROW:  # first, while ids of copies are not there to be joined with
        connection.execute(VALUES.format(table=table, one=one, two=two, kind=kind, mine=MINE), values)
    connection.execute(ROWS.format(kind=kind, mine=MINE), values)
    if kind in HOT:
        connection.execute(CODES.format(kind=kind, mine=MINE), values)
