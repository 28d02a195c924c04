"""The unit tests that stand beside a set of tables, as data: ``cases/NAME.xml``, a document, and what is expected of it
in ``NAME.json``.

Expected is a list of resources in the order of the transaction, without the Binary; of each, what is written there must
be so, and what is not written is not looked at. ``{"refused": code}`` where the document cannot be used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from doorstep.adapters.cda.mapping.engine import convert
from doorstep.adapters.cda.mapping.rows import Tables
from doorstep.adapters.cda.mapping.shapes import Context
from doorstep.adapters.cda.shapes import Unreadable
from doorstep.adapters.hl7v2.mapping.proving import differences


def cases_of(files: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The cases of a set, by name: the document and what is expected."""
    names = [
        n.removeprefix("cases/").removesuffix(".xml") for n in files if n.startswith("cases/") and n.endswith(".xml")
    ]
    return {name: (files[f"cases/{name}.xml"], files.get(f"cases/{name}.json", "null")) for name in sorted(names)}


def prove(tables: Tables, document: str, expected: str, context: Context) -> list[str]:
    """What is otherwise than expected, a line each; none where a case is met."""
    try:
        wanted = json.loads(expected, parse_float=Decimal)
    except ValueError as error:
        return [f"the expectation cannot be read: {error}"]
    try:
        entries = convert(document.encode(), tables, context).bundle["entry"]
    except Unreadable as refused:
        return list(differences("", wanted, {"refused": refused.problem.code}))
    found = [each["resource"] for each in entries if each["resource"]["resourceType"] != "Binary"]
    return list(differences("", wanted, found))
