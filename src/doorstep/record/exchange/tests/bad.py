"""Bad input by name: the bytes, the code of what is wrong, its path, its line and column (where it has any)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from doorstep.record.exchange.tests.kit import (
    RESIDENT_ID,
    Json,
    bundle,
    entry,
    observation,
    patient,
    resident_id,
    sound,
    urn,
)

R = "Bundle.entry[0].resource"
SUBJECT = f"{R}.subject.reference"
GOOD = sound(1)
TEXT = GOOD.decode()
HALF = GOOD[: len(GOOD) // 2]


class Bad(NamedTuple):
    """One sort of bad input."""

    raw: bytes
    code: str
    path: str = ""
    line: int | None = None
    column: int | None = None


def wrong_check(number: str) -> str:
    """The same ID with a wrong check digit."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def one(resource: Json, kind: str = "transaction", **more: Any) -> bytes:
    """A bundle of one new resource."""
    return bundle(kind, entry(resource, 2, **more))


def listed(resource: Json) -> bytes:
    """A collection of one resource."""
    return bundle("collection", entry(resource, 2, None))


def changed(old: str, new: str | bytes) -> bytes:
    """The sound bundle with something else in the place of a text."""
    assert old in TEXT
    return GOOD.replace(old.encode(), new if isinstance(new, bytes) else new.encode())


def shell(inside: str) -> bytes:
    """A batch with something else in it."""
    return b'{"resourceType":"Bundle","type":"batch",' + inside.encode() + b"}"


NESTED = '"x":' + '{"extension":[' * 100 + "]}" * 100 + ',"gender"'
GENDERS = '"gender":"male","{}":"female"'
IN_FUTURE = patient(1, birthDate="2999-01-01")
WRONG_ID = patient(1, identifier=[{"system": RESIDENT_ID, "value": wrong_check(resident_id(1))}])
WITH_ID = patient(1) | {"id": "a"}

BAD: dict[str, Bad] = {
    "truncated": Bad(HALF, "truncated", "", 1, len(HALF.decode()) + 1),
    "empty": Bad(b"", "empty", "", 1, 1),
    "blank": Bad(b" \n ", "empty", "", 1, 1),
    "GBK": Bad(TEXT.encode("gb18030"), "encoding", "", 1, TEXT.index("王") + 1),
    "UTF-16": Bad(TEXT.encode("utf-16"), "encoding", "", 1, 1),
    "UTF-16 without a mark": Bad('{"a":1}'.encode("utf-16-le"), "encoding", "", 1, 1),
    "deep": Bad(changed('"gender"', NESTED), "too-deep", R),
    "very deep": Bad(shell('"x":' + "[" * 100_000), "too-deep", "", 1),
    "syntax": Bad(changed('"gender":', '"gender" '), "syntax", "", 1, TEXT.index('"gender"') + 11),
    "not JSON": Bad(b"<Bundle/>", "syntax", "", 1, 1),
    "not FHIR": Bad(b'{"hello":"world"}', "no-resource-type"),
    "a list": Bad(b"[1,2]", "not-object"),
    "a number": Bad(b"12", "not-object"),
    "not a bundle": Bad(b'{"resourceType":"Patient"}', "not-bundle", "resourceType"),
    "another kind of bundle": Bad(bundle("document", entry(patient(1))), "bundle-type", "Bundle.type"),
    "entries of another shape": Bad(shell('"entry":{}'), "wrong-shape", "Bundle.entry"),
    "an entry of another shape": Bad(shell('"entry":[5]'), "wrong-shape", "Bundle.entry[0]"),
    "doubled key above": Bad(shell('"type":"batch"'), "duplicate-key", "type"),
    "doubled key": Bad(changed('"gender": "male"', GENDERS.format("gender")), "duplicate-key", f"{R}.gender"),
    "doubled key in disguise": Bad(
        changed('"gender": "male"', GENDERS.format("g\\u0065nder")), "duplicate-key", f"{R}.gender"
    ),
    "unknown type": Bad(one(patient(1) | {"resourceType": "Patiant"}), "bad-url", "Bundle.entry[0].request.url"),
    "unknown type listed": Bad(listed(patient(1) | {"resourceType": "Patiant"}), "unknown-type", f"{R}.resourceType"),
    "no resource": Bad(shell('"entry":[{"request":{"method":"POST","url":"Patient"}}]'), "no-resource", R),
    "no request": Bad(bundle("transaction", entry(patient(1), 2, None)), "no-request", "Bundle.entry[0].request"),
    "urn to nowhere": Bad(one(observation(urn(99))), "unresolved-reference", SUBJECT),
    "reference to nowhere": Bad(one(observation("Patient/nowhere")), "missing-reference", SUBJECT),
    "search that finds nothing": Bad(one(observation("Patient?identifier=urn:x|1")), "conditional-none", SUBJECT),
    "search of another sort": Bad(one(observation("Patient?shoesize=43")), "unknown-parameter", SUBJECT),
    "wrong check digit": Bad(one(WRONG_ID), "id_check_digit", f"{R}.identifier[0].value"),
    "birth in the future": Bad(one(IN_FUTURE), "future-birth-date", f"{R}.birthDate"),
    "birth on no day": Bad(one(patient(1, birthDate="1985-02-30")), "bad-date", f"{R}.birthDate"),
    "NUL": Bad(changed("王", b"\\u0000"), "nul-character", f"{R}.name[0].text"),
    "NUL as it is": Bad(changed("王", b"\0"), "nul-character", "", 1, TEXT.index("王") + 1),
    "NUL in a type": Bad(b'{"resourceType":"Bundle","type":"a\\u0000"}', "nul-character", "type"),
    "lone surrogate": Bad(changed("王", b"\\ud800"), "surrogate", "", 1),
    "huge number": Bad(changed("36.5", "1e999"), "non-finite", "Bundle.entry[1].resource"),
    "NaN": Bad(changed("36.5", "NaN"), "non-finite", "", 1),
    "bad id": Bad(one(patient(1) | {"id": "a b"}), "bad-id", f"{R}.id"),
    "a date of another shape": Bad(one(observation(None, effectiveDateTime="gestern")), "bad-format", f"{R}.effective"),
    "a code of another shape": Bad(one(observation(None, code="x")), "wrong-type", f"{R}.code"),
    "patching what is not there": Bad(one(WITH_ID, method="PATCH", url="Patient/a"), "not-found", R),
    "a read in a file": Bad(one(WITH_ID, method="GET", url="Patient/a"), "method-not-supported", R),
    "a version that is past": Bad(one(WITH_ID, method="PUT", url="Patient/a", ifMatch='W/"3"'), "version-conflict", R),
    "two bundles in one file": Bad(GOOD + GOOD, "syntax", "", 1, len(TEXT) + 1),
}
assert json.loads(GOOD)
