"""Many times the resources that are there, copied within the database: sizes that would take hours to send in.

Bodies, tokens and narrow rows are the same but for the ids of the resource and of its patient: a patient's record stays
as large as it was, while codes, names and dates become more common.
"""

from __future__ import annotations

from typing import Any

import psycopg

COPIED = ("patient", "encounter", "observation", "condition", "medicationrequest", "diagnosticreport", "procedure")
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
            for kind in COPIED:
                _copy(connection, kind, f"{number}-")
            print(f"  copy {number} of {times - 1}", flush=True)
        counts = [connection.execute(f"SELECT count(*) FROM fhir_{kind}").fetchall()[0][0] for kind in COPIED]
    return int(sum(counts))


def _copy(connection: psycopg.Connection[Any], kind: str, mark: str) -> None:
    values = {"mark": mark}
    for table, one, two in NARROW:  # first, while ids of copies are not there to be joined with
        connection.execute(VALUES.format(table=table, one=one, two=two, kind=kind, mine=MINE), values)
    connection.execute(ROWS.format(kind=kind, mine=MINE), values)
    if kind in HOT:
        connection.execute(CODES.format(kind=kind, mine=MINE), values)
