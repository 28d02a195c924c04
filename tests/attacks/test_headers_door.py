"""Every answer of the FHIR door, good or bad, carries the headers that keep it where it belongs."""

from __future__ import annotations

import pytest

from tests.attacks.test_headers import lacking
from tests.served import Served, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db


ASKED = [
    ("GET", "metadata", True, 200), ("GET", "metadata", False, 200), ("GET", "Patient", True, 200),
    ("GET", "Patient", False, 401), ("GET", "Patient/none", True, 404), ("GET", "Nothing", True, 404),
    ("GET", "/healthz", False, 200), ("POST", "Patient", True, 400), ("TRACE", "Patient", True, 405),
    ("GET", "Patient?_count=x", True, 400), ("GET", "Patient?name=" + "x" * 9000, True, 414),
    ("GET", "$export-file/00000000-0000-0000-0000-000000000000/x", True, 404),
    ("GET", "Patient?_format=xml", True, 200),
]  # fmt: skip


def test_the_door(served: Served) -> None:
    bad = []
    for method, path, known, status in ASKED:
        answer = served.send(method, path, key=None if known else "")
        assert answer.status_code == status, (method, path, answer.text)
        if found := lacking({"cache-control": "-", **answer.headers} if path == "/healthz" else answer.headers):
            bad.append(f"{method} {path[:40]}: {found}")
    assert not bad, "\n".join(bad)
